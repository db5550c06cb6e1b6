//! Reads bodies to their end.

use std::time::Duration;

use super::edge::{Body, Edge, Instant, TransportError};

/// The most bytes of an error's body that are read. Real ones have some hundreds; what comes after these is a page of
/// HTML, or an attack.
const MAX_ERROR_BYTES: usize = 256 * 1024;

/// How long the body of an error may take. It comes with its head, or soon after; the head alone says enough to go on, and
/// the time of the attempt is better spent on the next one.
pub(super) const ERROR_BODY_TIME: Duration = Duration::from_secs(5);

/// Until when to wait for bytes that should have come before `deadline`. When that has passed while nobody waited for them, what
/// has arrived by then is not late; it takes the host a moment to hand it over.
pub(super) fn patience(now: Instant, deadline: Instant) -> Instant {
    const MOMENT: Duration = Duration::from_millis(100);
    if now > deadline {
        now.after(MOMENT)
    } else {
        deadline
    }
}

/// Reads a body to its end, of which `bytes` are read, if that comes before `deadline` and within `limit` bytes.
pub(super) fn read_all<E: Edge>(
    edge: &E,
    body: &mut E::Body,
    mut bytes: Vec<u8>,
    limit: usize,
    deadline: Instant,
) -> Result<Vec<u8>, ReadError> {
    while let Some(chunk) = body
        .read(patience(edge.now(), deadline))
        .map_err(ReadError::Transport)?
    {
        if bytes.len() + chunk.len() > limit {
            return Err(ReadError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Reads of an error's body what comes soon, wherever it ends: a part of it often says what is wrong.
pub(super) fn read_error<E: Edge>(edge: &E, body: &mut E::Body, attempt: Instant) -> Vec<u8> {
    let deadline = attempt.min(edge.now().after(ERROR_BODY_TIME));
    let mut bytes = Vec::new();
    while bytes.len() < MAX_ERROR_BYTES
        && let Ok(Some(mut chunk)) = body.read(deadline)
    {
        chunk.truncate(MAX_ERROR_BYTES - bytes.len());
        bytes.extend_from_slice(&chunk);
        // A body that always has more never waits, and so never meets the deadline by itself.
        if edge.now() >= deadline {
            break;
        }
    }
    bytes
}

/// Why a body could not be read to its end.
pub(super) enum ReadError {
    /// It has more bytes than it may have.
    TooLong,
    /// The connection broke, or the time limit passed.
    Transport(TransportError),
}
