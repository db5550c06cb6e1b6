//! [`ToolCall`]: the model's wish to call a tool, as a response lists it.
//!
//! Inside a message it is a content block with other names, where `arguments` is called `input`.

use serde_json::Value;

use crate::contract::types::ToolCall;

use super::JsonError;
use super::reader::{self, Object, Place};
use super::writer::ObjectWriter;

/// Reads a tool call from JSON text.
///
/// # Errors
///
/// The text is not JSON, or not a tool call.
pub fn parse(text: &str) -> Result<ToolCall, JsonError> {
    from_value(reader::parse(text, Place::Root)?)
}

/// Reads a tool call.
///
/// # Errors
///
/// The value is not a tool call.
pub fn from_value(value: Value) -> Result<ToolCall, JsonError> {
    read(value, Place::Root)
}

/// Writes a tool call.
///
/// # Errors
///
/// The call's arguments or extensions are not the text of a JSON object.
pub fn to_value(call: &ToolCall) -> Result<Value, JsonError> {
    write(call, Place::Root)
}

pub(super) fn read(value: Value, place: Place<'_>) -> Result<ToolCall, JsonError> {
    let mut object = Object::new(value, place)?;
    Ok(ToolCall {
        id: object.string("id")?,
        name: object.string("name")?,
        arguments: object.object_text("arguments")?,
        extensions: object.extensions(),
    })
}

pub(super) fn write(call: &ToolCall, place: Place<'_>) -> Result<Value, JsonError> {
    let mut object = ObjectWriter::new(place);
    object.put("id", call.id.as_str());
    object.put("name", call.name.as_str());
    object.put_object("arguments", &call.arguments)?;
    object.extend(call.extensions.as_deref())?;
    Ok(object.finish())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tool_call_survives_a_round_trip() {
        let value = json!({"id": "c1", "name": "add", "arguments": {"b": 1.0, "a": 2}, "index": 0});
        let call = from_value(value.clone()).unwrap();
        assert_eq!(
            call,
            ToolCall {
                id: "c1".into(),
                name: "add".into(),
                arguments: r#"{"a":2,"b":1.0}"#.into(),
                extensions: Some(r#"{"index":0}"#.into()),
            }
        );
        assert_eq!(to_value(&call), Ok(value));
    }

    #[test]
    fn arguments_are_an_object() {
        for (text, expected) in [
            (
                r#"{"id":"c","name":"n"}"#,
                "arguments: expected an object, but the key is missing",
            ),
            (
                r#"{"id":"c","name":"n","arguments":"{}"}"#,
                "arguments: expected an object, found \"{}\"",
            ),
            (
                r#"{"id":"c","name":"n","arguments":[]}"#,
                "arguments: expected an object, found an array",
            ),
            (
                r#"{"name":"n"}"#,
                "id: expected a string, but the key is missing",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected);
        }
        let call = ToolCall {
            id: "c".into(),
            name: "n".into(),
            arguments: "[]".into(),
            extensions: None,
        };
        assert_eq!(
            to_value(&call).unwrap_err().to_string(),
            "arguments: expected an object, found an array"
        );
    }
}
