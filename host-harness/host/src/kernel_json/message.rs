//! [`Message`]: one message of a conversation, as in a history file.

use serde_json::Value;

use crate::contract::types::{Message, MessageContent, Role};

use super::JsonError;
use super::content_block;
use super::reader::{self, Object, Place};
use super::writer::{self, ObjectWriter};

/// Reads a message from JSON text.
///
/// # Errors
///
/// The text is not JSON, or not a message.
pub fn parse(text: &str) -> Result<Message, JsonError> {
    from_value(reader::parse(text, Place::Root)?)
}

/// Reads a message.
///
/// # Errors
///
/// The value is not a message.
pub fn from_value(value: Value) -> Result<Message, JsonError> {
    read(value, Place::Root)
}

/// Writes a message.
///
/// # Errors
///
/// The message holds text that is not the JSON that belongs there.
pub fn to_value(message: &Message) -> Result<Value, JsonError> {
    write(message, Place::Root)
}

pub(super) fn read(value: Value, place: Place<'_>) -> Result<Message, JsonError> {
    let mut object = Object::new(value, place)?;
    Ok(Message {
        role: object.required("role", "a role", |value, place| {
            reader::word(&value, place, &ROLES, role_name)
        })?,
        content: object.required("content", CONTENT, read_content)?,
        name: object.optional_string("name")?,
        tool_call_id: object.optional_string("tool_call_id")?,
        metadata: object.optional_object_text("metadata")?,
        extensions: object.extensions(),
    })
}

pub(super) fn write(message: &Message, place: Place<'_>) -> Result<Value, JsonError> {
    let mut object = ObjectWriter::new(place);
    object.put("role", role_name(message.role));
    let content = match &message.content {
        MessageContent::Text(text) => Value::String(text.clone()),
        MessageContent::Blocks(blocks) => {
            writer::array(blocks, place.key("content"), content_block::write)?
        }
    };
    object.put("content", content);
    object.put_some("name", message.name.as_deref());
    object.put_some("tool_call_id", message.tool_call_id.as_deref());
    object.put_some_object("metadata", message.metadata.as_deref())?;
    object.extend(message.extensions.as_deref())?;
    Ok(object.finish())
}

fn read_content(value: Value, place: Place<'_>) -> Result<MessageContent, JsonError> {
    match value {
        Value::String(text) => Ok(MessageContent::Text(text)),
        value => {
            reader::list(value, place, CONTENT, content_block::read).map(MessageContent::Blocks)
        }
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::Developer => "developer",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Function => "function",
        Role::Tool => "tool",
    }
}

const ROLES: [Role; 6] = [
    Role::System,
    Role::Developer,
    Role::User,
    Role::Assistant,
    Role::Function,
    Role::Tool,
];

const CONTENT: &str = "a string or an array of content blocks";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_role_survives_a_round_trip() {
        for role in ROLES {
            let value = json!({"role": role_name(role), "content": ""});
            let message = from_value(value.clone()).unwrap();
            assert_eq!(
                message,
                Message {
                    role,
                    content: MessageContent::Text(String::new()),
                    name: None,
                    tool_call_id: None,
                    metadata: None,
                    extensions: None,
                }
            );
            assert_eq!(to_value(&message), Ok(value));
        }
    }

    #[test]
    fn a_full_message_survives_a_round_trip() {
        let value = json!({
            "role": "tool",
            "content": [{"type": "text", "text": "3"}],
            "name": "add",
            "tool_call_id": "c1",
            "metadata": {"acme:response_id": "r1", "a": {"z": 1, "b": [null]}},
            "cache_control": {"type": "ephemeral"},
            "nothing": null,
        });
        let message = from_value(value.clone()).unwrap();
        assert_eq!(
            message.metadata.as_deref(),
            Some(r#"{"a":{"b":[null],"z":1},"acme:response_id":"r1"}"#)
        );
        assert_eq!(
            message.extensions.as_deref(),
            Some(r#"{"cache_control":{"type":"ephemeral"},"nothing":null}"#)
        );
        assert_eq!(to_value(&message), Ok(value));
    }

    #[test]
    fn null_is_the_same_as_missing_and_is_not_written() {
        let text =
            r#"{"role":"user","content":[],"name":null,"tool_call_id":null,"metadata":null}"#;
        let message = parse(text).unwrap();
        assert_eq!(
            to_value(&message).unwrap().to_string(),
            r#"{"content":[],"role":"user"}"#
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (value, expected) in [
            (
                json!([]),
                "the document: expected an object, found an array",
            ),
            (
                json!({"content": ""}),
                "role: expected a role, but the key is missing",
            ),
            (
                json!({"role": "robot", "content": ""}),
                "role: expected one of system, developer, user, assistant, function, tool, found \"robot\"",
            ),
            (
                json!({"role": "User", "content": ""}),
                "role: expected one of system, developer, user, assistant, function, tool, found \"User\"",
            ),
            (
                json!({"role": "user"}),
                "content: expected a string or an array of content blocks, but the key is missing",
            ),
            (
                json!({"role": "user", "content": null}),
                "content: expected a string or an array of content blocks, found null",
            ),
            (
                json!({"role": "user", "content": {"type": "text"}}),
                "content: expected a string or an array of content blocks, found an object",
            ),
            (
                json!({"role": "user", "content": [{"type": "text", "text": ""}, "b"]}),
                "content[1]: expected an object, found \"b\"",
            ),
            (
                json!({"role": "user", "content": "", "name": ["a"]}),
                "name: expected a string, found an array",
            ),
            (
                json!({"role": "user", "content": "", "metadata": "a"}),
                "metadata: expected an object, found \"a\"",
            ),
        ] {
            assert_eq!(from_value(value).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn text_of_a_hostile_component_is_an_error() {
        let mut message = parse(r#"{"role":"user","content":"","metadata":{}}"#).unwrap();
        message.metadata = Some("{]".into());
        assert_eq!(
            to_value(&message).unwrap_err().to_string(),
            "metadata: not valid JSON, line 1, column 2: key must be a string"
        );
        message.metadata = Some("1".into());
        assert_eq!(
            to_value(&message).unwrap_err().to_string(),
            "metadata: expected an object, found 1"
        );
    }
}
