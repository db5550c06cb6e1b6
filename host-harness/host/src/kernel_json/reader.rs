//! Reading: values with the place that they were found at.

use std::fmt;

use serde_json::{Map, Value};

use super::JsonError;

/// Where a value is in its document. Costs nothing until it is shown, which is when something is wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// The document itself.
    Root,
    /// Under a key of an object.
    Key(&'a Place<'a>, &'a str),
    /// In an array.
    Index(&'a Place<'a>, usize),
}

impl Place<'_> {
    pub(crate) fn key<'a>(&'a self, key: &'a str) -> Place<'a> {
        Place::Key(self, key)
    }

    pub(crate) fn index(&self, index: usize) -> Place<'_> {
        Place::Index(self, index)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Root => f.write_str("the document"),
            Place::Key(Place::Root, key) => f.write_str(key),
            Place::Key(parent, key) => write!(f, "{parent}.{key}"),
            Place::Index(Place::Root, index) => write!(f, "[{index}]"),
            Place::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Reads JSON text.
pub(crate) fn parse(text: &str, place: Place<'_>) -> Result<Value, JsonError> {
    serde_json::from_str(text).map_err(|error| JsonError::syntax(place, &error))
}

/// An object whose keys are taken out one after the other; what is left in the end is its extensions.
#[derive(Debug)]
pub(crate) struct Object<'p> {
    place: Place<'p>,
    rest: Map<String, Value>,
}

impl<'p> Object<'p> {
    pub(crate) fn new(value: Value, place: Place<'p>) -> Result<Self, JsonError> {
        match value {
            Value::Object(rest) => Ok(Self { place, rest }),
            other => Err(JsonError::unexpected(place, AN_OBJECT, &other)),
        }
    }

    /// The value under a key, unless it is not there or is `null`.
    pub(crate) fn optional<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(Value, Place<'_>) -> Result<T, JsonError>,
    ) -> Result<Option<T>, JsonError> {
        match self.rest.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value, self.place.key(key)).map(Some),
        }
    }

    /// The value under a key, which must be there; `expected` says what it should have been. `null` is for `read` to
    /// judge.
    pub(crate) fn required<T>(
        &mut self,
        key: &str,
        expected: &str,
        read: impl FnOnce(Value, Place<'_>) -> Result<T, JsonError>,
    ) -> Result<T, JsonError> {
        let place = self.place.key(key);
        match self.rest.remove(key) {
            None => Err(JsonError::missing(place, expected)),
            Some(value) => read(value, place),
        }
    }

    pub(crate) fn string(&mut self, key: &str) -> Result<String, JsonError> {
        self.required(key, A_STRING, string)
    }

    pub(crate) fn optional_string(&mut self, key: &str) -> Result<Option<String>, JsonError> {
        self.optional(key, string)
    }

    pub(crate) fn optional_boolean(&mut self, key: &str) -> Result<Option<bool>, JsonError> {
        self.optional(key, boolean)
    }

    pub(crate) fn integer(&mut self, key: &str) -> Result<u64, JsonError> {
        self.required(key, AN_INTEGER, integer)
    }

    pub(crate) fn optional_integer(&mut self, key: &str) -> Result<Option<u64>, JsonError> {
        self.optional(key, integer)
    }

    pub(crate) fn optional_float(&mut self, key: &str) -> Result<Option<f64>, JsonError> {
        self.optional(key, float)
    }

    /// An object that is kept as text.
    pub(crate) fn object_text(&mut self, key: &str) -> Result<String, JsonError> {
        self.required(key, AN_OBJECT, object_text)
    }

    /// An object that is kept as text, if it is there.
    pub(crate) fn optional_object_text(&mut self, key: &str) -> Result<Option<String>, JsonError> {
        self.optional(key, object_text)
    }

    /// An array that is kept as text.
    pub(crate) fn array_text(&mut self, key: &str) -> Result<String, JsonError> {
        self.required(key, AN_ARRAY, array_text)
    }

    /// An array that is kept as text, if it is there.
    pub(crate) fn optional_array_text(&mut self, key: &str) -> Result<Option<String>, JsonError> {
        self.optional(key, array_text)
    }

    /// Drops a key.
    pub(crate) fn forget(&mut self, key: &str) {
        self.rest.remove(key);
    }

    /// The value under a key, which stays there.
    pub(crate) fn peek(&self, key: &str) -> Option<&Value> {
        self.rest.get(key)
    }

    pub(crate) fn place(&self) -> Place<'p> {
        self.place
    }

    /// The whole object as text.
    pub(crate) fn into_text(self) -> String {
        Value::Object(self.rest).to_string()
    }

    /// The keys that nobody asked for, as an object's text.
    pub(crate) fn extensions(self) -> Option<String> {
        if self.rest.is_empty() {
            None
        } else {
            Some(self.into_text())
        }
    }
}

pub(crate) fn string(value: Value, place: Place<'_>) -> Result<String, JsonError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(JsonError::unexpected(place, A_STRING, &other)),
    }
}

/// The items of an array.
pub(crate) fn list<T>(
    value: Value,
    place: Place<'_>,
    expected: &str,
    read: impl Fn(Value, Place<'_>) -> Result<T, JsonError>,
) -> Result<Vec<T>, JsonError> {
    match value {
        Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| read(item, place.index(index)))
            .collect(),
        other => Err(JsonError::unexpected(place, expected, &other)),
    }
}

pub(crate) fn object_text(value: Value, place: Place<'_>) -> Result<String, JsonError> {
    if value.is_object() {
        Ok(value.to_string())
    } else {
        Err(JsonError::unexpected(place, AN_OBJECT, &value))
    }
}

