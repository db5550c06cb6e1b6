//! What must hold for any bytes. libFuzzer (`fuzz/`) and the bounded run in CI call the same functions.

use azure_openai_provider::contract::types::{
    BlockContent, ChatRequest, ContentBlock, File, FileSource, Image, Message, MessageContent,
    Reasoning, Role, StreamEvent, Thinking, ToolCall, ToolResult, ToolSpec,
};
use azure_openai_provider::core::classify::{self, Asked};
use azure_openai_provider::core::config::{Configuration, Environment};
use azure_openai_provider::core::headers::Headers;
use azure_openai_provider::core::response::stream::Translator;
use azure_openai_provider::core::{request, response, sse};
use serde_json::Value;

use super::delivered::Delivered;

/// The decoder gives the same events however the bytes are split, and none larger than its limit.
pub(crate) fn decoder(bytes: &[u8]) {
    const LIMIT: usize = 256;
    let whole = decode([bytes], LIMIT);
    let bytewise = decode(bytes.chunks(1), LIMIT);
    assert_eq!(whole, bytewise);
    assert!(whole.0.iter().all(|(data, _)| data.len() <= LIMIT));
    let (start, end) = bytes.split_at(bytes.len() / 2);
    assert_eq!(decode([start, end], LIMIT), whole);
}

/// A stream, whatever its events are, opens and closes its blocks in order, and ends once: with the response, which is what was
/// delivered, or with an error that says something.
pub(crate) fn stream(bytes: &[u8]) {
    let mut translator = Translator::default();
    let mut told = Vec::new();
    let mut failure = None;
    for (data, is_error) in decode([bytes], sse::MAX_EVENT_BYTES).0 {
        let event = sse::Event {
            data: &data,
            is_error,
        };
        if let Err(error) = translator.apply(event, &mut told) {
            failure = Some(error);
            break;
        }
        if translator.received().is_some() {
            // Whether it would go on is a question that any response has an answer to.
            drop(translator.continuation());
            failure = translator.finish(&mut told).err();
            break;
        }
    }
    if let Some(error) = failure {
        assert!(!error.message.is_empty());
        translator.close_all(&mut told);
    } else if !matches!(told.last(), Some(StreamEvent::Completed(_))) {
        assert!(!translator.ended_early().message.is_empty());
        translator.close_all(&mut told);
    }
    let mut delivered = Delivered::default();
    told.iter().for_each(|event| delivered.event(event));
    delivered.is_over();
}

/// Every answer of a service is an error with a message that is not too long.
pub(crate) fn classifier(bytes: &[u8]) {
    let (status, body) = match bytes {
        [high, low, body @ ..] => (u16::from_be_bytes([*high, *low]) % 500 + 100, body),
        _ => (500, bytes),
    };
    let configuration = configuration();
    let deployment = configuration.deployments.resolve(None);
    let header = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
    let headers = Headers::new(vec![
        ("retry-after".to_owned(), header.into_bytes()),
        ("date".to_owned(), b"Sun, 06 Nov 1994 08:49:37 GMT".to_vec()),
    ]);
    let asked = Asked {
        deployment: &deployment,
        url: "https://r.openai.azure.com/openai/v1/responses",
        endpoint: &configuration.primary.endpoint,
        authentication: &configuration.primary.authentication,
        is_renewed: false,
        now: 0,
    };
    let error = classify::rejected(status, &headers, body, asked).error;
    assert_eq!(error.status, Some(status));
    assert!(!error.message.is_empty() && error.message.chars().count() < 2000);
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        assert!(!classify::reported(&value).message.is_empty());
    }
}

/// Every response object is translated, or an error; the arguments of tool calls are objects.
pub(crate) fn response(bytes: &[u8]) {
    let Ok(response) = serde_json::from_slice(bytes) else {
        return;
    };
    match response::translate(response) {
        Ok(response) => {
            for call in response.tool_calls {
                let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
                assert!(arguments.is_object(), "{arguments}");
            }
            let metadata: Value = serde_json::from_str(&response.metadata.unwrap()).unwrap();
            assert!(metadata.is_object(), "{metadata}");
        }
        Err(error) => assert!(!error.message.is_empty()),
    }
}

/// Every request is translated to the same body each time, which is JSON, or an error that says something.
pub(crate) fn request(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let request = chat_request(value.get("request").unwrap_or(&value));
    let configuration = configuration();
    let candidates = configuration.candidates(request.model.as_deref());
    let translate = || request::translate(&request, &candidates[0], &configuration);
    match translate() {
        Ok(translated) => {
            assert_eq!(translate(), Ok(translated.clone()));
            let body: Value = serde_json::from_slice(&translated.body.write()).unwrap();
            assert!(body["model"].is_string());
        }
        Err(error) => assert!(!error.message.is_empty()),
    }
}

