//! Results in the forms that the service has for those of its own tools. They come from the kernel as text, which may be JSON, or
//! as parts.

use serde_json::{Map, Value};

use super::calls::CALL_ID;
use crate::core::item::CallKind;
use crate::core::json;

/// The result of a call, in the form that goes with the call's. None when there is no way to say this in it: then both are those
/// of a function.
pub(super) fn of(kind: CallKind, call: &Value, result: &Value) -> Option<Value> {
    let output = result.get("output").unwrap_or(&Value::Null);
    let id = json::text(call, CALL_ID).unwrap_or_default();
    let of_type = |kind: &str| {
        let mut result = json::typed(kind);
        json::set_text(&mut result, CALL_ID, id);
        result
    };
    let mut answer = match kind {
        CallKind::ApplyPatch => {
            let text = text(output);
            let status = match has_failed(&text) {
                true => "failed",
                false => "completed",
            };
            let mut answer = of_type("apply_patch_call_output");
            json::set_text(&mut answer, "status", status);
            json::set_text(&mut answer, "output", &text);
            answer
        }
        CallKind::Computer => {
            let mut answer = of_type("computer_call_output");
            let (screenshot, acknowledged) = screenshot(output)?;
            json::set(&mut answer, "output", screenshot);
            // Only a person can confirm what the service asks to be confirmed; the agent says so in its result.
            if let Some(acknowledged) = acknowledged {
                json::set(&mut answer, ACKNOWLEDGED, acknowledged);
            }
            answer
        }
        CallKind::Custom | CallKind::Function => {
            let mut answer = of_type(match kind {
                CallKind::Custom => "custom_tool_call_output",
                _ => "function_call_output",
            });
            json::set(&mut answer, "output", output.clone());
            answer
        }
        CallKind::LocalShell => {
            let mut answer = of_type("local_shell_call_output");
            json::set_text(&mut answer, "output", &text(output));
            answer
        }
        CallKind::McpApproval => {
            let mut answer = approval(output);
            json::set_text(&mut answer, "approval_request_id", id);
            return Some(Value::Object(answer));
        }
        CallKind::Shell => {
            let mut answer = of_type("shell_call_output");
            json::set(&mut answer, "output", Value::Array(shell(output)));
            // The service cuts the output itself, and wants to be told where.
            if let Some(limit) = call
                .get("action")
                .and_then(|action| action.get(MAX_LENGTH))
                .filter(|limit| limit.is_u64())
            {
                json::set(&mut answer, MAX_LENGTH, limit.clone());
            }
            answer
        }
        CallKind::ToolSearch => {
            let mut answer = of_type("tool_search_output");
            json::set_text(&mut answer, "execution", "client");
            json::set_text(&mut answer, "status", "completed");
            json::set(&mut answer, "tools", Value::Array(tools(output)));
            answer
        }
    };
    if let Some(caller) = call.get("caller") {
        json::set(&mut answer, "caller", caller.clone());
    }
    Some(Value::Object(answer))
}

/// All text of a result, a line for each part.
fn text(output: &Value) -> String {
    let Value::Array(parts) = output else {
        return output.as_str().unwrap_or_default().to_owned();
    };
    let mut text = String::new();
    for part in parts {
        if let Some(part) = json::text(part, "text") {
            if !text.is_empty() {
                text.push('\n');
            }
            text += part;
        }
    }
    text
}

/// A result that is JSON.
fn value(output: &Value) -> Value {
    serde_json::from_slice(text(output).as_bytes()).unwrap_or_default()
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

/// The picture of a screen, and what was confirmed: an image among the parts, or JSON with an `image_url` or a `file_id`, which
/// may be in `output` as the service has it.
fn screenshot(output: &Value) -> Option<(Value, Option<Value>)> {
    let said = value(output);
    let mut found = None;
    let parts = output.as_array().map_or(&[][..], Vec::as_slice);
    for place in parts.iter().chain([&said["output"], &said]) {
        for key in ["image_url", "file_id"] {
            if let Some(address) = json::text(place, key) {
                found = found.or(Some((key, address)));
            }
        }
    }
    let (key, address) = found?;
    let mut screenshot = json::typed("computer_screenshot");
    json::set_text(&mut screenshot, key, address);
    let acknowledged = said.get(ACKNOWLEDGED).filter(|checks| checks.is_array());
    Some((Value::Object(screenshot), acknowledged.cloned()))
}

/// Whether a tool of an MCP server may run: `true`, or an object whose `approve` is. Anything else is no, and the reason.
fn approval(output: &Value) -> Map<String, Value> {
    let said = value(output);
    let approve = said.get(APPROVE).unwrap_or(&said) == &Value::Bool(true);
    let text = text(output);
    let reason = match said.get(APPROVE) {
        Some(_) => json::text(&said, "reason"),
        None if said.is_boolean() => None,
        None => Some(text.as_str()),
    };
    let mut answer = json::typed("mcp_approval_response");
    json::set(&mut answer, APPROVE, Value::Bool(approve));
    if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
        json::set_text(&mut answer, "reason", reason);
    }
    answer
}

/// What commands printed: in the service's form, alone or in `output`; as an object with `stdout`, `stderr` and an exit code; or
/// all of the text, for a command that ended well.
fn shell(output: &Value) -> Vec<Value> {
    let said = value(output);
    let list = match said.get("output").unwrap_or(&said) {
        Value::Array(list) => list.as_slice(),
        _ => std::slice::from_ref(&said),
    };
    let is_printed = |entry: &Value| entry.get(STDOUT).or(entry.get(STDERR)).is_some();
    if list.is_empty() || !list.iter().all(is_printed) {
        return vec![printed(&text(output), "", exit(0))];
    }
    let mut entries = Vec::new();
    for entry in list {
        let text = |key| json::text(entry, key).unwrap_or_default();
        let code = ["exit_code", "returncode", "return_code"]
            .into_iter()
            .find_map(|key| entry.get(key)?.as_i64());
        let outcome = match entry.get("outcome") {
            Some(outcome) if outcome.is_object() => outcome.clone(),
            _ => exit(code.unwrap_or(0)),
        };
        entries.push(printed(text(STDOUT), text(STDERR), outcome));
    }
    entries
}

fn printed(stdout: &str, stderr: &str, outcome: Value) -> Value {
    json::object_of(vec![
        (STDOUT, stdout.into()),
        (STDERR, stderr.into()),
        ("outcome", outcome),
    ])
}

fn exit(code: i64) -> Value {
    json::object_of(vec![("type", "exit".into()), ("exit_code", code.into())])
}

/// The tools that a search has found: a list, or one in `tools`. What has a name and no type is a function.
fn tools(output: &Value) -> Vec<Value> {
    let mut said = value(output);
    let mut tools = match &mut said {
        Value::Array(tools) => std::mem::take(tools),
        Value::Object(object) => match object.get_mut("tools") {
            Some(Value::Array(tools)) => std::mem::take(tools),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    tools.retain(|tool| {
        json::text(tool, "type")
            .or(json::text(tool, "name"))
            .is_some()
    });
    for tool in &mut tools {
        if json::text(tool, "type").is_none() {
            tool["type"] = "function".into();
        }
    }
    tools
}

const ACKNOWLEDGED: &str = "acknowledged_safety_checks";

const APPROVE: &str = "approve";

const MAX_LENGTH: &str = "max_output_length";

const STDERR: &str = "stderr";

const STDOUT: &str = "stdout";
