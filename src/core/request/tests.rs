#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod calls;
mod content;
mod histories;
mod items;
mod options;
mod parameters;

use serde_json::json;

use super::*;
use crate::contract::types::{
    BlockContent, ContentBlock, FileSource, FunctionTool, Image, Message, MessageContent, Role,
    Thinking, ToolCall, ToolChoice, ToolResult, ToolSpec,
};
use crate::core::classify::{Refusal, RefusedParameter, RefusedReasoning};
use crate::core::config::Environment;

#[test]
fn the_smallest_request() {
    let translated = translated(&request(vec![user("Hi")])).unwrap();
    let expected = json!({
        "input": [{ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "Hi" }] }],
        "max_output_tokens": 4096,
        "model": "gpt-4.1",
        "store": false,
        "stream": true,
        "temperature": 0.7,
    });
    assert_eq!(translated.body.to_value(), expected);
    assert_eq!(translated.dropped, []);
}

#[test]
fn text_and_tool_calls_keep_their_order() {
    let message = blocks(
        Role::Assistant,
        vec![
            BlockContent::Text("Let me see.".into()),
            call("a", r#"{"z":1,"b":2}"#),
            BlockContent::Text("And".into()),
            BlockContent::Text("again.".into()),
            call("b", "{}"),
            BlockContent::Text(String::new()),
        ],
    );
    let input = input_of(vec![
        user("Hi"),
        message,
        result("a", "1"),
        result("b", "2"),
    ]);
    let said = |texts: &[&str]| {
        let parts: Vec<Value> = texts
            .iter()
            .map(|text| json!({ "type": "output_text", "text": text }))
            .collect();
        json!({ "type": "message", "role": "assistant", "content": parts })
    };
    let called = |id, arguments| json!({ "type": "function_call", "call_id": id, "name": "f", "arguments": arguments });
    let returned =
        |id, output| json!({ "type": "function_call_output", "call_id": id, "output": output });
    assert_eq!(
        input[1..],
        [
            said(&["Let me see."]),
            called("a", r#"{"b":2,"z":1}"#),
            said(&["And", "again."]),
            called("b", "{}"),
            returned("a", "1"),
            returned("b", "2"),
        ]
    );
}

#[test]
fn results_come_as_messages_and_as_blocks() {
    let output = |output: &str| {
        BlockContent::ToolResult(ToolResult {
            tool_call_id: "a".into(),
            output: output.into(),
        })
    };
    for (message, expected) in [
        (result("a", "plain"), json!("plain")),
        (blocks(Role::Tool, vec![output("\"text\"")]), json!("text")),
        (
            blocks(Role::Tool, vec![output(r#"{"b":[1,null],"a":"ü"}"#)]),
            json!(r#"{"a":"ü","b":[1,null]}"#),
        ),
        (blocks(Role::User, vec![output("42")]), json!("42")),
        (
            Message {
                tool_call_id: Some("a".into()),
                ..blocks(
                    Role::Tool,
                    vec![
                        BlockContent::Text("1".into()),
                        BlockContent::Text("2".into()),
                    ],
                )
            },
            json!([{ "type": "input_text", "text": "1" }, { "type": "input_text", "text": "2" }]),
        ),
        (
            Message {
                role: Role::Function,
                ..result("a", "old form")
            },
            json!("old form"),
        ),
    ] {
        let input = input_of(vec![
            user("Hi"),
            blocks(Role::Assistant, vec![call("a", "{}")]),
            message,
        ]);
        let expected =
            json!({ "type": "function_call_output", "call_id": "a", "output": expected });
        assert_eq!(input[2..], [expected]);
    }
}

#[test]
fn reasoning_is_replayed_with_what_it_led_to_and_without_its_id() {
    let thinking = |content: Option<&str>| {
        BlockContent::Thinking(Thinking {
            text: "Hm.".into(),
            signature: None,
            content: content.map(str::to_owned),
        })
    };
    let replayed = json!({
        "type": "reasoning",
        "encrypted_content": "secret state",
        "summary": [{ "type": "summary_text", "text": "Hm." }],
    });
    let state = Some(r#"["secret state","rs_1"]"#);
    let reasoning = |messages: Vec<Message>| {
        let request = ChatRequest {
            model: Some("gpt-5.1".into()),
            ..request(messages)
        };
        translated(&request).unwrap()
    };
    let mut whole = reasoning(vec![
        user("Hi"),
        blocks(
            Role::Assistant,
            vec![thinking(state), BlockContent::Text("Yes.".into())],
        ),
    ]);
    assert_eq!(whole.dropped, []);
    let input = input_items(&whole);
    assert_eq!(input[1], replayed);
    assert_eq!(input[2]["role"], "assistant");

    let unreadable = Refusal::Reasoning(RefusedReasoning {
        is_certain: true,
        ..RefusedReasoning::default()
    });
    let dropped = whole.remedy(&unreadable).unwrap();
    assert_eq!(dropped[0].parameter, "input");
    assert_eq!(input_items(&whole).len(), 2);
    assert_eq!(whole.remedy(&unreadable), None, "there is none left");

    for content in [
        None,
        Some("[null,\"rs_1\"]"),
        Some("[\"\",\"rs_1\"]"),
        Some("not json"),
        Some("{}"),
    ] {
        let messages = vec![
            user("Hi"),
            blocks(
                Role::Assistant,
                vec![thinking(content), BlockContent::Text("Yes.".into())],
            ),
        ];
        let translated = reasoning(messages);
        assert_eq!(input_items(&translated).len(), 2, "{content:?}");
        assert_eq!(translated.dropped[0].parameter, "messages[1].content[0]");
    }

    let alone = vec![user("Hi"), blocks(Role::Assistant, vec![thinking(state)])];
    let translated = reasoning(alone);
    assert_eq!(input_items(&translated).len(), 1);
    assert_eq!(translated.dropped[0].parameter, "messages[1]");
}

fn translated(request: &ChatRequest) -> Result<Translated, ProviderError> {
    with_settings(request, &json!({}))
}

fn with_settings(request: &ChatRequest, settings: &Value) -> Result<Translated, ProviderError> {
    let mut document = json!({ "azure_endpoint": "https://r.openai.azure.com", "api_key": "key" });
    let settings = settings.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(settings);
    let document = document.to_string();
    let configuration = Configuration::resolve(&document, &Environment::default()).unwrap();
    let deployment = configuration.deployments.resolve(request.model.as_deref());
    translate(request, &deployment, &configuration)
}

fn input_of(messages: Vec<Message>) -> Vec<Value> {
    let translated = translated(&request(messages)).unwrap();
    assert_eq!(translated.dropped, []);
    input_items(&translated)
}

/// The input as the service gets it.
fn input_items(translated: &Translated) -> Vec<Value> {
    let body = translated.body.to_value();
    body["input"].as_array().unwrap().clone()
}

/// The items of a history as it is, before it is repaired.
pub(crate) fn items(messages: &[Message]) -> Vec<Item> {
    let declared = Declared::of(&[]);
    let input = input::translate(messages, &declared, true, &mut Drops::default());
    input.unwrap().items
}

/// A request to a model that does not reason.
pub(crate) fn request(messages: Vec<Message>) -> ChatRequest {
    ChatRequest {
        messages,
        tools: Vec::new(),
        tool_choice: None,
        response_format: None,
        model: Some("gpt-4.1".into()),
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

fn message(role: Role, content: MessageContent) -> Message {
    Message {
        role,
        content,
        name: None,
        tool_call_id: None,
        metadata: None,
        extensions: None,
    }
}

/// What a person says.
pub(crate) fn user(text: &str) -> Message {
    message(Role::User, MessageContent::Text(text.into()))
}

fn result(call_id: &str, text: &str) -> Message {
    Message {
        tool_call_id: Some(call_id.into()),
        ..message(Role::Tool, MessageContent::Text(text.into()))
    }
}

fn blocks(role: Role, contents: Vec<BlockContent>) -> Message {
    let blocks = contents.into_iter().map(|content| ContentBlock {
        content,
        visibility: None,
        extensions: None,
    });
    message(role, MessageContent::Blocks(blocks.collect()))
}

fn call(id: &str, arguments: &str) -> BlockContent {
    BlockContent::ToolCall(ToolCall {
        id: id.into(),
        name: "f".into(),
        arguments: arguments.into(),
        extensions: None,
    })
}

/// An image that says nothing but where it is.
fn picture(source: FileSource) -> Image {
    Image {
        source: Some(source),
        media_type: None,
        detail: None,
        extensions: None,
    }
}

fn png(data: &str) -> Image {
    Image {
        media_type: Some("image/png".into()),
        ..picture(FileSource::Base64(data.into()))
    }
}
