//! Something that is read part by part while its time runs.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::task::AbortHandle;

use super::CallError;
use crate::deadline::Deadline;

/// What is open, and gives its parts one after the other.
pub(super) trait Source: Send + Sized + 'static {
    /// One part.
    type Part: Send + 'static;

    /// A part that is there already.
    fn ready(&mut self) -> Option<Self::Part> {
        None
    }

    /// The next part, and what is still open after it.
    fn next(self: Box<Self>) -> Working<Self>;

    /// Its time is over while nobody waits for a part.
    fn expire(self: Box<Self>) -> CallError;
}

/// The component at work: what is still open then, and the next part.
pub(super) type Working<S> =
    Pin<Box<dyn Future<Output = (Option<Box<S>>, Next<<S as Source>::Part>)> + Send>>;

/// The next part; none after the last one.
pub(super) type Next<P> = Result<Option<P>, CallError>;

/// A source that is being read. Dropping it closes the source at once. When the call's time is over the source is closed,
/// whether somebody waits for the next part or not, and the next part is that error. The runtime in which it was opened
/// looks after that.
pub(super) struct Reading<S: Source> {
    shared: Arc<Shared<S>>,
    /// Closes the source when its time is over.
    end_of_time: AbortHandle,
}

/// What the one who reads and the end of the time have in common.
struct Shared<S: Source>(Mutex<Inner<S>>);

struct Inner<S: Source> {
    state: State<S>,
    /// Who waits for the next part.
    reader: Option<Waker>,
}

enum State<S: Source> {
    /// Nobody waits for a part.
    Idle(Box<S>),
    /// The component works on the next part.
    Working(Working<S>),
    /// The time is over, and the component is being stopped.
    Stopping,
    /// The last part, or the error, that nobody has heard of yet.
    Ended(Box<Next<S::Part>>),
    Over,
}

impl<S: Source> Reading<S> {
    /// Begins to read what has time until then.
    pub(super) fn new(source: S, deadline: Deadline) -> Self {
        let shared = Arc::new(Shared(Mutex::new(Inner {
            state: State::Idle(Box::new(source)),
            reader: None,
        })));
        let end_of_time = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                deadline.passed().await;
                shared.stop().await;
            }
        });
        Self {
            shared,
            end_of_time: end_of_time.abort_handle(),
        }
    }

    /// Polls the next part; none after the last one, and after an error.
    pub(super) fn poll_next(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<S::Part, CallError>>> {
        self.shared.lock().poll_next(context)
    }
}

impl<S: Source> Drop for Reading<S> {
    fn drop(&mut self) {
        self.end_of_time.abort();
        // The task is gone later, the exchange now.
        let state = self.shared.lock().take();
        drop(state);
    }
}

impl<S: Source> Shared<S> {
    /// Closes the source, whose time is over.
    async fn stop(&self) {
        let state = {
            let mut inner = self.lock();
            let state = inner.take();
            if matches!(state, State::Idle(_) | State::Working(_)) {
                inner.state = State::Stopping;
            }
            state
        };
        let last = match state {
            State::Idle(source) => Err(source.expire()),
            // It ends by itself, now: its time is over too.
            State::Working(working) => match working.await {
                (Some(source), _) => Err(source.expire()),
                (None, last) => last,
            },
            State::Stopping | State::Ended(_) | State::Over => return,
        };
        let mut inner = self.lock();
        inner.state = State::Ended(Box::new(last));
        if let Some(reader) = inner.reader.take() {
            reader.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        // After a panic within, the source is at its end.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Source> Inner<S> {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<S::Part, CallError>>> {
        let mut working = match self.take() {
            State::Idle(mut source) => match source.ready() {
                Some(part) => {
                    self.state = State::Idle(source);
                    return Poll::Ready(Some(Ok(part)));
                }
                None => source.next(),
            },
            State::Working(working) => working,
            State::Stopping => return self.wait(State::Stopping, context),
            State::Ended(last) => return Poll::Ready((*last).transpose()),
            State::Over => return Poll::Ready(None),
        };
        let Poll::Ready((source, next)) = working.as_mut().poll(context) else {
            return self.wait(State::Working(working), context);
        };
        if let Some(source) = source {
            self.state = State::Idle(source);
        }
        Poll::Ready(next.transpose())
    }

    fn wait<T>(&mut self, state: State<S>, context: &mut Context<'_>) -> Poll<T> {
        self.state = state;
        match &mut self.reader {
            Some(reader) => reader.clone_from(context.waker()),
            None => self.reader = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    fn take(&mut self) -> State<S> {
        std::mem::replace(&mut self.state, State::Over)
    }
}
