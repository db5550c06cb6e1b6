//! What a message of the assistant has kept, in its metadata, of the response that it came from.
//!
//! The items that are no blocks take their place again among the blocks. Agents leave blocks out, change them, and put others
//! between them, so that each block is looked for among those of the response: a call by its id, any other by its type.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use crate::contract::types::Message;
use crate::core::item::{self, CallKind, ITEMS, ItemKind, ORIGIN};
use crate::core::json;

/// What was kept, as far as it has not taken its place.
#[derive(Default)]
pub(super) struct Kept {
    /// Its entries in order.
    entries: Vec<Entry>,
    /// The first that has not had its turn.
    next: usize,
    /// Where the calls are that have something beside their blocks, by their ids.
    calls: Vec<(String, usize)>,
    /// Where the other blocks are.
    texts: VecDeque<usize>,
    thinking: VecDeque<usize>,
    tool_calls: VecDeque<usize>,
    /// What the message has of encrypted content means nothing where the request is sent.
    pub(super) is_foreign: bool,
}

/// Something of the response.
enum Entry {
    /// A block, or what has taken its place already.
    Elsewhere,
    /// What a call has beside its block.
    Call(Map<String, Value>),
    /// An item that is no block.
    Item(ItemKind),
}

/// What a block of the message may have been in the response.
#[derive(Clone, Copy)]
pub(super) enum Block<'a> {
    Call(&'a str),
    Text,
    Thinking,
}

impl Kept {
    /// Reads it. What is not of the form that the response side writes is ignored: agents may store anything.
    pub(super) fn of(message: &Message, is_foreign: &dyn Fn(Option<&str>) -> bool) -> Self {
        let mut kept = Self::default();
        let metadata = message.metadata.as_deref().unwrap_or_default();
        // Most messages have none, and need not be read.
        let metadata = match metadata.contains(ITEMS) || metadata.contains(ORIGIN) {
            true => json::object(metadata),
            false => None,
        };
        let mut metadata = metadata.unwrap_or_default();
        kept.is_foreign = is_foreign(metadata.get(ORIGIN).and_then(Value::as_str));
        let Some(Value::Array(entries)) = metadata.remove(ITEMS) else {
            return kept;
        };
        for (index, entry) in entries.into_iter().enumerate() {
            match entry.as_str() {
                Some(item::TEXT) => kept.texts.push_back(index),
                Some(item::THINKING) => kept.thinking.push_back(index),
                Some(item::TOOL_CALL) => kept.tool_calls.push_back(index),
                _ => {}
            }
            kept.entries
                .push(match (CallKind::of_details(&entry), entry) {
                    (Some(_), Value::Object(details)) => {
                        if let Some(id) = details.get("call_id").and_then(Value::as_str) {
                            kept.calls.push((id.to_owned(), index));
                        }
                        Entry::Call(details)
                    }
                    (_, entry) => match ItemKind::kept(&entry) {
                        // What stands for everything before it, nobody else can read: all of that is still there.
                        Some(ItemKind::Compaction(_)) if kept.is_foreign => Entry::Elsewhere,
                        Some(item) => Entry::Item(item),
                        None => Entry::Elsewhere,
                    },
                });
        }
        kept
    }

    /// What a call's item has beside its block.
    pub(super) fn details(&self, call_id: &str) -> Option<&Map<String, Value>> {
        match self.entries.get(self.position(call_id)?)? {
            Entry::Call(details) => Some(details),
            Entry::Elsewhere | Entry::Item(_) => None,
        }
    }

    /// Where the call with this id is.
    fn position(&self, call_id: &str) -> Option<usize> {
        let (_, position) = self.calls.iter().find(|(id, _)| id == call_id)?;
        Some(*position)
    }

    /// The items that come before a block.
    pub(super) fn before(&mut self, block: Block<'_>) -> Vec<ItemKind> {
        let known = match block {
            Block::Call(id) => self.position(id),
            Block::Text | Block::Thinking => None,
        };
        let positions = match block {
            Block::Call(_) => &mut self.tool_calls,
            Block::Text => &mut self.texts,
            Block::Thinking => &mut self.thinking,
        };
        while positions.front().is_some_and(|front| *front < self.next) {
            positions.pop_front();
        }
        match known.or(positions.front().copied()) {
            Some(position) if position >= self.next => {
                let items = self.items(position);
                self.next = position + 1;
                items
            }
            // The agent has put it there.
            _ => Vec::new(),
        }
    }

    /// The items that come after all blocks.
    pub(super) fn rest(mut self) -> Vec<ItemKind> {
        self.items(self.entries.len())
    }

    /// The items from the next one up to a position. The calls among them are none: without its block, a call has no arguments.
    fn items(&mut self, end: usize) -> Vec<ItemKind> {
        let mut items = Vec::new();
        for entry in &mut self.entries[self.next..end] {
            match std::mem::replace(entry, Entry::Elsewhere) {
                Entry::Item(item) => items.push(item),
                call_or_block => *entry = call_or_block,
            }
        }
        items
    }
}
