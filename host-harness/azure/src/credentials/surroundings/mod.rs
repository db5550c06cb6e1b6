//! What credentials see of the machine: variables, time, the network, files and programs.

mod processes;
mod small_file;
mod time_limit;
mod transport;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub(in crate::credentials) use self::processes::{ProcessError, Processes};
pub(in crate::credentials) use self::small_file::read_small_file;
pub(in crate::credentials) use self::time_limit::TimeLimit;
pub(in crate::credentials) use self::transport::{Answer, Request, Transport, TransportError};
use provider_host::Environment;

use super::managed_identity::ArcPaths;

/// Tells the time.
pub(in crate::credentials) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What credentials see of the machine: nothing else depends on where they run.
pub(in crate::credentials) struct Surroundings {
    pub(in crate::credentials) environment: Environment,
    pub(in crate::credentials) transport: Transport,
    pub(in crate::credentials) clock: Clock,
    /// Whether a person is at the terminal.
    pub(in crate::credentials) is_interactive: bool,
    pub(in crate::credentials) arc_paths: ArcPaths,
    /// How long one request may take.
    pub(in crate::credentials) request_timeout: Duration,
}

impl Surroundings {
    /// A variable's value. An empty or a blank one counts as not set: scripts and pipelines leave such behind.
    pub(in crate::credentials) fn variable(&self, name: &str) -> Option<&str> {
        let value = self.environment.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }

    pub(in crate::credentials) fn now(&self) -> SystemTime {
        (self.clock)()
    }
}

/// How long one request for a token may take, unless a test is in a hurry. Entra answers within one second, and the
/// slowest metadata services within five.
pub(in crate::credentials) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long connecting may take: the rest of the time is the answer's.
pub(in crate::credentials) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
