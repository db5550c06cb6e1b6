//! Telling a response as it arrives.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::body::EventSender;
use super::failure;
use super::openai::{Draft, ResponseEvents};
use crate::contract::types::{ProviderError, StreamEvent};
use crate::host::ResponseStream;
use crate::kernel_json::stream_event;

/// What a provider's events become.
pub(super) trait Teller {
    /// The service has accepted the request.
    fn begin(&mut self);

    /// One event. Whether it was the last that matters.
    fn event(&mut self, event: StreamEvent) -> bool;

    /// The stream failed.
    fn fail(&mut self, error: &ProviderError);

    /// Takes what is to be sent: the names of events and their data.
    fn take(&mut self) -> Vec<(&'static str, Value)>;
}

/// Tells a stream to its end. While nothing comes, something that clients skip goes out in this interval.
pub(super) async fn tell(
    mut stream: ResponseStream,
    mut teller: impl Teller,
    sender: EventSender,
    keepalive: Duration,
) {
    teller.begin();
    let mut is_over = false;
    loop {
        for (name, data) in teller.take() {
            sender.event(name, &data).await;
        }
        if is_over {
            return;
        }
        let event = loop {
            match tokio::time::timeout(keepalive, stream.next()).await {
                Ok(event) => break event,
                Err(_) => sender.keepalive().await,
            }
        };
        is_over = match event {
            Ok(Some(event)) => teller.event(event),
            Ok(None) => {
                teller.fail(&ProviderError::ended_without_response());
                true
            }
            Err(error) => {
                teller.fail(&failure::of_call(error));
                true
            }
        };
    }
}

/// Events in the kernel's form.
#[derive(Default)]
pub(super) struct Kernel(Vec<(&'static str, Value)>);

impl Teller for Kernel {
    fn begin(&mut self) {}

    fn event(&mut self, event: StreamEvent) -> bool {
        match stream_event::to_value(&event) {
            Ok(data) => self.0.push((stream_event::name(&event), data)),
            Err(error) => {
                self.fail(&failure::not_a_response(&error));
                return true;
            }
        }
        matches!(event, StreamEvent::Completed(_))
    }

    fn fail(&mut self, error: &ProviderError) {
        self.0.push(("error", failure::to_kernel(error)));
    }

    fn take(&mut self) -> Vec<(&'static str, Value)> {
        std::mem::take(&mut self.0)
    }
}

/// Events in the form of the API of OpenAI.
pub(super) struct OpenAi {
    events: ResponseEvents,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl OpenAi {
    pub(super) fn new(draft: Draft, clock: Arc<dyn Fn() -> SystemTime + Send + Sync>) -> Self {
        Self {
            events: ResponseEvents::new(draft),
            clock,
        }
    }
}

impl Teller for OpenAi {
    fn begin(&mut self) {
        self.events.begin();
    }

    fn event(&mut self, event: StreamEvent) -> bool {
        self.events.apply(event, (self.clock)())
    }

    fn fail(&mut self, error: &ProviderError) {
        self.events.fail(error);
    }

    fn take(&mut self) -> Vec<(&'static str, Value)> {
        self.events.take()
    }
}