/// One of a list of words.
pub(crate) fn word<T: Copy>(
    value: &Value,
    place: Place<'_>,
    words: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, JsonError> {
    let found = words
        .iter()
        .find(|&&word| value.as_str() == Some(name(word)));
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = words.iter().map(|&word| name(word)).collect();
        JsonError::unexpected(place, &one_of(&names), value)
    })
}

/// How an error names a choice of words.
pub(crate) fn one_of(names: &[&str]) -> String {
    format!("one of {}", names.join(", "))
}

fn boolean(value: Value, place: Place<'_>) -> Result<bool, JsonError> {
    value
        .as_bool()
        .ok_or_else(|| JsonError::unexpected(place, "true or false", &value))
}

fn integer(value: Value, place: Place<'_>) -> Result<u64, JsonError> {
    value
        .as_u64()
        .ok_or_else(|| JsonError::unexpected(place, AN_INTEGER, &value))
}

fn float(value: Value, place: Place<'_>) -> Result<f64, JsonError> {
    value
        .as_f64()
        .ok_or_else(|| JsonError::unexpected(place, "a number", &value))
}

fn array_text(value: Value, place: Place<'_>) -> Result<String, JsonError> {
    if value.is_array() {
        Ok(value.to_string())
    } else {
        Err(JsonError::unexpected(place, AN_ARRAY, &value))
    }
}

pub(crate) const AN_OBJECT: &str = "an object";
pub(crate) const AN_ARRAY: &str = "an array";
const A_STRING: &str = "a string";
const AN_INTEGER: &str = "an integer of at least 0 without a fraction";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_written_as_paths() {
        let root = Place::Root;
        let messages = root.key("messages");
        let message = messages.index(2);
        let content = message.key("content");
        assert_eq!(content.index(1).to_string(), "messages[2].content[1]");
        assert_eq!(root.index(3).to_string(), "[3]");
        assert_eq!(root.to_string(), "the document");
    }

    #[test]
    fn numbers_are_held_to_their_kind() {
        let number = |text: &str, read: fn(&mut Object<'_>) -> Result<String, JsonError>| {
            let value = parse(&format!("{{\"n\":{text}}}"), Place::Root).unwrap();
            read(&mut Object::new(value, Place::Root).unwrap())
                .unwrap_or_else(|error| error.to_string())
        };
        let as_integer = |text| number(text, |object| Ok(object.integer("n")?.to_string()));
        let as_float = |text| {
            number(text, |object| {
                Ok(format!("{:?}", object.optional_float("n")?))
            })
        };
        let refused = |found| {
            format!("n: expected an integer of at least 0 without a fraction, found {found}")
        };

        assert_eq!(as_integer("0"), "0");
        assert_eq!(as_integer("18446744073709551615"), "18446744073709551615");
        assert_eq!(as_integer("10.0"), refused("10.0"));
        assert_eq!(as_integer("1e3"), refused("1000.0"));
        assert_eq!(as_integer("-1"), refused("-1"));
        assert_eq!(as_integer("null"), refused("null"));
        assert_eq!(as_integer("\"1\""), refused("\"1\""));
        // Beyond 64 bits JSON numbers become floats.
        assert_eq!(
            as_integer("18446744073709551616"),
            refused("1.8446744073709552e+19")
        );
        assert_eq!(as_float("1"), "Some(1.0)");
        assert_eq!(as_float("0.5"), "Some(0.5)");
        assert_eq!(as_float("null"), "None");
        assert_eq!(as_float("\"1\""), "n: expected a number, found \"1\"");
    }

    #[test]
    fn what_nobody_took_is_left_as_extensions() {
        let value = json!({"b": null, "known": 1, "a": {"z": 1, "y": 2}});
        let mut object = Object::new(value, Place::Root).unwrap();
        assert_eq!(object.integer("known"), Ok(1));
        assert_eq!(
            object.extensions().as_deref(),
            Some(r#"{"a":{"y":2,"z":1},"b":null}"#)
        );
        assert_eq!(
            Object::new(json!({}), Place::Root).unwrap().extensions(),
            None
        );
    }

    #[test]
    fn text_that_is_not_json_is_an_error_with_its_position() {
        let error = |text: &str| parse(text, Place::Root).unwrap_err().to_string();
        let deep = "[".repeat(200);
        for (text, expected) in [
            (
                "",
                "the document: not valid JSON, line 1, column 0: EOF while parsing a value",
            ),
            (
                "{\n  nope",
                "the document: not valid JSON, line 2, column 3: key must be a string",
            ),
            (
                "[1] 2",
                "the document: not valid JSON, line 1, column 5: trailing characters",
            ),
            (
                "[1e400]",
                "the document: not valid JSON, line 1, column 6: number out of range",
            ),
            (
                "NaN",
                "the document: not valid JSON, line 1, column 1: expected value",
            ),
            (
                r#""\ud800""#,
                "the document: not valid JSON, line 1, column 8: unexpected end of hex escape",
            ),
            (
                r#""\udc00x""#,
                "the document: not valid JSON, line 1, column 7: lone leading surrogate in hex escape",
            ),
            (
                &deep,
                "the document: not valid JSON, line 1, column 128: nested 128 levels deep or deeper",
            ),
        ] {
            assert_eq!(error(text), expected);
        }
    }

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        assert_eq!(parse(r#"{"a":1,"a":2}"#, Place::Root), Ok(json!({"a": 2})));
    }
}
