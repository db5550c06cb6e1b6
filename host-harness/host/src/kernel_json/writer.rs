//! Writing: objects that leave out what has no value.

use serde_json::{Map, Number, Value};

use super::JsonError;
use super::reader::{AN_ARRAY, AN_OBJECT, Place, parse};

/// An object in the making.
#[derive(Debug)]
pub(super) struct ObjectWriter<'p> {
    place: Place<'p>,
    map: Map<String, Value>,
    /// Every name that was offered, with a value or without: extensions must not use them.
    names: Vec<&'static str>,
}

impl<'p> ObjectWriter<'p> {
    pub(super) fn new(place: Place<'p>) -> Self {
        Self {
            place,
            map: Map::new(),
            names: Vec::new(),
        }
    }

    pub(super) fn put(&mut self, key: &'static str, value: impl Into<Value>) {
        self.put_some(key, Some(value));
    }

    /// A key that is written only with a value.
    pub(super) fn put_some(&mut self, key: &'static str, value: Option<impl Into<Value>>) {
        self.names.push(key);
        if let Some(value) = value {
            self.map.insert(key.to_owned(), value.into());
        }
    }

    /// A key that is written only if the list has items.
    pub(super) fn put_items<T>(
        &mut self,
        key: &'static str,
        items: &[T],
        write: impl Fn(&T, Place<'_>) -> Result<Value, JsonError>,
    ) -> Result<(), JsonError> {
        let value = match items {
            [] => None,
            items => Some(array(items, self.place.key(key), write)?),
        };
        self.put_some(key, value);
        Ok(())
    }

    pub(super) fn put_float(&mut self, key: &'static str, value: f64) -> Result<(), JsonError> {
        let Some(number) = Number::from_f64(value) else {
            return Err(JsonError::Unexpected {
                place: self.place.key(key).to_string(),
                expected: "a finite number, since JSON has no other".to_owned(),
                found: value.to_string(),
            });
        };
        self.put(key, number);
        Ok(())
    }

    pub(super) fn put_some_float(
        &mut self,
        key: &'static str,
        value: Option<f64>,
    ) -> Result<(), JsonError> {
        self.names.push(key);
        value.map_or(Ok(()), |value| self.put_float(key, value))
    }

    /// JSON text that must hold an object.
    pub(super) fn put_object(&mut self, key: &'static str, text: &str) -> Result<(), JsonError> {
        let value = stored_object(text, self.place.key(key))?;
        self.put(key, value);
        Ok(())
    }

    pub(super) fn put_some_object(
        &mut self,
        key: &'static str,
        text: Option<&str>,
    ) -> Result<(), JsonError> {
        self.names.push(key);
        text.map_or(Ok(()), |text| self.put_object(key, text))
    }

    /// JSON text that must hold an array.
    pub(super) fn put_array(&mut self, key: &'static str, text: &str) -> Result<(), JsonError> {
        let place = self.place.key(key);
        let value = parse(text, place)?;
        if !value.is_array() {
            return Err(JsonError::unexpected(place, AN_ARRAY, &value));
        }
        self.put(key, value);
        Ok(())
    }

    pub(super) fn put_some_array(
        &mut self,
        key: &'static str,
        text: Option<&str>,
    ) -> Result<(), JsonError> {
        self.names.push(key);
        text.map_or(Ok(()), |text| self.put_array(key, text))
    }

    /// JSON text that may hold any value.
    pub(super) fn put_any(&mut self, key: &'static str, text: &str) -> Result<(), JsonError> {
        let value = parse(text, self.place.key(key))?;
        self.put(key, value);
        Ok(())
    }

    /// Writes the keys of an extensions object in place, except those that are the object's own.
    pub(super) fn extend(&mut self, extensions: Option<&str>) -> Result<(), JsonError> {
        let Some(text) = extensions else {
            return Ok(());
        };
        let place = self.place.key("extensions");
        match parse(text, place)? {
            Value::Object(map) => {
                let own = |key: &String| self.names.contains(&key.as_str());
                self.map
                    .extend(map.into_iter().filter(|(key, _)| !own(key)));
                Ok(())
            }
            other => Err(JsonError::unexpected(place, AN_OBJECT, &other)),
        }
    }

    pub(super) fn finish(self) -> Value {
        Value::Object(self.map)
    }
}

/// Writes each item at its place.
pub(super) fn array<T>(
    items: &[T],
    place: Place<'_>,
    write: impl Fn(&T, Place<'_>) -> Result<Value, JsonError>,
) -> Result<Value, JsonError> {
    let items = items.iter().enumerate();
    items
        .map(|(index, item)| write(item, place.index(index)))
        .collect()
}

/// Text that must hold an object.
pub(super) fn stored_object(text: &str, place: Place<'_>) -> Result<Value, JsonError> {
    let value = parse(text, place)?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(JsonError::unexpected(place, AN_OBJECT, &value))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_value_is_left_out() {
        let mut writer = ObjectWriter::new(Place::Root);
        writer.put("a", 1);
        writer.put_some("b", None::<String>);
        writer
            .put_items("c", &[] as &[&str], |_, _| Ok(Value::Null))
            .unwrap();
        writer.put_some_float("d", None).unwrap();
        writer.put_some_object("e", None).unwrap();
        writer.extend(None).unwrap();
        assert_eq!(writer.finish().to_string(), r#"{"a":1}"#);
    }

    #[test]
    fn extensions_cannot_pose_as_fields() {
        let mut writer = ObjectWriter::new(Place::Root);
        writer.put("a", 1);
        writer.put_some("b", None::<String>);
        writer.extend(Some(r#"{"a":"x","b":"x","c":"x"}"#)).unwrap();
        assert_eq!(writer.finish().to_string(), r#"{"a":1,"c":"x"}"#);
    }

    #[test]
    fn text_that_cannot_be_written_is_an_error_with_its_place() {
        let root = Place::Root;
        let choices = root.key("choices");
        let mut writer = ObjectWriter::new(choices.index(1));
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for (result, expected) in [
            (
                writer.put_object("a", "nope"),
                "choices[1].a: not valid JSON, line 1, column 2: expected ident",
            ),
            (
                writer.put_object("a", ""),
                "choices[1].a: not valid JSON, line 1, column 0: EOF while parsing a value",
            ),
            (
                writer.put_object("a", "[]"),
                "choices[1].a: expected an object, found an array",
            ),
            (
                writer.put_array("a", "7"),
                "choices[1].a: expected an array, found 7",
            ),
            (
                writer.put_any("a", &deep),
                "choices[1].a: not valid JSON, line 1, column 128: nested 128 levels deep or deeper",
            ),
            (
                writer.extend(Some("null")),
                "choices[1].extensions: expected an object, found null",
            ),
            (
                writer.put_float("a", f64::NAN),
                "choices[1].a: expected a finite number, since JSON has no other, found NaN",
            ),
        ] {
            assert_eq!(result.unwrap_err().to_string(), expected);
        }
    }
}
