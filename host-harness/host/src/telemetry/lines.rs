//! Events as lines of `tracing`.

use std::sync::Arc;

use serde_json::Value;
use tracing::{debug, enabled, info, trace, warn};

use super::calls::Calls;
use crate::events::{Event, EventSubscriber, Level, Subscription};

/// Hands a provider's events on to `tracing`, with the target `provider`. They belong to the span in which the host was
/// called.
///
/// | level | what |
/// |---|---|
/// | `warn` | retries, streams that break off, calls that fail, what is repaired, changed or left out of a request, odd settings |
/// | `info` | calls that succeed, with their tokens, cost, time and number of retries; calls that are cancelled or go on |
/// | `debug` | requests, and whatever else is told |
/// | `trace` | the blocks of streams |
pub struct TracingSubscriber {
    inner: Option<Arc<dyn EventSubscriber>>,
    has_content: bool,
    /// How often each call was tried again.
    retries: Calls<u64>,
}

impl TracingSubscriber {
    /// One that stands alone.
    pub fn new() -> Self {
        Self {
            inner: None,
            has_content: false,
            retries: Calls::new(),
        }
    }

    /// One that hands everything on to another subscriber too. The provider's log is that one's alone.
    pub fn around(inner: Arc<dyn EventSubscriber>) -> Self {
        Self {
            inner: Some(inner),
            ..Self::new()
        }
    }

    /// Whether the texts of streams and the payloads of events that may hold some are handed on too. They are what people
    /// and models wrote, and are not unless this is true.
    #[must_use]
    pub fn content(mut self, is_handed_on: bool) -> Self {
        self.has_content = is_handed_on;
        self
    }

    fn line(&self, event: &Event<'_>) {
        let Event {
            call: id,
            name,
            payload,
        } = *event;
        // A stream has hundreds of these, and most programs do not want them.
        if name.starts_with("llm:stream_block_") && !enabled!(target: TARGET, tracing::Level::TRACE)
        {
            return;
        }
        let data = event.data();
        let text = |key: &str| data[key].as_str();
        let number = |key: &str| data[key].as_u64();
        let (call, provider, model) = (id.map(|id| id.0), text("provider"), text("model"));
        match name {
            "llm:request" => {
                let message_count = number("message_count");
                debug!(target: TARGET, call, provider, model, message_count, "{name}");
            }
            "llm:response" => self.response(event, &data),
            "llm:stream_aborted" => {
                let cause = &data["error"];
                let (error_type, error) = (cause["type"].as_str(), cause["msg"].as_str());
                warn!(target: TARGET, call, error_type, error, "{name}");
            }
            "llm:stream_block_start" | "llm:stream_block_delta" | "llm:stream_block_end" => {
                let (block_index, block_type) = (number("block_index"), text("block_type"));
                let text = text("text").filter(|_| self.has_content);
                trace!(target: TARGET, call, block_index, block_type, text, "{name}");
            }
            "provider:config_warning" => {
                let message = text("message");
                warn!(target: TARGET, provider, message, "{name}");
            }
            "provider:deployment_resolved" => {
                let (deployment, rule) = (text("deployment"), text("rule"));
                debug!(target: TARGET, call, provider, model, deployment, rule, "{name}");
            }
            "provider:incomplete_continuation" => {
                let (number, reason) = (number("continuation_number"), text("reason"));
                info!(target: TARGET, call, provider, number, reason, "{name}");
            }
            "provider:parameter_dropped" => {
                let (parameter, reason) = (text("parameter"), text("reason"));
                warn!(target: TARGET, call, provider, model, parameter, reason, "{name}");
            }
            "provider:parameter_changed" => {
                let (parameter, reason) = (text("parameter"), text("reason"));
                let (requested, sent) = (text("requested"), text("sent"));
                warn!(target: TARGET, call, provider, model, parameter, requested, sent, reason, "{name}");
            }
            "provider:retry" => {
                if let Some(id) = id
                    && self.retries.with(id, |retries| *retries += 1).is_none()
                {
                    self.retries.insert(id, 1, |_| false);
                }
                let (attempt, max_retries) = (number("attempt"), number("max_retries"));
                let delay_s = data["delay"].as_f64();
                let (error_type, error) = (text("error_type"), text("error_message"));
                warn!(target: TARGET, call, provider, attempt, max_retries, delay_s, error_type, error, "{name}");
            }
            "provider:tool_sequence_repaired" => {
                let repairs = number("repair_count");
                warn!(target: TARGET, call, provider, repairs, "{name}");
            }
            _ => {
                let payload = self.has_content.then_some(payload);
                debug!(target: TARGET, call, provider, model, payload, "{name}");
            }
        }
    }

    fn response(&self, event: &Event<'_>, data: &Value) {
        let Event { call: id, name, .. } = *event;
        let retries = id.and_then(|id| self.retries.take(id)).unwrap_or(0);
        let call = id.map(|id| id.0);
        let (provider, model) = (data["provider"].as_str(), data["model"].as_str());
        let (status, duration_ms) = (data["status"].as_str(), data["duration_ms"].as_u64());
        match status {
            Some("error") => {
                let error = data["error"].as_str();
                warn!(target: TARGET, call, provider, model, status, duration_ms, retries, error, "{name}");
            }
            _ => {
                let usage = &data["usage"];
                let input_tokens = usage["input_tokens"].as_u64();
                let output_tokens = usage["output_tokens"].as_u64();
                let cache_read_tokens = usage["cache_read_tokens"].as_u64();
                let cost_usd = usage["cost_usd"].as_str();
                info!(
                    target: TARGET, call, provider, model, status, duration_ms, retries, input_tokens, output_tokens,
                    cache_read_tokens, cost_usd, "{name}"
                );
            }
        }
    }
}

impl Default for TracingSubscriber {
    fn default() -> Self {
        Self::new()
    }
}

impl EventSubscriber for TracingSubscriber {
    fn event(&self, event: &Event<'_>) {
        self.line(event);
        if let Some(inner) = &self.inner
            && inner.subscription().hears(event.name)
        {
            inner.event(event);
        }
    }

    fn subscription(&self) -> Subscription {
        if enabled!(target: TARGET, tracing::Level::DEBUG) {
            return Subscription::All;
        }
        let inner = self.inner.as_ref();
        let inner = inner.map_or_else(Subscription::none, |inner| inner.subscription());
        Subscription::of(LINES).or(inner)
    }

    fn log(&self, level: Level, message: &str) {
        match &self.inner {
            Some(inner) => inner.log(level, message),
            None => crate::events::NoSubscriber.log(level, message),
        }
    }
}

/// The events of the levels `info` and `warn`.
const LINES: [&str; 8] = [
    "llm:response",
    "llm:stream_aborted",
    "provider:config_warning",
    "provider:incomplete_continuation",
    "provider:parameter_changed",
    "provider:parameter_dropped",
    "provider:retry",
    "provider:tool_sequence_repaired",
];

/// The same as of the provider's log.
const TARGET: &str = "provider";
