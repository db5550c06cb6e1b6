//! The span of one call.

use std::time::{Instant, SystemTime};

use opentelemetry::trace::{Span, Status};
use opentelemetry::{Array, KeyValue, StringValue};
use serde_json::Value;

use super::conventions as names;
use super::output::Output;
use crate::events::Event;

/// A call that is going on.
pub(super) struct Call<S> {
    span: S,
    began: Instant,
    /// When it was over, while more is told of it.
    ended: Option<SystemTime>,
    has_chunks: bool,
    /// More is told of it after its end.
    is_debugged: bool,
    retries: i64,
    /// Why its last stream broke off, until it is tried again.
    aborted: Option<String>,
    /// What the model writes, if it is recorded.
    output: Option<Output>,
}

/// Something that is an event of the span.
pub(super) struct Told {
    name: String,
    at: SystemTime,
    attributes: Vec<KeyValue>,
    /// The kind of error of a stream that broke off.
    aborted: Option<String>,
}

impl<S: Span> Call<S> {
    pub(super) fn new(span: S, has_content: bool) -> Self {
        Self {
            span,
            began: Instant::now(),
            ended: None,
            has_chunks: false,
            is_debugged: false,
            retries: 0,
            aborted: None,
            output: has_content.then(Output::default),
        }
    }

    pub(super) fn tell(&mut self, told: Told) {
        if told.name == "provider:retry" {
            self.retries += 1;
            self.aborted = None;
        }
        if told.aborted.is_some() {
            self.aborted = told.aborted;
            // The answer starts again.
            self.output = self.output.take().map(|_| Output::default());
        }
        self.span
            .add_event_with_timestamp(told.name, told.at, told.attributes);
    }

    /// A part of a stream.
    pub(super) fn chunk(&mut self, event: &Event<'_>) {
        if !self.has_chunks && event.name == "llm:stream_block_delta" {
            self.has_chunks = true;
            let seconds = self.began.elapsed().as_secs_f64();
            self.set(names::TIME_TO_FIRST_CHUNK, Some(seconds));
        }
        if let Some(output) = &mut self.output {
            output.hear(event.name, &event.data());
        }
    }

    /// The body of a request or a response.
    pub(super) fn body(&mut self, event: &Event<'_>, has_content: bool) {
        if event.name == "llm:response:raw" {
            let response = &event.data()["response"];
            self.set(names::RESPONSE_ID, owned(&response["id"]));
            self.set(names::RESPONSE_MODEL, owned(&response["model"]));
        }
        if has_content {
            let body = KeyValue::new(names::BODY, event.payload.to_owned());
            self.span.add_event(event.name.to_owned(), vec![body]);
        }
    }

    /// What is told of the request with `debug`.
    pub(super) fn detail(&mut self, data: &Value) {
        self.is_debugged = true;
        self.set(names::IS_STREAMED, data["stream"].as_bool());
    }

    /// What came of the call. Whether more is told of it.
    pub(super) fn respond(&mut self, data: &Value) -> bool {
        self.ended = Some(SystemTime::now());
        let usage = &data["usage"];
        let tokens = |key: &str| usage[key].as_u64().map(names::integer);
        self.set(names::INPUT_TOKENS, tokens("input_tokens"));
        self.set(names::OUTPUT_TOKENS, tokens("output_tokens"));
        self.set(names::CACHE_READ_TOKENS, tokens("cache_read_tokens"));
        self.set(names::CACHE_WRITE_TOKENS, tokens("cache_write_tokens"));
        self.set(names::COST, owned(&usage["cost_usd"]));
        self.set(names::RETRIES, Some(self.retries));
        match data["status"].as_str() {
            Some("ok") => self.is_debugged,
            status => {
                let kind = match status {
                    Some("error") | None => {
                        owned(&data["error_type"]).or_else(|| self.aborted.take())
                    }
                    Some(status) => Some(status.to_owned()),
                };
                let message = owned(&data["error"]).or_else(|| status.map(str::to_owned));
                self.fail(
                    kind.unwrap_or_else(|| names::OTHER_ERROR.to_owned()),
                    message.unwrap_or_default(),
                );
                false
            }
        }
    }

    /// Why the model stopped, which is told with `debug` only.
    pub(super) fn finish_reason(&mut self, data: &Value) {
        let reason = owned(&data["finish_reason"]).map(StringValue::from);
        let reasons = reason.map(|reason| opentelemetry::Value::Array(Array::String(vec![reason])));
        self.set(names::FINISH_REASONS, reasons);
        if let Some(output) = &mut self.output {
            output.finish_reason = owned(&data["finish_reason"]);
        }
    }

