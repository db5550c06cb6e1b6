//! From the service's stream events to the contract's.
//!
//! The state machine is total: what it does not know it passes over. Success is `response.completed` or
//! `response.incomplete`, whose response object is the authority on what was said; the events before it are how that
//! arrives.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

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

/// What tells blocks of one item apart.
#[derive(Clone, Copy, Debug, PartialEq)]
enum PartKind {
    Refusal,
    Text,
    Thinking,
    ToolCall,
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
        // `[DONE]`, and what gateways send to keep a connection alive.
        if data.trim_ascii_start().first() != Some(&b'{') {
            return Ok(());
        }
        let Head { kind, has_error } = read(data)?;
        let known = match kind.as_deref().map(known) {
            Some(Some(known)) => known,
            // An error from in front of the service, which does not know the service's events.
            None if has_error => Known::Error,
            _ => return Ok(()),
        };
        let event: Event<'_> = read(data)?;
        match known {
            Known::Completed => return self.complete(event.response, events),
            Known::Failed => return self.fail(&event.response),
            Known::Error if !event.error.is_null() => {
                return Err(classify::reported(&event.error));
            }
            Known::Error => return Err(classify::reported(&read(data)?)),
            Known::Delta(kind) => {
                let delta = event.delta.as_deref().unwrap_or_default();
                self.deliver(event.slot()?, kind, delta, events);
            }
            Known::ItemAdded => self.item_added(event.slot()?, &event.item, events),
            Known::PartAdded => self.part_added(&event, events)?,
            Known::SummaryPartAdded => {
                self.thinking_part_added(event.slot()?, event.summary_index, events);
            }
            Known::Done(kind) => self.part_done(kind, &event, events)?,
            Known::PartDone => self.message_part_done(&event, events)?,
            Known::ItemDone => {
                let slot = event.slot()?;
                self.item_done(slot, &event.item, events);
                self.items.push((slot, event.item));
            }
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
        event: &Event<'_>,
        events: &mut VecDeque<StreamEvent>,
    ) -> Result<(), ProviderError> {
        let slot = event.slot()?;
        match json::text(&event.part, "type") {
            Some("output_text") => self.begin(slot, PartKind::Text, BlockKind::Text, events),
            Some("refusal") => self.begin(slot, PartKind::Refusal, BlockKind::Refusal, events),
            Some("reasoning_text") => self.thinking_part_added(slot, event.content_index, events),
            _ => {}
        }
        Ok(())
    }

    /// The parts of one thinking block are lines of one text.
    fn thinking_part_added(
        &mut self,
        slot: u32,
        part: Option<u32>,
        events: &mut VecDeque<StreamEvent>,
    ) {
        if part.is_some_and(|part| part > 0) {
            self.deliver(slot, PartKind::Thinking, "\n", events);
        }
        if let Some(block) = self.block(slot) {
            block.delivered = false;
        }
    }

    /// Delivers a part that came whole, without deltas.
    fn part_done(
        &mut self,
        kind: PartKind,
        event: &Event<'_>,
        events: &mut VecDeque<StreamEvent>,
    ) -> Result<(), ProviderError> {
        let slot = event.slot()?;
        let whole = match kind {
            PartKind::Text | PartKind::Thinking => &event.text,
            PartKind::Refusal => &event.refusal,
            PartKind::ToolCall => &event.arguments,
        };
        let is_delivered = match self.block(slot) {
            Some(block) => block.kind == kind && block.delivered,
            None => self.begun.contains(&slot),
        };
        if !is_delivered {
            self.deliver(slot, kind, whole.as_deref().unwrap_or_default(), events);
        }
        Ok(())
    }

    /// Ends the block of a message's part. Reasoning goes on until its item is done.
    fn message_part_done(
        &mut self,
        event: &Event<'_>,
        events: &mut VecDeque<StreamEvent>,
    ) -> Result<(), ProviderError> {
        if json::text(&event.part, "type") != Some("reasoning_text") {
            self.close(event.slot()?, events);
        }
        Ok(())
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

/// The events that say something.
#[derive(Clone, Copy)]
enum Known {
    Completed,
    Delta(PartKind),
    Done(PartKind),
    Error,
    Failed,
    ItemAdded,
    ItemDone,
    PartAdded,
    PartDone,
    SummaryPartAdded,
}

fn known(kind: &str) -> Option<Known> {
    Some(match kind {
        "error" => Known::Error,
        "response.completed" | "response.incomplete" => Known::Completed,
        "response.content_part.added" => Known::PartAdded,
        "response.content_part.done" => Known::PartDone,
        "response.failed" => Known::Failed,
        "response.function_call_arguments.delta" => Known::Delta(PartKind::ToolCall),
        "response.function_call_arguments.done" => Known::Done(PartKind::ToolCall),
        "response.output_item.added" => Known::ItemAdded,
        "response.output_item.done" => Known::ItemDone,
        "response.output_text.delta" => Known::Delta(PartKind::Text),
        "response.output_text.done" => Known::Done(PartKind::Text),
        "response.reasoning_summary_part.added" => Known::SummaryPartAdded,
        "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
            Known::Delta(PartKind::Thinking)
        }
        "response.reasoning_summary_text.done" | "response.reasoning_text.done" => {
            Known::Done(PartKind::Thinking)
        }
        "response.refusal.delta" => Known::Delta(PartKind::Refusal),
        "response.refusal.done" => Known::Done(PartKind::Refusal),
        _ => return None,
    })
}

/// Reads as much of an event as is asked for: first its type, then the members that the type has.
fn read<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Result<T, ProviderError> {
    serde_json::from_slice(data).map_err(|error| malformed(&error.to_string()))
}

fn malformed(problem: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Stream,
        format!("an event of the stream could not be read ({problem}); try again"),
    )
}

/// Every event has this; unknown ones may have anything beside it.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    /// Whether it has a member `error` that is not null.
    #[serde(default, rename = "error", deserialize_with = "is_present")]
    has_error: bool,
}

fn is_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Option::<IgnoredAny>::deserialize(deserializer).map(|value| value.is_some())
}

/// The members of the events that are known. One type for all of them keeps the component small.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    output_index: Option<u32>,
    content_index: Option<u32>,
    summary_index: Option<u32>,
    #[serde(borrow)]
    delta: Option<Cow<'a, str>>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    refusal: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arguments: Option<Cow<'a, str>>,
    item: Value,
    part: Value,
    response: Value,
    error: Value,
}

impl Event<'_> {
    /// The `output_index`, by which items are told apart: gateways leave their ids out, or change them on the way.
    fn slot(&self) -> Result<u32, ProviderError> {
        self.output_index
            .ok_or_else(|| malformed("`output_index` is missing"))
    }
}

#[cfg(test)]
mod tests;
