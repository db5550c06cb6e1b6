//! What those who listen hear of one instance.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::{CallPlan, Grants};
use crate::contract::events::{Level, Subscription};
use crate::events::{CallId, Event, EventSubscriber};
use crate::limits::LimitError;

/// Hands on what an instance emits, without secrets, and tells the end of an exchange that the provider cannot tell: when
/// its instance is gone before.
pub(super) struct Reporter {
    grants: Arc<Grants>,
    call: Option<CallId>,
    /// Who hears the present call.
    events: Arc<dyn EventSubscriber>,
    /// What it listens to.
    subscription: Subscription,
    /// Its events go nowhere, and neither do lines of the log that report what was reported before. Errors are handed on: a
    /// component that panics says why in the log.
    pub(super) is_muted: bool,
    /// What the call has emitted so far.
    bytes: usize,
    /// What it may emit.
    max_bytes: usize,
    /// The exchange that was begun with `llm:request` and not ended.
    exchange: Option<Exchange>,
}

struct Exchange {
    begin: Instant,
    /// The payload of `llm:request`.
    request: Value,
}

impl Reporter {
    pub(super) fn new(grants: Arc<Grants>) -> Self {
        Self {
            subscription: grants.events.subscription(),
            events: Arc::clone(&grants.events),
            max_bytes: grants.limits.event_bytes,
            grants,
            call: None,
            is_muted: false,
            bytes: 0,
            exchange: None,
        }
    }

    /// What comes belongs to this call, and is heard by its subscriber.
    pub(super) fn begin(&mut self, plan: CallPlan) {
        self.call = Some(plan.id);
        self.subscription = plan.events.subscription();
        self.events = plan.events;
        self.bytes = 0;
        self.max_bytes = plan.limits.event_bytes;
    }

    /// The call is over: whoever heard it is not kept for the next one.
    pub(super) fn end_call(&mut self) {
        self.events = Arc::clone(&self.grants.events);
    }

    /// What the component is told of what is listened to.
    pub(super) fn subscription(&self) -> Subscription {
        if self.is_muted {
            return Subscription::none();
        }
        let heard = self.subscription.clone();
        if heard.hears(RESPONSE) {
            // Whoever hears the end of an exchange hears it from here, too, and that needs its beginning.
            heard.or(Subscription::of([REQUEST]))
        } else {
            heard
        }
    }

    /// Hands on an event.
    ///
    /// # Errors
    ///
    /// When it is more than one call may emit.
    pub(super) fn emit(&mut self, name: &str, payload: &str) -> Result<(), LimitError> {
        self.count(name.len() + payload.len())?;
        let is_heard = self.subscription.hears(name);
        let is_beginning = name == REQUEST && self.subscription.hears(RESPONSE);
        if self.is_muted || !(is_heard || is_beginning) {
            return Ok(());
        }
        let (name, payload) = (self.redacted(name), self.redacted(payload));
        let is_object = payload.trim_start().starts_with('{')
            && serde_json::from_str::<IgnoredAny>(&payload).is_ok();
        if !is_object {
            tracing::warn!("the provider emitted {name} with a payload that is no JSON object");
            return Ok(());
        }
        let payload = on_one_line(payload);
        let event = Event {
            call: self.call,
            name: &name,
            payload: &payload,
        };
        if is_heard {
            self.events.event(&event);
        }
        match event.name {
            REQUEST => {
                self.exchange = Some(Exchange {
                    begin: Instant::now(),
                    request: event.data(),
                });
            }
            RESPONSE => self.exchange = None,
            _ => {}
        }
        Ok(())
    }

    /// Hands on a line for the log.
    ///
    /// # Errors
    ///
    /// When it is more than one call may emit.
    pub(super) fn log(&mut self, level: Level, message: &str) -> Result<(), LimitError> {
        self.count(message.len())?;
        if self.is_muted && !matches!(level, Level::Error | Level::Warn) {
            return Ok(());
        }
        self.events.log(level, &self.redacted(message));
        Ok(())
    }

    /// The component failed in the middle of the exchange.
    pub(super) fn fail(&mut self, error: &str) {
        self.end("error", Some(error));
    }

    /// Tells the end of an exchange that was begun, in the provider's place.
    fn end(&mut self, status: &str, error: Option<&str>) {
        let Some(Exchange { begin, request }) = self.exchange.take() else {
            return;
        };
        let duration = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut payload = json!({
            "provider": request["provider"],
            "request_id": request["request_id"],
            "model": request["model"],
            "status": status,
            "duration_ms": duration,
        });
        if let Some(error) = error {
            payload["error"] = error.into();
        }
        self.events.event(&Event {
            call: self.call,
            name: RESPONSE,
            payload: &payload.to_string(),
        });
    }

    fn count(&mut self, bytes: usize) -> Result<(), LimitError> {
        let limit = self.max_bytes;
        self.bytes = self.bytes.saturating_add(bytes.max(LEAST_BYTES));
        match self.bytes <= limit {
            true => Ok(()),
            false => Err(LimitError::Events { limit }),
        }
    }

    fn redacted<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.grants.secrets.redact(text)
    }
}

impl Drop for Reporter {
    /// Whoever waited for the exchange does not any more.
    fn drop(&mut self) {
        self.end("cancelled", None);
    }
}

/// A JSON text on one line. Line breaks in it are between its values, since in a string they are written as escapes; a log of
/// lines would have one in the midst of an event, and a line of the component's own after it.
fn on_one_line(json: Cow<'_, str>) -> Cow<'_, str> {
    match json.contains(['\n', '\r']) {
        true => json.replace(['\n', '\r'], " ").into(),
        false => json,
    }
}

/// The beginning of an exchange, and its end.
const REQUEST: &str = "llm:request";
const RESPONSE: &str = "llm:response";

/// What an empty event counts for: it costs its subscriber something too.
const LEAST_BYTES: usize = 64;
