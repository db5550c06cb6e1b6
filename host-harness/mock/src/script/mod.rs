//! What happens to requests, written down: a [`Script`] has a [`Step`] for each of them.
//!
//! [`step`] and [`shape`] are the language, [`mod@file`] reads it from TOML, [`steps`] hands it out to requests, and
//! [`compose`] makes the bytes of a stream out of its events.

mod compose;
mod file;
mod shape;
mod step;
mod steps;

pub use file::ScriptError;
pub use shape::{
    ErrorShape, Insert, Inserted, LineEnd, Place, Shape, Split, Stop, StopHow, StopPlace,
    StreamError,
};
pub use step::{Answer, RetryAfter, RetryHeader, Step};
pub use steps::Played;

pub(super) use compose::{Item, Program};
pub(super) use steps::{Observer, Steps, Turn, shaped};

/// What happens to each request to the Responses API, one after the other.
///
/// A script comes from a file ([`Script::parse`]) or from code; both say the same things. See
/// [`MockAzure::play`](super::MockAzure::play).
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
