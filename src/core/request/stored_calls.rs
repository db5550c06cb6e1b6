//! Tool calls that an agent keeps beside the content of a message, as some context stores do.

use serde_json::{Map, Value};

use super::content;
use super::location::{Drops, Invalid, Location};
use crate::contract::types::{BlockContent, Message, MessageContent};
use crate::core::json;

/// A call that is not among the blocks of its message.
pub(super) struct StoredCall {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: Map<String, Value>,
}

/// The calls in the extension `tool_calls` of a message. What is among its blocks too is the same call.
pub(super) fn of(
    message: &Message,
    location: Location,
    drops: &mut Drops,
) -> Result<Vec<StoredCall>, Invalid> {
    let extensions = content::extensions(message.extensions.as_deref(), location)?;
    let mut found = Vec::new();
    match extensions.get("tool_calls") {
        None | Some(Value::Null) => {}
        Some(Value::Array(calls)) => {
            let blocks = calls_of(message);
            for (index, call) in calls.iter().enumerate() {
                let location = location.element("tool_calls", index);
                let Some(call) = stored_call(call, location, drops) else {
                    return Err(location.invalid("", "expected an `id` and a `name`"));
                };
                if !blocks.contains(&call.id.as_str()) {
                    found.push(call);
                }
            }
        }
        Some(_) => return Err(location.invalid(".tool_calls", "expected a list of tool calls")),
    }
    Ok(found)
}

/// A call in one of the forms that context stores have: `{id, name, arguments}`, `{tool_call_id, tool, input}`, or that of
/// chat completions with `function` around name and arguments. No arguments are none. Such as cannot be read, since a response
/// that was cut off was stored for instance, stay in the conversation as text.
fn stored_call(call: &Value, location: Location, drops: &mut Drops) -> Option<StoredCall> {
    let function = call.get("function").unwrap_or(&Value::Null);
    let id = json::text(call, "id").or(json::text(call, "tool_call_id"))?;
    let name = json::text(call, "name")
        .or(json::text(call, "tool"))
        .or(json::text(function, "name"))?;
    let arguments = call
        .get("arguments")
        .or(call.get("input"))
        .or(function.get("arguments"));
    let arguments = match arguments {
        None | Some(Value::Null) => Some(Map::new()),
        Some(Value::String(text)) if text.trim_ascii().is_empty() => Some(Map::new()),
        Some(Value::String(text)) => json::object(text),
        Some(other) => other.as_object().cloned(),
    };
    let arguments = arguments.unwrap_or_else(|| {
        let reason = "the arguments of this call are no JSON object; they are sent as text in one";
        drops.add(location, ".arguments", reason);
        let mut unread = Map::new();
        let found = call.get("arguments").or(call.get("input"));
        let found = found.or(function.get("arguments"));
        json::set(&mut unread, "arguments", found.cloned().unwrap_or_default());
        unread
    });
    Some(StoredCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments,
    })
}

/// The ids of the calls among the blocks of a message.
fn calls_of(message: &Message) -> Vec<&str> {
    let mut ids = Vec::new();
    if let MessageContent::Blocks(blocks) = &message.content {
        for block in blocks {
            if let BlockContent::ToolCall(call) = &block.content {
                ids.push(call.id.as_str());
            }
        }
    }
    ids
}
