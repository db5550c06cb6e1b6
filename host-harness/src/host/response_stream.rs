//! A response as it arrives.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use wasmtime::component::ResourceAny;

use super::CallError;
use super::call::Call;
use crate::contract::types::{ProviderError, StreamEvent};

/// A response that is arriving: a [`Stream`] of its events, until the last one or an error. Dropping it closes the exchange
/// at once.
pub struct ResponseStream(State);

enum State {
    /// Nobody waits for an event.
    Idle(Box<Open>),
    /// The component works on the next event.
    Working(Working),
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
    pub(super) fn new(call: Call, stream: ResourceAny) -> Self {
        Self(State::Idle(Box::new(Open { call, stream })))
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
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<StreamEvent, CallError>>> {
        let mut working = match std::mem::replace(&mut self.0, State::Over) {
            State::Idle(open) => Box::pin(open.next()),
            State::Working(working) => working,
            State::Over => return Poll::Ready(None),
        };
        let Poll::Ready((open, next)) = working.as_mut().poll(context) else {
            self.0 = State::Working(working);
            return Poll::Pending;
        };
        if let Some(open) = open {
            self.0 = State::Idle(open);
        }
        Poll::Ready(next.transpose())
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
                    (None, self.close().await.and(Err(error)))
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
