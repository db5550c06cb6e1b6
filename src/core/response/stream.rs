//! From the service's stream events to the contract's.
//!
//! The state machine is total: what it does not know it passes over. Success is `response.completed` or
//! `response.incomplete`, whose response object is the authority on what was said; the events before it are how that
//! arrives.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde::Deserialize;
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
    /// The items that are complete, with their `output_index`, in case the last event brings none.
    items: Vec<(u32, Value)>,
    /// `response.failed` came without an error; the service may still send it.
    failed: bool,
    completed: bool,
}

#[derive(Debug)]
struct OpenBlock {
    /// The `output_index` of its item.
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
        if data == b"[DONE]" {
            return Ok(());
        }
        let Head { kind } = read(data)?;
        let Some(known) = known(&kind) else {
            return Ok(());
        };
        let event: Event<'_> = read(data)?;
        match known {
            Known::Completed => return self.complete(event.response, events),
            Known::Failed => return self.fail(&event.response),
            Known::Error if event.error.is_object() => {
                return Err(classify::reported(&event.error));
            }
            Known::Error => return Err(classify::reported(&read(data)?)),
            Known::Delta(kind) => self.deliver(event.index()?, kind, &event.delta, events),
            Known::ItemAdded => self.item_added(event.index()?, &event.item, events),
            Known::PartAdded => self.part_added(event.index()?, &event.part, events),
            Known::SummaryPartAdded => self.summary_part_added(&event, events)?,
            Known::Done(kind) => self.part_done(kind, &event, events)?,
            Known::PartDone => self.close(event.index()?, events),
            Known::ItemDone => {
                let index = event.index()?;
                self.close(index, events);
                self.items.push((index, event.item));
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

    fn item_added(&mut self, index: u32, item: &Value, events: &mut VecDeque<StreamEvent>) {
        match json::text(item, "type") {
            Some("function_call") => {
                let member = |key| json::text(item, key).unwrap_or_default().to_owned();
                let header = ToolCallHeader {
                    id: member("call_id"),
                    name: member("name"),
                };
                self.begin(
                    index,
                    PartKind::ToolCall,
                    BlockKind::ToolCall(header),
                    events,
                );
            }
            Some("reasoning") => self.begin(index, PartKind::Thinking, BlockKind::Thinking, events),
            // What a message's block is, its first part tells. Other items are no blocks.
            _ => {}
        }
    }

    fn part_added(&mut self, index: u32, part: &Value, events: &mut VecDeque<StreamEvent>) {
        match json::text(part, "type") {
            Some("output_text") => self.begin(index, PartKind::Text, BlockKind::Text, events),
            Some("refusal") => self.begin(index, PartKind::Refusal, BlockKind::Refusal, events),
            _ => {}
        }
    }

    /// The parts of a summary are lines of one text.
    fn summary_part_added(
        &mut self,
        event: &Event<'_>,
        events: &mut VecDeque<StreamEvent>,
    ) -> Result<(), ProviderError> {
        let index = event.index()?;
        if event.summary_index > 0 {
            self.deliver(index, PartKind::Thinking, "\n", events);
        }
        if let Some(block) = self.block(index) {
            block.delivered = false;
        }
        Ok(())
    }

    /// Delivers a part that came whole, without deltas.
    fn part_done(
        &mut self,
        kind: PartKind,
        event: &Event<'_>,
        events: &mut VecDeque<StreamEvent>,
    ) -> Result<(), ProviderError> {
        let index = event.index()?;
        let whole = match kind {
            PartKind::Text | PartKind::Thinking => &event.text,
            PartKind::Refusal => &event.refusal,
            PartKind::ToolCall => &event.arguments,
        };
        let delivered = self
            .block(index)
            .is_some_and(|block| block.kind == kind && block.delivered);
        if !delivered {
            self.deliver(index, kind, whole, events);
        }
        Ok(())
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
            self.items.sort_by_key(|(index, _)| *index);
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
        index: u32,
        kind: PartKind,
        block: BlockKind,
        events: &mut VecDeque<StreamEvent>,
    ) {
        self.close(index, events);
        self.open.push(OpenBlock {
            index,
            kind,
            delivered: false,
        });
        events.push_back(StreamEvent::BlockStart(BlockStart { index, block }));
    }

    fn deliver(
        &mut self,
        index: u32,
        kind: PartKind,
        text: &str,
        events: &mut VecDeque<StreamEvent>,
    ) {
        if text.is_empty() {
            return;
        }
        if self.block(index).is_none_or(|block| block.kind != kind) {
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
            self.begin(index, kind, block, events);
        }
        if let Some(block) = self.block(index) {
            block.delivered = true;
        }
        events.push_back(StreamEvent::BlockDelta(BlockDelta {
            index,
            text: text.to_owned(),
        }));
    }

    fn close(&mut self, index: u32, events: &mut VecDeque<StreamEvent>) {
        if let Some(position) = self.open.iter().position(|block| block.index == index) {
            self.open.remove(position);
            events.push_back(StreamEvent::BlockEnd(index));
        }
    }

    fn block(&mut self, index: u32) -> Option<&mut OpenBlock> {
        self.open.iter_mut().find(|block| block.index == index)
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
    #[serde(borrow, rename = "type", default)]
    kind: Cow<'a, str>,
}

/// The members of the events that are known. One type for all of them keeps the component small.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    output_index: Option<u32>,
    summary_index: u32,
    #[serde(borrow)]
    delta: Cow<'a, str>,
    #[serde(borrow)]
    text: Cow<'a, str>,
    #[serde(borrow)]
    refusal: Cow<'a, str>,
    #[serde(borrow)]
    arguments: Cow<'a, str>,
    item: Value,
    part: Value,
    response: Value,
    error: Value,
}

impl Event<'_> {
    fn index(&self) -> Result<u32, ProviderError> {
        self.output_index
            .ok_or_else(|| malformed("`output_index` is missing"))
    }
}

#[cfg(test)]
mod tests;
