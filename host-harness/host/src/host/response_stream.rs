//! A response as it arrives.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use wasmtime::component::ResourceAny;

use super::CallError;
use super::call::Call;
use super::reading::{Reading, Source, Working};
use crate::contract::types::{ProviderError, StreamEvent};

/// A response that is arriving: a [`Stream`] of its events, until the last one or an error. Dropping it closes the exchange
/// at once. When the call's time is over ([`crate::Limits::wall_time`]) the exchange is closed, whether somebody waits for
/// the next event or not, and the next event is that error. The runtime in which it was opened looks after that.
pub struct ResponseStream(Reading<Open>);

/// A call whose stream is open.
struct Open {
    call: Call,
    stream: ResourceAny,
    /// What came at once and was not taken yet.
    events: VecDeque<StreamEvent>,
}

impl ResponseStream {
    pub(super) fn new(mut call: Call, stream: ResourceAny) -> Self {
        let deadline = call.deadline();
        call.set_watched(true);
        let open = Open {
            call,
            stream,
            events: VecDeque::new(),
        };
        Self(Reading::new(open, deadline))
    }

    /// Waits for the next event; none after the last one, and after an error. No event is lost when the returned future is
    /// dropped.
    ///
    /// # Errors
    ///
    /// The provider's error, the component's failure, or a limit of the host.
    pub async fn next(&mut self) -> Result<Option<StreamEvent>, CallError> {
        poll_fn(|context| self.0.poll_next(context))
            .await
            .transpose()
    }
}

impl Stream for ResponseStream {
    type Item = Result<StreamEvent, CallError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next(context)
    }
}

impl fmt::Debug for ResponseStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResponseStream")
            .finish_non_exhaustive()
    }
}

impl Source for Open {
    type Part = StreamEvent;

    fn ready(&mut self) -> Option<StreamEvent> {
        match self.events.front() {
            // With it more is done.
            Some(StreamEvent::Completed(_)) | None => None,
            Some(_) => self.event(),
        }
    }

    fn next(mut self: Box<Self>) -> Working<Self> {
        Box::pin(async move {
            if self.events.is_empty() {
                match self.advance().await {
                    Ok(Ok(events)) => self.events = events.into(),
                    Ok(Err(error)) => {
                        let error = self.call.opened().grants.error(error);
                        if let Err(failure) = self.close().await {
                            // What the provider said is what the caller can use.
                            tracing::warn!("the component failed after its error: {failure}");
                        }
                        return (None, Err(error));
                    }
                    Err(error) => return (None, Err(error)),
                }
            }
            match self.event() {
                Some(StreamEvent::Completed(response)) => {
                    let response = self.call.signed(response);
                    self.call.leave();
                    // The caller has what it wants; reading to the end, for the connection's sake, is our business.
                    tokio::spawn(self.finish());
                    (None, Ok(Some(StreamEvent::Completed(response))))
                }
                Some(event) => (Some(self), Ok(Some(event))),
                None => (None, self.close().await.map(|()| None)),
            }
        })
    }

    fn expire(self: Box<Self>) -> CallError {
        self.call.expire()
    }
}

impl Open {
    /// The next of the events that are here.
    fn event(&mut self) -> Option<StreamEvent> {
        match self.events.pop_front()? {
            StreamEvent::Restarted(error) => {
                let error = self.call.opened().grants.redacted(error);
                Some(StreamEvent::Restarted(error))
            }
            event => Some(event),
        }
    }

    async fn advance(&mut self) -> Result<Result<Vec<StreamEvent>, ProviderError>, CallError> {
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
