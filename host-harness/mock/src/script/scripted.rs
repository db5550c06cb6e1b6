//! Answers that a test or a demonstration has written.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// What one request gets in the place of the "model"'s answer. See
/// [`MockAzure::push_answer`](crate::MockAzure::push_answer).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Scripted {
    /// A stream of exactly these events, whether or not the request asks for one.
    Events(Vec<Value>),
    /// A response object: sent as it is, or told in the service's order of events when the request asks for a stream.
    Response(Value),
}

/// The answers to come, one for each request that is accepted.
#[derive(Default)]
pub(crate) struct Answers(Mutex<VecDeque<Scripted>>);

impl Answers {
    pub(crate) fn push(&self, answer: Scripted) {
        self.queue().push_back(answer);
    }

    pub(crate) fn next(&self) -> Option<Scripted> {
        self.queue().pop_front()
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Scripted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
