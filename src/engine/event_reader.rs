//! Reads a body that is a stream of events.

use std::collections::VecDeque;

use super::edge::{Body, Instant};
use super::failure::StreamFailure;
use crate::contract::types::StreamEvent;
use crate::core::response::stream::Translator;
use crate::core::sse;

/// Reads a body that is a stream of events.
#[derive(Debug)]
pub(super) struct EventReader<B> {
    pub(super) body: B,
    decoder: sse::Decoder,
    failure: Option<sse::EventTooLong>,
}

impl<B> EventReader<B> {
    /// Begins with a body of which nothing is read.
    pub(super) fn new(body: B) -> Self {
        Self {
            body,
            decoder: sse::Decoder::new(),
            failure: None,
        }
    }
}

impl<B: Body> EventReader<B> {
    /// Takes one event that was read, or reads on.
    pub(super) fn step(
        &mut self,
        deadline: Instant,
        translator: &mut Translator,
        pending: &mut VecDeque<StreamEvent>,
    ) -> Result<Step, StreamFailure> {
        if let Some(event) = self.decoder.next_event() {
            translator.apply(&event, pending)?;
            return Ok(Step::Event(event));
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure.into());
        }
        match self.body.read(deadline)? {
            // What came before the event that is too long comes first.
            Some(bytes) => self.failure = self.decoder.feed(&bytes).err(),
            None => return Err(translator.ended_early().into()),
        }
        Ok(Step::Bytes)
    }
}

/// What one step of reading came to.
pub(super) enum Step {
    /// Bytes came.
    Bytes,
    /// An event was taken; this is its data.
    Event(Vec<u8>),
}
