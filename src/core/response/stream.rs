//! From the service's stream events to the contract's.
//!
//! The state machine is total: what it does not know it passes over. Success is `response.completed` or
//! `response.incomplete`, whose response object is the authority on what was said; the events before it are how that
//! arrives.

use std::collections::VecDeque;

use serde_json::Value;

use super::event::{Event, PartKind, malformed};

use crate::contract::types::{
    BlockDelta, BlockKind, BlockStart, ErrorKind, ProviderError, StreamEvent, ToolCallHeader,
};
use crate::core::{classify, json};

/// Translates one stream.
#[derive(Debug, Default)]
pub struct Translator {
    /// The blocks that have begun and not ended; there are never more than a few.
    open: Vec<OpenBlock>,
    /// The items that are complete, with their slots, in case the last event brings none.
    items: Vec<(u32, Value)>,
    /// The slots of which something was delivered, so that what comes late is not delivered again.
    begun: Vec<u32>,
    /// The least index that no block has had.
    next_index: u32,
    /// `response.failed` came without an error; the service may still send it.
    failed: bool,
    completed: bool,
}

#[derive(Debug)]
struct OpenBlock {
    /// The `output_index` of its item.
    slot: u32,
    /// The block's own index.
    index: u32,
    kind: PartKind,
    /// Something of the present part was delivered.
    delivered: bool,
}

impl Translator {
    /// Whether the last event has come.
    pub fn is_completed(&self) -> bool {
        self.completed
    }

    /// Takes the data of one event, and adds what the caller sees of it to `events`.
    ///
    /// # Errors
    ///
    /// When the service reports an error, or an event that matters cannot be read.
    pub fn apply(
        &mut self,
        data: &[u8],
        events: &mut VecDeque<StreamEvent>,
    ) -> Result<(), ProviderError> {
        let Some(event) = Event::read(data)? else {
            return Ok(());
        };
        match event {
            Event::Completed(response) => return self.complete(response, events),
            Event::Error(error) => return Err(classify::reported(&error)),
            Event::Failed(response) => return self.fail(&response),
            Event::Delta(slot, kind, delta) => self.deliver(slot, kind, &delta, events),
            Event::Done(slot, kind, whole) => self.part_done(slot, kind, &whole, events),
            Event::ItemAdded(slot, item) => self.item_added(slot, &item, events),
            Event::ItemDone(slot, item) => {
                self.item_done(slot, &item, events);
                self.items.push((slot, item));
            }
            Event::PartAdded(slot, kind, number) => self.part_added(slot, kind, number, events),
            Event::PartDone(slot) => self.close(slot, events),
        }
        Ok(())
    }

    /// Ends the blocks that are still open: before the last event, and before an error.
    pub fn close_all(&mut self, events: &mut VecDeque<StreamEvent>) {
        for block in self.open.drain(..) {
            events.push_back(StreamEvent::BlockEnd(block.index));
        }
    }

    /// What a stream that ends here failed with.
    pub fn ended_early(&self) -> ProviderError {
        if self.failed {
            return classify::reported(&Value::Null);
        }
        ProviderError::new(
            ErrorKind::Stream,
            "the stream ended before the response was complete; try again",
        )
    }

    fn item_added(&mut self, slot: u32, item: &Value, events: &mut VecDeque<StreamEvent>) {
        match json::text(item, "type") {
            Some("function_call") => {
                let member = |key| json::text(item, key).unwrap_or_default().to_owned();
                let header = ToolCallHeader {
                    id: member("call_id"),
                    name: member("name"),
                };
                self.begin(
                    slot,
                    PartKind::ToolCall,
                    BlockKind::ToolCall(header),
                    events,
                );
            }
            Some("reasoning") => self.begin(slot, PartKind::Thinking, BlockKind::Thinking, events),
            // What a message's block is, its first part tells. Other items are no blocks.
            _ => {}
        }
    }

    fn part_added(
        &mut self,
        slot: u32,
        kind: PartKind,
        number: u32,
        events: &mut VecDeque<StreamEvent>,
    ) {
        match kind {
            PartKind::Refusal => self.begin(slot, kind, BlockKind::Refusal, events),
            PartKind::Text => self.begin(slot, kind, BlockKind::Text, events),
            // The parts of one thinking block are lines of one text.
            PartKind::Thinking => {
                if number > 0 {
                    self.deliver(slot, kind, "\n", events);
                }
                if let Some(block) = self.block(slot) {
                    block.delivered = false;
                }
            }
            PartKind::ToolCall => {}
        }
    }

