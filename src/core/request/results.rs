//! What tools answer, in the forms that the service has for its own tools. Answers come from the kernel as text, which may be
//! JSON, or as parts.

use serde_json::Value;

use crate::core::item::{Answer, CallItem, CallKind, Content, File, Output, Part, Source};
use crate::core::json;

/// What a tool answers, in the form that goes with the call's kind. None when it cannot be expressed in it: then call and result
/// are those of a function.
pub(super) fn answer(call: &CallItem, output: &mut Output) -> Option<Answer> {
    let take = |output: &mut Output| std::mem::replace(output, Output::Text(String::new()));
    Some(match call.kind {
        CallKind::ApplyPatch => {
            let text = text(output);
            Answer::ApplyPatch {
                has_failed: has_failed(&text),
                text,
            }
        }
        CallKind::Computer => {
            let (screenshot, acknowledged) = screenshot(output)?;
            // Only a person can confirm what the service wants to have confirmed; the agent says so in its result.
            Answer::Computer {
                screenshot,
                acknowledged,
            }
        }
        CallKind::Custom => Answer::Custom(take(output)),
        CallKind::Function => Answer::Function(take(output)),
        CallKind::LocalShell => Answer::LocalShell(text(output)),
        CallKind::McpApproval => approval(output),
        CallKind::Shell => Answer::Shell {
            output: shell(output),
            max_length: call.max_output_length(),
        },
        CallKind::ToolSearch => Answer::ToolSearch(tools(output)),
    })
}

/// All text of an answer, a line for each part.
fn text(output: &Output) -> String {
    let parts = match output {
        Output::Text(text) => return text.clone(),
        Output::Parts(parts) => parts,
    };
    let mut text = String::new();
    for part in parts.iter().filter_map(Part::text) {
        if !text.is_empty() {
            text.push('\n');
        }
        text += part;
    }
    text
}

/// An answer that is JSON; null for any other.
fn value(output: &Output) -> Value {
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
fn screenshot(output: &Output) -> Option<(Source, Option<Value>)> {
    let answer = value(output);
    let parts = match output {
        Output::Parts(parts) => parts.as_slice(),
        Output::Text(_) => &[],
    };
    let picture = parts
        .iter()
        .find_map(picture)
        .or_else(|| picture_in(&answer["output"]))
        .or_else(|| picture_in(&answer))?;
    let acknowledged = answer.get("acknowledged_safety_checks");
    Some((
        picture,
        acknowledged.filter(|checks| checks.is_array()).cloned(),
    ))
}

/// The picture that a part is. A file at the service may be one.
fn picture(part: &Part) -> Option<Source> {
    match &part.content {
        Content::Image { source, .. } => Some(source.clone()),
        Content::File(File::Id(id)) => Some(Source::Id(id.clone())),
        Content::File(_) | Content::InputText(_) | Content::OutputText(_) | Content::Refusal(_) => {
            None
        }
    }
}

fn picture_in(answer: &Value) -> Option<Source> {
    let text = |key| json::text(answer, key).map(str::to_owned);
    text("image_url")
        .map(Source::Url)
        .or_else(|| text("file_id").map(Source::Id))
}

/// Whether a tool of an MCP server may run: `true`, or an object whose `approve` is. Anything else is no, and the reason.
fn approval(output: &Output) -> Answer {
    const APPROVE: &str = "approve";
    let answer = value(output);
    let approve = answer.get(APPROVE).unwrap_or(&answer) == &Value::Bool(true);
    let reason = match answer.get(APPROVE) {
        Some(_) => json::text(&answer, "reason").map(str::to_owned),
        None if answer.is_boolean() => None,
        None => Some(text(output)),
    };
    Answer::McpApproval {
        approve,
        reason: reason.filter(|reason| !reason.is_empty()),
    }
}

/// What commands printed: in the service's form, alone or in `output`; as an object with `stdout`, `stderr` and an exit code; or
/// all of the text, for a command that ended well.
fn shell(output: &Output) -> Vec<Value> {
    let answer = value(output);
    let list = match answer.get("output").unwrap_or(&answer) {
        Value::Array(list) => list.as_slice(),
        _ => std::slice::from_ref(&answer),
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
fn tools(output: &Output) -> Vec<Value> {
    let mut answer = value(output);
    let mut tools = match &mut answer {
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

const STDERR: &str = "stderr";

const STDOUT: &str = "stdout";
