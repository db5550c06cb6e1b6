//! Calls as spans of OpenTelemetry, by its conventions for generative AI.

mod call;
mod conventions;
mod output;

use std::sync::Arc;

use opentelemetry::trace::{Span, SpanKind, Tracer};
use opentelemetry::{Context, KeyValue};
use serde_json::Value;

use self::call::{Call, Told};
use self::conventions as names;
use super::calls::Calls;
use crate::events::{CallId, Event, EventSubscriber, Level};

/// Makes a span of each call, named `chat {model}`, and ends it with the call.
///
/// Its attributes are those of the conventions for generative AI: operation, provider, model, tokens, the time to the first
/// chunk, and why the call failed; with the setting `debug` the finish reason too, and with `raw_debug` the response's id and
/// model. What they have no name for begins with `amplifier.`: the call's id, its cost, its retries. Retries, streams that
/// break off, repairs and the like are events of the span.
///
/// The parent of a span is the context in which the host was called. Calls of different hosts may have the same ids: each
/// host needs a subscriber of its own.
pub struct OpenTelemetrySubscriber<T: Tracer> {
    tracer: T,
    inner: Option<Arc<dyn EventSubscriber>>,
    has_content: bool,
    provider: Option<String>,
    server: Vec<KeyValue>,
    calls: Calls<State<T::Span>>,
}

/// A call has a span from its request on. What is told before belongs to it too.
enum State<S> {
    Early(Vec<Told>),
    Open(Call<S>),
}

impl<T: Tracer> OpenTelemetrySubscriber<T> {
    /// One that stands alone.
    pub fn new(tracer: T) -> Self {
        Self {
            tracer,
            inner: None,
            has_content: false,
            provider: None,
            server: Vec::new(),
            calls: Calls::new(),
        }
    }

    /// Hands everything on to another subscriber too.
    #[must_use]
    pub fn around(mut self, inner: Arc<dyn EventSubscriber>) -> Self {
        self.inner = Some(inner);
        self
    }

    /// Whether spans have what the model wrote, and with the setting `raw_debug` the bodies of requests and responses. They
    /// do not unless this is true.
    #[must_use]
    pub fn content(mut self, is_recorded: bool) -> Self {
        self.has_content = is_recorded;
        self
    }

    /// What the conventions call the provider, where that is not its id.
    #[must_use]
    pub fn provider(mut self, name: impl Into<String>) -> Self {
        self.provider = Some(name.into());
        self
    }

    /// The host and the port of the endpoint, which events do not tell.
    #[must_use]
    pub fn server(mut self, address: impl Into<String>, port: u16) -> Self {
        self.server = vec![
            KeyValue::new(names::SERVER_ADDRESS, address.into()),
            KeyValue::new(names::SERVER_PORT, i64::from(port)),
        ];
        self
    }

    fn hear(&self, id: CallId, event: &Event<'_>) {
        match event.name {
            "llm:request" => self.begin(id, &event.data()),
            "llm:response" => self.end(id, &event.data()),
            "llm:response:debug" => self.end_after_all(id, &event.data()),
            "llm:stream_block_start" | "llm:stream_block_delta" | "llm:stream_block_end" => {
                self.with_open(id, |call| call.chunk(event));
            }
            "llm:request:raw" | "llm:response:raw" => {
                let has_content = self.has_content;
                self.with_open(id, |call| call.body(event, has_content));
            }
            "llm:request:debug" => {
                let data = event.data();
                self.with_open(id, |call| call.detail(&data));
            }
            _ => self.tell(id, event),
        }
    }

    fn begin(&self, id: CallId, data: &Value) {
        let early = match self.calls.take(id) {
            Some(State::Early(early)) => early,
            Some(State::Open(_)) | None => Vec::new(),
        };
        let model = data["model"].as_str().unwrap_or_default();
        let mut attributes = vec![
            KeyValue::new(names::OPERATION, "chat"),
            KeyValue::new(names::REQUEST_MODEL, model.to_owned()),
            KeyValue::new(names::CALL, names::integer(id.0)),
        ];
        if let Some(provider) = self.provider.as_deref().or(data["provider"].as_str()) {
            attributes.push(KeyValue::new(names::PROVIDER, provider.to_owned()));
        }
        attributes.extend(self.server.iter().cloned());
        let builder = self
            .tracer
            .span_builder(format!("chat {model}"))
            .with_kind(SpanKind::Client)
            .with_attributes(attributes);
        let span = self.tracer.build_with_context(builder, &Context::current());
        let mut call = Call::new(span, self.has_content);
        for told in early {
            call.tell(told);
        }
        self.remember(id, State::Open(call));
    }

    /// With `debug` one more event comes, and has what belongs to the span.
    fn end(&self, id: CallId, data: &Value) {
        let goes_on = self.with_open(id, |call| call.respond(data));
        if goes_on != Some(true)
            && let Some(State::Open(call)) = self.calls.take(id)
        {
            call.end();
        }
    }

    fn end_after_all(&self, id: CallId, data: &Value) {
        if let Some(State::Open(mut call)) = self.calls.take(id) {
            call.finish_reason(data);
            call.end();
        }
    }

    fn tell(&self, id: CallId, event: &Event<'_>) {
        let Some(told) = Told::of(event, self.has_content) else {
            return;
        };
        let mut rest = Some(told);
        self.calls.with(id, |state| match (state, rest.take()) {
            (State::Open(call), Some(told)) => call.tell(told),
            (State::Early(early), Some(told)) if early.len() < MAX_EARLY => early.push(told),
            _ => {}
        });
        if let Some(told) = rest {
            self.remember(id, State::Early(vec![told]));
        }
    }

    fn with_open<R>(&self, id: CallId, change: impl FnOnce(&mut Call<T::Span>) -> R) -> Option<R> {
        let changed = self.calls.with(id, |state| match state {
            State::Open(call) => Some(change(call)),
            State::Early(_) => None,
        });
        changed.flatten()
    }

    fn remember(&self, id: CallId, state: State<T::Span>) {
        // A call that is refused before its request has no end; a span that is open has one.
        let is_early = |state: &State<T::Span>| matches!(state, State::Early(_));
        if let Some(State::Open(forgotten)) = self.calls.insert(id, state, is_early) {
            forgotten.abandon();
        }
    }
}

impl<T> EventSubscriber for OpenTelemetrySubscriber<T>
where
    T: Tracer + Send + Sync,
    T::Span: Span + Send,
{
    fn event(&self, event: &Event<'_>) {
        if let Some(id) = event.call {
            self.hear(id, event);
        }
        if let Some(inner) = &self.inner
            && inner.subscription().hears(event.name)
        {
            inner.event(event);
        }
    }

    fn log(&self, level: Level, message: &str) {
        match &self.inner {
            Some(inner) => inner.log(level, message),
            None => crate::events::NoSubscriber.log(level, message),
        }
    }
}

/// What is told of a call before its request: the deployment, repairs, and a few parameters that are left out.
const MAX_EARLY: usize = 32;

#[cfg(test)]
mod tests;
