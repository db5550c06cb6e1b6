//! Objects without trees.

use serde::Serialize;

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
}
