//! From the service's stream events to the contract's.
//!
//! The state machine is total: what it does not know, and what it cannot read, it passes over. Success is
//! `response.completed` or `response.incomplete`. Its response object is the authority on what was said; the events before it
//! are how that arrives, and stand in for what it leaves out. When the two differ, the caller gets the response's content
//! anew. A response that was cut off may go on in another one: to a caller the two are one stream.

mod blocks;
mod items;

use std::borrow::Cow;

use serde_json::Value;

use self::blocks::Block;
use self::items::Items;
use super::call::Call;
use super::event::{Event, PartKind};
use super::{Response, Served, continuation, object};
use crate::contract::types::{
    BlockDelta, BlockKind, BlockStart, ContentBlock, ErrorKind, ProviderError, StreamEvent,
    ToolCallHeader,
};
use crate::core::item::ItemKind;
use crate::core::json::{self, Mended, ObjectWriter};
use crate::core::{classify, sse};

/// The most bytes of a response: those of one that comes whole, and the sum of what one says bit by bit.
pub const MAX_RESPONSE_BYTES: usize = sse::MAX_EVENT_BYTES;

/// Translates one stream.
#[derive(Debug, Default)]
pub struct Translator {
    /// The items of the present response.
    items: Items,
    /// What the caller has got since the stream began, or began anew.
    blocks: Vec<Block>,
    /// The text block that is complete, unless another response goes on with it. Its end is emitted when the next block
    /// begins, or the response is over.
    last_text: Option<usize>,
    /// The text block that the present response goes on with.
    cut: Option<usize>,
    /// The same, as long as the present response has said nothing that belongs to it, or comes after it.
    cut_text: Option<usize>,
    /// The least index that no block has had.
    next_index: u32,
    /// The caller has got something of the present response.
    emitted: bool,
    /// The service has said that the present response begins.
    is_created: bool,
    /// `response.failed` came without an error; the service may still send it.
    failed: bool,
    /// The bytes that are kept of what came.
    kept: usize,
    /// The responses before the present one, as one.
    before: Option<Response>,
    /// The present response is over, and this is what it came to, together with those before it.
    received: Option<Response>,
    /// What the present response alone says of what it costs.
    served: Served,
}

impl Translator {
    /// Takes one event, and adds what the caller sees of it to `events`.
    ///
    /// # Errors
    ///
    /// When the service reports an error, or says more than [`MAX_RESPONSE_BYTES`].
    pub fn apply(
        &mut self,
        event: sse::Event<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), ProviderError> {
        let Ok(read) = Event::read(event.data) else {
            // What cannot be mended either does no harm: the last event has everything, or the stream has no end.
            let Mended { json, low, high } = json::mended(event.data);
            let read = Event::read(&json).unwrap_or_default();
            return self.take(read, (low, high), event, events);
        };
        self.take(read, (None, None), event, events)
    }

    /// Takes a response that came whole, and adds what the caller sees of it, as if it had arrived bit by bit.
    ///
    /// # Errors
    ///
    /// When it is no response.
    pub fn apply_whole(
        &mut self,
        response: Response,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), ProviderError> {
        self.tell(&response, events);
        self.receive(response)
    }

