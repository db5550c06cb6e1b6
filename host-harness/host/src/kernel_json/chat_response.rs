//! [`ChatResponse`]: the model's answer.

use serde_json::Value;

use crate::contract::types::{BlockContent, ChatResponse, ContentBlock, Degradation, FinishReason};

use super::reader::{self, Object, Place};
use super::writer::{self, ObjectWriter};
use super::{JsonError, content_block, tool_call, usage};

/// Reads a response from JSON text.
///
/// # Errors
///
/// The text is not JSON, or not a response.
pub fn parse(text: &str) -> Result<ChatResponse, JsonError> {
    from_value(reader::parse(text, Place::Root)?)
}

/// Reads a response. One that does not say why the model stopped reads as [`FinishReason::Stop`].
///
/// # Errors
///
/// The value is not a response.
pub fn from_value(value: Value) -> Result<ChatResponse, JsonError> {
    let mut object = Object::new(value, Place::Root)?;
    Ok(ChatResponse {
        content: object.required("content", content_block::BLOCKS, |value, place| {
            reader::list(value, place, content_block::BLOCKS, |value, place| {
                let block = content_block::read(value, place)?;
                check_block(&block, place)?;
                Ok(block)
            })
        })?,
        tool_calls: object
            .optional("tool_calls", |value, place| {
                reader::list(value, place, "an array of tool calls", tool_call::read)
            })?
            .unwrap_or_default(),
        usage: object.optional("usage", usage::read)?,
        degradation: object.optional("degradation", read_degradation)?,
        finish_reason: object
            .optional("finish_reason", |value, place| {
                reader::word(&value, place, &FINISH_REASONS, finish_reason_name)
            })?
            .unwrap_or(FinishReason::Stop),
        metadata: object.optional_object_text("metadata")?,
        extensions: object.extensions(),
    })
}

/// Writes a response.
///
/// # Errors
///
/// The response holds text that is not the JSON that belongs there, or a block that the kernel does not have.
pub fn to_value(response: &ChatResponse) -> Result<Value, JsonError> {
    let mut object = ObjectWriter::new(Place::Root);
    let content = writer::array(
        &response.content,
        Place::Root.key("content"),
        |block, place| {
            check_block(block, place)?;
            content_block::write(block, place)
        },
    )?;
    object.put("content", content);
    object.put_items("tool_calls", &response.tool_calls, tool_call::write)?;
    let usage = response.usage.as_ref();
    object.put_some(
        "usage",
        usage
            .map(|usage| usage::write(usage, Place::Root.key("usage")))
            .transpose()?,
    );
    let degradation = response.degradation.as_ref();
    object.put_some(
        "degradation",
        degradation.map(write_degradation).transpose()?,
    );
    object.put("finish_reason", finish_reason_name(response.finish_reason));
    object.put_some_object("metadata", response.metadata.as_deref())?;
    object.extend(response.extensions.as_deref())?;
    Ok(object.finish())
}

fn check_block(block: &ContentBlock, place: Place<'_>) -> Result<(), JsonError> {
    if matches!(block.content, BlockContent::File(_)) {
        return Err(JsonError::not_allowed(
            place,
            "a file block belongs in a request; the kernel refuses a response with one",
        ));
    }
    Ok(())
}

fn read_degradation(value: Value, place: Place<'_>) -> Result<Degradation, JsonError> {
    let mut object = Object::new(value, place)?;
    Ok(Degradation {
        requested: object.string("requested")?,
        actual: object.string("actual")?,
        reason: object.string("reason")?,
        extensions: object.extensions(),
    })
}

fn write_degradation(degradation: &Degradation) -> Result<Value, JsonError> {
    let root = Place::Root;
    let mut object = ObjectWriter::new(root.key("degradation"));
    object.put("requested", degradation.requested.as_str());
    object.put("actual", degradation.actual.as_str());
    object.put("reason", degradation.reason.as_str());
    object.extend(degradation.extensions.as_deref())?;
    Ok(object.finish())
}

fn finish_reason_name(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
    }
}

