//! Tool calls and their results.
//!
//! Most tools are functions. Where the request declares the service's own `apply_patch`, or custom tools, their calls and
//! results have items of their own; the kernel's tool calls are what the response side makes of these: `apply_patch` with
//! its operation as arguments, a custom tool with `{"input": "…"}`.
//!
//! Results become those of functions at first. Only when the conversation is repaired is it known which call each of them
//! answers, and [`settle`] gives it the form of its call.

use serde_json::{Map, Value};

use super::place::{Invalid, Place};
use crate::core::json;
use crate::core::repair::Items;

/// The declared tools whose calls are no function calls.
pub(super) struct Native<'a>(Vec<&'a Value>);

impl<'a> Native<'a> {
    pub(super) fn of(tools: &'a [Value]) -> Self {
        let mut native = Vec::new();
        for tool in tools {
            if matches!(json::text(tool, "type"), Some("apply_patch" | "custom")) {
                native.push(tool);
            }
        }
        Self(native)
    }

    /// The type of the native tool with this name.
    fn kind(&self, name: &str) -> Option<&'a str> {
        for tool in &self.0 {
            let kind = json::text(tool, "type");
            if json::text(tool, "name").or(kind) == Some(name) {
                return kind;
            }
        }
        None
    }
}

/// The item of a call.
pub(super) fn call(
    id: &str,
    name: &str,
    mut arguments: Map<String, Value>,
    native: &Native<'_>,
) -> Value {
    let kind = arguments.get("type").and_then(Value::as_str);
    match native.kind(name) {
        // With other arguments it is a function of the same name, from before the tool was declared.
        Some("apply_patch")
            if matches!(kind, Some("create_file" | "update_file" | "delete_file")) =>
        {
            if kind == Some("delete_file") {
                arguments.remove("diff");
            }
            let mut call = json::typed("apply_patch_call");
            json::set_text(&mut call, CALL_ID, id);
            json::set_text(&mut call, "status", "completed");
            json::set(&mut call, "operation", Value::Object(arguments));
            Value::Object(call)
        }
        Some("custom") => {
            let only = arguments.len() == 1;
            let input = match arguments.get("input") {
                Some(Value::String(input)) if only => input.clone(),
                // Nothing of other arguments is lost.
                _ => json::written(&Value::Object(arguments)),
            };
            named_call("custom_tool_call", id, name, "input", &input)
        }
        _ => {
            let arguments = json::written(&Value::Object(arguments));
            named_call("function_call", id, name, "arguments", &arguments)
        }
    }
}

fn named_call(kind: &str, id: &str, name: &str, key: &str, text: &str) -> Value {
    let mut call = json::typed(kind);
    json::set_text(&mut call, CALL_ID, id);
    json::set_text(&mut call, "name", name);
    json::set_text(&mut call, key, text);
    Value::Object(call)
}

/// The item of a result.
pub(super) fn result(call_id: &str, output: Value) -> Value {
    let mut result = json::typed(FUNCTION_CALL_OUTPUT);
    json::set_text(&mut result, CALL_ID, call_id);
    json::set(&mut result, "output", output);
    Value::Object(result)
}

/// Finds the call that a result without an id answers: the first of its tool in the last turn that has no result yet.
/// Agents with the kernel's older role `function` know results by the tool's name alone.
#[derive(Default)]
pub(super) struct Waiting {
    /// The calls of the last turn without a result, as indexes of items.
    calls: Vec<usize>,
    /// How many items were looked at. Each is looked at once, and none in a conversation whose results have ids.
    seen: usize,
}

impl Waiting {
    /// The call's id; empty when there is no such call, so that the repair removes the result and tells of it.
    pub(super) fn call_id(&mut self, name: Option<&str>, items: &Items) -> String {
        for (index, item) in items.values.iter().enumerate().skip(self.seen) {
            let message = items.messages.get(index);
            if item.get("role").is_some() {
                // A turn begins, unless the same message has called tools already.
                self.calls
                    .retain(|call| items.messages.get(*call) == message);
            } else if is_result(item) {
                let answered = |call: &usize| same_call(&items.values[*call], item);
                if let Some(position) = self.calls.iter().position(answered) {
                    self.calls.remove(position);
                }
            } else if item.get(CALL_ID).is_some() {
                self.calls.push(index);
            }
        }
        self.seen = items.values.len();
        for call in &self.calls {
            let item = &items.values[*call];
            // The service's own tool has no name in its calls.
            if json::text(item, "name").or(Some("apply_patch")) == name {
                return json::text(item, CALL_ID).unwrap_or_default().to_owned();
            }
        }
        String::new()
    }
}