    /// What to add to the input so that a response goes on that was cut off. None when it cannot, or has come to nothing
    /// new since it went on last.
    pub fn continuation(&self) -> Option<Vec<ItemKind>> {
        if !self.items.have_text() {
            return None;
        }
        continuation::input(&self.received.as_ref()?.read)
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
    pub fn go_on(&mut self, events: &mut Vec<StreamEvent>) {
        self.close_items(events);
        self.before = self.received.take();
        self.cut = self.last_text.take();
        self.emitted = false;
        self.restart();
    }

    /// Whether the caller has got something of the present response.
    pub fn has_emitted(&self) -> bool {
        self.emitted
    }

    /// Makes ready for the present response to begin again, of which the caller has got nothing.
    pub fn restart(&mut self) {
        self.items = Items::default();
        // The text may have been taken up without a word.
        for block in &mut self.blocks {
            block.item = None;
        }
        self.last_text = None;
        self.cut_text = self.cut;
        self.is_created = false;
        self.failed = false;
    }

    /// Takes back all that the caller has got, the responses before the present one included: what comes next begins anew.
    pub fn retract(&mut self, error: ProviderError, events: &mut Vec<StreamEvent>) {
        let error = self.with_partial_text(error);
        self.close_all(events);
        events.push(StreamEvent::Restarted(error));
        *self = Self {
            served: std::mem::take(&mut self.served),
            ..Self::default()
        };
    }

    /// Gives the present response up, for those before it. Whether that is possible: they are there, and the caller has got
    /// nothing of it.
    pub fn go_back(&mut self) -> bool {
        let is_possible = self.before.is_some() && !self.emitted;
        if is_possible {
            self.restart();
            self.received = self.before.take();
        }
        is_possible
    }

    /// Ends the stream with the response. If that is something else than what the caller has got, the caller gets it anew.
    ///
    /// # Errors
    ///
    /// When the response failed.
    pub fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), ProviderError> {
        let response = self.received.take().unwrap_or_default();
        let response = super::translate(response);
        self.close_all(events);
        let response = response?;
        if blocks::differ(&self.blocks, &response) {
            let error = ProviderError::new(
                ErrorKind::Stream,
                "what arrived bit by bit is not what the service says at the end; the answer begins anew",
            );
            self.retract(error, events);
            for block in &response.content {
                self.deliver_whole(block, events);
            }
        }
        events.push(StreamEvent::Completed(response));
        Ok(())
    }

    /// Ends the blocks that are still open: before the last event, and before an error.
    pub fn close_all(&mut self, events: &mut Vec<StreamEvent>) {
        self.close_items(events);
        for block in [self.last_text.take(), self.cut_text.take()] {
            self.end(block, events);
        }
    }

