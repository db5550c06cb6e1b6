//! Tool calls that an agent keeps beside the content of a message, as some context stores do.

use serde_json::{Map, Value};

use super::content;
use super::place::{Invalid, Place};
use crate::contract::types::{BlockContent, Message, MessageContent};
use crate::core::json;

/// A call that is not among the blocks of its message.
pub(super) struct StoredCall {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: Map<String, Value>,
}

/// The calls in the extension `tool_calls` of a message. What is among its blocks too is the same call.
pub(super) fn of(message: &Message, place: Place) -> Result<Vec<StoredCall>, Invalid> {
    let extensions = content::extensions(message.extensions.as_deref(), place)?;
    let mut found = Vec::new();
    match extensions.get("tool_calls") {
        None | Some(Value::Null) => {}
        Some(Value::Array(calls)) => {
            for (index, call) in calls.iter().enumerate() {
                let Some(call) = stored_call(call) else {
                    let problem =
                        "expected an `id`, a `name`, and `arguments` that are a JSON object";
                    return Err(place.element("tool_calls", index).invalid("", problem));
                };
                if !has_call(message, &call.id) {
                    found.push(call);
                }
            }
        }
        Some(_) => return Err(place.invalid(".tool_calls", "expected a list of tool calls")),
    }
    Ok(found)
}

/// A call in one of the forms that context stores have: `{id, name, arguments}`, `{tool_call_id, tool, input}`, or that of
/// chat completions with `function` around name and arguments. No arguments are none.
fn stored_call(call: &Value) -> Option<StoredCall> {
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
        None | Some(Value::Null) => Map::new(),
        Some(Value::String(text)) if text.is_empty() => Map::new(),
        Some(Value::String(text)) => json::object(text)?,
        Some(other) => other.as_object()?.clone(),
    };
    Some(StoredCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments,
    })
}

/// Whether a block of the message is the call with this id.
fn has_call(message: &Message, id: &str) -> bool {
    let MessageContent::Blocks(blocks) = &message.content else {
        return false;
    };
    for block in blocks {
        match &block.content {
            BlockContent::ToolCall(call) if call.id == id => return true,
            _ => {}
        }
    }
    false
}
