//! What credentials see of the machine.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::managed_identity::ArcPaths;
use super::transport::Transport;
use crate::environment::Environment;

/// Tells the time.
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What credentials see of the machine: nothing else depends on where they run.
pub(super) struct Surroundings {
    pub(super) environment: Environment,
    pub(super) transport: Transport,
    pub(super) clock: Clock,
    /// Whether a person is at the terminal.
    pub(super) is_interactive: bool,
    pub(super) arc_paths: ArcPaths,
    /// How long one request may take.
    pub(super) request_timeout: Duration,
}

impl Surroundings {
    /// A variable's value. An empty or a blank one counts as not set: scripts and pipelines leave such behind.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let value = self.environment.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }

    pub(super) fn now(&self) -> SystemTime {
        (self.clock)()
    }
}

/// How long one request for a token may take, unless a test is in a hurry. Entra answers within one second, and the
/// slowest metadata services within five.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long connecting may take: the rest of the time is the answer's.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
