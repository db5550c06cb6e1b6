//! The events of one output item.

use serde_json::{Value, json};

use super::{Writer, with};
use crate::service::responses::text::{fragments, words};

/// Tells an item, from `response.output_item.added` to `.done`.
pub(super) fn tell(item: &Value, index: usize, writer: &mut Writer) {
    let added = json!({"output_index": index, "item": begun(item)});
    writer.event("response.output_item.added", added);
    let place = json!({"output_index": index, "item_id": item["id"]});
    match item["type"].as_str().unwrap_or_default() {
        "message" => message(item, &place, writer),
        "reasoning" => reasoning(item, &place, writer),
        "shell_call" => commands(item, index, writer),
        kind => {
            if let Some(call) = CALLS.iter().find(|call| call.kind == kind) {
                call.tell(item, &place, writer);
            }
        }
    }
    let done = json!({"output_index": index, "item": item});
    writer.event("response.output_item.done", done);
}

/// The item as it is announced: what grows is empty.
fn begun(item: &Value) -> Value {
    let mut item = item.clone();
    for (name, value) in item.as_object_mut().into_iter().flatten() {
        match name.as_str() {
            "arguments" | "code" | "input" => *value = json!(""),
            "content" | "queries" | "summary" | "tools" => *value = json!([]),
            // Azure sends it twice, and only the second one counts.
            "encrypted_content" => *value = json!("gAAAA-mock-draft"),
            "output" | "outputs" | "result" | "results" => *value = Value::Null,
            "status" => *value = json!("in_progress"),
            _ => {}
        }
    }
    item
}

fn message(item: &Value, place: &Value, writer: &mut Writer) {
    for (index, part) in elements(&item["content"]) {
        let place = with(place, json!({"content_index": index}));
        writer.event(
            "response.content_part.added",
            with(&place, json!({"part": begun_part(part)})),
        );
        match part["type"].as_str() {
            Some("output_text") => text(part, &place, writer),
            Some("refusal") => {
                let text = part["refusal"].as_str().unwrap_or_default();
                for word in words(text) {
                    writer.delta("response.refusal.delta", &place, word);
                }
                let done = with(&place, json!({"refusal": text}));
                writer.event("response.refusal.done", done);
            }
            _ => {}
        }
        writer.event(
            "response.content_part.done",
            with(&place, json!({"part": part})),
        );
    }
}

fn text(part: &Value, place: &Value, writer: &mut Writer) {
    let text = part["text"].as_str().unwrap_or_default();
    let delta_place = with(place, json!({"logprobs": []}));
    for word in words(text) {
        writer.delta("response.output_text.delta", &delta_place, word);
    }
    for (index, annotation) in elements(&part["annotations"]) {
        let annotated = json!({"annotation": annotation, "annotation_index": index});
        writer.event(
            "response.output_text.annotation.added",
            with(place, annotated),
        );
    }
    let logprobs = part.get("logprobs").cloned().unwrap_or(json!([]));
    let done = json!({"text": text, "logprobs": logprobs});
    writer.event("response.output_text.done", with(place, done));
}

fn reasoning(item: &Value, place: &Value, writer: &mut Writer) {
    for (kind, list, number) in [
        ("reasoning_summary", "summary", "summary_index"),
        ("reasoning", "content", "content_index"),
    ] {
        let part_kind = match kind {
            "reasoning" => "content_part",
            _ => "reasoning_summary_part",
        };
        for (index, part) in elements(&item[list]) {
            let place = with(place, json!({number: index}));
            writer.event(
                &format!("response.{part_kind}.added"),
                with(&place, json!({"part": begun_part(part)})),
            );
            let text = part["text"].as_str().unwrap_or_default();
            for word in words(text) {
                writer.delta(&format!("response.{kind}_text.delta"), &place, word);
            }
            writer.event(
                &format!("response.{kind}_text.done"),
                with(&place, json!({"text": text})),
            );
            writer.event(
                &format!("response.{part_kind}.done"),
                with(&place, json!({"part": part})),
            );
        }
    }
}

