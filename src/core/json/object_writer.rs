//! Objects without trees.

use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{utf8, write};

/// An object that is written member by member, for which no map is made. Without members nothing is written yet.
#[derive(Clone, Debug, Default)]
pub struct ObjectWriter(Vec<u8>);

impl ObjectWriter {
    /// Begins without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on with an object that was written here; an empty text begins one.
    pub fn onto(object: String) -> Self {
        let mut bytes = object.into_bytes();
        // The last brace, and the first one if there is nothing between.
        bytes.pop();
        if bytes == b"{" {
            bytes.clear();
        }
        Self(bytes)
    }

    /// Adds a member. Its key is one of ours, which need no escaping, and no other member's.
    pub fn member<T: Serialize + ?Sized>(mut self, key: &str, value: &T) -> Self {
        self.key(key);
        write(&mut self.0, value);
        self
    }

    /// Adds the member of another object that is being read, and writes its value while it is read. One that says nothing is
    /// left out; one that comes twice is there twice, and whoever reads it takes the last.
    ///
    /// # Errors
    ///
    /// When the other object cannot be read.
    pub fn copied<'de, A: MapAccess<'de>>(
        &mut self,
        key: &str,
        members: &mut A,
    ) -> Result<(), A::Error> {
        let before = self.0.len();
        self.separate();
        write(&mut self.0, key);
        self.0.push(b':');
        let value = self.0.len();
        members.next_value_seed(Copied(&mut self.0))?;
        if matches!(&self.0[value..], b"null" | b"[]") {
            self.0.truncate(before);
        }
        Ok(())
    }

    /// Adds a member whose value is written already.
    pub fn written(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        self.0.extend_from_slice(value.as_bytes());
        self
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The object.
    pub fn finish(mut self) -> String {
        if self.is_empty() {
            self.0.push(b'{');
        }
        self.0.push(b'}');
        utf8(self.0)
    }

    #[inline(never)]
    fn key(&mut self, key: &str) {
        self.separate();
        self.0.push(b'"');
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn separate(&mut self) {
        let separator = match self.is_empty() {
            true => {
                // Most objects fit.
                self.0.reserve(256);
                b'{'
            }
            false => b',',
        };
        self.0.push(separator);
    }
}

/// Writes a value while it is read.
struct Copied<'w>(&'w mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Copied<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Of every kind: serde's own answer to one that is not expected costs bytes.
impl<'de> Visitor<'de> for Copied<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        write(self.0, &value);
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        write(self.0, &value);
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        write(self.0, &value);
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        write(self.0, &value);
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        write(self.0, value);
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        write(self.0, &());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.0.push(b'[');
        let begin = self.0.len();
        while elements.next_element_seed(Copied(self.0))?.is_some() {
            self.0.push(b',');
        }
        end(self.0, begin, b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.0.push(b'{');
        let begin = self.0.len();
        while members.next_key_seed(Copied(self.0))?.is_some() {
            self.0.push(b':');
            members.next_value_seed(Copied(self.0))?;
            self.0.push(b',');
        }
        end(self.0, begin, b'}');
        Ok(())
    }
}

/// Ends what began there, with a comma after all that it has.
fn end(bytes: &mut Vec<u8>, begin: usize, bracket: u8) {
    if bytes.len() > begin {
        bytes.pop();
    }
    bytes.push(bracket);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_are_written_member_by_member() {
        assert_eq!(ObjectWriter::new().finish(), "{}");
        let add = |object: ObjectWriter| {
            let object = object.member("b", "\"}").member("a", &json!([1, null]));
            object.written("w", "{}").finish()
        };
        let members = r#""b":"\"}","a":[1,null],"w":{}}"#;
        assert_eq!(add(ObjectWriter::new()), format!("{{{members}"));
        for (before, expected) in [("{}", "{"), (r#"{"c":{}}"#, r#"{"c":{},"#)] {
            assert_eq!(ObjectWriter::onto(before.to_owned()).finish(), before);
            let added = add(ObjectWriter::onto(before.to_owned()));
            assert_eq!(added, [expected, members].concat());
        }
    }

    #[test]
    fn members_of_others_are_copied_as_they_are() {
        for (text, expected) in [
            ("{}", Some("{}")),
            (r#"{"a": null, "b": [ ]}"#, Some("{}")),
            (
                r#" { "a" : [ null , [ ] , { } , "\u00e9\n" ] , "\"" : { "c" : true , "d" : [ 1 ] } } "#,
                Some(r#"{"a":[null,[],{},"é\n"],"\"":{"c":true,"d":[1]}}"#),
            ),
            (
                r#"{"a":[18446744073709551615,-9223372036854775808,1.10,-0.0,1e3]}"#,
                Some(r#"{"a":[18446744073709551615,-9223372036854775808,1.1,-0.0,1000.0]}"#),
            ),
            (r#"{"a":1,"a":2}"#, Some(r#"{"a":1,"a":2}"#)),
            (r#"{"a":1e400}"#, None),
            (r#"{"a":"\ud83e"}"#, None),
            (r#"{"a":[1,]}"#, None),
            (&format!(r#"{{"a":{}"#, "[".repeat(200)), None),
        ] {
            let copied = serde_json::from_str::<Copy>(text).ok();
            assert_eq!(
                copied.map(|copy| copy.0.finish()).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    struct Copy(ObjectWriter);

    impl<'de> serde::Deserialize<'de> for Copy {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Self(ObjectWriter::new()))
        }
    }

    impl<'de> Visitor<'de> for Copy {
        type Value = Self;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Self, A::Error> {
            while let Some(key) = members.next_key::<String>()? {
                self.0.copied(&key, &mut members)?;
            }
            Ok(self)
        }
    }
}
