//! What one call has of its own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::events::{CallId, EventSubscriber};
use crate::limits::{CallLimits, Limits};

/// What one call has of its own: its id, and by default nothing else; everything is as the host has it.
///
/// ```
/// use std::time::Duration;
/// use provider_host::CallOptions;
///
/// let options = CallOptions::new().wall_time(Duration::from_secs(60));
/// let id = options.id();
/// # assert_ne!(id, CallOptions::new().id());
/// ```
#[must_use]
pub struct CallOptions {
    id: CallId,
    pub(super) events: Option<Arc<dyn EventSubscriber>>,
    cpu_time: Option<Duration>,
    wall_time: Option<Duration>,
    request_bytes: Option<usize>,
    response_bytes: Option<usize>,
    event_bytes: Option<usize>,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl CallOptions {
    /// The options of a call that is to be made.
    pub fn new() -> Self {
        Self {
            id: CallId::next(),
            events: None,
            cpu_time: None,
            wall_time: None,
            request_bytes: None,
            response_bytes: None,
            event_bytes: None,
        }
    }

    /// The id that the call is going to have, which its events have too.
    pub fn id(&self) -> CallId {
        self.id
    }

    /// Who hears this call, in the place of the one who hears the host: every event of it, up to the `llm:response` of a call
    /// that was given up, and no event of another.
    pub fn events(mut self, events: Arc<dyn EventSubscriber>) -> Self {
        self.events = Some(events);
        self
    }

    /// How long this call may compute, in place of the host's [`Limits::cpu_time`].
    pub fn cpu_time(mut self, limit: Duration) -> Self {
        self.cpu_time = Some(limit);
        self
    }

    /// How long this call may take, in place of the host's [`Limits::wall_time`].
    pub fn wall_time(mut self, limit: Duration) -> Self {
        self.wall_time = Some(limit);
        self
    }

    /// The most bytes of its request, in place of the host's [`Limits::request_bytes`].
    pub fn request_bytes(mut self, limit: usize) -> Self {
        self.request_bytes = Some(limit);
        self
    }

    /// The most bytes of one HTTP response, in place of the host's [`Limits::response_bytes`].
    pub fn response_bytes(mut self, limit: usize) -> Self {
        self.response_bytes = Some(limit);
        self
    }

    /// The most bytes of its events and log lines, in place of the host's [`Limits::event_bytes`].
    pub fn event_bytes(mut self, limit: usize) -> Self {
        self.event_bytes = Some(limit);
        self
    }

    /// The limits of the call in a host with these.
    pub(super) fn limits(&self, host: &Limits) -> CallLimits {
        let host = host.of_call();
        CallLimits {
            cpu_time: self.cpu_time.unwrap_or(host.cpu_time),
            wall_time: self.wall_time.unwrap_or(host.wall_time),
            request_bytes: self.request_bytes.unwrap_or(host.request_bytes),
            response_bytes: self.response_bytes.unwrap_or(host.response_bytes),
            event_bytes: self.event_bytes.unwrap_or(host.event_bytes),
        }
    }
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallOptions")
            .field("id", &self.id)
            .field("has_events", &self.events.is_some())
            .finish_non_exhaustive()
    }
}