fn begun_part(part: &Value) -> Value {
    let mut part = part.clone();
    for (name, value) in part.as_object_mut().into_iter().flatten() {
        match name.as_str() {
            "annotations" | "logprobs" => *value = json!([]),
            "refusal" | "text" => *value = json!(""),
            _ => {}
        }
    }
    part
}

/// These events name the command, and not the item.
fn commands(item: &Value, index: usize, writer: &mut Writer) {
    for (number, command) in elements(&item["action"]["commands"]) {
        let place = json!({"output_index": index, "command_index": number});
        let with_command = |command: &str| with(&place, json!({"command": command}));
        let command = command.as_str().unwrap_or_default();
        writer.event("response.shell_call_command.added", with_command(""));
        for word in words(command) {
            writer.delta("response.shell_call_command.delta", &place, word);
        }
        writer.event("response.shell_call_command.done", with_command(command));
    }
}

fn elements(list: &Value) -> impl Iterator<Item = (usize, &Value)> {
    list.as_array().into_iter().flatten().enumerate()
}

/// The events of a call, in their order.
struct Call {
    kind: &'static str,
    begin: &'static [&'static str],
    /// The name of the events that bring a text, and the member which that is.
    text: Option<(&'static str, &'static str)>,
    then: &'static [&'static str],
    /// The event after a call that went well, and after one that failed, where there is one.
    ends: &'static [&'static str],
}

impl Call {
    fn tell(&self, item: &Value, place: &Value, writer: &mut Writer) {
        let kind = self.kind;
        let event = |stage: &&str| format!("response.{kind}.{stage}");
        for stage in self.begin {
            writer.event(&event(stage), place.clone());
        }
        if let Some((name, member)) = self.text
            && let Some(text) = item[member].as_str()
        {
            for fragment in fragments(text) {
                writer.delta(&format!("response.{name}.delta"), place, fragment);
            }
            // Without the `name` of a function, which Azure leaves out.
            let done = with(place, json!({member: text}));
            writer.event(&format!("response.{name}.done"), done);
        }
        let is_ok = matches!(item["status"].as_str(), None | Some("completed"));
        let has_failed = !is_ok || !item["error"].is_null();
        let end = self.ends.get(usize::from(has_failed));
        for stage in self.then.iter().chain(end) {
            writer.event(&event(stage), place.clone());
        }
    }
}

const CALLS: &[Call] = &[
    Call {
        kind: "code_interpreter_call",
        begin: &["in_progress"],
        text: Some(("code_interpreter_call_code", "code")),
        then: &["interpreting"],
        ends: &["completed"],
    },
    Call {
        kind: "custom_tool_call",
        begin: &[],
        text: Some(("custom_tool_call_input", "input")),
        then: &[],
        ends: &[],
    },
    Call {
        kind: "file_search_call",
        begin: &["in_progress", "searching"],
        text: None,
        then: &[],
        ends: &["completed"],
    },
    Call {
        kind: "function_call",
        begin: &[],
        text: Some(("function_call_arguments", "arguments")),
        then: &[],
        ends: &[],
    },
    Call {
        kind: "image_generation_call",
        begin: &["in_progress", "generating"],
        text: None,
        then: &[],
        ends: &["completed"],
    },
    Call {
        kind: "mcp_call",
        begin: &["in_progress"],
        text: Some(("mcp_call_arguments", "arguments")),
        then: &[],
        ends: &["completed", "failed"],
    },
    Call {
        kind: "mcp_list_tools",
        begin: &["in_progress"],
        text: None,
        then: &[],
        ends: &["completed", "failed"],
    },
    Call {
        kind: "web_search_call",
        begin: &["in_progress", "searching"],
        text: None,
        then: &[],
        ends: &["completed"],
    },
];
