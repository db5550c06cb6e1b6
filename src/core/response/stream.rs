//! From the service's stream events to the contract's.
//!
//! The state machine is total: what it does not know it passes over. Success is `response.completed` or
//! `response.incomplete`, whose response object is the authority on what was said; the events before it are how that
//! arrives. A response that was cut off may go on in another one: to a caller the two are one stream.

use std::collections::VecDeque;

use serde_json::Value;

use super::event::{Event, PartKind, malformed};
use super::{Call, Response, Served, continuation, object};
use crate::contract::types::{
    BlockDelta, BlockKind, BlockStart, ErrorKind, ProviderError, StreamEvent, ToolCallHeader,
};
use crate::core::{classify, json};

/// Translates one stream.
#[derive(Debug, Default)]
pub struct Translator {
    /// The blocks that have begun and not ended; there are never more than a few.
    open: Vec<OpenBlock>,
    /// The text block that is complete, unless another response goes on with it. Its end is told when the next block
    /// begins, or the response is over.
    last_text: Option<u32>,
    /// The text block that the present response goes on with.
    cut_text: Option<u32>,
    /// The items that are complete, in the order of their slots, in case the last event brings none.
    items: Vec<(u32, Value)>,
    /// The slots of which something was delivered, so that what comes late is not delivered again.
    begun: Vec<u32>,
    /// The least index that no block has had.
    next_index: u32,
    /// `response.failed` came without an error; the service may still send it.
    failed: bool,
    /// The responses before the present one, as one.
    before: Option<Response>,
    /// The present response is over, and this is what it came to, together with those before it.
    received: Option<Response>,
    /// What the present response alone says of what it costs.
    served: Served,
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
    /// Something of any part was.
    has_text: bool,
}

