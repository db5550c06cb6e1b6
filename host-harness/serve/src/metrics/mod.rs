//! What the service counts, for Prometheus.
//!
//! What happens to requests is counted where they are answered. What happens behind them, retries and tokens for example,
//! only the provider knows: the metrics are a subscriber to its events.

mod histogram;
mod host;
mod text;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use provider_host::events::{Event, EventSubscriber, Level, NoSubscriber, Subscription};
use tokio::time::Instant;

use self::histogram::Histogram;
pub(super) use self::host::of_host;
pub(super) use self::text::CONTENT_TYPE;

/// Counts what a service and its provider do. Give it to [`provider_host::HostBuilder::events`] and to
/// [`crate::ServiceBuilder::metrics`].
pub struct Metrics {
    counts: Mutex<Counts>,
    events: Arc<dyn EventSubscriber>,
}

#[derive(Default)]
struct Counts {
    /// By route and status; no status for a request whose caller went away before it had one.
    requests: BTreeMap<(&'static str, Option<u16>), u64>,
    in_flight: BTreeMap<&'static str, u64>,
    /// Until the answer began.
    beginnings: BTreeMap<&'static str, Histogram>,
    durations: BTreeMap<&'static str, Histogram>,
    input_tokens: u64,
    output_tokens: u64,
    /// US dollars, as far as prices are known.
    cost: f64,
    retries: u64,
    stream_aborts: u64,
}

impl Metrics {
    /// Metrics that nobody else hears the events of.
    pub fn new() -> Self {
        Self::around(Arc::new(NoSubscriber))
    }

    /// Metrics that hand on each event, and each line of the log.
    pub fn around(events: Arc<dyn EventSubscriber>) -> Self {
        Self {
            counts: Mutex::default(),
            events,
        }
    }

    /// The metrics in the text format of Prometheus.
    pub fn to_text(&self) -> String {
        text::write(&self.counts())
    }

    /// A request has come to this route.
    pub(super) fn begin(self: &Arc<Self>, route: &'static str) -> Watch {
        *self.counts().in_flight.entry(route).or_default() += 1;
        Watch {
            metrics: Arc::clone(self),
            route,
            began: Instant::now(),
            status: None,
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// The events that are counted.
const COUNTED: [&str; 3] = ["llm:response", "llm:stream_aborted", "provider:retry"];

impl EventSubscriber for Metrics {
    fn event(&self, event: &Event<'_>) {
        match event.name {
            "llm:response" => {
                let data = event.data();
                let tokens = |name| data["usage"][name].as_u64().unwrap_or(0);
                let cost = data["usage"]["cost_usd"].as_str();
                let cost = cost.and_then(|cost| cost.parse::<f64>().ok());
                let mut counts = self.counts();
                counts.input_tokens += tokens("input_tokens");
                counts.output_tokens += tokens("output_tokens");
                counts.cost += cost.unwrap_or(0.0);
            }
            "llm:stream_aborted" => self.counts().stream_aborts += 1,
            "provider:retry" => self.counts().retries += 1,
            _ => {}
        }
        if self.events.subscription().hears(event.name) {
            self.events.event(event);
        }
    }

    fn subscription(&self) -> Subscription {
        Subscription::of(COUNTED).or(self.events.subscription())
    }

    fn log(&self, level: Level, message: &str) {
        self.events.log(level, message);
    }
}

/// One request, from its head until all of its answer was sent, or until its caller went away.
pub(super) struct Watch {
    metrics: Arc<Metrics>,
    route: &'static str,
    began: Instant,
    status: Option<u16>,
}

impl Watch {
    /// The answer has begun.
    pub(super) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status.as_u16());
        let duration = self.began.elapsed();
        let mut counts = self.metrics.counts();
        counts
            .beginnings
            .entry(self.route)
            .or_default()
            .add(duration);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Self { route, status, .. } = *self;
        let duration = self.began.elapsed();
        let mut counts = self.metrics.counts();
        *counts.requests.entry((route, status)).or_default() += 1;
        if let Some(in_flight) = counts.in_flight.get_mut(route) {
            *in_flight = in_flight.saturating_sub(1);
        }
        counts.durations.entry(route).or_default().add(duration);
    }
}
