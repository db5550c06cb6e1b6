//! What the repaired conversation consists of.

use serde_json::Value;

use super::Items;
use super::marks::{Fate, Kind, Mark, NONE, RESULT};
use crate::contract::types::{Message, Role};
use crate::core::json;

/// The items of the repaired conversation: each an item that is there already, or one that is added for it.
pub(super) type Plan = Vec<(usize, Option<Value>)>;

/// The plan, and how many turns it ends that had no end.
pub(super) fn of(marks: &[Mark<'_>], items: &Items, messages: &[Message]) -> (Plan, usize) {
    let mut plan = Plan::with_capacity(marks.len());
    let mut closed_turns = 0;
    // The turn whose calls came last, and those of them whose results do not follow by themselves.
    let mut turn = NONE;
    let mut waiting = Vec::new();
    // A lost result came last.
    let mut must_close = false;
    for (index, mark) in marks.iter().enumerate() {
        if matches!(mark.fate, Fate::Dropped | Fate::Moves) {
            continue;
        }
        let turn_of_calls = match mark.kind {
            Kind::Result => NONE,
            _ => mark.turn,
        };
        if turn_of_calls != turn {
            turn = turn_of_calls;
            must_close = add_results(&mut plan, &mut waiting, marks);
        }
        let item = &items.values[index];
        let is_said =
            mark.kind == Kind::Other && is_said_by_user(item, &messages[items.messages[index]]);
        if std::mem::take(&mut must_close) && is_said {
            plan.push((index, Some(interrupted())));
            closed_turns += 1;
        }
        if matches!(mark.fate, Fate::Lost | Fate::Fetches(_)) {
            waiting.push(index);
        }
        plan.push((index, None));
    }
    add_results(&mut plan, &mut waiting, marks);
    (plan, closed_turns)
}

/// Carries a plan out.
pub(super) fn apply(plan: Plan, new_ids: Vec<(usize, String)>, items: &mut Items) {
    let mut old = std::mem::take(items);
    for (index, id) in new_ids {
        old.values[index]["call_id"] = Value::String(id);
    }
    for (index, added) in plan {
        let value = added.unwrap_or_else(|| old.values[index].take());
        items.values.push(value);
        items.messages.push(old.messages[index]);
    }
}

/// Adds the results that calls wait for. Whether one of them is lost.
fn add_results(plan: &mut Plan, waiting: &mut Vec<usize>, marks: &[Mark<'_>]) -> bool {
    let mut is_lost = false;
    for call in waiting.drain(..) {
        plan.push(match marks[call].fate {
            Fate::Fetches(result) => (result, None),
            _ => {
                is_lost = true;
                (call, Some(lost(&marks[call])))
            }
        });
    }
    is_lost
}

/// The result of a call whose result is lost.
fn lost(mark: &Mark<'_>) -> Value {
    let name = match mark.kind {
        Kind::Call(name) => name,
        _ => "",
    };
    let id = mark.id_now();
    let output = [LOST, name, "\nCall ID: ", &id, WHAT_NOW].concat();
    let mut result = json::typed(RESULT);
    json::set_text(&mut result, "output", &output);
    json::set_text(&mut result, "call_id", &id);
    Value::Object(result)
}

fn interrupted() -> Value {
    let mut part = json::typed("output_text");
    json::set_text(&mut part, "text", INTERRUPTED);
    let mut message = json::typed("message");
    json::set_text(&mut message, "role", "assistant");
    json::set(
        &mut message,
        "content",
        Value::Array(vec![Value::Object(part)]),
    );
    Value::Object(message)
}

/// Whether the user says something, rather than the agent in the user's name.
fn is_said_by_user(item: &Value, message: &Message) -> bool {
    let first = json::items(item, "content").first();
    let text = first.and_then(|part| json::text(part, "text"));
    message.role == Role::User
        && message.tool_call_id.is_none()
        && !text.is_some_and(|text| text.trim_ascii_start().starts_with("<system-reminder>"))
}

/// A lost result, up to the tool's name.
const LOST: &str =
    "[SYSTEM ERROR: the result of this tool call is missing from the conversation history]\nTool: ";

/// A lost result, after the call's id.
const WHAT_NOW: &str = "\n\nThe tool was called, but its result was lost afterwards: the history was cut, compacted or \
    stored incompletely. Do not assume that the tool failed, nor that it did its work; either may be so. Tell the user \
    that the result is missing, and offer to call the tool again.";

/// What the assistant says before the user goes on.
const INTERRUPTED: &str = "The tool calls before this were interrupted by a session error, and the history was repaired \
    automatically. The results that are missing are marked in it.";
