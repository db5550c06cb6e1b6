//! The bodies of answers: whole, streamed event by event, or broken off.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use thiserror::Error;
use tokio::sync::{mpsc, watch};

use super::pace::Pace;
use super::responses::Event;

/// The body of any answer.
pub(super) type MockBody = UnsyncBoxBody<Bytes, Broken>;

/// Reads the body of a request; none when it has more bytes than `limit`. It is read to its end all the same: a client
/// hears no answer while it is still sending.
pub(super) async fn read(mut body: Incoming, limit: usize) -> Result<Option<Bytes>, Broken> {
    let mut bytes = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Broken)?.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        match length > limit {
            true => bytes = BytesMut::new(),
            false => bytes.extend_from_slice(&data),
        }
    }
    Ok((length <= limit).then(|| bytes.freeze()))
}

/// A body with a length.
pub(super) fn whole(bytes: Bytes) -> MockBody {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// The first half of a body, and then the end of the connection.
pub(super) fn broken_off(mut bytes: Bytes, closed: &ClosedStreams) -> MockBody {
    bytes.truncate(bytes.len() / 2);
    let (sender, pieces) = mpsc::channel(2);
    for piece in [Piece::Data(bytes), Piece::Break] {
        // There is room for both, and the receiver is right here.
        let _ = sender.try_send(piece);
    }
    Streamed::new(pieces, closed).boxed_unsync()
}

/// A stream of events at that pace; with `break_after`, the connection ends after so many.
pub(super) fn events(
    events: Vec<Event>,
    pace: Pace,
    break_after: Option<usize>,
    closed: &ClosedStreams,
) -> MockBody {
    // One event at a time: each is written to the connection as soon as it is here.
    let (sender, pieces) = mpsc::channel(1);
    tokio::spawn(async move {
        let gone = sender.clone();
        tokio::select! {
            () = gone.closed() => {}
            () = send(events, pace, break_after, sender) => {}
        }
    });
    Streamed::new(pieces, closed).boxed_unsync()
}

async fn send(
    events: Vec<Event>,
    pace: Pace,
    break_after: Option<usize>,
    sender: mpsc::Sender<Piece>,
) {
    let breaks = break_after.is_some_and(|count| count < events.len());
    for event in events.into_iter().take(break_after.unwrap_or(usize::MAX)) {
        pace.admit(&event).await;
        if sender.send(Piece::Data(event.frame)).await.is_err() {
            return;
        }
    }
    if breaks {
        let _ = sender.send(Piece::Break).await;
    }
}

/// The mock ends a connection on purpose. Hyper closes it without the end that belongs to the body.
#[derive(Debug, Error)]
#[error("the mock was told to end the connection here")]
pub(super) struct Broken;

/// How many answers clients walked away from.
pub(super) struct ClosedStreams(watch::Sender<usize>);

impl ClosedStreams {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Counts one more if what it returns is dropped, and not [finished](Unfinished::finish).
    pub(super) fn watch(&self) -> Unfinished {
        Unfinished(Some(self.0.clone()))
    }

    pub(super) fn count(&self) -> usize {
        *self.0.borrow()
    }

    pub(super) async fn wait_for(&self, count: usize) {
        // It fails only when the sender is gone, and the sender is `self`.
        let _ = self.0.subscribe().wait_for(|closed| *closed >= count).await;
    }
}

/// An answer that is not at its end.
#[must_use]
pub(super) struct Unfinished(Option<watch::Sender<usize>>);

impl Unfinished {
    fn finish(&mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(closed) = &self.0 {
            closed.send_modify(|count| *count += 1);
        }
    }
}

enum Piece {
    Break,
    Data(Bytes),
}

struct Streamed {
    pieces: mpsc::Receiver<Piece>,
    breaking: bool,
    unfinished: Unfinished,
}

impl Streamed {
    fn new(pieces: mpsc::Receiver<Piece>, closed: &ClosedStreams) -> Self {
        Self {
            pieces,
            breaking: false,
            unfinished: closed.watch(),
        }
    }
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if self.breaking {
            return Poll::Ready(Some(Err(Broken)));
        }
        match ready!(self.pieces.poll_recv(context)) {
            Some(Piece::Data(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Piece::Break) => {
                // Hyper writes out what it holds while a body is not ready, and throws it away when a body fails: it
                // must see the first before the second.
                self.unfinished.finish();
                self.breaking = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None => {
                self.unfinished.finish();
                Poll::Ready(None)
            }
        }
    }
}
