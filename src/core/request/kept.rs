//! What a message of the assistant has kept, in its metadata, of the response that it came from.
//!
//! The items that are no blocks take their place again among the blocks. Agents leave blocks out, change them, and put others
//! between them, so that each block is looked for among those of the response: a call by its id, any other by its type.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use crate::contract::types::Message;
use crate::core::item::{self, CallKind, ITEMS};
use crate::core::json;

/// What was kept, as far as it has not taken its place.
#[derive(Default)]
pub(super) struct Kept {
    /// The items in order; null where a block is.
    entries: Vec<Value>,
    /// The first that has not had its turn.
    next: usize,
    /// Where the calls are that have something beside their blocks, by their ids.
    calls: Vec<(String, usize)>,
    /// Where the other blocks are.
    texts: VecDeque<usize>,
    thinking: VecDeque<usize>,
    tool_calls: VecDeque<usize>,
}

/// What a block of the message may have been in the response.
#[derive(Clone, Copy)]
pub(super) enum Block<'a> {
    Call(&'a str),
    Text,
    Thinking,
}

impl Kept {
    /// Reads it. What is not of the form that the response side writes is passed over: it is the agent's to store.
    pub(super) fn of(message: &Message) -> Self {
        let mut kept = Self::default();
        let metadata = message.metadata.as_deref().unwrap_or_default();
        // Most messages have none, and need not be read.
        if !metadata.contains(ITEMS) {
            return kept;
        }
        let Some(Value::Array(entries)) =
            json::object(metadata).and_then(|mut metadata| metadata.remove(ITEMS))
        else {
            return kept;
        };
        for (index, entry) in entries.into_iter().enumerate() {
            match entry.as_str() {
                Some(item::TEXT) => kept.texts.push_back(index),
                Some(item::THINKING) => kept.thinking.push_back(index),
                Some(item::TOOL_CALL) => kept.tool_calls.push_back(index),
                _ => {}
            }
            if CallKind::of_details(&entry).is_some()
                && let Some(id) = json::text(&entry, "call_id")
            {
                kept.calls.push((id.to_owned(), index));
            }
            let is_item = json::text(&entry, "type").is_some();
            kept.entries.push(if is_item { entry } else { Value::Null });
        }
        kept
    }

    /// What a call's item has beside its block.
    pub(super) fn details(&self, call_id: &str) -> Option<&Map<String, Value>> {
        self.entries.get(self.position(call_id)?)?.as_object()
    }

    /// Where the call with this id is.
    fn position(&self, call_id: &str) -> Option<usize> {
        let (_, position) = self.calls.iter().find(|(id, _)| id == call_id)?;
        Some(*position)
    }

    /// The items that come before a block.
    pub(super) fn before(&mut self, block: Block<'_>) -> Vec<Value> {
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
    pub(super) fn rest(mut self) -> Vec<Value> {
        self.items(self.entries.len())
    }

    /// The items from the next one up to a position. The calls among them are none: without its block, a call has no arguments.
    fn items(&mut self, end: usize) -> Vec<Value> {
        let mut items = Vec::new();
        for entry in &mut self.entries[self.next..end] {
            if !entry.is_null() && CallKind::of_details(entry).is_none() {
                items.push(entry.take());
            }
        }
        items
    }
}

/// Whether an item stands for everything before it.
pub(super) fn is_compaction(item: &Value) -> bool {
    json::text(item, "type") == Some("compaction")
}
