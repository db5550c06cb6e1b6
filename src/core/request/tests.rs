#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod calls;
mod content;
mod options;

use serde_json::json;

use super::*;
use crate::contract::types::{
    BlockContent, ContentBlock, FunctionTool, JsonSchema, Message, MessageContent, ResponseFormat,
    Role, Thinking, ToolCall, ToolChoice, ToolResult, ToolSpec,
};
use crate::core::config::Environment;
use crate::core::repair::Items;

#[test]
fn the_smallest_request() {
    let translated = translated(&request(vec![user("Hi")])).unwrap();
    let expected = json!({
        "input": [{ "role": "user", "content": [{ "type": "input_text", "text": "Hi" }] }],
        "max_output_tokens": 4096,
        "model": "gpt-4.1",
        "store": false,
        "stream": true,
        "temperature": 0.7,
    });
    assert_eq!(Value::Object(translated.body), expected);
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
        json!({ "role": "assistant", "content": parts })
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
    assert_eq!(whole.body["input"][1], replayed);
    assert_eq!(whole.body["input"][2]["role"], "assistant");

    let dropped = whole.drop_reasoning_items().unwrap();
    assert_eq!(dropped.parameter, "input");
    assert_eq!(whole.body["input"].as_array().unwrap().len(), 2);
    assert_eq!(whole.drop_reasoning_items(), None, "there is none left");

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
        assert_eq!(
            translated.body["input"].as_array().unwrap().len(),
            2,
            "{content:?}"
        );
        assert_eq!(translated.dropped[0].parameter, "messages[1].content[0]");
    }

    let alone = vec![user("Hi"), blocks(Role::Assistant, vec![thinking(state)])];
    let translated = reasoning(alone);
    assert_eq!(translated.body["input"].as_array().unwrap().len(), 1);
    assert_eq!(translated.dropped[0].parameter, "messages[1]");
}

#[test]
fn models_that_reason_get_reasoning_instead_of_temperature() {
    let mut request = request(vec![user("Hi")]);
    request.temperature = Some(0.0);
    request.top_p = Some(0.5);
    let plain = translated(&request).unwrap();
    assert_eq!(plain.body["temperature"], json!(0.0));
    assert_eq!(plain.body["top_p"], json!(0.5));
    assert!(!plain.body.contains_key("include"));

    request.model = Some("gpt-5.1".into());
    request.reasoning_effort = Some("high".into());
    let reasoning = translated(&request).unwrap();
    assert_eq!(
        reasoning.body["include"],
        json!(["reasoning.encrypted_content"])
    );
    assert_eq!(
        reasoning.body["reasoning"],
        json!({ "effort": "high", "summary": "auto" })
    );
    assert!(!reasoning.body.contains_key("temperature") && !reasoning.body.contains_key("top_p"));
    let dropped: Vec<&str> = reasoning
        .dropped
        .iter()
        .map(|dropped| dropped.parameter.as_str())
        .collect();
    assert_eq!(dropped, ["temperature", "top_p"]);
}

