//! A response as it arrives.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use tokio::task::AbortHandle;
use wasmtime::component::ResourceAny;

use super::CallError;
use super::call::Call;
use crate::contract::types::{ProviderError, StreamEvent};

/// A response that is arriving: a [`Stream`] of its events, until the last one or an error. Dropping it closes the exchange
/// at once. When the call's time is over ([`crate::Limits::wall_time`]) the exchange is closed, whether somebody waits for
/// the next event or not, and the next event is that error. The runtime in which it was opened looks after that.
pub struct ResponseStream {
    shared: Arc<Shared>,
    /// Closes the exchange when its time is over.
    end_of_time: AbortHandle,
}

/// What the one who reads the stream and the end of its time have in common.
struct Shared(Mutex<Reading>);

struct Reading {
    state: State,
    /// Who waits for the next event.
    reader: Option<Waker>,
}

enum State {
    /// Nobody waits for an event.
    Idle(Box<Open>),
    /// The component works on the next event.
    Working(Working),
    /// The time is over, and the component is being stopped.
    Stopping,
    /// The last event, or the error, that nobody has heard of yet.
    Ended(Box<Next>),
    Over,
}

/// The component at work: what is still open then, and the next event.
type Working = Pin<Box<dyn Future<Output = (Option<Box<Open>>, Next)> + Send>>;

/// The next event; none after the last one.
type Next = Result<Option<StreamEvent>, CallError>;

/// A call whose stream is open.
struct Open {
    call: Call,
    stream: ResourceAny,
}

impl ResponseStream {
    pub(super) fn new(mut call: Call, stream: ResourceAny) -> Self {
        let deadline = call.deadline();
        call.set_watched(true);
        let shared = Arc::new(Shared(Mutex::new(Reading {
            state: State::Idle(Box::new(Open { call, stream })),
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

    /// Waits for the next event; none after the last one, and after an error. No event is lost when the returned future is
    /// dropped.
    ///
    /// # Errors
    ///
    /// The provider's error, the component's failure, or a limit of the host.
    pub async fn next(&mut self) -> Result<Option<StreamEvent>, CallError> {
        let next = poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await;
        next.transpose()
    }
}

impl Stream for ResponseStream {
    type Item = Result<StreamEvent, CallError>;

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<StreamEvent, CallError>>> {
        self.shared.lock().poll_next(context)
    }
}

impl Drop for ResponseStream {
    fn drop(&mut self) {
        self.end_of_time.abort();
        // The task is gone later, the exchange now.
        let state = self.shared.lock().take();
        drop(state);
    }
}

impl fmt::Debug for ResponseStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResponseStream")
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Closes the exchange, whose time is over.
    async fn stop(&self) {
        let state = {
            let mut reading = self.lock();
            let state = reading.take();
            if matches!(state, State::Idle(_) | State::Working(_)) {
                reading.state = State::Stopping;
            }
            state
        };
        let last = match state {
            State::Idle(open) => Err(open.call.expire()),
            // It ends by itself, now: its time is over too.
            State::Working(working) => match working.await {
                (Some(open), _) => Err(open.call.expire()),
                (None, last) => last,
            },
            State::Stopping | State::Ended(_) | State::Over => return,
        };
        let mut reading = self.lock();
        reading.state = State::Ended(Box::new(last));
        if let Some(reader) = reading.reader.take() {
            reader.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Reading> {
        // After a panic within, the stream is over.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<StreamEvent, CallError>>> {
        let mut working = match self.take() {
            State::Idle(open) => Box::pin(open.next()),
            State::Working(working) => working,
            State::Stopping => return self.wait(State::Stopping, context),
            State::Ended(last) => return Poll::Ready((*last).transpose()),
            State::Over => return Poll::Ready(None),
        };
        let Poll::Ready((open, next)) = working.as_mut().poll(context) else {
            return self.wait(State::Working(working), context);
        };
        if let Some(open) = open {
            self.state = State::Idle(open);
        }
        Poll::Ready(next.transpose())
    }

    fn wait<T>(&mut self, state: State, context: &mut Context<'_>) -> Poll<T> {
        self.state = state;
        match &mut self.reader {
            Some(reader) => reader.clone_from(context.waker()),
            None => self.reader = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    fn take(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Over)
    }
}

impl Open {
    /// The next event, and what is still open after it.
    fn next(mut self: Box<Self>) -> Working {
        Box::pin(async move {
            let event = match self.advance().await {
                Ok(event) => event,
                Err(error) => return (None, Err(error)),
            };
            match event {
                Ok(Some(StreamEvent::Completed(response))) => {
                    let response = self.call.signed(response);
                    self.call.leave();
                    // The caller has what it wants; reading to the end, for the connection's sake, is our business.
                    tokio::spawn(self.finish());
                    (None, Ok(Some(StreamEvent::Completed(response))))
                }
                Ok(Some(StreamEvent::Aborted(error))) => {
                    let error = self.call.opened().grants.redacted(error);
                    (Some(self), Ok(Some(StreamEvent::Aborted(error))))
                }
                Ok(Some(event)) => (Some(self), Ok(Some(event))),
                Ok(None) => (None, self.close().await.map(|()| None)),
                Err(error) => {
                    let error = self.call.opened().grants.error(error);
                    if let Err(failure) = self.close().await {
                        // What the provider said is what the caller can use.
                        tracing::warn!("the component failed after its error: {failure}");
                    }
                    (None, Err(error))
                }
            }
        })
    }

    async fn advance(&mut self) -> Result<Result<Option<StreamEvent>, ProviderError>, CallError> {
        let stream = self.stream;
        let next = self.call.run(async |store, bindings, _| {
            let exports = bindings.amplifier_provider_provider();
            exports.response_stream().call_next(store, stream).await
        });
        next.await
    }

    /// Lets the component read to the end of a response, and keeps the instance.
    async fn finish(mut self: Box<Self>) {
        self.call.set_watched(false);
        self.call.hurry(LINGER_TIME);
        let finished = match self.advance().await {
            Ok(_) => self.close().await,
            Err(error) => Err(error),
        };
        if let Err(error) = finished {
            tracing::warn!("the component failed after its last event: {error}");
        }
    }

    /// Drops the component's stream, and keeps the instance.
    async fn close(mut self: Box<Self>) -> Result<(), CallError> {
        let stream = self.stream;
        let closing = self
            .call
            .run(async |store, _, _| stream.resource_drop_async(store).await);
        closing.await?;
        self.call.end();
        Ok(())
    }
}

/// How long a component may take after its last event: to read the end of the response, which came with that event or comes
/// right after it. What takes longer waits for something else, and would keep an instance that nobody counts.
const LINGER_TIME: Duration = Duration::from_secs(1);
