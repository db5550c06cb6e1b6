//! The bodies of answers: whole, or sent piece by piece, to their end or not.

use std::future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use thiserror::Error;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::{mpsc, watch};

use super::gate::Pace;
use super::listener;
use super::program::{Item, Program, StopHow};
use super::socket::Reset;

/// The body of any answer.
pub(crate) type MockBody = UnsyncBoxBody<Bytes, Broken>;

/// Reads the body of a request; none when it has more bytes than `limit`.
pub(crate) async fn read(body: Incoming, limit: usize) -> Result<Option<Bytes>, Broken> {
    listener::read(body, limit).await.map_err(|_| Broken)
}

/// A body with a length.
pub(crate) fn whole(bytes: Bytes) -> MockBody {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A body as its program says, at that pace.
pub(crate) fn played(program: Program, pace: Pace, stage: &Stage<'_>) -> MockBody {
    // One piece at a time: each is written to the connection as soon as it is here.
    let (sender, pieces) = mpsc::channel(1);
    let reset = stage.reset.clone();
    tokio::spawn(async move {
        let gone = sender.clone();
        tokio::select! {
            () = gone.closed() => {}
            // Its only error is that the client has gone.
            _ = send(program, pace, reset, sender) => {}
        }
    });
    Streamed::new(pieces, stage.closed).boxed_unsync()
}

async fn send(
    program: Program,
    pace: Pace,
    reset: Reset,
    sender: mpsc::Sender<Piece>,
) -> Result<(), SendError<Piece>> {
    let (pause, stop, is_split) = (program.pause, program.stop, program.is_split());
    for item in program.into_items() {
        if item.is_event {
            pace.admit(item.is_delta).await;
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        sender.send(Piece::Data(item.bytes)).await?;
        if is_split {
            sender.send(Piece::Flush).await?;
        }
    }
    match stop {
        None | Some(StopHow::End) => Ok(()),
        Some(StopHow::Close) => sender.send(Piece::Break).await,
        Some(StopHow::Reset) => {
            reset.arm();
            sender.send(Piece::Break).await
        }
        Some(StopHow::Stall { comments: None }) => future::pending().await,
        Some(StopHow::Stall {
            comments: Some(every),
        }) => loop {
            tokio::time::sleep(every).await;
            let comment = Item::comment("still here");
            sender.send(Piece::Data(comment.bytes)).await?;
        },
    }
}

/// What an answer is sent on.
pub(crate) struct Stage<'a> {
    pub(crate) closed: &'a ClosedStreams,
    pub(crate) reset: &'a Reset,
}

/// The mock ends a connection on purpose. Hyper closes it without the end that belongs to the body.
#[derive(Debug, Error)]
#[error("the mock was told to end the connection here")]
pub(crate) struct Broken;

/// How many answers clients walked away from.
pub(crate) struct ClosedStreams(watch::Sender<usize>);

impl ClosedStreams {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Counts one more if what it returns is dropped, and not [finished](Unfinished::finish).
    pub(crate) fn watch(&self) -> Unfinished {
        Unfinished(Some(self.0.clone()))
    }

    pub(crate) fn count(&self) -> usize {
        *self.0.borrow()
    }

    pub(crate) async fn wait_for(&self, count: usize) {
        // It fails only when the sender is gone, and the sender is `self`.
        let _ = self.0.subscribe().wait_for(|closed| *closed >= count).await;
    }
}

/// An answer that is not at its end.
#[must_use]
pub(crate) struct Unfinished(Option<watch::Sender<usize>>);

impl Unfinished {
    pub(crate) fn finish(mut self) {
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
    /// What is there must leave before what comes next.
    Flush,
}

struct Streamed {
    pieces: mpsc::Receiver<Piece>,
    breaking: bool,
    unfinished: Option<Unfinished>,
}

impl Streamed {
    fn new(pieces: mpsc::Receiver<Piece>, closed: &ClosedStreams) -> Self {
        Self {
            pieces,
            breaking: false,
            unfinished: Some(closed.watch()),
        }
    }

    fn finish(&mut self) {
        if let Some(unfinished) = self.unfinished.take() {
            unfinished.finish();
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
            // Hyper writes out what it holds while a body is not ready.
            Some(Piece::Flush) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Piece::Break) => {
                // It throws that away when a body fails: it must see the first before the second.
                self.finish();
                self.breaking = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None => {
                self.finish();
                Poll::Ready(None)
            }
        }
    }
}