const FINISH_REASONS: [FinishReason; 4] = [
    FinishReason::Stop,
    FinishReason::Length,
    FinishReason::ToolCalls,
    FinishReason::ContentFilter,
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use crate::contract::types::{ToolCall, Usage};

    use super::*;

    fn empty() -> ChatResponse {
        ChatResponse {
            content: Vec::new(),
            tool_calls: Vec::new(),
            usage: None,
            degradation: None,
            finish_reason: FinishReason::Stop,
            metadata: None,
            extensions: None,
        }
    }

    #[test]
    fn a_full_response_survives_a_round_trip() {
        let value = json!({
            "content": [
                {"type": "thinking", "thinking": "Hm", "content": ["gAAA", "rs_1"], "visibility": "internal"},
                {"type": "text", "text": "No.", "refusal": true},
                {"type": "tool_call", "id": "c1", "name": "add", "input": {"a": 1}},
            ],
            "tool_calls": [{"id": "c1", "name": "add", "arguments": {"a": 1}}],
            "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3, "cost_usd": "0.01"},
            "degradation": {"requested": "a", "actual": "b", "reason": "c", "more": 1},
            "finish_reason": "tool_calls",
            "metadata": {"acme:response_id": "r1"},
            "text": "No.",
        });
        let response = from_value(value.clone()).unwrap();
        assert_eq!(response.content.len(), 3);
        assert_eq!(
            ChatResponse {
                content: Vec::new(),
                ..response.clone()
            },
            ChatResponse {
                tool_calls: vec![ToolCall {
                    id: "c1".into(),
                    name: "add".into(),
                    arguments: r#"{"a":1}"#.into(),
                    extensions: None,
                }],
                usage: Some(Usage {
                    input_tokens: 1,
                    output_tokens: 2,
                    total_tokens: 3,
                    reasoning_tokens: None,
                    cache_read_tokens: None,
                    cache_write_tokens: None,
                    cost_usd: Some("0.01".into()),
                    extensions: None,
                }),
                degradation: Some(Degradation {
                    requested: "a".into(),
                    actual: "b".into(),
                    reason: "c".into(),
                    extensions: Some(r#"{"more":1}"#.into()),
                }),
                finish_reason: FinishReason::ToolCalls,
                metadata: Some(r#"{"acme:response_id":"r1"}"#.into()),
                extensions: Some(r#"{"text":"No."}"#.into()),
                ..empty()
            }
        );
        assert_eq!(to_value(&response), Ok(value));
        assert_eq!(
            parse(&to_value(&response).unwrap().to_string()),
            Ok(response)
        );
    }

    #[test]
    fn every_finish_reason_survives_a_round_trip() {
        for (name, reason) in [
            ("stop", FinishReason::Stop),
            ("length", FinishReason::Length),
            ("tool_calls", FinishReason::ToolCalls),
            ("content_filter", FinishReason::ContentFilter),
        ] {
            let value = json!({"content": [], "finish_reason": name});
            let response = from_value(value.clone()).unwrap();
            assert_eq!(response.finish_reason, reason);
            assert_eq!(to_value(&response), Ok(value));
        }
    }

    #[test]
    fn null_and_empty_are_the_same_as_missing() {
        let value = json!({"content": [], "tool_calls": null, "usage": null, "degradation": null,
            "finish_reason": null, "metadata": null});
        assert_eq!(from_value(value), Ok(empty()));
        assert_eq!(parse(r#"{"content":[],"tool_calls":[]}"#), Ok(empty()));
        assert_eq!(
            to_value(&empty()),
            Ok(json!({"content": [], "finish_reason": "stop"}))
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, expected) in [
            (
                "{}",
                "content: expected an array of content blocks, but the key is missing",
            ),
            (
                r#"{"content":"Hello"}"#,
                "content: expected an array of content blocks, found \"Hello\"",
            ),
            (
                r#"{"content":[{"type":"file","source":{"type":"url","url":"u"}}]}"#,
                "content[0]: a file block belongs in a request; the kernel refuses a response with one",
            ),
            (
                r#"{"content":[],"tool_calls":[{"id":"c","name":"n","arguments":"{}"}]}"#,
                "tool_calls[0].arguments: expected an object, found \"{}\"",
            ),
            (
                r#"{"content":[],"usage":{"input_tokens":1.0}}"#,
                "usage.input_tokens: expected an integer of at least 0 without a fraction, found 1.0",
            ),
            (
                r#"{"content":[],"degradation":{"requested":"a","actual":"b"}}"#,
                "degradation.reason: expected a string, but the key is missing",
            ),
            (
                r#"{"content":[],"finish_reason":"tool-calls"}"#,
                "finish_reason: expected one of stop, length, tool_calls, content_filter, found \"tool-calls\"",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn what_cannot_be_written_is_named_with_its_place() {
        let mut response =
            parse(r#"{"content":[],"tool_calls":[{"id":"c","name":"n","arguments":{}}]}"#).unwrap();
        response.tool_calls[0].arguments = "{\"a\":".into();
        assert_eq!(
            to_value(&response).unwrap_err().to_string(),
            "tool_calls[0].arguments: not valid JSON, line 1, column 5: EOF while parsing a value"
        );

        let file = r#"{"type":"file","source":{"type":"url","url":"u"}}"#;
        let file = content_block::read(serde_json::from_str(file).unwrap(), Place::Root).unwrap();
        let response = ChatResponse {
            content: vec![file],
            ..empty()
        };
        assert_eq!(
            to_value(&response).unwrap_err().to_string(),
            "content[0]: a file block belongs in a request; the kernel refuses a response with one"
        );
    }
}
