//! [`ChatRequest`]: one request to the model.

use serde_json::Value;

use crate::contract::types::ChatRequest;

use super::reader::{self, Object, Place};
use super::writer::{self, ObjectWriter};
use super::{JsonError, message, response_format, tool_choice, tool_spec};

/// Reads a request from JSON text.
///
/// # Errors
///
/// The text is not JSON, or not a request.
pub fn parse(text: &str) -> Result<ChatRequest, JsonError> {
    from_value(reader::parse(text, Place::Root)?)
}

/// Reads a request.
///
/// # Errors
///
/// The value is not a request.
pub fn from_value(value: Value) -> Result<ChatRequest, JsonError> {
    let mut object = Object::new(value, Place::Root)?;
    Ok(ChatRequest {
        messages: object.required("messages", MESSAGES, |value, place| {
            reader::list(value, place, MESSAGES, message::read)
        })?,
        tools: object
            .optional("tools", |value, place| {
                reader::list(value, place, "an array of tools", tool_spec::read)
            })?
            .unwrap_or_default(),
        tool_choice: object.optional("tool_choice", tool_choice::read)?,
        response_format: object.optional("response_format", response_format::read)?,
        model: object.optional_string("model")?,
        temperature: object.optional_float("temperature")?,
        top_p: object.optional_float("top_p")?,
        max_output_tokens: object.optional_integer("max_output_tokens")?,
        stop: object
            .optional("stop", |value, place| {
                reader::list(value, place, "an array of strings", reader::string)
            })?
            .unwrap_or_default(),
        reasoning_effort: object.optional_string("reasoning_effort")?,
        conversation_id: object.optional_string("conversation_id")?,
        stream: object.optional_boolean("stream")?,
        timeout: object.optional_float("timeout")?,
        metadata: object.optional_object_text("metadata")?,
        extensions: object.extensions(),
    })
}

/// Writes a request.
///
/// # Errors
///
/// The request holds text that is not the JSON that belongs there, or a float that is not finite.
pub fn to_value(request: &ChatRequest) -> Result<Value, JsonError> {
    let mut object = ObjectWriter::new(Place::Root);
    let messages = writer::array(
        &request.messages,
        Place::Root.key("messages"),
        message::write,
    )?;
    object.put("messages", messages);
    object.put_items("tools", &request.tools, tool_spec::write)?;
    let tool_choice = request.tool_choice.as_ref();
    object.put_some(
        "tool_choice",
        tool_choice
            .map(|choice| tool_choice::write(choice, Place::Root.key("tool_choice")))
            .transpose()?,
    );
    let response_format = request.response_format.as_ref();
    object.put_some(
        "response_format",
        response_format
            .map(|format| response_format::write(format, Place::Root.key("response_format")))
            .transpose()?,
    );
    object.put_some("model", request.model.as_deref());
    object.put_some_float("temperature", request.temperature)?;
    object.put_some_float("top_p", request.top_p)?;
    object.put_some("max_output_tokens", request.max_output_tokens);
    object.put_items("stop", &request.stop, |text, _| Ok(text.as_str().into()))?;
    object.put_some("reasoning_effort", request.reasoning_effort.as_deref());
    object.put_some("conversation_id", request.conversation_id.as_deref());
    object.put_some("stream", request.stream);
    object.put_some_float("timeout", request.timeout)?;
    object.put_some_object("metadata", request.metadata.as_deref())?;
    object.extend(request.extensions.as_deref())?;
    Ok(object.finish())
}

