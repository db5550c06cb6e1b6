//! What providers tell the host.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

pub use crate::contract::events::{Level, Subscription};

/// Hears what a provider does. Calls come in order for one exchange, and from several tasks for several.
///
/// A subscriber must not block: the exchange waits for it.
pub trait EventSubscriber: Send + Sync {
    /// An event of the kernel, such as `llm:request`.
    fn event(&self, event: &Event<'_>);

    /// Which events it listens to, all without this. It is asked once for each call, and gets no others: a provider does not
    /// even make them.
    fn subscription(&self) -> Subscription {
        Subscription::All
    }

    /// A line for the log.
    fn log(&self, level: Level, message: &str) {
        match level {
            Level::Trace => tracing::trace!(target: "provider", "{message}"),
            Level::Debug => tracing::debug!(target: "provider", "{message}"),
            Level::Info => tracing::info!(target: "provider", "{message}"),
            Level::Warn => tracing::warn!(target: "provider", "{message}"),
            Level::Error => tracing::error!(target: "provider", "{message}"),
        }
    }
}

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// The call in which it happened: requests, retries and streams of one call have the same. None while a configuration
    /// is opened.
    pub call: Option<CallId>,
    /// Its name, such as `llm:request`.
    pub name: &'a str,
    /// A JSON object, as text: most subscribers look at few of the many events of a stream.
    pub payload: &'a str,
}

impl Event<'_> {
    /// The payload; `Null` where a [`Value`] cannot hold it, such as a number beyond 64 bits of precision and range.
    pub fn data(&self) -> Value {
        serde_json::from_str(self.payload).unwrap_or_default()
    }
}

/// One call: unique in the process, whichever host it is a call of, and growing. The first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub(crate) u64);

impl CallId {
    /// The id of the next call.
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Hears nothing but the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSubscriber;

impl EventSubscriber for NoSubscriber {
    fn event(&self, _: &Event<'_>) {}

    fn subscription(&self) -> Subscription {
        Subscription::none()
    }
}
