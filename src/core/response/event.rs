//! The events of the service's stream, as far as they say something to a caller.

use std::borrow::Cow;

use serde_json::Value;

use super::Response;
use super::members::{Kind, Members};
use crate::core::json;

/// One event.
pub(super) enum Event<'a> {
    /// The response, complete or cut off, and its status in case it does not say so itself.
    Completed(Response, &'static str),
    /// The response begins.
    Created,
    /// A part goes on.
    Delta(Address<'a>, PartKind, Cow<'a, str>),
    /// A part is complete, with all of its text.
    Done(Address<'a>, PartKind, Cow<'a, str>),
    /// The service reports an error.
    Error(Value),
    /// The response failed; its error may be null.
    Failed(Response),
    /// An item begins.
    ItemAdded(Address<'a>, Value),
    /// An item is complete.
    ItemDone(Address<'a>, Value),
    /// A part begins.
    PartAdded(Address<'a>, PartKind),
    /// A part of a message is complete, and so is its block.
    PartDone(Address<'a>),
}

/// Which item an event is about.
#[derive(Default)]
pub(super) struct Address<'a> {
    /// By its `output_index`. That tells items apart, since gateways leave their ids out, or change them on the way.
    pub(super) slot: Option<u32>,
    /// By its id, for gateways that leave the index out.
    pub(super) id: Option<Cow<'a, str>>,
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
    /// Reads an event; none when it says nothing to a caller, or is not known.
    ///
    /// # Errors
    ///
    /// When it is no JSON.
    pub(super) fn read(data: &'a [u8]) -> serde_json::Result<Option<Self>> {
        // `[DONE]`, and what gateways send to keep a connection alive.
        if data.trim_ascii_start().first() != Some(&b'{') {
            return Ok(None);
        }
        let members = Members::read(data)?;
        Ok(match members.kind {
            Kind::Relevant(meaning) => Self::of(meaning, members, data),
            // An error from in front of the service, which does not know the service's events.
            Kind::Absent if !members.error.is_null() => Some(Self::Error(members.error)),
            Kind::Absent | Kind::Irrelevant => None,
        })
    }

    /// The error in an event that is named so, whatever it looks like.
    pub(super) fn named_error(data: &[u8]) -> Value {
        let value = serde_json::from_slice(data)
            .or_else(|_| serde_json::from_slice(&json::mended(data).json))
            .unwrap_or_else(|_| String::from_utf8_lossy(data).into());
        match value {
            Value::Object(mut object) => match object.remove("error") {
                None | Some(Value::Null) => Value::Object(object),
                Some(error) => error,
            },
            other => other,
        }
    }

    fn of(meaning: Meaning, members: Members<'a>, data: &[u8]) -> Option<Self> {
        let mut address = Address {
            slot: members.output_index,
            id: members.item_id,
        };
        Some(match meaning {
            Meaning::Completed(status) => Self::Completed(members.response, status),
            Meaning::Created => Self::Created,
            Meaning::Delta(kind) => Self::Delta(address, kind, members.delta?),
            Meaning::Done(kind) => {
                let whole = match kind {
                    PartKind::Text | PartKind::Thinking => members.text,
                    PartKind::Refusal => members.refusal,
                    PartKind::ToolCall => members.arguments,
                };
                Self::Done(address, kind, whole?)
            }
            Meaning::Error => Self::Error(match members.error {
                // The older form, in which the event itself is the error.
                Value::Null => serde_json::from_slice(data).unwrap_or_default(),
                error => error,
            }),
            Meaning::Failed => Self::Failed(members.response),
            Meaning::ItemAdded | Meaning::ItemDone => {
                let id = json::text(&members.item, "id");
                address.id = id.map(|id| Cow::Owned(id.to_owned()));
                match meaning {
                    Meaning::ItemAdded => Self::ItemAdded(address, members.item),
                    _ => Self::ItemDone(address, members.item),
                }
            }
            Meaning::PartAdded => {
                let kind = match json::text(&members.part, "type") {
                    Some("output_text") => PartKind::Text,
                    Some("refusal") => PartKind::Refusal,
                    Some("reasoning_text") => PartKind::Thinking,
                    _ => return None,
                };
                Self::PartAdded(address, kind)
            }
            // Reasoning goes on until its item is done.
            Meaning::PartDone if json::text(&members.part, "type") == Some("reasoning_text") => {
                return None;
            }
            Meaning::PartDone => Self::PartDone(address),
            Meaning::SummaryAdded => Self::PartAdded(address, PartKind::Thinking),
        })
    }
}

/// What an event of some type means.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    /// With the response's status.
    Completed(&'static str),
    Created,
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
    ("response.completed", Meaning::Completed("completed")),
    ("response.content_part.added", Meaning::PartAdded),
    ("response.content_part.done", Meaning::PartDone),
    ("response.created", Meaning::Created),
    ("response.failed", Meaning::Failed),
    (
        "response.function_call_arguments.delta",
        Meaning::Delta(PartKind::ToolCall),
    ),
    (
        "response.function_call_arguments.done",
        Meaning::Done(PartKind::ToolCall),
    ),
    ("response.incomplete", Meaning::Completed("incomplete")),
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