const MESSAGES: &str = "an array of messages";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use crate::contract::types::{
        Message, MessageContent, ResponseFormat, Role, ToolChoice, ToolSpec,
    };

    use super::*;

    fn empty() -> ChatRequest {
        ChatRequest {
            messages: Vec::new(),
            tools: Vec::new(),
            tool_choice: None,
            response_format: None,
            model: None,
            temperature: None,
            top_p: None,
            max_output_tokens: None,
            stop: Vec::new(),
            reasoning_effort: None,
            conversation_id: None,
            stream: None,
            timeout: None,
            metadata: None,
            extensions: None,
        }
    }

    #[test]
    fn a_full_request_survives_a_round_trip() {
        let value = json!({
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "1 + 2?", "visibility": "user"}]},
                {"role": "assistant", "content": [
                    {"type": "tool_call", "id": "c1", "name": "add", "input": {"a": 1, "b": 2}, "note": "x"},
                ]},
                {"role": "tool", "content": "3", "tool_call_id": "c1", "name": "add"},
            ],
            "tools": [{"name": "add", "parameters": {"type": "object"}, "strict": true}, {"type": "web_search"}],
            "tool_choice": "auto",
            "response_format": {"type": "json"},
            "model": "gpt-5.1",
            "temperature": 0.7,
            "top_p": 0.5,
            "max_output_tokens": 4096,
            "stop": ["END"],
            "reasoning_effort": "low",
            "conversation_id": "conv",
            "stream": false,
            "timeout": 2.5,
            "metadata": {"b": null, "a": {"d": 1, "c": 2}},
            "parallel_tool_calls": false,
            "text": {"verbosity": "low"},
        });
        let request = from_value(value.clone()).unwrap();
        assert_eq!(request.messages.len(), 4);
        assert!(matches!(
            request.tools.as_slice(),
            [ToolSpec::Function(_), ToolSpec::Hosted(_)]
        ));
        assert_eq!(
            ChatRequest {
                messages: Vec::new(),
                tools: Vec::new(),
                ..request.clone()
            },
            ChatRequest {
                tool_choice: Some(ToolChoice::Auto),
                response_format: Some(ResponseFormat::Json),
                model: Some("gpt-5.1".into()),
                temperature: Some(0.7),
                top_p: Some(0.5),
                max_output_tokens: Some(4096),
                stop: vec!["END".into()],
                reasoning_effort: Some("low".into()),
                conversation_id: Some("conv".into()),
                stream: Some(false),
                timeout: Some(2.5),
                metadata: Some(r#"{"a":{"c":2,"d":1},"b":null}"#.into()),
                extensions: Some(
                    r#"{"parallel_tool_calls":false,"text":{"verbosity":"low"}}"#.into()
                ),
                ..empty()
            }
        );
        assert_eq!(to_value(&request), Ok(value));
        assert_eq!(parse(&to_value(&request).unwrap().to_string()), Ok(request));
    }

    #[test]
    fn a_request_may_be_as_small_as_its_messages() {
        assert_eq!(parse(r#"{"messages":[]}"#), Ok(empty()));
        assert_eq!(to_value(&empty()), Ok(json!({"messages": []})));
        let message = Message {
            role: Role::User,
            content: MessageContent::Text("Hi".into()),
            name: None,
            tool_call_id: None,
            metadata: None,
            extensions: None,
        };
        assert_eq!(
            parse(r#"{"messages":[{"role":"user","content":"Hi"}]}"#),
            Ok(ChatRequest {
                messages: vec![message],
                ..empty()
            })
        );
    }

    #[test]
    fn null_and_empty_are_the_same_as_missing() {
        let mut value = json!({"messages": [], "tools": [], "stop": []});
        assert_eq!(from_value(value.clone()), Ok(empty()));
        for key in [
            "tools",
            "tool_choice",
            "response_format",
            "model",
            "temperature",
            "top_p",
            "max_output_tokens",
            "stop",
            "reasoning_effort",
            "conversation_id",
            "stream",
            "timeout",
            "metadata",
        ] {
            value[key] = Value::Null;
        }
        assert_eq!(from_value(value), Ok(empty()));
    }

    #[test]
    fn floats_may_be_written_as_integers() {
        let request = parse(r#"{"messages":[],"temperature":1,"top_p":0,"timeout":60}"#).unwrap();
        assert_eq!(
            to_value(&request).unwrap().to_string(),
            r#"{"messages":[],"temperature":1.0,"timeout":60.0,"top_p":0.0}"#
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, expected) in [
            ("null", "the document: expected an object, found null"),
            (
                "{}",
                "messages: expected an array of messages, but the key is missing",
            ),
            (
                r#"{"messages":null}"#,
                "messages: expected an array of messages, found null",
            ),
            (
                r#"{"messages":[{"role":"user","content":""},7]}"#,
                "messages[1]: expected an object, found 7",
            ),
            (
                r#"{"messages":[{"role":"user","content":""},{"role":"user","content":""},{"role":"tool",
                    "content":[{"type":"text","text":""},
                    {"type":"tool_result","tool_call_id":null,"output":""}]}]}"#,
                "messages[2].content[1].tool_call_id: expected a string, found null",
            ),
            (
                r#"{"messages":[],"tools":{}}"#,
                "tools: expected an array of tools, found an object",
            ),
            (
                r#"{"messages":[],"tools":[{"type":"web_search"},{"name":"n"}]}"#,
                "tools[1].parameters: expected an object, the JSON Schema of the arguments, but the key is missing",
            ),
            (
                r#"{"messages":[],"tool_choice":true}"#,
                "tool_choice: expected a string or an object, found true",
            ),
            (
                r#"{"messages":[],"response_format":"json"}"#,
                "response_format: expected an object, found \"json\"",
            ),
            (
                r#"{"messages":[],"model":5}"#,
                "model: expected a string, found 5",
            ),
            (
                r#"{"messages":[],"temperature":"hot"}"#,
                "temperature: expected a number, found \"hot\"",
            ),
            (
                r#"{"messages":[],"max_output_tokens":10.0}"#,
                "max_output_tokens: expected an integer of at least 0 without a fraction, found 10.0",
            ),
            (
                r#"{"messages":[],"max_output_tokens":-1}"#,
                "max_output_tokens: expected an integer of at least 0 without a fraction, found -1",
            ),
            (
                r#"{"messages":[],"stop":"END"}"#,
                "stop: expected an array of strings, found \"END\"",
            ),
            (
                r#"{"messages":[],"stop":["a",null]}"#,
                "stop[1]: expected a string, found null",
            ),
            (
                r#"{"messages":[],"stream":"true"}"#,
                "stream: expected true or false, found \"true\"",
            ),
            (
                r#"{"messages":[],"metadata":[]}"#,
                "metadata: expected an object, found an array",
            ),
            (
                "{\"messages\":[\n}",
                "the document: not valid JSON, line 2, column 1: expected value",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn what_cannot_be_written_is_named_with_its_place() {
        let written = |request: ChatRequest| to_value(&request).unwrap_err().to_string();
        assert_eq!(
            written(ChatRequest {
                temperature: Some(f64::INFINITY),
                ..empty()
            }),
            "temperature: expected a finite number, since JSON has no other, found inf"
        );
        assert_eq!(
            written(ChatRequest {
                tools: vec![ToolSpec::Hosted(String::new())],
                ..empty()
            }),
            "tools[0]: not valid JSON, line 1, column 0: EOF while parsing a value"
        );
        assert_eq!(
            written(ChatRequest {
                extensions: Some("\"x\"".into()),
                ..empty()
            }),
            "extensions: expected an object, found \"x\""
        );
    }
}
