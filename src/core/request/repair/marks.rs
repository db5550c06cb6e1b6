//! Finds the calls and the results of a conversation, and the turns that they belong to.

use crate::core::item::{Item, ItemKind};

/// An item as the repair sees it.
#[derive(Clone, Copy)]
pub(super) struct Mark<'a> {
    pub(super) kind: Kind<'a>,
    /// The call's id; empty for other items, and when it has none.
    pub(super) id: &'a str,
    /// The turn that an item of a message with calls belongs to, or that a result stands after. [`NONE`] for other items.
    pub(super) turn: usize,
    pub(super) fate: Fate,
    /// What is added to the id, where an earlier call has the same. [`NONE`] adds nothing.
    pub(super) suffix: usize,
}

impl Mark<'_> {
    /// The id that the call has from now on.
    pub(super) fn id_now(&self) -> String {
        match self.suffix {
            NONE => self.id.to_owned(),
            suffix => format!("{}_{suffix}", self.id),
        }
    }
}

/// What an item is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A call of the tool with this name.
    Call(&'a str),
    Result,
    Reasoning,
    Other,
}

/// What becomes of an item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays where it is; so does its counterpart.
    Stays,
    /// It is not sent. Results begin like this.
    Dropped,
    /// A call that has no result. Calls begin like this.
    Lost,
    /// A call whose result, the item with this index, is moved after the call's turn.
    Fetches(usize),
    /// A result that is moved after its call's turn.
    Moves,
}

/// No turn, no suffix.
pub(super) const NONE: usize = 0;

/// Marks each item.
///
/// A turn is one or more messages of the assistant that call tools, and the results after them.
pub(super) fn of(items: &[Item]) -> Vec<Mark<'_>> {
    let mut marks = Vec::with_capacity(items.len());
    for item in items {
        marks.push(mark(&item.kind));
    }
    let mut turn = NONE;
    // Results have come, so that the next call begins another turn.
    let mut is_answering = true;
    let mut start = 0;
    while start < marks.len() {
        let origin = items[start].origin;
        let mut end = start;
        let mut calls = false;
        while items.get(end).is_some_and(|item| item.origin == origin) {
            calls |= marks[end].fate == Fate::Lost;
            end += 1;
        }
        for mark in &mut marks[start..end] {
            if mark.kind == Kind::Result {
                is_answering = true;
                mark.turn = turn;
                continue;
            }
            turn += usize::from(is_answering || !calls);
            is_answering = false;
            if calls {
                mark.turn = turn;
            }
        }
        start = end;
    }
    marks
}

fn mark(item: &ItemKind) -> Mark<'_> {
    let (kind, id, fate) = match item {
        ItemKind::Call(call) => {
            let fate = if call.id.is_empty() || call.name.is_empty() {
                Fate::Dropped
            } else {
                Fate::Lost
            };
            (Kind::Call(&call.name), call.id.as_str(), fate)
        }
        ItemKind::Result(result) => (Kind::Result, result.call_id.as_str(), Fate::Dropped),
        ItemKind::Reasoning(_) => (Kind::Reasoning, "", Fate::Stays),
        // Outputs of tools that the service has run are among these.
        ItemKind::Message(_) | ItemKind::Compaction(_) | ItemKind::Other(_) => {
            (Kind::Other, "", Fate::Stays)
        }
    };
    Mark {
        kind,
        id,
        turn: NONE,
        fate,
        suffix: NONE,
    }
}
