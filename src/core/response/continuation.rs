//! Responses that were cut off by the output limit, and what comes of them when they go on.
//!
//! The service is asked again, with what it has said so far at the end of the input, and takes up where it stopped. The
//! responses become one: the text is joined as it is, because the cut may be in the middle of a word, what was used is summed,
//! and what the content filters found in each is kept.

use serde_json::Value;

use super::{Response, incomplete_reason};
use crate::core::item::{ItemKind, MessageItem, OutputKind, ReasoningItem};
use crate::core::json;

/// What to add to the input for a response to go on: the assistant's messages, the reasoning that led to them, and what the
/// service did itself. None when it is complete or cannot go on.
///
/// Only text goes on. A tool call that was cut off would have to be guessed, one before the cut wants its result first,
/// and reasoning alone is nothing that the service takes up.
pub(super) fn input(response: &Value) -> Option<Vec<ItemKind>> {
    if incomplete_reason(response) != Some("max_output_tokens") {
        return None;
    }
    let output = json::items(response, "output");
    let last = output.last().filter(|item| is_message(item))?;
    let part = json::items(last, "content").last()?;
    json::text(part, "text").filter(|text| !text.is_empty())?;
    let mut items = Vec::new();
    for item in output {
        match OutputKind::of(item) {
            OutputKind::Message => items.push(ItemKind::Message(MessageItem::of_output(item)?)),
            OutputKind::Reasoning => {
                items.extend(ReasoningItem::of_output(item).map(ItemKind::Reasoning));
            }
            // It wants its result first.
            OutputKind::Call(_) => return None,
            OutputKind::Image | OutputKind::Other => items.extend(ItemKind::kept(item)),
        }
    }
    Some(items)
}

/// Whether the limit on the output was used up before there was anything to show: while the model reasoned, or inside its
/// first call.
pub(super) fn is_empty(response: &Value) -> bool {
    let has_text = |part: &Value| {
        ["text", "refusal"]
            .into_iter()
            .any(|key| json::text(part, key).is_some_and(|text| !text.is_empty()))
    };
    let shows_nothing = |item: &Value| match OutputKind::of(item) {
        OutputKind::Reasoning => true,
        OutputKind::Message => !json::items(item, "content").iter().any(has_text),
        OutputKind::Call(_) | OutputKind::Image | OutputKind::Other => matches!(
            json::text(item, "status"),
            Some("incomplete" | "in_progress")
        ),
    };
    incomplete_reason(response) == Some("max_output_tokens")
        && json::items(response, "output").iter().all(shows_nothing)
}

/// Two responses as one: the second goes on where the first was cut off.
///
/// What else the second has before its text, such as reasoning, comes before the joined message: the service wants
/// reasoning before what it led to.
pub(super) fn join(mut first: Response, mut second: Response) -> Response {
    let (before, after) = (&mut first.read, &mut second.read);
    let mut output = elements(before, "output");
    let mut rest = elements(after, "output");
    if let Some(cut) = output.pop() {
        match rest.iter_mut().find(|item| is_message(item)) {
            Some(message) => prepend(cut, message),
            None => output.push(cut),
        }
    }
    output.append(&mut rest);
    add(&mut after["usage"], &before["usage"]);
    add(&mut after["tool_usage"], &before["tool_usage"]);
    let mut filters = elements(before, "content_filters");
    filters.append(&mut elements(after, "content_filters"));
    after["content_filters"] = Value::Array(filters);
    after["output"] = Value::Array(output);
    second
}

/// Puts the parts of a message that was cut off before those of the one that goes on with it.
fn prepend(mut cut: Value, message: &mut Value) {
    let mut parts = elements(&mut cut, "content");
    let mut rest = elements(message, "content");
    if let Some(last) = parts.last()
        && let Some(text) = json::text(last, "text")
        && let Some(next) = rest.first_mut()
        && let Some(more) = json::text(next, "text")
    {
        let joined = [text, more].concat();
        let mut annotations = json::items(last, "annotations").to_vec();
        for mut annotation in elements(next, "annotations") {
            shift(&mut annotation, text.chars().count());
            annotations.push(annotation);
        }
        next["text"] = joined.into();
        next["annotations"] = Value::Array(annotations);
        parts.pop();
    }
    parts.append(&mut rest);
    message["content"] = Value::Array(parts);
}

/// Moves an annotation's place in the text, which the service counts in characters.
fn shift(annotation: &mut Value, characters: usize) {
    for key in ["start_index", "end_index"] {
        if let Some(index) = json::count(annotation, key) {
            annotation[key] = index.saturating_add(characters as u64).into();
        }
    }
}

/// Adds the counts of one usage to those of another.
fn add(sum: &mut Value, counts: &Value) {
    if let Some(count) = counts.as_u64() {
        *sum = count.saturating_add(sum.as_u64().unwrap_or(0)).into();
    }
    for (key, count) in counts.as_object().into_iter().flatten() {
        // A member of anything but an object cannot be written to.
        if sum.is_object() || sum.is_null() {
            add(&mut sum[key.as_str()], count);
        }
    }
}

/// Takes the elements out of a member.
fn elements(object: &mut Value, key: &str) -> Vec<Value> {
    match object.get_mut(key).map(Value::take) {
        Some(Value::Array(elements)) => elements,
        _ => Vec::new(),
    }
}

fn is_message(item: &Value) -> bool {
    OutputKind::of(item) == OutputKind::Message
}