#[test]
fn structured_output_has_the_services_flat_form() {
    let schema = |schema: &str, name: Option<&str>| {
        ResponseFormat::JsonSchema(JsonSchema {
            schema: schema.into(),
            name: name.map(str::to_owned),
            description: None,
            strict: Some(true),
        })
    };
    for (format, expected) in [
        (ResponseFormat::Text, json!({ "type": "text" })),
        (ResponseFormat::Json, json!({ "type": "json_object" })),
        (
            schema(r#"{"type":"object"}"#, None),
            json!({ "type": "json_schema", "name": "response", "schema": { "type": "object" }, "strict": true }),
        ),
        (
            schema(
                r#"{"name":"person","schema":{"type":"object"},"description":"d"}"#,
                None,
            ),
            json!({
                "type": "json_schema",
                "name": "person",
                "description": "d",
                "schema": { "type": "object" },
                "strict": true,
            }),
        ),
        (
            schema(
                r#"{"type":"object","properties":{"schema":{}}}"#,
                Some("mine"),
            ),
            json!({
                "type": "json_schema",
                "name": "mine",
                "schema": { "type": "object", "properties": { "schema": {} } },
                "strict": true,
            }),
        ),
    ] {
        let mut request = request(vec![user("Hi")]);
        request.response_format = Some(format);
        let translated = translated(&request).unwrap();
        assert_eq!(translated.body["text"]["format"], expected);
    }
}

#[test]
fn tools_and_choices_in_every_form() {
    let hosted = r#"{"type":"web_search","filters":{"b":1,"a":2}}"#;
    let mut request = request(vec![user("Hi")]);
    request.tools = vec![
        ToolSpec::Function(FunctionTool {
            name: "f".into(),
            description: None,
            parameters: "{}".into(),
            strict: None,
            extensions: None,
        }),
        ToolSpec::Hosted(hosted.into()),
    ];
    for (choice, expected) in [
        (ToolChoice::Auto, json!("auto")),
        (ToolChoice::None, json!("none")),
        (ToolChoice::Required, json!("required")),
        (
            ToolChoice::Function("f".into()),
            json!({ "type": "function", "name": "f" }),
        ),
        (
            ToolChoice::Custom(r#"{"type":"web_search"}"#.into()),
            json!({ "type": "web_search" }),
        ),
    ] {
        request.tool_choice = Some(choice);
        let body = translated(&request).unwrap().body;
        assert_eq!(body["tool_choice"], expected);
        assert_eq!(
            body["tools"],
            json!([
                { "type": "function", "name": "f", "parameters": {}, "strict": false },
                { "type": "web_search", "filters": { "a": 2, "b": 1 } },
            ])
        );
    }
}

#[test]
fn json_that_is_wrong_is_an_error_that_names_its_place() {
    let tool = |parameters: &str| {
        ToolSpec::Function(FunctionTool {
            name: "f".into(),
            description: None,
            parameters: parameters.into(),
            strict: None,
            extensions: None,
        })
    };
    let mut with_tool = request(vec![user("Hi")]);
    with_tool.tools = vec![tool("{}"), tool("[]")];
    let mut with_hosted = request(vec![user("Hi")]);
    with_hosted.tools = vec![ToolSpec::Hosted("nonsense".into())];
    let mut with_choice = request(vec![user("Hi")]);
    with_choice.tool_choice = Some(ToolChoice::Custom("\"x\"".into()));
    let mut with_temperature = request(vec![user("Hi")]);
    with_temperature.temperature = Some(f64::NAN);
    for (request, message) in [
        (with_tool, "tools[1].parameters: expected a JSON object"),
        (with_hosted, "tools[0]: expected a JSON object"),
        (with_choice, "tool_choice: expected a JSON object"),
        (
            with_temperature,
            "temperature: expected a number from 0 to 2",
        ),
        (
            request(vec![
                user("Hi"),
                blocks(Role::Assistant, vec![call("a", "[1]")]),
            ]),
            "messages[1].content[0]: the arguments of a tool call must be a JSON object",
        ),
        (
            request(vec![blocks(
                Role::System,
                vec![BlockContent::Image("{}".into())],
            )]),
            "messages[0].content[0]: a block of the type `image` cannot be sent in this message",
        ),
    ] {
        let error = translated(&request).unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (ErrorKind::InvalidRequest, message)
        );
    }
}

#[test]
fn parameters_that_are_optional_can_be_dropped_once() {
    let mut request = request(vec![user("Hi")]);
    request.model = Some("gpt-5.1".into());
    request.reasoning_effort = Some("low".into());
    let mut translated = translated(&request).unwrap();
    assert_eq!(translated.drop_parameter("input"), None);
    assert_eq!(translated.drop_parameter("top_p"), None, "it was not sent");
    assert_eq!(
        translated.drop_parameter("reasoning").unwrap().parameter,
        "include, reasoning"
    );
    assert_eq!(translated.drop_parameter("reasoning"), None);
}

fn translated(request: &ChatRequest) -> Result<Translated, ProviderError> {
    let document = r#"{"azure_endpoint":"https://r.openai.azure.com","api_key":"key"}"#;
    let configuration = Configuration::resolve(document, &Environment::default()).unwrap();
    let deployment = configuration.deployments.resolve(request.model.as_deref());
    translate(request, &deployment, &configuration)
}

fn input_of(messages: Vec<Message>) -> Vec<Value> {
    let translated = translated(&request(messages)).unwrap();
    assert_eq!(translated.dropped, []);
    translated.body["input"].as_array().unwrap().clone()
}

/// The items of a history as it is, before it is repaired.
pub(crate) fn items(messages: &[Message]) -> Items {
    let native = Native::of(&[]);
    let input = input::translate(messages, &native, true, &mut Drops::default());
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