    pub(super) fn end(mut self) {
        let messages = self.output.take().and_then(Output::into_messages);
        self.set(names::OUTPUT_MESSAGES, messages);
        self.span
            .end_with_timestamp(self.ended.unwrap_or_else(SystemTime::now));
    }

    /// Ends the span of a call whose end nobody told.
    pub(super) fn abandon(mut self) {
        self.fail(
            names::OTHER_ERROR.to_owned(),
            "the end of this call was not told".to_owned(),
        );
        self.end();
    }

    fn fail(&mut self, kind: String, message: String) {
        self.set(names::ERROR_TYPE, Some(kind));
        self.span.set_status(Status::error(message));
    }

    fn set<V: Into<opentelemetry::Value>>(&mut self, name: &'static str, value: Option<V>) {
        if let Some(value) = value {
            self.span.set_attribute(KeyValue::new(name, value));
        }
    }
}

impl Told {
    /// What an event tells, beside what may be content; nothing where that is all there is.
    pub(super) fn of(event: &Event<'_>, has_content: bool) -> Option<Self> {
        let data = event.data();
        let is_aborted = event.name == "llm:stream_aborted";
        let attributes = match TOLD.iter().find(|(name, _)| *name == event.name) {
            Some((_, keys)) => attributes(&data, keys),
            None if has_content => vec![KeyValue::new(names::BODY, event.payload.to_owned())],
            None => return None,
        };
        Some(Self {
            name: event.name.to_owned(),
            at: SystemTime::now(),
            attributes,
            aborted: is_aborted.then(|| owned(&data["error"]["type"])).flatten(),
        })
    }
}

fn attributes(data: &Value, keys: &[(&str, &'static str)]) -> Vec<KeyValue> {
    let attribute = |(pointer, name): &(&str, &'static str)| {
        let value: opentelemetry::Value = match data.pointer(pointer)? {
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => integer.into(),
                None => number.as_f64()?.into(),
            },
            Value::String(text) => text.clone().into(),
            _ => return None,
        };
        Some(KeyValue::new(*name, value))
    };
    keys.iter().filter_map(attribute).collect()
}

fn owned(text: &Value) -> Option<String> {
    text.as_str().map(str::to_owned)
}

/// An event, and what of its payload is told, under which names.
type Row = (&'static str, &'static [(&'static str, &'static str)]);

/// The events that are worth one of the span's.
const TOLD: [Row; 9] = [
    (
        "llm:stream_aborted",
        &[
            ("/error/type", names::ERROR_TYPE),
            ("/error/msg", "error.message"),
        ],
    ),
    (
        "provider:concurrency",
        &[
            ("/active_requests", "amplifier.active_requests"),
            ("/waiting_requests", "amplifier.waiting_requests"),
            ("/max_concurrent", "amplifier.max_concurrent"),
        ],
    ),
    (
        "provider:deployment_resolved",
        &[
            ("/requested_model", "amplifier.requested_model"),
            ("/model", "amplifier.logical_model"),
            ("/deployment", "amplifier.deployment"),
            ("/rule", "amplifier.rule"),
        ],
    ),
    (
        "provider:incomplete_continuation",
        &[
            ("/response_id", names::RESPONSE_ID),
            ("/reason", "amplifier.reason"),
            ("/continuation_number", "amplifier.continuation"),
        ],
    ),
    (
        "provider:parameter_changed",
        &[
            ("/parameter", "amplifier.parameter"),
            ("/reason", "amplifier.reason"),
            ("/requested", "amplifier.requested"),
            ("/sent", "amplifier.sent"),
        ],
    ),
    (
        "provider:failover",
        &[
            ("/from/deployment", "amplifier.from.deployment"),
            ("/from/endpoint", "amplifier.from.endpoint"),
            ("/to/deployment", "amplifier.to.deployment"),
            ("/to/endpoint", "amplifier.to.endpoint"),
            ("/reason", "amplifier.reason"),
            ("/error_message", "error.message"),
        ],
    ),
    (
        "provider:parameter_dropped",
        &[
            ("/parameter", "amplifier.parameter"),
            ("/reason", "amplifier.reason"),
        ],
    ),
    (
        "provider:retry",
        &[
            ("/attempt", "amplifier.attempt"),
            ("/delay", "amplifier.delay_s"),
            ("/error_type", names::ERROR_TYPE),
            ("/error_message", "error.message"),
        ],
    ),
    (
        "provider:tool_sequence_repaired",
        &[("/repair_count", "amplifier.repairs")],
    ),
];