    /// An error, with the text that the caller has got before it in its details.
    pub fn with_partial_text(&self, mut error: ProviderError) -> ProviderError {
        let texts = self
            .blocks
            .iter()
            .filter(|block| block.kind == PartKind::Text);
        let text: String = texts.map(|block| block.text.as_str()).collect();
        if !text.is_empty() {
            let details = ObjectWriter::onto(error.details.unwrap_or_default());
            error.details = Some(details.member("partial_text", &text).finish());
        }
        error
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

    fn take(
        &mut self,
        read: Option<Event<'_>>,
        halves: (Option<u16>, Option<u16>),
        event: sse::Event<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), ProviderError> {
        let read = match read {
            Some(Event::Error(_) | Event::Failed(_)) => read,
            _ if event.is_error => Some(Event::Error(Event::named_error(event.data))),
            _ => read,
        };
        let Some(read) = read else {
            return Ok(());
        };
        match read {
            Event::Completed(response, status) => return self.complete(response, status, events),
            Event::Created => self.created(events),
            Event::Error(error) => return Err(classify::reported(&error)),
            Event::Failed(response) => return self.fail(&response),
            Event::Delta(address, kind, delta) => {
                self.keep(delta.len())?;
                let item = self.items.of(&address);
                let delta = self.with_halves(item, delta, halves);
                self.deliver(item, kind, &delta, events);
            }
            Event::Done(address, kind, whole) => {
                self.keep(whole.len())?;
                let item = self.items.of(&address);
                self.part_done(item, kind, &whole, events);
            }
            Event::ItemAdded(address, value) => {
                self.keep(event.data.len())?;
                let item = self.items.told(&address, &value);
                self.item_added(item, value, events);
            }
            Event::ItemDone(address, mut value) => {
                self.keep(event.data.len())?;
                object::spread(&mut value);
                let item = self.items.told(&address, &value);
                self.item_done(item, &value, events);
                self.items[item].value = value;
                self.items[item].is_done = true;
            }
            Event::PartAdded(address, kind) => {
                let item = self.items.of(&address);
                self.part_added(item, kind, events);
            }
            Event::PartDone(address) => {
                let item = self.items.of(&address);
                self.close(item, events);
            }
        }
        Ok(())
    }

    /// Counts bytes that are kept.
    fn keep(&mut self, bytes: usize) -> Result<(), ProviderError> {
        self.kept += bytes;
        if self.kept > MAX_RESPONSE_BYTES {
            return Err(too_long());
        }
        Ok(())
    }

    /// A response that begins a second time makes void what came of it: something before us has asked the service again.
    fn created(&mut self, events: &mut Vec<StreamEvent>) {
        if !std::mem::replace(&mut self.is_created, true) || self.items.is_empty() {
            return;
        }
        if self.emitted {
            let before = self.before.take();
            let error = ProviderError::new(
                ErrorKind::Stream,
                "the response began a second time; the answer begins anew",
            );
            self.retract(error, events);
            if let Some(before) = before {
                self.tell(&before, events);
                self.received = Some(before);
                self.go_on(events);
            }
        } else {
            self.restart();
        }
        self.is_created = true;
    }

    /// A delta with the character at its begin whose first half the one before had, and without a half at its end.
    fn with_halves<'a>(
        &mut self,
        item: usize,
        delta: Cow<'a, str>,
        (low, high): (Option<u16>, Option<u16>),
    ) -> Cow<'a, str> {
        let before = std::mem::replace(&mut self.items[item].half, high);
        let first = match (before, low) {
            (None, None) => return delta,
            (Some(high), Some(low)) => joined(high, low),
            (Some(_), None) | (None, Some(_)) => char::REPLACEMENT_CHARACTER,
        };
        let mut whole = String::from(first);
        whole.push_str(&delta);
        Cow::Owned(whole)
    }

    fn item_added(&mut self, item: usize, value: Value, events: &mut Vec<StreamEvent>) {
        if self.items[item].is_done {
            return;
        }
        if let Some(block) = block_of(&value) {
            let kind = kind_of(&block);
            match self.open_block(item).filter(|open| open.kind == kind) {
                Some(open) => open.is_implicit = false,
                None => drop(self.begin(item, block, events)),
            }
            let held = std::mem::take(&mut self.items[item].held);
            self.deliver(item, kind, &held, events);
        }
        self.items[item].value = value;
    }

    fn part_added(&mut self, item: usize, kind: PartKind, events: &mut Vec<StreamEvent>) {
        let open = self.open_block(item).filter(|open| open.kind == kind);
        match (kind, open) {
            // The parts of one thinking block are lines of one text.
            (PartKind::Thinking, open) => {
                if let Some(open) = open {
                    open.is_part_over = true;
                }
            }
            (PartKind::ToolCall, _) => {}
            (_, Some(open)) if open.is_implicit => open.is_implicit = false,
            (PartKind::Refusal, _) => drop(self.begin(item, BlockKind::Refusal, events)),
            (PartKind::Text, _) => drop(self.begin(item, BlockKind::Text, events)),
        }
    }

    /// Delivers what was not delivered of a part that is complete.
    fn part_done(
        &mut self,
        item: usize,
        kind: PartKind,
        whole: &str,
        events: &mut Vec<StreamEvent>,
    ) {
        self.items[item].half = None;
        let has_text = self.items[item].has_text;
        match self.open_block(item) {
            Some(open) if open.kind == kind => {
                let rest = whole.strip_prefix(open.of_part());
                if rest.is_none() && kind != PartKind::Thinking {
                    open.whole = Some(whole.to_owned());
                }
                self.deliver(item, kind, rest.unwrap_or_default(), events);
                if let Some(open) = self.open_block(item) {
                    open.is_part_over = kind == PartKind::Thinking;
                }
            }
            Some(_) => self.deliver(item, kind, whole, events),
            // It comes late.
            None if has_text => {}
            None => {
                self.items[item].held.clear();
                self.deliver(item, kind, whole, events);
            }
        }
    }

    /// Ends an item's block, and delivers what no event before has told of it.
    fn item_done(&mut self, item: usize, value: &Value, events: &mut Vec<StreamEvent>) {
        self.items[item].half = None;
        self.items[item].held.clear();
        if self.items[item].has_text {
            self.deliver_rest(item, value, events);
        } else if json::text(value, "type") == Some("message") {
            for part in json::items(value, "content") {
                let text = json::text(part, "text").unwrap_or_default();
                let refusal = json::text(part, "refusal").unwrap_or_default();
                self.deliver(item, PartKind::Text, text, events);
                self.deliver(item, PartKind::Refusal, refusal, events);
                self.close(item, events);
            }
        } else if let Some(block) = block_of(value) {
            let kind = kind_of(&block);
            if self.open_block(item).is_none_or(|open| open.kind != kind)
                && !self.items[item].is_done
            {
                self.begin(item, block, events);
            }
            match Call::of(value) {
                Some(call) => self.deliver(item, kind, &call.arguments, events),
                None => self.deliver(item, kind, &super::reasoning_text(value), events),
            }
        }
        self.close(item, events);
    }

    /// Delivers the end of an item with one block, if it was lost.
    fn deliver_rest(&mut self, item: usize, value: &Value, events: &mut Vec<StreamEvent>) {
        let is_one = self.items[item].blocks.len() == 1;
        let Some(open) = self.open_block(item).filter(|_| is_one) else {
            return;
        };
        let kind = open.kind;
        let whole = match (kind, json::items(value, "content")) {
            (PartKind::Text, [part]) => json::text(part, "text").map(Cow::Borrowed),
            (PartKind::Refusal, [part]) => json::text(part, "refusal").map(Cow::Borrowed),
            (PartKind::ToolCall, _) => Call::of(value).map(|call| call.arguments),
            _ => None,
        };
        let rest = whole
            .as_deref()
            .and_then(|whole| whole.strip_prefix(open.of_part()));
        self.deliver(item, kind, rest.unwrap_or_default(), events);
    }

    /// The last event of a stream.
    fn complete(
        &mut self,
        mut response: Response,
        status: &str,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), ProviderError> {
        let status = json::text(&response.read, "status")
            .unwrap_or(status)
            .to_owned();
        let output = match response.read.get_mut("output").map(Value::take) {
            Some(Value::Array(output)) => output,
            _ => Vec::new(),
        };
        let told = self
            .items
            .output(output, status == "incomplete", &self.blocks);
        let mut output = Vec::with_capacity(told.len());
        for (item, value) in told {
            let item = item.unwrap_or_else(|| self.items.push(None));
            if !self.items[item].is_done {
                self.item_done(item, &value, events);
            }
            output.push(value);
        }
        if output.is_empty() && !response.read.is_object() {
            return Err(self.ended_early());
        }
        if !response.read.is_object() {
            response.read = json::object_of(Vec::new());
        }
        if !output.is_empty() || response.read.get("output").is_some() {
            // Without a status, output is that of a response that is complete.
            if !output.is_empty() && status != "completed" {
                response.read["status"] = status.into();
            }
            response.read["output"] = Value::Array(output);
        }
        self.receive(response)
    }

    fn tell(&mut self, response: &Response, events: &mut Vec<StreamEvent>) {
        for value in json::items(&response.read, "output") {
            let item = self.items.push(None);
            self.item_done(item, value, events);
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
        match response.failure() {
            Some(error) => Err(classify::reported(&error)),
            None => {
                self.failed = true;
                Ok(())
            }
        }
    }

    /// Begins a block, or takes up the text that the present response goes on with.
    fn begin(&mut self, item: usize, block: BlockKind, events: &mut Vec<StreamEvent>) -> usize {
        self.close(item, events);
        let ended = self.last_text.take();
        self.end(ended, events);
        let cut_text = match block {
            BlockKind::Text | BlockKind::Refusal => self.cut_text.take(),
            BlockKind::Thinking | BlockKind::ToolCall(_) => None,
        };
        let position = match (cut_text, &block) {
            (Some(position), BlockKind::Text) => {
                let cut = &mut self.blocks[position];
                cut.part = cut.text.len();
                cut.whole = None;
                cut.is_implicit = false;
                position
            }
            _ => {
                self.end(cut_text, events);
                let index = self.items[item].slot.max(self.next_index);
                self.next_index = index + 1;
                let start = BlockStart { index, block };
                self.blocks.push(Block::beginning(&start));
                self.emit(StreamEvent::BlockStart(start), events);
                self.blocks.len() - 1
            }
        };
        self.blocks[position].item = Some(item);
        self.items[item].open = Some(position);
        self.items[item].blocks.push(position);
        position
    }

    fn deliver(&mut self, item: usize, kind: PartKind, text: &str, events: &mut Vec<StreamEvent>) {
        if text.is_empty() {
            return;
        }
        let open = self.items[item].open;
        let position = match open.filter(|open| self.blocks[*open].kind == kind) {
            Some(open) => open,
            None => {
                // The event that begins the block was left out, or comes later.
                let block = match kind {
                    PartKind::Refusal => BlockKind::Refusal,
                    PartKind::Text => BlockKind::Text,
                    PartKind::Thinking => BlockKind::Thinking,
                    // Nobody can do anything with a call that has no name.
                    PartKind::ToolCall => return self.items[item].held.push_str(text),
                };
                let position = self.begin(item, block, events);
                self.blocks[position].is_implicit = true;
                position
            }
        };
        let block = &mut self.blocks[position];
        if std::mem::take(&mut block.is_part_over) && !block.text.is_empty() {
            self.add(position, "\n", events);
            self.blocks[position].part = self.blocks[position].text.len();
        }
        self.items[item].has_text = true;
        self.add(position, text, events);
    }

    fn add(&mut self, position: usize, text: &str, events: &mut Vec<StreamEvent>) {
        let block = &mut self.blocks[position];
        block.text.push_str(text);
        let delta = BlockDelta {
            index: block.index,
            text: text.to_owned(),
        };
        self.emit(StreamEvent::BlockDelta(delta), events);
    }

    /// Delivers a block of a response that is complete.
    fn deliver_whole(&mut self, block: &ContentBlock, events: &mut Vec<StreamEvent>) {
        if let Some((block, text)) = blocks::whole(block) {
            let (item, kind) = (self.items.push(None), kind_of(&block));
            self.begin(item, block, events);
            self.deliver(item, kind, text, events);
            self.close(item, events);
            let ended = self.last_text.take();
            self.end(ended, events);
        }
    }

    fn close_items(&mut self, events: &mut Vec<StreamEvent>) {
        for position in 0..self.blocks.len() {
            if let Some(item) = self.blocks[position].item {
                self.close(item, events);
            }
        }
    }

    fn close(&mut self, item: usize, events: &mut Vec<StreamEvent>) {
        if let Some(position) = self.items[item].open.take() {
            self.blocks[position].item = None;
            let ended = match self.blocks[position].kind {
                PartKind::Text => self.last_text.replace(position),
                _ => Some(position),
            };
            self.end(ended, events);
        }
    }

    fn end(&mut self, block: Option<usize>, events: &mut Vec<StreamEvent>) {
        if let Some(position) = block {
            self.emit(StreamEvent::BlockEnd(self.blocks[position].index), events);
        }
    }

    fn emit(&mut self, event: StreamEvent, events: &mut Vec<StreamEvent>) {
        self.emitted = true;
        events.push(event);
    }

    fn open_block(&mut self, item: usize) -> Option<&mut Block> {
        let open = self.items[item].open?;
        self.blocks.get_mut(open)
    }
}

