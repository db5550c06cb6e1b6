//! How the body of an answer is sent: what is added to a stream, in which pieces it goes, and how it ends.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::wire::program::{Split, StopHow};

/// How the body of an answer is sent. Without any changes: event by event, as fast as it goes, to its end.
///
/// What is about events means streams only; pieces, pauses and the end mean every body.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// What is put between the events.
    pub inserts: Vec<Insert>,
    /// An error in the place of the events that would follow.
    pub error: Option<StreamError>,
    /// The stream stops, properly, before the event that has the response.
    pub without_final_event: bool,
    /// Every event, and the objects in it, have members that nobody knows.
    pub unknown_fields: bool,
    /// What ends a line.
    pub line_end: LineEnd,
    /// The stream begins with a byte order mark.
    pub bom: bool,
    /// `data: [DONE]` comes last.
    pub done: bool,
    /// In which pieces the bytes go, instead of event by event.
    pub split: Option<Split>,
    /// How long to wait before each event, or before each piece of a [`Split`].
    pub pause: Duration,
    /// Where it stops before its end.
    pub stop: Option<Stop>,
}

impl Shape {
    /// Whether a body that is no stream goes as one piece.
    pub(crate) fn is_plain_body(&self) -> bool {
        self.split.is_none() && self.stop.is_none() && self.pause.is_zero()
    }
}

/// Something between the events of a stream.
#[derive(Clone, Debug)]
pub struct Insert {
    /// Where.
    pub place: Place,
    /// What.
    pub what: Inserted,
}

/// A place between events. Those that are put in do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// After so many; 0 is the very beginning.
    After(usize),
    /// After each run of so many.
    Every(NonZeroUsize),
}

/// What is put between events.
#[derive(Clone, Debug)]
pub enum Inserted {
    /// A comment with this text.
    Comment(String),
    /// An event, which gets the number that is its turn.
    Event(Value),
    /// This text, as it is but for its line ends.
    Text(String),
}

/// An error within a stream that began well. After it, the stream ends.
#[derive(Clone, Debug)]
pub struct StreamError {
    /// After so many events; before the last one when it is missing.
    pub after: Option<usize>,
    /// How it is written.
    pub shape: ErrorShape,
    /// Its code.
    pub code: String,
    /// What a person reads.
    pub message: String,
}

/// The ways in which services write an error into a stream.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorShape {
    /// An event `error` with an object in it: Azure's.
    Azure,
    /// `response.failed` with the error in its response.
    Failed,
    /// `response.failed` without an error, and then Azure's event with it.
    FailedThenAzure,
    /// An event `error` that has the code and the message itself: OpenAI's.
    Flat,
    /// An event `error` whose error is nothing but the message: a gateway's.
    Text,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LineEnd {
    /// `\n`.
    #[default]
    Lf,
    /// `\r\n`.
    CrLf,
    /// `\r`.
    Cr,
}

/// Where and how an answer stops before its end.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// Where. An answer that does not get there ends as usual.
    pub place: StopPlace,
    /// How.
    pub how: StopHow,
}

/// Where an answer stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopPlace {
    /// After so many bytes.
    Bytes(usize),
    /// After so many events, those that are put in among them. A body that is no stream stops halfway.
    Events(usize),
}
