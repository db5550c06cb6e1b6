//! What happens to requests, written down: a [`Script`] has a [`Step`] for each of them.
//!
//! [`step`] and [`stream_shape`] are the language, [`mod@file`] reads it from TOML, [`steps`] hands it out to requests, and
//! [`compose`] makes the bytes of a stream out of its events.

mod compose;
mod fault;
mod file;
mod scripted;
mod step;
mod steps;
mod stream_shape;

pub use fault::Fault;
pub use file::ScriptError;
pub use scripted::Scripted;
pub use step::{Answer, RetryAfter, RetryHeader, Step};
pub use steps::Played;
pub use stream_shape::{
    ErrorShape, Insert, Inserted, LineEnd, Place, Shape, Stop, StopPlace, StreamError,
};

pub use crate::wire::program::{Split, StopHow};

pub(crate) use scripted::Answers;
pub(crate) use steps::{Observer, Steps, Turn, shaped};

/// What happens to each request to the Responses API, one after the other.
///
/// A script comes from a file ([`Script::parse`]) or from code; both say the same things. See
/// [`MockAzure::play`](crate::MockAzure::play).
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The steps, one for each request, or for as many as its `repeat` says.
    pub steps: Vec<Step>,
    /// What happens to all requests after that: the usual answer, unless it is set.
    pub rest: Step,
}

impl FromIterator<Step> for Script {
    fn from_iter<T: IntoIterator<Item = Step>>(steps: T) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            rest: Step::default(),
        }
    }
}
