//! What the repaired conversation consists of.

use super::marks::{Fate, Kind, Mark, NONE};
use crate::contract::types::{self, Message};
use crate::core::item::{Item, ItemKind, MessageItem, Output, Part, ResultItem, Role};

/// The items of the repaired conversation: each an item that is there already, or one that is added for it.
pub(super) type Plan = Vec<(usize, Option<ItemKind>)>;

/// The plan, and how many turns it ends that had no end.
pub(super) fn of(marks: &[Mark<'_>], items: &[Item], messages: &[Message]) -> (Plan, usize) {
    let mut plan = Plan::with_capacity(marks.len());
    let mut closed_turns = 0;
    // The turn whose calls came last, and those of them whose results do not follow by themselves.
    let mut turn = NONE;
    let mut waiting = Vec::new();
    // A lost result came last.
    let mut must_close = false;
    for (index, (mark, item)) in marks.iter().zip(items).enumerate() {
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
        if std::mem::take(&mut must_close) && is_from_user(item, &messages[item.origin]) {
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
pub(super) fn apply(plan: Plan, new_ids: Vec<(usize, String)>, items: &mut Vec<Item>) {
    let mut old: Vec<(usize, Option<ItemKind>)> = Vec::with_capacity(items.len());
    for Item { origin, kind } in items.drain(..) {
        old.push((origin, Some(kind)));
    }
    for (index, new_id) in new_ids {
        match &mut old[index].1 {
            Some(ItemKind::Call(call)) => call.id = new_id,
            Some(ItemKind::Result(result)) => result.call_id = new_id,
            _ => {}
        }
    }
    for (index, added) in plan {
        let (origin, kind) = &mut old[index];
        // An item is in a plan once.
        if let Some(kind) = added.or_else(|| kind.take()) {
            let origin = *origin;
            items.push(Item { origin, kind });
        }
    }
}

/// Adds the results that calls wait for. Reports whether one of them is lost.
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
fn lost(mark: &Mark<'_>) -> ItemKind {
    let name = match mark.kind {
        Kind::Call(name) => name,
        _ => "",
    };
    let id = mark.id_now();
    let output = [LOST, name, "\nCall ID: ", &id, WHAT_NOW].concat();
    ItemKind::Result(ResultItem::new(id, Output::Text(output)))
}

fn interrupted() -> ItemKind {
    let parts = vec![Part::output_text(INTERRUPTED)];
    ItemKind::Message(MessageItem::new(Role::Assistant, parts))
}

/// Whether a message is the user's own, rather than the agent's in the user's name.
fn is_from_user(item: &Item, message: &Message) -> bool {
    let ItemKind::Message(MessageItem { parts, .. }) = &item.kind else {
        return false;
    };
    let text = parts.first().and_then(Part::text).unwrap_or_default();
    message.role == types::Role::User
        && message.tool_call_id.is_none()
        && !text.trim_ascii_start().starts_with("<system-reminder>")
}

/// A lost result, up to the tool's name.
const LOST: &str =
    "[SYSTEM ERROR: the result of this tool call is missing from the conversation history]\nTool: ";

/// A lost result, after the call's id.
const WHAT_NOW: &str = "\n\nThe tool was called, but its result was lost afterwards: the history was cut, compacted or \
    stored incompletely. Do not assume that the tool failed, nor that it did its work; either may be so. Tell the user \
    that the result is missing, and offer to call the tool again.";

/// What the assistant answers before the user continues.
const INTERRUPTED: &str = "The tool calls before this were interrupted by a session error, and the history was repaired \
    automatically. The results that are missing are marked in it.";
