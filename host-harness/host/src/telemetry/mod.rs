//! Hands a provider's events on to `tracing`, and with the feature `opentelemetry` to OpenTelemetry.
//!
//! Both are subscribers that wrap another one or stand alone. What people and models wrote is handed on only when it is
//! asked for. `docs/events.md` lists the events.

mod calls;
mod lines;
#[cfg(feature = "opentelemetry")]
mod spans;

pub use self::lines::TracingSubscriber;
#[cfg(feature = "opentelemetry")]
pub use self::spans::OpenTelemetrySubscriber;

/// The examples of the page on events are compiled.
#[cfg(all(doctest, feature = "opentelemetry"))]
#[doc = include_str!("../../docs/events.md")]
struct EventsPage;
