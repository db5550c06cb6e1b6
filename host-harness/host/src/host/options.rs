//! What one call has of its own.

use std::fmt;
use std::sync::Arc;

use crate::events::EventSubscriber;

/// What one call has of its own; by default nothing, and everything is as the host has it.
#[derive(Clone, Default)]
#[must_use]
pub struct CallOptions {
    pub(super) events: Option<Arc<dyn EventSubscriber>>,
}

impl CallOptions {
    /// Who hears this call, in the place of the one who hears the host: every event of it, up to the `llm:response` of a call
    /// that was given up, and no event of another.
    pub fn events(mut self, events: Arc<dyn EventSubscriber>) -> Self {
        self.events = Some(events);
        self
    }
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallOptions")
            .field("has_events", &self.events.is_some())
            .finish()
    }
}
