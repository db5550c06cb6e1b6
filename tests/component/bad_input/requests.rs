//! Requests that reach the component as they are, past everything that reads JSON before it.

use provider_host::contract::types::{
    BlockContent, ChatRequest, ContentBlock, ErrorKind, File, FileSource, FunctionTool, Image,
    JsonSchema, Message, MessageContent, ResponseFormat, Role, Thinking, ToolCall, ToolChoice,
    ToolResult, ToolSpec,
};
use serde_json::json;

use super::{nested, outcome};
use crate::support::{Setup, ask};

/// What is done to a request that is well.
type Change = fn(&mut ChatRequest);

#[tokio::test]
async fn what_cannot_be_sent_is_refused_with_its_place() {
    let table: Vec<(&str, Change, &str)> = vec![
        (
            "arguments: an array",
            |r| call(r, "[1]"),
            "messages[1].content[0]",
        ),
        (
            "arguments: null",
            |r| call(r, "null"),
            "messages[1].content[0]",
        ),
        (
            "arguments: no JSON",
            |r| call(r, "{\"a\":"),
            "messages[1].content[0]",
        ),
        (
            "arguments: a lone surrogate",
            |r| call(r, r#"{"a":"\ud800"}"#),
            "messages[1].content[0]",
        ),
        (
            "arguments: deep",
            |r| call(r, &nested(1_000)),
            "messages[1].content[0]",
        ),
        (
            "arguments: very deep",
            |r| call(r, &nested(1_000_000)),
            "messages[1].content[0]",
        ),
        (
            "result: no JSON",
            |r| block(r, Role::User, result("a", "{")),
            "messages[1].content[0]",
        ),
        (
            "result: deep",
            |r| block(r, Role::User, result("a", &nested(1_000))),
            "messages[1].content[0]",
        ),
        (
            "image: no JSON",
            |r| image(r, Some(url("https://a.example/cat.png")), None, Some("{")),
            "messages[1].content[0]",
        ),
        (
            "image: no source",
            |r| image(r, None, None, None),
            "messages[1].content[0]",
        ),
        (
            "image: unknown source",
            |r| image(r, None, None, Some(r#"{"type":"fax"}"#)),
            "messages[1].content[0]",
        ),
        (
            "image: broken base64",
            |r| image(r, Some(base64("iVBO Rw%")), Some("image/png"), None),
            "messages[1].content[0]",
        ),
        (
            "image: cut base64",
            |r| image(r, Some(base64("iVBOR")), Some("image/png"), None),
            "messages[1].content[0]",
        ),
        (
            "image: empty",
            |r| image(r, Some(base64("")), Some("image/png"), None),
            "messages[1].content[0]",
        ),
        (
            "image: text",
            |r| image(r, Some(base64("aGk=")), Some("text/plain"), None),
            "content[0]",
        ),
        (
            "image: no address",
            |r| image(r, Some(url("cat.png")), None, None),
            "messages[1].content[0]",
        ),
        (
            "file: broken base64",
            |r| file(r, "JVBE%"),
            "messages[1].content[0]",
        ),
        ("file: empty", |r| file(r, ""), "messages[1].content[0]"),
        (
            "schema of a tool: no JSON",
            |r| tool(r, "f", "{"),
            "tools[0].parameters",
        ),
        (
            "schema of a tool: true",
            |r| tool(r, "f", "true"),
            "tools[0].parameters",
        ),
        (
            "schema of a tool: deep",
            |r| tool(r, "f", &nested(1_000)),
            "tools[0].parameters",
        ),
        (
            "schema of a tool: of a string",
            |r| tool(r, "f", r#"{"type":"string"}"#),
            "function 'f'",
        ),
        ("tool: no name", |r| tool(r, "", "{}"), "tools[0].name"),
        (
            "tool: two words",
            |r| tool(r, "two words", "{}"),
            "tools[0].name",
        ),
        (
            "hosted tool: an array",
            |r| r.tools.push(ToolSpec::Hosted("[]".to_owned())),
            "tools[0]",
        ),
        (
            "hosted tool: no type",
            |r| r.tools.push(ToolSpec::Hosted("{}".to_owned())),
            "tools[0]",
        ),
        (
            "schema of the answer: no JSON",
            |r| schema(r, "{"),
            "response_format.schema",
        ),
        (
            "schema of the answer: true",
            |r| schema(r, "true"),
            "response_format.schema",
        ),
        (
            "tool choice: a number",
            |r| r.tool_choice = Some(ToolChoice::Custom("7".to_owned())),
            "tool_choice",
        ),
        (
            "tool choice: a tool that is not there",
            |r| r.tool_choice = Some(ToolChoice::Function("nobody".to_owned())),
            "tool_choice",
        ),
        (
            "temperature: not a number",
            |r| r.temperature = Some(f64::NAN),
            "temperature",
        ),
        (
            "temperature: infinite",
            |r| r.temperature = Some(f64::INFINITY),
            "temperature",
        ),
        (
            "temperature: too high",
            |r| r.temperature = Some(1e300),
            "temperature",
        ),
        ("top_p: not a number", |r| r.top_p = Some(f64::NAN), "top_p"),
        (
            "top_p: infinite",
            |r| r.top_p = Some(f64::NEG_INFINITY),
            "top_p",
        ),
        (
            "timeout: not a number",
            |r| r.timeout = Some(f64::NAN),
            "timeout",
        ),
        (
            "timeout: infinite",
            |r| r.timeout = Some(f64::INFINITY),
            "timeout",
        ),
        ("timeout: negative", |r| r.timeout = Some(-1.0), "timeout"),
        ("timeout: none", |r| r.timeout = Some(0.0), "timeout"),
        (
            "reasoning: unheard of",
            |r| {
                r.model = Some("gpt-5.1".to_owned());
                r.reasoning_effort = Some("extreme".to_owned());
            },
            "'extreme'",
        ),
        (
            "extensions: no JSON",
            |r| r.extensions = Some("]".to_owned()),
            "extensions",
        ),
        (
            "extensions: deep",
            |r| r.extensions = Some(nested(1_000)),
            "extensions",
        ),
        ("no messages", |r| r.messages.clear(), "messages"),
        (
            "nothing but the system",
            |r| r.messages[0].role = Role::System,
            "messages",
        ),
    ];
    let setup = Setup::new().await;
    let mut wrong = Vec::new();
    for (name, change, place) in table {
        let mut request = well();
        change(&mut request);
        match outcome(&setup, &request).await {
            Err(error)
                if error.kind == ErrorKind::InvalidRequest && error.message.contains(place) =>
            {
                assert!(!error.retryable, "{name}");
            }
            outcome => wrong.push(format!("{name}: {outcome:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_odd_is_answered() {
    let table: Vec<(&str, Change)> = vec![
        ("a text of nothing", |r| {
            r.messages[0].content = MessageContent::Text(String::new())
        }),
        ("no blocks", |r| {
            push(r, Role::User, MessageContent::Blocks(Vec::new()))
        }),
        ("an assistant that says nothing", |r| {
            push(r, Role::Assistant, MessageContent::Text(String::new()))
        }),
        ("a system that says nothing", |r| {
            push(r, Role::System, MessageContent::Text(String::new()))
        }),
        ("a call without an id", |r| {
            block(r, Role::Assistant, tool_call("", "f", "{}"))
        }),
        ("a call without a name", |r| {
            block(r, Role::Assistant, tool_call("a", "", "{}"))
        }),
        ("a call with a long id", |r| {
            block(
                r,
                Role::Assistant,
                tool_call(&"x".repeat(10_000), "f", "{}"),
            )
        }),
        ("a result without an id", |r| {
            block(r, Role::User, result("", "1"))
        }),
        ("a result that nobody asked for", |r| {
            push(r, Role::Tool, MessageContent::Text("1".to_owned()))
        }),
        ("thinking of somebody else", |r| {
            thinking(r, Some("[\"\u{0}\"]"))
        }),
        ("thinking that is no JSON", |r| thinking(r, Some("{"))),
        ("thinking that is deep", |r| {
            thinking(r, Some(&nested(1_000)))
        }),
        ("no model", |r| r.model = Some(String::new())),
        ("metadata that is no JSON", |r| {
            r.metadata = Some("{".to_owned())
        }),
        ("metadata that is deep", |r| {
            r.metadata = Some(nested(1_000))
        }),
        ("metadata that is very deep", |r| {
            r.metadata = Some(nested(1_000_000))
        }),
        ("stops of nothing", |r| r.stop = vec![String::new()]),
        ("a conversation of nothing", |r| {
            r.conversation_id = Some(String::new())
        }),
        ("all the tokens there are", |r| {
            r.max_output_tokens = Some(u64::MAX)
        }),
        ("all the time there is", |r| r.timeout = Some(1e19)),
        ("a tool without a description", |r| tool(r, "f", "{}")),
    ];
    let setup = Setup::new().await;
    let mut wrong = Vec::new();
    for (name, change) in table {
        let mut request = well();
        change(&mut request);
        if let Err(error) = outcome(&setup, &request).await {
            wrong.push(format!("{name}: {error:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn characters_that_others_stumble_over_go_out_as_they_are() {
    let setup = Setup::new().await;
    let text = "\u{0} \u{1} \u{7f} \u{feff} \u{2028} \u{fffd} \u{10ffff} e\u{301} \u{202e}abc \\u0000 \"'`{}";
    let mut request = ask(text);
    block(
        &mut request,
        Role::Assistant,
        tool_call("a\u{0}b", "f", &json!({ text: text }).to_string()),
    );
    block(
        &mut request,
        Role::User,
        result("a\u{0}b", &json!(text).to_string()),
    );
    outcome(&setup, &request).await.unwrap();
    // The last request asks whether the provider is there.
    let requests = setup.mock.requests();
    let input = &requests[requests.len() - 2].body["input"];
    assert_eq!(input[0]["content"][0]["text"], text);
    assert_eq!(input[1]["call_id"], "a\u{0}b");
    assert_eq!(input[1]["arguments"], json!({ text: text }).to_string());
    assert_eq!(input[2]["output"], text);

    let mut request = ask("Hi");
    request.model = Some("no\u{0}model".to_owned());
    let error = outcome(&setup, &request).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error:?}");
}

/// A request for a model that takes a temperature.
fn well() -> ChatRequest {
    let mut request = ask("Hi");
    request.model = Some("gpt-4.1".to_owned());
    request
}

fn push(request: &mut ChatRequest, role: Role, content: MessageContent) {
    request.messages.push(Message {
        role,
        content,
        name: None,
        tool_call_id: None,
        metadata: None,
        extensions: None,
    });
}

fn block(request: &mut ChatRequest, role: Role, content: BlockContent) {
    let block = ContentBlock {
        content,
        visibility: None,
        extensions: None,
    };
    push(request, role, MessageContent::Blocks(vec![block]));
}

fn call(request: &mut ChatRequest, arguments: &str) {
    block(request, Role::Assistant, tool_call("a", "f", arguments));
}

fn tool_call(id: &str, name: &str, arguments: &str) -> BlockContent {
    BlockContent::ToolCall(ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        extensions: None,
    })
}

fn result(id: &str, output: &str) -> BlockContent {
    BlockContent::ToolResult(ToolResult {
        tool_call_id: id.to_owned(),
        output: output.to_owned(),
    })
}

fn thinking(request: &mut ChatRequest, content: Option<&str>) {
    let thinking = Thinking {
        text: String::new(),
        signature: None,
        content: content.map(str::to_owned),
    };
    block(request, Role::Assistant, BlockContent::Thinking(thinking));
}

fn image(
    request: &mut ChatRequest,
    source: Option<FileSource>,
    media_type: Option<&str>,
    extensions: Option<&str>,
) {
    let image = Image {
        source,
        media_type: media_type.map(str::to_owned),
        detail: None,
        extensions: extensions.map(str::to_owned),
    };
    block(request, Role::User, BlockContent::Image(image));
}

fn base64(data: &str) -> FileSource {
    FileSource::Base64(data.to_owned())
}

fn url(url: &str) -> FileSource {
    FileSource::Url(url.to_owned())
}

fn file(request: &mut ChatRequest, data: &str) {
    let file = File {
        filename: Some("a.pdf".to_owned()),
        media_type: Some("application/pdf".to_owned()),
        source: FileSource::Base64(data.to_owned()),
    };
    block(request, Role::User, BlockContent::File(file));
}

fn tool(request: &mut ChatRequest, name: &str, parameters: &str) {
    request.tools.push(ToolSpec::Function(FunctionTool {
        name: name.to_owned(),
        description: None,
        parameters: parameters.to_owned(),
        strict: None,
        extensions: None,
    }));
}

fn schema(request: &mut ChatRequest, schema: &str) {
    request.response_format = Some(ResponseFormat::JsonSchema(JsonSchema {
        schema: schema.to_owned(),
        name: None,
        description: None,
        strict: None,
        extensions: None,
    }));
}
