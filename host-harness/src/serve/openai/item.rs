//! From content blocks to output items.

use serde_json::{Map, Value, json};

use super::echo::{Echo, Native};
use crate::contract::types::{BlockContent, ContentBlock, Thinking, ToolCall};

/// What ids of calls of a tool begin with.
pub(super) fn call_kind(name: &str, echo: &Echo) -> &'static str {
    match echo.native(name) {
        None => "fc",
        Some(Native::ApplyPatch) => "apc",
        Some(Native::Custom) => "ctc",
    }
}

/// The item of a block.
pub(super) fn of(block: &ContentBlock, id: &str, is_complete: bool, echo: &Echo) -> Option<Value> {
    match &block.content {
        BlockContent::Text(_) | BlockContent::Refusal(_) => {
            let extensions = extensions(block);
            let mut item = message(id, status(is_complete), vec![part(block)?]);
            if let Some(phase) = extensions.get("phase") {
                item["phase"] = phase.clone();
            }
            Some(item)
        }
        BlockContent::Thinking(thinking) => Some(reasoning(id, thinking)),
        BlockContent::ToolCall(call) => Some(self::call(id, call, status(is_complete), echo)),
        _ => None,
    }
}

/// The part of a message that a block is.
pub(super) fn part(block: &ContentBlock) -> Option<Value> {
    match &block.content {
        BlockContent::Text(text) => {
            let extensions = extensions(block);
            let list = |name: &str| extensions.get(name).cloned().unwrap_or(json!([]));
            Some(json!({
                "type": "output_text",
                "text": text,
                "annotations": list("annotations"),
                "logprobs": list("logprobs"),
            }))
        }
        BlockContent::Refusal(refusal) => Some(json!({ "type": "refusal", "refusal": refusal })),
        _ => None,
    }
}

/// A message with these parts.
pub(super) fn message(id: &str, status: &str, content: Vec<Value>) -> Value {
    json!({
        "id": id,
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    })
}

/// A call, with its arguments as far as they are known.
pub(super) fn call(id: &str, call: &ToolCall, status: &str, echo: &Echo) -> Value {
    let mut item = json!({ "id": id, "call_id": call.id, "status": status });
    let mut set = |name: &str, value: Value| item[name] = value;
    match echo.native(&call.name) {
        None => {
            set("type", "function_call".into());
            set("name", call.name.as_str().into());
            set("arguments", call.arguments.as_str().into());
        }
        Some(Native::ApplyPatch) => {
            set("type", "apply_patch_call".into());
            set("operation", object(&call.arguments).into());
        }
        Some(Native::Custom) => {
            set("type", "custom_tool_call".into());
            set("name", call.name.as_str().into());
            set("input", input(&call.arguments).into());
        }
    }
    item
}

/// What a custom tool is given, which a tool call's arguments hold under one name.
pub(super) fn input(arguments: &str) -> String {
    match object(arguments).remove("input") {
        Some(Value::String(input)) => input,
        _ => arguments.to_owned(),
    }
}

/// Whether an item is what one of the service's own tools has done, and not a part or a call that was cut off.
pub(super) fn is_done_by_the_service(item: &Value) -> bool {
    let kind = item["type"].as_str().unwrap_or_default();
    let is_call = kind.ends_with("_call") || kind.starts_with("mcp_");
    let is_ours = ["apply_patch_call", "custom_tool_call", "function_call"].contains(&kind);
    is_call && !is_ours && item["id"].is_string()
}

/// How an item that is at its end says whether it is all there.
pub(super) fn status(is_complete: bool) -> &'static str {
    match is_complete {
        true => "completed",
        false => "incomplete",
    }
}

fn reasoning(id: &str, thinking: &Thinking) -> Value {
    let state: Value =
        serde_json::from_str(thinking.content.as_deref().unwrap_or("null")).unwrap_or_default();
    let mut item = json!({ "id": id, "type": "reasoning", "summary": summary(&thinking.text) });
    if let Some(encrypted_content) = state[0].as_str() {
        item["encrypted_content"] = encrypted_content.into();
    }
    item
}

/// The summary of reasoning: one part, if there is any.
pub(super) fn summary(text: &str) -> Value {
    match text {
        "" => json!([]),
        text => json!([{ "type": "summary_text", "text": text }]),
    }
}

fn extensions(block: &ContentBlock) -> Map<String, Value> {
    block.extensions.as_deref().map(object).unwrap_or_default()
}

/// JSON text that should be an object. A component may return any text.
fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// What ids of messages begin with.
pub(super) const MESSAGE: &str = "msg";

/// What ids of reasoning begin with.
pub(super) const REASONING: &str = "rs";
