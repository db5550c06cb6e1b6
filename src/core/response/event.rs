//! The events of the service's stream, as far as they say something to a caller.

use std::borrow::Cow;

use serde_json::Value;

use super::Response;
use super::members::{Kind, Members};
use crate::contract::types::{ErrorKind, ProviderError};
use crate::core::json;

/// One event. `slot` is the `output_index` of the item that it is about: items are told apart by that, since gateways
/// leave their ids out, or change them on the way.
pub(super) enum Event<'a> {
    /// The response, complete or cut off.
    Completed(Response),
    /// A part goes on.
    Delta(u32, PartKind, Cow<'a, str>),
    /// A part is complete, with all of its text.
    Done(u32, PartKind, Cow<'a, str>),
    /// The service reports an error.
    Error(Value),
    /// The response failed; its error may be null.
    Failed(Response),
    /// An item begins.
    ItemAdded(u32, Value),
    /// An item is complete.
    ItemDone(u32, Value),
    /// A part begins.
    PartAdded(u32, PartKind),
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
        let members = match Members::read_all(data) {
            Ok(members) => members,
            Err(error) => {
                // What is wrong with an event that says nothing here does no harm.
                let head = Members::read_head(data).map_err(unreadable)?;
                return match head.kind {
                    Kind::Irrelevant => Ok(None),
                    Kind::Absent | Kind::Relevant(_) => Err(unreadable(error)),
                };
            }
        };
        match members.kind {
            Kind::Relevant(meaning) => Self::of(meaning, members, data),
            // An error from in front of the service, which does not know the service's events.
            Kind::Absent if !members.error.is_null() => Self::of(Meaning::Error, members, data),
            Kind::Absent | Kind::Irrelevant => Ok(None),
        }
    }

    fn of(
        meaning: Meaning,
        members: Members<'a>,
        data: &[u8],
    ) -> Result<Option<Self>, ProviderError> {
        Ok(Some(match meaning {
            Meaning::Completed => Self::Completed(members.response),
            Meaning::Delta(kind) => {
                Self::Delta(members.slot()?, kind, members.delta.unwrap_or_default())
            }
            Meaning::Done(kind) => {
                let slot = members.slot()?;
                let whole = match kind {
                    PartKind::Text | PartKind::Thinking => members.text,
                    PartKind::Refusal => members.refusal,
                    PartKind::ToolCall => members.arguments,
                };
                Self::Done(slot, kind, whole.unwrap_or_default())
            }
            Meaning::Error => Self::Error(match members.error {
                // The older form, in which the event itself is the error.
                Value::Null => serde_json::from_slice(data).map_err(unreadable)?,
                error => error,
            }),
            Meaning::Failed => Self::Failed(members.response),
            Meaning::ItemAdded => Self::ItemAdded(members.slot()?, members.item),
            Meaning::ItemDone => Self::ItemDone(members.slot()?, members.item),
            Meaning::PartAdded => {
                let kind = match json::text(&members.part, "type") {
                    Some("output_text") => PartKind::Text,
                    Some("refusal") => PartKind::Refusal,
                    Some("reasoning_text") => PartKind::Thinking,
                    _ => return Ok(None),
                };
                Self::PartAdded(members.slot()?, kind)
            }
            // Reasoning goes on until its item is done.
            Meaning::PartDone if json::text(&members.part, "type") == Some("reasoning_text") => {
                return Ok(None);
            }
            Meaning::PartDone => Self::PartDone(members.slot()?),
            Meaning::SummaryAdded => Self::PartAdded(members.slot()?, PartKind::Thinking),
        }))
    }
}

/// What an event of some type means.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    Completed,
    Delta(PartKind),
    Done(PartKind),
    Error,
    Failed,
    ItemAdded,
    ItemDone,
    PartAdded,
    PartDone,
    SummaryAdded,
}

impl Meaning {
    /// None for a type that says nothing to a caller, or is not known.
    pub(super) fn of(kind: &str) -> Option<Self> {
        let (_, meaning) = TYPES.iter().find(|(known, _)| *known == kind)?;
        Some(*meaning)
    }
}

/// The types of events that say something to a caller.
const TYPES: &[(&str, Meaning)] = &[
    ("error", Meaning::Error),
    ("response.completed", Meaning::Completed),
    ("response.content_part.added", Meaning::PartAdded),
    ("response.content_part.done", Meaning::PartDone),
    ("response.failed", Meaning::Failed),
    (
        "response.function_call_arguments.delta",
        Meaning::Delta(PartKind::ToolCall),
    ),
    (
        "response.function_call_arguments.done",
        Meaning::Done(PartKind::ToolCall),
    ),
    ("response.incomplete", Meaning::Completed),
    ("response.output_item.added", Meaning::ItemAdded),
    ("response.output_item.done", Meaning::ItemDone),
    ("response.output_text.delta", Meaning::Delta(PartKind::Text)),
    ("response.output_text.done", Meaning::Done(PartKind::Text)),
    (
        "response.reasoning_summary_part.added",
        Meaning::SummaryAdded,
    ),
    (
        "response.reasoning_summary_text.delta",
        Meaning::Delta(PartKind::Thinking),
    ),
    (
        "response.reasoning_summary_text.done",
        Meaning::Done(PartKind::Thinking),
    ),
    (
        "response.reasoning_text.delta",
        Meaning::Delta(PartKind::Thinking),
    ),
    (
        "response.reasoning_text.done",
        Meaning::Done(PartKind::Thinking),
    ),
    ("response.refusal.delta", Meaning::Delta(PartKind::Refusal)),
    ("response.refusal.done", Meaning::Done(PartKind::Refusal)),
];

/// The error for an event that matters and cannot be read.
pub(super) fn malformed(problem: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Stream,
        format!("an event of the stream could not be read ({problem}); try again"),
    )
}

fn unreadable(error: serde_json::Error) -> ProviderError {
    malformed(&error.to_string())
}

impl Members<'_> {
    fn slot(&self) -> Result<u32, ProviderError> {
        self.output_index
            .ok_or_else(|| malformed("`output_index` is missing"))
    }
}
