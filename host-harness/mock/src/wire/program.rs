//! A body as it is sent: its items, the pieces in which they go, and how it ends.

use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde_json::Value;

/// A body, ready to be sent.
pub(crate) struct Program {
    pub(crate) items: Vec<Item>,
    pub(crate) split: Option<Split>,
    pub(crate) pause: Duration,
    /// How it stops, if it does before its end.
    pub(crate) stop: Option<StopHow>,
}

/// Bytes that are sent together.
pub(crate) struct Item {
    pub(crate) bytes: Bytes,
    pub(crate) is_delta: bool,
    /// Not a comment, nor another thing between events.
    pub(crate) is_event: bool,
}

/// In which pieces bytes go. Each piece is written by itself; what is on the way may still join them.
#[derive(Clone, Debug)]
pub enum Split {
    /// At these offsets.
    At(Vec<usize>),
    /// Of so many bytes each.
    Every(NonZeroUsize),
}

/// How an answer stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopHow {
    /// The connection is closed, so that the client sees a body that breaks off.
    Close,
    /// As if that had been all: the body ends properly.
    End,
    /// The connection is reset.
    Reset,
    /// Nothing more comes, and the connection stays open; if there is a time, a comment comes again and again after it.
    Stall {
        /// The time between comments.
        comments: Option<Duration>,
    },
}

impl Program {
    /// Whether each item must be on its way before the next.
    pub(crate) fn is_split(&self) -> bool {
        self.split.is_some()
    }

    /// What is sent, one after the other.
    pub(crate) fn into_items(self) -> Box<dyn Iterator<Item = Item> + Send> {
        let Some(split) = self.split else {
            return Box::new(self.items.into_iter());
        };
        let mut bytes = BytesMut::new();
        for item in &self.items {
            bytes.extend_from_slice(&item.bytes);
        }
        let mut rest = bytes.freeze();
        let mut cuts: Box<dyn Iterator<Item = usize> + Send> = match split {
            Split::Every(size) => Box::new(std::iter::repeat(size.get())),
            Split::At(mut offsets) => {
                offsets.sort_unstable();
                offsets.dedup();
                let mut before = 0;
                Box::new(offsets.into_iter().filter_map(move |offset| {
                    let size = offset - before;
                    before = offset;
                    (size > 0).then_some(size)
                }))
            }
        };
        // One after the other: a piece for each byte of a long stream would take much memory at once.
        Box::new(std::iter::from_fn(move || {
            let size = cuts.next().unwrap_or(usize::MAX).min(rest.len());
            (!rest.is_empty()).then(|| Item {
                bytes: rest.split_to(size),
                is_delta: false,
                is_event: true,
            })
        }))
    }
}

impl Item {
    /// An event of a stream.
    pub(crate) fn event(event: &Value) -> Self {
        let kind = event["type"].as_str();
        let name = kind.map_or_else(String::new, |kind| format!("event: {kind}\n"));
        Self {
            bytes: format!("{name}data: {event}\n\n").into(),
            is_delta: kind.is_some_and(|kind| kind.ends_with(".delta")),
            is_event: true,
        }
    }

    /// Something that is no event.
    pub(crate) fn between(text: impl Into<Bytes>) -> Self {
        Self {
            bytes: text.into(),
            is_delta: false,
            is_event: false,
        }
    }

    /// A comment, which clients must pass over.
    pub(crate) fn comment(text: &str) -> Self {
        // A line end within would end the comment.
        Self::between(format!(": {}\n\n", text.replace(['\r', '\n'], " ")))
    }
}
