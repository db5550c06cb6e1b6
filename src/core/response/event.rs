//! The events of the service's stream, as far as they say something to a caller.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::members::{Head, Members};
use crate::contract::types::{ErrorKind, ProviderError};
use crate::core::json;

/// One event. `slot` is the `output_index` of the item that it is about: items are told apart by that, since gateways
/// leave their ids out, or change them on the way.
pub(super) enum Event<'a> {
    /// The response, complete or cut off.
    Completed(Value),
    /// A part goes on.
    Delta(u32, PartKind, Cow<'a, str>),
    /// A part is complete, with all of its text.
    Done(u32, PartKind, Cow<'a, str>),
    /// The service reports an error.
    Error(Value),
    /// The response failed; its error may be null.
    Failed(Value),
    /// An item begins.
    ItemAdded(u32, Value),
    /// An item is complete.
    ItemDone(u32, Value),
    /// A part begins: its kind, and its number within the item.
    PartAdded(u32, PartKind, u32),
    /// A part of a message is complete, and so is its block.
    PartDone(u32),
}

/// What a part of an item is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum PartKind {
    Refusal,
    Text,
    Thinking,
    ToolCall,
}

impl<'a> Event<'a> {
    /// Reads the data of an event; `None` when it says nothing to a caller, or is not known.
    pub(super) fn read(data: &'a [u8]) -> Result<Option<Self>, ProviderError> {
        // `[DONE]`, and what gateways send to keep a connection alive.
        if data.trim_ascii_start().first() != Some(&b'{') {
            return Ok(None);
        }
        // First the type alone: an event that is not known may have anything beside it.
        let Head { kind, has_error } = parse(data)?;
        match kind {
            Some(kind) => Self::of_type(&kind, data),
            // An error from in front of the service, which does not know the service's events.
            None if has_error => Self::of_type("error", data),
            None => Ok(None),
        }
    }

    fn of_type(kind: &str, data: &'a [u8]) -> Result<Option<Self>, ProviderError> {
        use PartKind::{Refusal, Text, Thinking, ToolCall};
        // Only where they are needed: events that say nothing here may hold a whole response, or anything else.
        let members = || parse::<Members<'a>>(data);
        Ok(Some(match kind {
            "error" => Self::Error(match members()?.error {
                // The older form, in which the event itself is the error.
                Value::Null => parse(data)?,
                error => error,
            }),
            "response.completed" | "response.incomplete" => Self::Completed(members()?.response),
            "response.content_part.added" => return members()?.part_added(),
            "response.content_part.done" => return members()?.part_done(),
            "response.failed" => Self::Failed(members()?.response),
            "response.function_call_arguments.delta" => members()?.delta(ToolCall)?,
            "response.function_call_arguments.done" => members()?.done(ToolCall)?,
            "response.output_item.added" => members()?.item(Self::ItemAdded)?,
            "response.output_item.done" => members()?.item(Self::ItemDone)?,
            "response.output_text.delta" => members()?.delta(Text)?,
            "response.output_text.done" => members()?.done(Text)?,
            "response.reasoning_summary_part.added" => {
                let members = members()?;
                Self::PartAdded(
                    members.slot()?,
                    Thinking,
                    members.summary_index.unwrap_or(0),
                )
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                members()?.delta(Thinking)?
            }
            "response.reasoning_summary_text.done" | "response.reasoning_text.done" => {
                members()?.done(Thinking)?
            }
            "response.refusal.delta" => members()?.delta(Refusal)?,
            "response.refusal.done" => members()?.done(Refusal)?,
            _ => return Ok(None),
        }))
    }
}

/// The error for an event that matters and cannot be read.
pub(super) fn malformed(problem: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Stream,
        format!("an event of the stream could not be read ({problem}); try again"),
    )
}

fn parse<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Result<T, ProviderError> {
    serde_json::from_slice(data).map_err(|error| malformed(&error.to_string()))
}

impl<'a> Members<'a> {
    fn slot(&self) -> Result<u32, ProviderError> {
        self.output_index
            .ok_or_else(|| malformed("`output_index` is missing"))
    }

    fn item(self, event: fn(u32, Value) -> Event<'a>) -> Result<Event<'a>, ProviderError> {
        Ok(event(self.slot()?, self.item))
    }

    fn delta(self, kind: PartKind) -> Result<Event<'a>, ProviderError> {
        Ok(Event::Delta(
            self.slot()?,
            kind,
            self.delta.unwrap_or_default(),
        ))
    }

    fn done(self, kind: PartKind) -> Result<Event<'a>, ProviderError> {
        let slot = self.slot()?;
        let whole = match kind {
            PartKind::Text | PartKind::Thinking => self.text,
            PartKind::Refusal => self.refusal,
            PartKind::ToolCall => self.arguments,
        };
        Ok(Event::Done(slot, kind, whole.unwrap_or_default()))
    }

    fn part_added(self) -> Result<Option<Event<'a>>, ProviderError> {
        let kind = match json::text(&self.part, "type") {
            Some("output_text") => PartKind::Text,
            Some("refusal") => PartKind::Refusal,
            Some("reasoning_text") => PartKind::Thinking,
            _ => return Ok(None),
        };
        let number = self.content_index.unwrap_or(0);
        Ok(Some(Event::PartAdded(self.slot()?, kind, number)))
    }

    /// Reasoning goes on until its item is done.
    fn part_done(self) -> Result<Option<Event<'a>>, ProviderError> {
        match json::text(&self.part, "type") {
            Some("reasoning_text") => Ok(None),
            _ => Ok(Some(Event::PartDone(self.slot()?))),
        }
    }
}