    /// Delivers a part that came whole, without deltas.
    fn part_done(
        &mut self,
        slot: u32,
        kind: PartKind,
        whole: &str,
        events: &mut VecDeque<StreamEvent>,
    ) {
        let is_delivered = match self.block(slot) {
            Some(block) => block.kind == kind && block.delivered,
            None => self.begun.contains(&slot),
        };
        if !is_delivered {
            self.deliver(slot, kind, whole, events);
        }
    }

    /// Ends an item's block, and delivers what no event before has told of it.
    fn item_done(&mut self, slot: u32, item: &Value, events: &mut VecDeque<StreamEvent>) {
        let is_told = match self.block(slot) {
            Some(block) => block.delivered,
            None => self.begun.contains(&slot),
        };
        if !is_told {
            match json::text(item, "type") {
                Some("function_call") => {
                    if self.block(slot).is_none() {
                        self.item_added(slot, item, events);
                    }
                    let arguments = json::text(item, "arguments").unwrap_or_default();
                    self.deliver(slot, PartKind::ToolCall, arguments, events);
                }
                Some("message") => {
                    for part in json::items(item, "content") {
                        let text = json::text(part, "text");
                        let refusal = json::text(part, "refusal");
                        self.close(slot, events);
                        self.deliver(slot, PartKind::Text, text.unwrap_or_default(), events);
                        self.deliver(slot, PartKind::Refusal, refusal.unwrap_or_default(), events);
                    }
                }
                Some("reasoning") => {
                    self.deliver(
                        slot,
                        PartKind::Thinking,
                        &super::reasoning_text(item),
                        events,
                    );
                }
                _ => {}
            }
        }
        self.close(slot, events);
    }

    fn complete(
        &mut self,
        mut response: Value,
        events: &mut VecDeque<StreamEvent>,
    ) -> Result<(), ProviderError> {
        if !response.is_object() {
            return Err(malformed("`response` is missing"));
        }
        self.close_all(events);
        // Some gateways leave the output out of the last event.
        if json::items(&response, "output").is_empty() {
            self.items.sort_unstable_by_key(|(slot, _)| *slot);
            let items = self.items.drain(..).map(|(_, item)| item);
            response["output"] = Value::Array(items.collect());
        }
        events.push_back(StreamEvent::Completed(super::translate(&response)?));
        self.completed = true;
        Ok(())
    }

    fn fail(&mut self, response: &Value) -> Result<(), ProviderError> {
        match response.get("error") {
            Some(error) if !error.is_null() => Err(classify::reported(error)),
            _ => {
                self.failed = true;
                Ok(())
            }
        }
    }

    fn begin(
        &mut self,
        slot: u32,
        kind: PartKind,
        block: BlockKind,
        events: &mut VecDeque<StreamEvent>,
    ) {
        self.close(slot, events);
        let index = slot.max(self.next_index);
        self.next_index = index.saturating_add(1);
        self.open.push(OpenBlock {
            slot,
            index,
            kind,
            delivered: false,
        });
        events.push_back(StreamEvent::BlockStart(BlockStart { index, block }));
    }

    fn deliver(
        &mut self,
        slot: u32,
        kind: PartKind,
        text: &str,
        events: &mut VecDeque<StreamEvent>,
    ) {
        if text.is_empty() {
            return;
        }
        if self.block(slot).is_none_or(|block| block.kind != kind) {
            // The event that begins the block was left out; a tool call's name is then in the last event only.
            let block = match kind {
                PartKind::Refusal => BlockKind::Refusal,
                PartKind::Text => BlockKind::Text,
                PartKind::Thinking => BlockKind::Thinking,
                PartKind::ToolCall => BlockKind::ToolCall(ToolCallHeader {
                    id: String::new(),
                    name: String::new(),
                }),
            };
            self.begin(slot, kind, block, events);
        }
        if !self.begun.contains(&slot) {
            self.begun.push(slot);
        }
        if let Some(block) = self.block(slot) {
            block.delivered = true;
            events.push_back(StreamEvent::BlockDelta(BlockDelta {
                index: block.index,
                text: text.to_owned(),
            }));
        }
    }

    fn close(&mut self, slot: u32, events: &mut VecDeque<StreamEvent>) {
        if let Some(position) = self.open.iter().position(|block| block.slot == slot) {
            let block = self.open.remove(position);
            events.push_back(StreamEvent::BlockEnd(block.index));
        }
    }

    fn block(&mut self, slot: u32) -> Option<&mut OpenBlock> {
        self.open.iter_mut().find(|block| block.slot == slot)
    }
}

#[cfg(test)]
mod tests;
