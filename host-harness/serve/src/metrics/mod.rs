//! What the service counts, for Prometheus.
//!
//! What happens to requests is counted where they are answered. What happens behind them, retries and tokens for example,
//! only the provider knows: the metrics are a subscriber to its events.

mod host;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use provider_host::events::{Event, EventSubscriber, Level, NoSubscriber, Subscription};
use tokio::time::Instant;

pub(super) use self::host::of_host;
pub(super) use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

/// Counts what a service and its provider do. Give it to [`provider_host::HostBuilder::events`] and to
/// [`crate::ServiceBuilder::metrics`].
pub struct Metrics {
    registry: Registry,
    requests: Family<Outcome, Counter>,
    in_flight: Family<Route, Gauge>,
    /// Until the answer began.
    beginnings: Family<Route, Histogram, Durations>,
    durations: Family<Route, Histogram, Durations>,
    input_tokens: Counter,
    output_tokens: Counter,
    /// US dollars, as far as prices are known.
    cost: Counter<f64, AtomicU64>,
    retries: Counter,
    /// How often another deployment was asked.
    failovers: Family<Reason, Counter>,
    stream_aborts: Counter,
    events: Arc<dyn EventSubscriber>,
}

/// What happened to a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    route: &'static str,
    /// `none` for a request whose caller went away before it had one.
    status: Cow<'static, str>,
}

/// Where a request went.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

/// Why another deployment was asked: one of [`REASONS`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// Makes histograms of durations.
#[derive(Clone)]
struct Durations;

impl MetricConstructor<Histogram> for Durations {
    fn new_metric(&self) -> Histogram {
        Histogram::new(BOUNDS)
    }
}

impl Metrics {
    /// Metrics that nobody else hears the events of.
    pub fn new() -> Self {
        Self::around(Arc::new(NoSubscriber))
    }

    /// Metrics that hand on each event, and each line of the log.
    pub fn around(events: Arc<dyn EventSubscriber>) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            requests: Family::default(),
            in_flight: Family::default(),
            beginnings: Family::new_with_constructor(Durations),
            durations: Family::new_with_constructor(Durations),
            input_tokens: Counter::default(),
            output_tokens: Counter::default(),
            cost: Counter::default(),
            retries: Counter::default(),
            failovers: Family::default(),
            stream_aborts: Counter::default(),
            events,
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "http_requests",
            "Requests that were answered, or whose caller went away (status \"none\")",
            self.requests.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests whose answer is not at its end",
            self.in_flight.clone(),
        );
        registry.register(
            "http_time_to_first_byte_seconds",
            "Time from a request's head to the beginning of its answer",
            self.beginnings.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "Time from a request's head to the end of its answer",
            self.durations.clone(),
        );
        let tokens = Family::<[(&str, &str); 1], Counter>::default();
        self.input_tokens = tokens.get_or_create_owned(&[("direction", "input")]);
        self.output_tokens = tokens.get_or_create_owned(&[("direction", "output")]);
        registry.register(
            "tokens",
            "Tokens that went to models and came from them",
            tokens,
        );
        registry.register(
            "cost_usd",
            "What the tokens cost in US dollars, where their price is known",
            self.cost.clone(),
        );
        registry.register(
            "provider_retries",
            "Attempts of the provider after one that failed",
            self.retries.clone(),
        );
        // A counter that is there from the beginning shows its first step, too.
        for reason in REASONS.into_iter().chain(["other"]) {
            drop(self.failovers.get_or_create(&Reason { reason }));
        }
        registry.register(
            "provider_failovers",
            "Requests for which the provider asked another deployment",
            self.failovers.clone(),
        );
        registry.register(
            "provider_stream_aborts",
            "Streams that broke off after something of them was delivered",
            self.stream_aborts.clone(),
        );
    }

    /// The metrics in the text format of Prometheus.
    pub fn to_text(&self) -> String {
        text(&self.registry)
    }

    /// A request has come to this route.
    pub(super) fn begin(self: &Arc<Self>, route: &'static str) -> Watch {
        self.in_flight.get_or_create(&Route { route }).inc();
        Watch {
            metrics: Arc::clone(self),
            route,
            began: Instant::now(),
            status: None,
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// The events that are counted.
const COUNTED: [&str; 4] = [
    "llm:response",
    "llm:stream_aborted",
    "provider:failover",
    "provider:retry",
];

impl EventSubscriber for Metrics {
    fn event(&self, event: &Event<'_>) {
        match event.name {
            "llm:response" => {
                let data = event.data();
                let tokens = |name| data["usage"][name].as_u64().unwrap_or(0);
                let cost = data["usage"]["cost_usd"].as_str();
                let cost = cost.and_then(|cost| cost.parse::<f64>().ok());
                self.input_tokens.inc_by(tokens("input_tokens"));
                self.output_tokens.inc_by(tokens("output_tokens"));
                self.cost.inc_by(cost.unwrap_or(0.0));
            }
            "llm:stream_aborted" => {
                self.stream_aborts.inc();
            }
            "provider:failover" => {
                let data = event.data();
                let known = REASONS.into_iter().find(|reason| data["reason"] == *reason);
                let reason = known.unwrap_or("other");
                self.failovers.get_or_create(&Reason { reason }).inc();
            }
            "provider:retry" => {
                self.retries.inc();
            }
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

/// Why the provider goes on to another deployment: a label must not have a value for each word that a component says.
const REASONS: [&str; 9] = [
    "capacity",
    "context-length",
    "network",
    "not-found",
    "quota",
    "rate-limit",
    "stream",
    "timeout",
    "unavailable",
];

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
        let route = Route { route: self.route };
        let duration = self.began.elapsed().as_secs_f64();
        let beginnings = &self.metrics.beginnings;
        beginnings.get_or_create(&route).observe(duration);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let metrics = &self.metrics;
        let route = Route { route: self.route };
        let status = self.status.map(|status| Cow::Owned(status.to_string()));
        let outcome = Outcome {
            route: self.route,
            status: status.unwrap_or(Cow::Borrowed("none")),
        };
        metrics.requests.get_or_create(&outcome).inc();
        metrics.in_flight.get_or_create(&route).dec();
        let duration = self.began.elapsed().as_secs_f64();
        metrics.durations.get_or_create(&route).observe(duration);
    }
}

/// Version 0.0.4 of the format, which every version of Prometheus reads.
fn text(registry: &Registry) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = prometheus_text::encode(&mut text, registry);
    text
}

/// What all names begin with.
const PREFIX: &str = "host_harness";

/// In seconds: from an answer that needs no model to a model that thinks for minutes.
const BOUNDS: [f64; 12] = [
    0.01, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];
