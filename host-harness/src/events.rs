//! What providers tell the host.

use serde_json::Value;

pub use crate::contract::events::Level;

/// Hears what a provider does. Calls come in order for one exchange, and from several tasks for several.
///
/// A subscriber must not block: the exchange waits for it.
pub trait EventSubscriber: Send + Sync {
    /// An event of the kernel, such as `llm:request`.
    fn event(&self, name: &str, data: &Value);

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

/// Hears nothing but the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSubscriber;

impl EventSubscriber for NoSubscriber {
    fn event(&self, _: &str, _: &Value) {}
}
