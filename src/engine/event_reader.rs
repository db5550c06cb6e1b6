//! Reads a body that is a stream of events.

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
    /// The bytes that came after the time limit.
    late: usize,
}

impl<B> EventReader<B> {
    /// Begins with a body of which these bytes are read.
    pub(super) fn new(body: B, read: Vec<u8>) -> Self {
        let mut decoder = sse::Decoder::new();
        decoder.feed(read);
        Self {
            body,
            decoder,
            late: 0,
        }
    }

    /// Whether so many bytes more may come after the time limit: what is there already is not late, and a service that always
    /// has more must come to an end.
    pub(super) fn takes_late(&mut self, bytes: usize) -> bool {
        /// More than connections hold back for a reader that is slow.
        const MAX_LATE_BYTES: usize = 16 * 1024 * 1024;
        self.late += bytes;
        self.late <= MAX_LATE_BYTES
    }

    /// Whether something of an event is there.
    pub(super) fn has_event(&mut self) -> bool {
        self.decoder.has_event()
    }

    /// Takes one event that was read, and adds what the caller sees of it to `events`. None when all that was read is taken.
    pub(super) fn take(
        &mut self,
        translator: &mut Translator,
        events: &mut Vec<StreamEvent>,
    ) -> Result<Option<sse::Event<'_>>, StreamFailure> {
        let event = self.decoder.next_event()?;
        if let Some(event) = event {
            translator.apply(event, events)?;
        }
        Ok(event)
    }
}

impl<B: Body> EventReader<B> {
    /// Reads on until `deadline`; how many bytes came. None at the end of the body.
    pub(super) fn read(&mut self, deadline: Instant) -> Result<Option<usize>, StreamFailure> {
        let Some(bytes) = self.body.read(deadline)? else {
            return Ok(None);
        };
        let count = bytes.len();
        self.decoder.feed(bytes);
        Ok(Some(count))
    }
}
