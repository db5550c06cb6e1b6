//! Reading JSON that others wrote, where a member that is missing, or not of the expected type, is absent; and writing it.
//!
//! All of the core parses bytes, also where it has text: a second reader would cost ten kilobytes of the component. So would
//! a second writer, and the one behind `Display` takes twice the time.

mod mended;
mod object_writer;

use serde::Serialize;
use serde_json::{Map, Value};

pub use self::mended::{Mended, closed, mended};
pub use self::object_writer::ObjectWriter;

/// The member as text.
pub fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// The member as a whole number that is not negative.
pub fn count(value: &Value, key: &str) -> Option<u64> {
    value.get(key).and_then(Value::as_u64)
}

/// The member's elements; none when it is missing or no array.
pub fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The member's elements, to change them; none when it is missing or no array.
pub fn items_mut<'a>(object: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Vec<Value>> {
    object.get_mut(key).and_then(Value::as_array_mut)
}

/// Parses text that must be a JSON object.
pub fn object(text: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(text.as_bytes()) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// Parses a text in quotes. As a value, like all else: reading a text and nothing else comes with thirty kilobytes of words for
/// what is none.
pub fn text_of(literal: &[u8]) -> Option<String> {
    match serde_json::from_slice(literal) {
        Ok(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Makes an object of its members. For objects with many: what `json!` makes of them takes twice the bytes in the component.
pub fn object_of(members: Vec<(&str, Value)>) -> Value {
    let mut object = Map::new();
    for (key, value) in members {
        object.insert(key.to_owned(), value);
    }
    Value::Object(object)
}

/// Sets a member to a text. Out of line, because callers have many of these.
#[inline(never)]
pub fn set_text(object: &mut Map<String, Value>, key: &str, text: &str) {
    set(object, key, Value::String(text.to_owned()));
}

/// Sets a member to any value.
#[inline(never)]
pub fn set(object: &mut Map<String, Value>, key: &str, value: Value) {
    object.insert(key.to_owned(), value);
}

/// Begins an object with its `type`.
pub fn typed(kind: &str) -> Map<String, Value> {
    let mut object = Map::new();
    set_text(&mut object, "type", kind);
    object
}

/// Writes a value.
#[inline(never)]
pub fn written(value: &Value) -> String {
    utf8(bytes(value))
}

/// Writes an object.
pub fn written_object(object: &Map<String, Value>) -> String {
    utf8(bytes(object))
}

/// Writes anything.
pub fn bytes<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, value);
    bytes
}

fn write<T: Serialize + ?Sized>(bytes: &mut Vec<u8>, value: &T) {
    // Neither can a vector fail, nor has anything that is written here a map whose keys are no texts.
    let _ = serde_json::to_writer(bytes, value);
}

fn utf8(bytes: Vec<u8>) -> String {
    // What was written is made of texts.
    String::from_utf8(bytes).unwrap_or_default()
}

/// Reads a number the way JSON writes it. The standard library's own reader has 15 KB of tables.
pub fn number(text: &str) -> Option<f64> {
    serde_json::from_slice::<Value>(text.trim().as_bytes())
        .ok()?
        .as_f64()
}

/// Whether a member with this value says nothing: it is null, or an array without elements.
pub fn says_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}