impl Translator {
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
            Event::ItemDone(slot, mut item) => {
                object::spread(&mut item);
                self.item_done(slot, &item, events);
                let place = self.items.partition_point(|(other, _)| *other <= slot);
                self.items.insert(place, (slot, item));
            }
            Event::PartAdded(slot, kind) => self.part_added(slot, kind, events),
            Event::PartDone(slot) => self.close(slot, events),
        }
        Ok(())
    }

    /// Takes a response that came whole, and adds what the caller sees of it, as if it had arrived bit by bit.
    ///
    /// # Errors
    ///
    /// When it is no response.
    pub fn apply_whole(
        &mut self,
        response: Response,
        events: &mut VecDeque<StreamEvent>,
    ) -> Result<(), ProviderError> {
        self.tell(&response, events);
        self.receive(response)
    }

    /// What to add to the input so that a response goes on that was cut off. None when it cannot, or has come to nothing
    /// new since it went on last.
    pub fn continuation(&self) -> Option<Vec<Value>> {
        match self.begun.is_empty() {
            true => None,
            false => continuation::input(&self.received.as_ref()?.read),
        }
    }

    /// Whether the response that is over used up its limit before it had anything to show.
    pub fn is_empty(&self) -> bool {
        let received = self.received.as_ref();
        received.is_some_and(|response| continuation::is_empty(&response.read))
    }

    /// Makes ready for another response in the place of one that had nothing to show. All that stays of it is what it used.
    pub fn replace(&mut self) {
        let mut before = self.received.take();
        if let Some(before) = &mut before {
            before.read["output"] = Value::Array(Vec::new());
        }
        *self = Self {
            before,
            ..Self::default()
        };
    }

    /// The response that is over, together with those before it.
    pub fn received(&self) -> Option<&Response> {
        self.received.as_ref()
    }

    /// What the last response that is over says of what it costs, without those before it.
    pub fn served(&self) -> &Served {
        &self.served
    }

    /// Makes ready for the response that goes on with the one that was cut off.
    pub fn go_on(&mut self, events: &mut VecDeque<StreamEvent>) {
        while let Some(block) = self.open.first() {
            self.close(block.slot, events);
        }
        self.before = self.received.take();
        self.cut_text = self.last_text.take();
        self.begun.clear();
        self.restart();
    }

    /// Whether the caller has seen something of the present response.
    pub fn has_told(&self) -> bool {
        !self.begun.is_empty() || !self.open.is_empty()
    }

    /// Makes ready for the present response to begin again, of which the caller has seen nothing.
    pub fn restart(&mut self) {
        self.items.clear();
        self.failed = false;
    }

    /// Gives the present response up, for those before it. Whether that is possible: they are there, and the caller has
    /// seen nothing of it.
    pub fn go_back(&mut self) -> bool {
        let is_possible = self.before.is_some() && !self.has_told();
        if is_possible {
            self.received = self.before.take();
        }
        is_possible
    }

    /// Ends the stream with the response.
    ///
    /// # Errors
    ///
    /// When the response failed.
    pub fn finish(&mut self, events: &mut VecDeque<StreamEvent>) -> Result<(), ProviderError> {
        self.close_all(events);
        let response = self.received.take().unwrap_or_default();
        events.push_back(StreamEvent::Completed(super::translate(response)?));
        Ok(())
    }

    /// Ends the blocks that are still open: before the last event, and before an error.
    pub fn close_all(&mut self, events: &mut VecDeque<StreamEvent>) {
        let open = self.open.drain(..).map(|block| block.index);
        for index in open
            .chain(self.last_text.take())
            .chain(self.cut_text.take())
        {
            events.push_back(StreamEvent::BlockEnd(index));
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
            Some("reasoning") => self.begin(slot, PartKind::Thinking, BlockKind::Thinking, events),
            // What a message's block is, its first part tells. Other items are no blocks.
            _ => {
                if let Some(Call { id, name, .. }) = Call::of(item) {
                    let header = ToolCallHeader {
                        id: id.to_owned(),
                        name: name.to_owned(),
                    };
                    let block = BlockKind::ToolCall(header);
                    self.begin(slot, PartKind::ToolCall, block, events);
                }
            }
        }
    }

    fn part_added(&mut self, slot: u32, kind: PartKind, events: &mut VecDeque<StreamEvent>) {
        match kind {
            PartKind::Refusal => self.begin(slot, kind, BlockKind::Refusal, events),
            PartKind::Text => self.begin(slot, kind, BlockKind::Text, events),
            // The parts of one thinking block are lines of one text.
            PartKind::Thinking => {
                if self.block(slot).is_some_and(|block| block.has_text) {
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
                _ => {
                    if let Some(call) = Call::of(item) {
                        if self.block(slot).is_none() {
                            self.item_added(slot, item, events);
                        }
                        self.deliver(slot, PartKind::ToolCall, &call.arguments, events);
                    }
                }
            }
        }
        self.close(slot, events);
    }

    /// The last event of a stream.
    fn complete(
        &mut self,
        mut response: Response,
        events: &mut VecDeque<StreamEvent>,
    ) -> Result<(), ProviderError> {
        if !response.is_object() {
            return Err(malformed("`response` is missing"));
        }
        if self.items.is_empty() && !self.has_told() {
            // Some gateways send nothing but the last event.
            self.tell(&response, events);
        } else if json::items(&response.read, "output").is_empty() {
            // Others leave the output out of it.
            let items = self.items.drain(..).map(|(_, item)| item);
            response.read["output"] = Value::Array(items.collect());
        }
        self.receive(response)
    }

    fn tell(&mut self, response: &Response, events: &mut VecDeque<StreamEvent>) {
        for (slot, item) in (0..).zip(json::items(&response.read, "output")) {
            self.item_added(slot, item, events);
            self.item_done(slot, item, events);
        }
    }

    fn receive(&mut self, response: Response) -> Result<(), ProviderError> {
        if self.before.is_some() {
            // One that failed is none to go on with.
            super::translate(response.clone())?;
        }
        self.served = response.served();
        self.received = Some(match self.before.take() {
            Some(before) => continuation::join(before, response),
            None => response,
        });
        Ok(())
    }

    fn fail(&mut self, response: &Response) -> Result<(), ProviderError> {
        match response.read.get("error") {
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
        let ended = self.last_text.take();
        events.extend(ended.map(StreamEvent::BlockEnd));
        let going_on = match kind {
            PartKind::Text => self.cut_text.take(),
            _ => None,
        };
        let index = going_on.unwrap_or(slot.max(self.next_index));
        self.next_index = self.next_index.max(index.saturating_add(1));
        self.open.push(OpenBlock {
            slot,
            index,
            kind,
            delivered: false,
            has_text: false,
        });
        if going_on.is_none() {
            events.push_back(StreamEvent::BlockStart(BlockStart { index, block }));
        }
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
            block.has_text = true;
            events.push_back(StreamEvent::BlockDelta(BlockDelta {
                index: block.index,
                text: text.to_owned(),
            }));
        }
    }

    fn close(&mut self, slot: u32, events: &mut VecDeque<StreamEvent>) {
        if let Some(position) = self.open.iter().position(|block| block.slot == slot) {
            let block = self.open.remove(position);
            let ended = match block.kind {
                PartKind::Text => self.last_text.replace(block.index),
                _ => Some(block.index),
            };
            events.extend(ended.map(StreamEvent::BlockEnd));
        }
    }

    fn block(&mut self, slot: u32) -> Option<&mut OpenBlock> {
        self.open.iter_mut().find(|block| block.slot == slot)
    }
}

#[cfg(test)]
mod tests;
