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
    /// The bytes that came after the time limit.
    late: usize,
}

impl<B> EventReader<B> {
    /// Begins with a body of which these bytes are read.
    pub(super) fn new(body: B, read: &[u8]) -> Self {
        let mut decoder = sse::Decoder::new();
        let failure = decoder.feed(read).err();
        Self {
            body,
            decoder,
            failure,
            late: 0,
        }
    }

    /// Whether reading goes on after the time limit, with so many bytes that came since: what is there already is not late.
    /// Comments are nothing that anybody waits for, and a service that always has more must come to an end.
    pub(super) fn takes_late(&mut self, bytes: usize) -> bool {
        /// More than connections hold back for a reader that is slow.
        const MAX_LATE_BYTES: usize = 16 * 1024 * 1024;
        self.late += bytes;
        self.late <= MAX_LATE_BYTES && self.decoder.has_event()
    }
}

impl<B: Body> EventReader<B> {
    /// Takes one event that was read, or reads on until `deadline`.
    pub(super) fn step(
        &mut self,
        deadline: impl FnOnce() -> Instant,
        translator: &mut Translator,
        pending: &mut VecDeque<StreamEvent>,
    ) -> Result<Step, StreamFailure> {
        if let Some(event) = self.decoder.next_event() {
            translator.apply(&event, pending)?;
            return Ok(Step::Event(event.data));
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure.into());
        }
        match self.body.read(deadline())? {
            // What came before the event that is too long comes first.
            Some(bytes) => {
                self.failure = self.decoder.feed(&bytes).err();
                Ok(Step::Bytes(bytes.len()))
            }
            None => Err(translator.ended_early().into()),
        }
    }
}

/// What one step of reading came to.
pub(super) enum Step {
    /// So many bytes came.
    Bytes(usize),
    /// An event was taken; this is its data.
    Event(Vec<u8>),
}