/// Gives results the form of their calls, and ids and names the form that the service allows, in a conversation that is
/// whole.
pub(super) fn settle(items: &mut Items) -> Result<(), Invalid> {
    let mut native = Vec::new();
    for index in 0..items.values.len() {
        let item = &mut items.values[index];
        shorten(item);
        spell(item);
        match json::text(item, "type") {
            Some("apply_patch_call" | "custom_tool_call") => native.push(index),
            Some(_) if !native.is_empty() && is_result(item) => {
                let item = &items.values[index];
                let answered = |call: &usize| same_call(&items.values[*call], item);
                let Some(position) = native.iter().position(answered) else {
                    continue;
                };
                let call = native.remove(position);
                let is_patch = json::text(&items.values[call], "type") == Some("apply_patch_call");
                let place = Place::message(items.messages[index]);
                let item = &mut items.values[index];
                // What the repair added has the right form already.
                if json::text(item, "type") != Some(FUNCTION_CALL_OUTPUT) {
                    continue;
                }
                if is_patch {
                    *item = patch_result(item, place)?;
                } else {
                    item["type"] = "custom_tool_call_output".into();
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_result(item: &Value) -> bool {
    json::text(item, "type").is_some_and(|kind| kind.ends_with("_output"))
}

fn same_call(call: &Value, result: &Value) -> bool {
    json::text(call, CALL_ID) == json::text(result, CALL_ID)
}

/// The result of a patch: what was done, as text, and whether it was done.
fn patch_result(item: &Value, place: Place) -> Result<Value, Invalid> {
    let mut output = String::new();
    match item.get("output") {
        Some(Value::Array(parts)) => {
            for part in parts {
                let Some(text) = json::text(part, "text") else {
                    return Err(place.invalid("", "the result of `apply_patch` can only be text"));
                };
                if !output.is_empty() {
                    output.push('\n');
                }
                output += text;
            }
        }
        _ => output += json::text(item, "output").unwrap_or_default(),
    }
    let status = match has_failed(&output) {
        true => "failed",
        false => "completed",
    };
    let mut result = json::typed("apply_patch_call_output");
    json::set_text(
        &mut result,
        CALL_ID,
        json::text(item, CALL_ID).unwrap_or_default(),
    );
    json::set_text(&mut result, "status", status);
    json::set_text(&mut result, "output", &output);
    Ok(Value::Object(result))
}

/// Whether a tool says that its patch failed: in JSON by `"success": false`, in text by another beginning than those of
/// the lines that name a file that was modified, added, deleted or renamed.
fn has_failed(output: &str) -> bool {
    match serde_json::from_slice::<Value>(output.as_bytes()) {
        Ok(value) => value.get("success") == Some(&Value::Bool(false)),
        Err(_) => !matches!(
            output.as_bytes(),
            [] | [b'M' | b'A' | b'D' | b'R', b' ', ..]
        ),
    }
}

/// Makes an id that is too long short, for a call and its result in the same way. The agent's own ids stay as they are;
/// only the service sees the short ones.
fn shorten(item: &mut Value) {
    let Some(Value::String(id)) = item.get_mut(CALL_ID) else {
        return;
    };
    if id.len() <= MAX_ID || id.chars().count() <= MAX_ID {
        return;
    }
    // FNV-1a in 64 bits: small code, and enough to tell the calls of one conversation apart.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in id.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut short: String = id.chars().take(MAX_ID - 17).collect();
    short.push('_');
    for digit in (0..16).rev() {
        let digit = (hash >> (4 * digit)) & 0xf;
        short.push(char::from(b"0123456789abcdef"[digit as usize]));
    }
    *id = short;
}

/// Writes the name of a call's tool in the characters that the service takes: other providers allow more of them, and agents
/// change the provider in a conversation. A name that is declared in this request is right already, or the request refused.
fn spell(item: &mut Value) {
    let Some(Value::String(name)) = item.get_mut("name") else {
        return;
    };
    let is_right = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    if name.len() <= MAX_ID && name.chars().all(is_right) {
        return;
    }
    let right = |character| match is_right(character) {
        true => character,
        false => '_',
    };
    *name = name.chars().take(MAX_ID).map(right).collect();
}

/// The most characters that the service takes in a call's id, and in a tool's name.
const MAX_ID: usize = 64;

const CALL_ID: &str = "call_id";

const FUNCTION_CALL_OUTPUT: &str = "function_call_output";
