//! Repairs conversations: tool calls without a result, results without a call, and what else the service refuses.
//!
//! Agents lose results: a session ends in the middle of a call, a compaction cuts between a call and its result, a stored
//! history is read in part. The service refuses such a conversation, now and ever after. Here each call gets exactly one
//! result, right after its turn, and each result has its call.
//!
//! It works on the items that would be sent, so that it sees calls and results as the service does, wherever the agent
//! keeps them. A conversation that is whole is not touched.

mod marks;
mod pairs;
mod plan;

use self::marks::{Fate, Kind, Mark};
use crate::contract::types::Message;
use crate::core::item::Item;

/// What was done to a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repairs {
    /// Each thing, in the order of the conversation as it came.
    pub list: Vec<Repair>,
    /// How many messages of the assistant were added, each to end a turn before the user continues.
    pub closed_turns: usize,
}

impl Repairs {
    /// How many messages a history has now, that had so many `before`.
    pub fn message_count(&self, before: usize) -> usize {
        let added = |repair: &&Repair| repair.kind == RepairKind::ResultAdded;
        let removed = |repair: &&Repair| repair.kind == RepairKind::ResultRemoved;
        let count = before + self.closed_turns + self.list.iter().filter(added).count();
        count.saturating_sub(self.list.iter().filter(removed).count())
    }
}

/// One thing that was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Repair {
    /// What it was.
    pub kind: RepairKind,
    /// The call's id, as it came.
    pub call_id: String,
    /// The tool's name, where it is known.
    pub tool_name: Option<String>,
    /// The index of the message with the call, or the result.
    pub message: usize,
}

/// What was done to a call or a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepairKind {
    /// The call had no result. It has one now, which says so.
    ResultAdded,
    /// The result stood elsewhere than after its call's turn.
    ResultMoved,
    /// The result had no call, or its call had another result already.
    ResultRemoved,
    /// The call had no id or no name, or stood twice in its message. Reasoning that led to it went with it.
    CallRemoved,
    /// The call had the id of an earlier one. It and its result have one of their own now.
    CallRenamed,
}

impl RepairKind {
    /// Its name in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::ResultAdded => "result_added",
            Self::ResultMoved => "result_moved",
            Self::ResultRemoved => "result_removed",
            Self::CallRemoved => "call_removed",
            Self::CallRenamed => "call_renamed",
        }
    }
}

/// Repairs a conversation, whose items come from these messages.
///
/// What comes out depends on the conversation alone, so that the same conversation is the same bytes in every request. It
/// is whole: to repair it again changes nothing.
pub fn repair(items: &mut Vec<Item>, messages: &[Message]) -> Repairs {
    let mut marks = marks::of(items);
    pairs::pair(&mut marks, items);
    let list = list(&marks, items, messages);
    if list.is_empty() {
        return Repairs::default();
    }
    let (plan, closed_turns) = plan::of(&marks, items, messages);
    let mut new_ids = Vec::new();
    for (index, mark) in marks.iter().enumerate() {
        if mark.suffix != marks::NONE {
            new_ids.push((index, mark.id_now()));
        }
    }
    plan::apply(plan, new_ids, items);
    Repairs { list, closed_turns }
}

/// What the fates of the items amount to.
fn list(marks: &[Mark<'_>], items: &[Item], messages: &[Message]) -> Vec<Repair> {
    let mut list = Vec::new();
    for (mark, &Item { origin, .. }) in marks.iter().zip(items) {
        let (is_call, tool_name) = match mark.kind {
            Kind::Call(name) => (true, Some(name)),
            Kind::Result => (false, messages[origin].name.as_deref()),
            Kind::Reasoning | Kind::Other => continue,
        };
        let mut add = |kind| {
            list.push(Repair {
                kind,
                call_id: mark.id.to_owned(),
                tool_name: tool_name.filter(|name| !name.is_empty()).map(str::to_owned),
                message: origin,
            });
        };
        if is_call && mark.suffix != marks::NONE {
            add(RepairKind::CallRenamed);
        }
        match mark.fate {
            Fate::Dropped if is_call => add(RepairKind::CallRemoved),
            Fate::Dropped => add(RepairKind::ResultRemoved),
            Fate::Lost => add(RepairKind::ResultAdded),
            Fate::Moves => add(RepairKind::ResultMoved),
            Fate::Stays | Fate::Fetches(_) => {}
        }
    }
    list
}

#[cfg(test)]
mod tests;
