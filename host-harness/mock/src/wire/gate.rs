//! How fast a stream runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// Holds streams back until a test lets their events through, which proves what a clock cannot: that an event reached
/// the caller before the server was allowed to send the next. It can hold back the answers of token endpoints, too.
///
/// Clones are the same gate. It is shut at first, and counts the events of all streams of its mock together.
#[derive(Clone, Debug)]
pub struct DeltaGate(Arc<Semaphore>);

impl DeltaGate {
    /// A gate that is shut.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets that many more events, or answers, through.
    pub fn release(&self, events: usize) {
        self.0.add_permits(events);
    }

    /// Lets everything through from now on.
    pub fn open(&self) {
        self.0.close();
    }

    /// Waits until one event, or answer, is let through.
    pub(crate) async fn pass(&self) {
        // A closed semaphore is an open gate.
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}

impl Default for DeltaGate {
    fn default() -> Self {
        Self::new()
    }
}

/// When the next event may leave.
#[derive(Clone, Default)]
pub(crate) struct Pace {
    pub(crate) pause: Duration,
    pub(crate) gate: Option<DeltaGate>,
}

impl Pace {
    /// Waits until the next event, which may be a delta, may leave.
    pub(crate) async fn admit(&self, is_delta: bool) {
        if is_delta && !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
        if let Some(gate) = &self.gate {
            gate.pass().await;
        }
    }
}