/// What came out, with what says that it is an error, and whether the bytes were too many.
fn decode<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    limit: usize,
) -> (Vec<(Vec<u8>, bool)>, bool) {
    let mut decoder = sse::Decoder::with_limit(limit);
    let mut events = Vec::new();
    for chunk in chunks {
        decoder.feed(chunk.to_vec());
        loop {
            match decoder.next_event() {
                Ok(Some(event)) => events.push((event.data.to_vec(), event.is_error)),
                Ok(None) => break,
                Err(_) => return (events, true),
            }
        }
    }
    (events, false)
}

fn configuration() -> Configuration {
    let document = r#"{"azure_endpoint":"https://r.openai.azure.com","api_key":"secret-key"}"#;
    Configuration::resolve(document, &Environment::default()).expect("a valid configuration")
}

/// A request from JSON that may be anything: what is missing is empty, what has another type is its text.
fn chat_request(value: &Value) -> ChatRequest {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let json = |key: &str| value.get(key).map(Value::to_string);
    let tools = elements(&value["tools"]).iter();
    ChatRequest {
        messages: elements(&value["messages"]).iter().map(message).collect(),
        tools: tools
            .map(|tool| ToolSpec::Hosted(tool.to_string()))
            .collect(),
        tool_choice: None,
        response_format: None,
        model: text("model"),
        temperature: value["temperature"].as_f64(),
        top_p: value["top_p"].as_f64(),
        max_output_tokens: value["max_output_tokens"].as_u64(),
        stop: Vec::new(),
        reasoning_effort: text("reasoning_effort"),
        conversation_id: None,
        stream: None,
        timeout: value["timeout"].as_f64(),
        metadata: json("metadata"),
        extensions: Some(value.to_string()),
    }
}

fn message(value: &Value) -> Message {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    Message {
        role: match value["role"].as_str() {
            Some("assistant") => Role::Assistant,
            Some("developer") => Role::Developer,
            Some("function") => Role::Function,
            Some("system") => Role::System,
            Some("tool") => Role::Tool,
            _ => Role::User,
        },
        content: match &value["content"] {
            Value::Array(blocks) => MessageContent::Blocks(blocks.iter().map(block).collect()),
            Value::String(text) => MessageContent::Text(text.clone()),
            other => MessageContent::Text(other.to_string()),
        },
        name: text("name"),
        tool_call_id: text("tool_call_id"),
        metadata: None,
        extensions: Some(value.to_string()),
    }
}

fn block(value: &Value) -> ContentBlock {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let content = match value["type"].as_str() {
        Some("file") => BlockContent::File(File {
            filename: value["filename"].as_str().map(str::to_owned),
            media_type: value["media_type"].as_str().map(str::to_owned),
            source: match value["source"]["url"].as_str() {
                Some(url) => FileSource::Url(url.to_owned()),
                None => FileSource::Base64(text("data")),
            },
        }),
        Some("image") => BlockContent::Image(Image {
            source: value["source"]["url"]
                .as_str()
                .map(|url| FileSource::Url(url.to_owned())),
            media_type: None,
            detail: value["source"]["detail"].as_str().map(str::to_owned),
            extensions: Some(value["source"].to_string()),
        }),
        Some("reasoning") => BlockContent::Reasoning(Reasoning {
            content: value["content"].to_string(),
            summary: value["summary"].to_string(),
        }),
        Some("redacted_thinking") => BlockContent::RedactedThinking(text("data")),
        Some("refusal") => BlockContent::Refusal(text("refusal")),
        Some("thinking") => BlockContent::Thinking(Thinking {
            text: text("thinking"),
            signature: None,
            content: value.get("content").map(Value::to_string),
        }),
        Some("tool_call") => BlockContent::ToolCall(ToolCall {
            id: text("id"),
            name: text("name"),
            arguments: value["input"].to_string(),
            extensions: None,
        }),
        Some("tool_result") => BlockContent::ToolResult(ToolResult {
            tool_call_id: text("tool_call_id"),
            output: value["output"].to_string(),
        }),
        _ => BlockContent::Text(text("text")),
    };
    ContentBlock {
        content,
        visibility: None,
        extensions: Some(value.to_string()),
    }
}

fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