/// The error for a response that says more than there is room for. It would the next time, too.
pub fn too_long() -> ProviderError {
    ProviderError {
        retryable: false,
        ..ProviderError::new(
            ErrorKind::Stream,
            format!("the response is longer than {MAX_RESPONSE_BYTES} bytes"),
        )
    }
}

/// The character that has these halves in UTF-16.
fn joined(high: u16, low: u16) -> char {
    let [high, low] = [high, low].map(|half| u32::from(half) & 0x3ff);
    char::from_u32(0x10000 + (high << 10 | low)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The block that an item begins. What a message's is, its first part tells; other items are no blocks.
fn block_of(item: &Value) -> Option<BlockKind> {
    if json::text(item, "type") == Some("reasoning") {
        return Some(BlockKind::Thinking);
    }
    let Call { id, name, .. } = Call::of(item)?;
    Some(BlockKind::ToolCall(ToolCallHeader {
        id: id.to_owned(),
        name: name.to_owned(),
    }))
}

fn kind_of(block: &BlockKind) -> PartKind {
    match block {
        BlockKind::Refusal => PartKind::Refusal,
        BlockKind::Text => PartKind::Text,
        BlockKind::Thinking => PartKind::Thinking,
        BlockKind::ToolCall(_) => PartKind::ToolCall,
    }
}

#[cfg(test)]
mod tests;
