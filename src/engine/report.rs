//! The kernel's events, with the kernel's fields. What the host does not listen to is not built.

use std::time::Duration;

use serde_json::Value;

use super::edge::{Edge, Instant};
use crate::contract::events::Subscription;
use crate::contract::types::{
    BlockDelta, BlockKind, BlockStart, ChatRequest, ChatResponse, FinishReason, ProviderError,
    StreamEvent, Usage,
};
use crate::core::config::Debugging;
use crate::core::deployment::Deployment;
use crate::core::error::{PROVIDER_ID, kind_name};
use crate::core::headers::Headers;
use crate::core::json::ObjectWriter;
use crate::core::request::repair::Repairs;
use crate::core::request::{Body, Dropped, Translated};
use crate::core::secret::{self, Secrets};

/// Reports something odd about the configuration.
pub(super) fn config_warning(edge: &impl Edge, message: &str) {
    let payload = ObjectWriter::new()
        .member("provider", PROVIDER_ID)
        .member("message", message);
    edge.emit("provider:config_warning", &payload.finish());
}

/// Who hears the events of one call.
#[derive(Debug)]
pub(super) struct Listener<E> {
    edge: E,
    subscription: Subscription,
    /// Ties the events of the call together: retries, streams that begin anew and continuations included. Empty when nothing
    /// is heard.
    request_id: String,
    started: Instant,
}

impl<E: Edge> Listener<E> {
    /// Asks what the host listens to: once for each call.
    pub(super) fn new(edge: E) -> Self {
        let subscription = edge.subscription();
        let is_deaf = matches!(&subscription, Subscription::Only(names) if names.is_empty());
        let (request_id, started) = if is_deaf {
            (String::new(), Instant(Duration::ZERO))
        } else {
            (uuid(edge.random()), edge.now())
        };
        Self {
            edge,
            subscription,
            request_id,
            started,
        }
    }

    /// Whether the host listens to the events with this name.
    pub(super) fn hears(&self, name: &str) -> bool {
        match &self.subscription {
            Subscription::All => true,
            Subscription::Only(names) => names.iter().any(|heard| heard == name),
        }
    }

    /// Begins the payload of an event, which says which call it is of; none when the host does not listen to the event.
    pub(super) fn payload(&self, name: &str) -> Option<ObjectWriter> {
        let payload = self.of_stream(name)?;
        Some(payload.member("provider", PROVIDER_ID))
    }

    /// Begins the payload of an event of the stream, which says no more of the call than its id.
    fn of_stream(&self, name: &str) -> Option<ObjectWriter> {
        let begin = || ObjectWriter::new().member("request_id", &self.request_id);
        self.hears(name).then(begin)
    }

    pub(super) fn emit(&self, name: &str, payload: ObjectWriter) {
        self.edge.emit(name, &payload.finish());
    }

    /// Reports that something is tried again after a wait.
    pub(super) fn retry(
        &self,
        error: &ProviderError,
        (attempt, most): (u64, u64),
        delay: Duration,
    ) {
        const NAME: &str = "provider:retry";
        if let Some(payload) = self.payload(NAME) {
            let payload = payload
                .member("attempt", &attempt)
                .member("max_retries", &most)
                .member("delay", &delay.as_secs_f64())
                .member("error_type", kind_name(error.kind))
                .member("error_message", &error.message);
            self.emit(NAME, payload);
        }
    }

    /// Reports that the call failed; the payload says which one.
    pub(super) fn emit_failure(&self, payload: ObjectWriter, error: &ProviderError) {
        let mut payload = payload
            .member("status", "error")
            .member("duration_ms", &self.duration_ms())
            .member("error", &error.message)
            .member("error_type", kind_name(error.kind));
        if let Some(code) = &error.code {
            payload = payload.member("error_code", code);
        }
        self.emit(RESPONSE, payload);
    }

    /// How long the call has taken.
    pub(super) fn duration_ms(&self) -> u64 {
        milliseconds(self.edge.now().since(self.started))
    }

    /// The time from the beginning of the call to this moment.
    pub(super) fn since_start(&self, moment: Instant) -> u64 {
        milliseconds(moment.since(self.started))
    }
}

/// The report of one exchange.
#[derive(Debug)]
pub(super) struct Report<E> {
    listener: Listener<E>,
    /// The deployment, which is the model on the wire.
    model: String,
    /// The host listens to events of the stream, and the service is asked for one. Otherwise nothing arrives that such events
    /// could report.
    hears_stream: bool,
    /// The blocks that the stream's events have begun, for their types and counts.
    blocks: Vec<Block>,
    /// A delta was emitted, so that a restart must be reported.
    has_deltas: bool,
    debug: Debugging,
}

#[derive(Debug)]
struct Block {
    index: u32,
    kind: &'static str,
    deltas: u64,
}

impl<E: Edge> Report<E> {
    /// Reports the request, and what is changed in it.
    pub(super) fn start(
        edge: E,
        request: &ChatRequest,
        deployment: &Deployment,
        translated: &Translated,
        debug: Debugging,
    ) -> Self {
        let listener = Listener::new(edge);
        let hears_stream = STREAM_EVENTS.iter().any(|name| listener.hears(name));
        let report = Self {
            model: deployment.name.clone(),
            hears_stream: hears_stream && translated.is_streaming(),
            blocks: Vec::new(),
            has_deltas: false,
            debug,
            listener,
        };
        if debug != Debugging::Off {
            report.deployment_resolved(request, deployment);
        }
        report.repaired(&translated.repairs);
        for dropped in &translated.dropped {
            report.dropped(dropped);
        }
        let message_count = translated.repairs.message_count(request.messages.len());
        let summary = translated.body.summary();
        if let Some(payload) = report.payload(REQUEST) {
            let payload = payload
                .member("message_count", &message_count)
                .member("has_instructions", &summary.has_instructions)
                .member("reasoning_enabled", &summary.has_reasoning)
                .member("thinking_enabled", &translated.thinking.is_some())
                .member(
                    "thinking_budget",
                    &translated.thinking.and_then(|thinking| thinking.budget),
                )
                .member("background_mode", &false);
            report.listener.emit(REQUEST, payload);
        }
        if debug != Debugging::Off
            && let Some(payload) = report.payload(REQUEST_DEBUG)
        {
            let payload = payload
                .member("message_count", &message_count)
                .member("item_count", &summary.item_count)
                .member("tool_count", &summary.tool_count)
                .member("stream", &translated.is_streaming());
            report.listener.emit(REQUEST_DEBUG, payload);
        }
        report
    }

    /// Reports a body before it is sent for the first time, where bodies are reported.
    pub(super) fn sends(&self, body: &Body, secrets: &Secrets) {
        if self.hears_body("llm:request:raw") {
            self.body("llm:request:raw", "params", body.to_value(), secrets);
        }
    }

    /// What the service answered, where bodies are reported: JSON, or what cannot be read as such.
    pub(super) fn raw(&self, body: &[u8]) -> Option<Value> {
        let read = || serde_json::from_slice(body);
        let as_text = |_| String::from_utf8_lossy(body).into();
        let is_heard = self.hears_body("llm:response:raw");
        is_heard.then(|| read().unwrap_or_else(as_text))
    }

    /// Reports what the service answered.
    pub(super) fn received(&self, response: Value, secrets: &Secrets) {
        self.body("llm:response:raw", "response", response, secrets);
    }

    fn hears_body(&self, name: &str) -> bool {
        self.debug == Debugging::Bodies && self.listener.hears(name)
    }

    /// A service may repeat what it was sent, secrets included. A body may have secrets of the user's own too, such as the
    /// authorization of an MCP server: what a key says is secret is left out.
    fn body(&self, name: &str, key: &str, mut body: Value, secrets: &Secrets) {
        secret::redact_members(&mut body);
        if let Some(payload) = self.payload(name) {
            let payload = payload.member(key, &body).finish();
            let payload = ObjectWriter::onto(secrets.redact(payload));
            self.listener.emit(name, payload);
        }
    }

    fn deployment_resolved(&self, request: &ChatRequest, deployment: &Deployment) {
        const NAME: &str = "provider:deployment_resolved";
        if let Some(payload) = self.listener.payload(NAME) {
            let payload = payload
                .member("requested_model", &request.model)
                .member("model", &deployment.logical_model)
                .member("deployment", &deployment.name)
                .member("rule", deployment.rule.name());
            self.listener.emit(NAME, payload);
        }
    }

    /// Reports what was done to the conversation, once for all of it.
    fn repaired(&self, repairs: &Repairs) {
        const NAME: &str = "provider:tool_sequence_repaired";
        if repairs.list.is_empty() {
            return;
        }
        let Some(payload) = self.listener.payload(NAME) else {
            return;
        };
        let mut list = String::from("[");
        for repair in &repairs.list {
            if list.len() > 1 {
                list.push(',');
            }
            let repair = ObjectWriter::new()
                .member("repair", repair.kind.name())
                .member("tool_call_id", &repair.call_id)
                .member("tool_name", &repair.tool_name)
                .member("message", &repair.message);
            list.push_str(&repair.finish());
        }
        list.push(']');
        let mut payload = payload
            .member("repair_count", &repairs.list.len())
            .written("repairs", &list);
        if repairs.closed_turns > 0 {
            payload = payload.member("synthetic_assistant_count", &repairs.closed_turns);
        }
        self.listener.emit(NAME, payload);
    }

    /// Reports something that was asked for and is not sent, or not as it was asked for.
    pub(super) fn dropped(&self, dropped: &Dropped) {
        let name = match dropped.changed {
            Some(_) => "provider:parameter_changed",
            None => "provider:parameter_dropped",
        };
        if let Some(payload) = self.payload(name) {
            let mut payload = payload
                .member("parameter", &dropped.parameter)
                .member("reason", &dropped.reason);
            if let Some((requested, sent)) = &dropped.changed {
                payload = payload.member("requested", requested).member("sent", sent);
            }
            self.listener.emit(name, payload);
        }
    }

    /// Reports one event of the stream.
    pub(super) fn stream_event(&mut self, event: &StreamEvent) {
        if !self.hears_stream {
            return;
        }
        match event {
            StreamEvent::BlockStart(start) => self.block_start(start),
            StreamEvent::BlockDelta(delta) => self.block_delta(delta),
            StreamEvent::BlockEnd(index) => self.block_end(*index),
            StreamEvent::Restarted(_) | StreamEvent::Completed(_) => {}
        }
    }

    /// Reports that the stream broke off, if the host has seen anything of it. What comes of it from now on begins anew, under
    /// the same id: it is the same call. The event has the kernel's name.
    pub(super) fn restarted(&mut self, error: &ProviderError) {
        if std::mem::take(&mut self.has_deltas)
            && let Some(payload) = self.listener.of_stream(STREAM_ABORTED)
        {
            let cause = ObjectWriter::new()
                .member("type", kind_name(error.kind))
                .member("msg", &error.message);
            let payload = payload.written("error", &cause.finish());
            self.listener.emit(STREAM_ABORTED, payload);
        }
    }

    /// Reports that the exchange failed.
    pub(super) fn failed(&self, error: &ProviderError) {
        if let Some(payload) = self.payload(RESPONSE) {
            self.listener.emit_failure(payload, error);
        }
    }

    /// Reports that something is tried again after a wait.
    pub(super) fn retry(&self, error: &ProviderError, attempt: u64, most: u64, delay: Duration) {
        self.listener.retry(error, (attempt, most), delay);
    }

    /// Reports that the response was cut off, and goes on in another; or begins again in one with a higher limit.
    pub(super) fn continuation(
        &self,
        response_id: Option<&str>,
        number: u32,
        most: u32,
        raised_limit: Option<u64>,
    ) {
        const NAME: &str = "provider:incomplete_continuation";
        if let Some(payload) = self.listener.payload(NAME) {
            let mut payload = payload
                .member("response_id", &response_id)
                // The only reason for which a response goes on.
                .member("reason", "max_output_tokens")
                .member("continuation_number", &number)
                .member("max_attempts", &most);
            if let Some(limit) = raised_limit {
                payload = payload.member("max_output_tokens", &limit);
            }
            self.listener.emit(NAME, payload);
        }
    }

    /// Reports the response, the rate limits that came with it, and how often it went on.
    pub(super) fn succeeded(&self, response: &ChatResponse, headers: &Headers, continuations: u32) {
        if let Some(payload) = self.payload(RESPONSE) {
            let mut payload = payload
                .written("usage", &usage(response.usage.as_ref()))
                .member("status", "ok")
                .member("duration_ms", &self.listener.duration_ms())
                .member(
                    "continuation_count",
                    &(continuations > 0).then_some(continuations),
                );
            if let Some(limits) = headers.rate_limits() {
                payload = payload.written("rate_limits", &limits);
            }
            self.listener.emit(RESPONSE, payload);
        }
        if self.debug != Debugging::Off
            && let Some(payload) = self.payload(RESPONSE_DEBUG)
        {
            let payload = payload
                .member("block_count", &response.content.len())
                .member("tool_call_count", &response.tool_calls.len())
                .member("finish_reason", finish_reason(response.finish_reason))
                .written("usage", &usage(response.usage.as_ref()))
                .member("service_request_id", &headers.request_id());
            self.listener.emit(RESPONSE_DEBUG, payload);
        }
    }

    fn block_start(&mut self, BlockStart { index, block }: &BlockStart) {
        let (kind, name) = match block {
            // The kernel's events have no type for refusals: what it says is text to whoever reads it.
            BlockKind::Refusal | BlockKind::Text => ("text", None),
            BlockKind::Thinking => ("thinking", None),
            BlockKind::ToolCall(header) => (TOOL_USE, Some(&header.name)),
        };
        if let Some(mut payload) = self.of_block(STREAM_BLOCK_START, *index, kind) {
            if let Some(name) = name.filter(|name| !name.is_empty()) {
                payload = payload.member("name", name);
            }
            self.listener.emit(STREAM_BLOCK_START, payload);
        }
        self.blocks.push(Block {
            index: *index,
            kind,
            deltas: 0,
        });
    }

    fn block_delta(&mut self, BlockDelta { index, text }: &BlockDelta) {
        let Some(block) = self.blocks.iter_mut().rfind(|block| block.index == *index) else {
            return;
        };
        let (kind, sequence) = (block.kind, block.deltas);
        // Arguments in pieces are nothing that could be shown.
        if kind == TOOL_USE {
            return;
        }
        block.deltas += 1;
        self.has_deltas = true;
        if let Some(payload) = self.of_block(STREAM_BLOCK_DELTA, *index, kind) {
            let payload = payload.member("sequence", &sequence).member("text", text);
            self.listener.emit(STREAM_BLOCK_DELTA, payload);
        }
    }

    fn block_end(&mut self, index: u32) {
        let Some(position) = self.blocks.iter().rposition(|block| block.index == index) else {
            return;
        };
        let block = self.blocks.remove(position);
        if let Some(payload) = self.of_block(STREAM_BLOCK_END, index, block.kind) {
            self.listener.emit(STREAM_BLOCK_END, payload);
        }
    }

    fn of_block(&self, name: &str, index: u32, kind: &str) -> Option<ObjectWriter> {
        let payload = self.listener.of_stream(name)?;
        Some(
            payload
                .member("block_index", &index)
                .member("block_type", kind),
        )
    }

    /// Begins the payload of an event that says too which deployment was asked.
    fn payload(&self, name: &str) -> Option<ObjectWriter> {
        let payload = self.listener.payload(name)?;
        Some(payload.member("model", &self.model))
    }
}

/// The beginning of a call and its end, under the kernel's names.
pub(super) const REQUEST: &str = "llm:request";
pub(super) const RESPONSE: &str = "llm:response";
const REQUEST_DEBUG: &str = "llm:request:debug";
const RESPONSE_DEBUG: &str = "llm:response:debug";

/// The events of a stream, under the kernel's names.
const STREAM_EVENTS: [&str; 4] = [
    STREAM_BLOCK_START,
    STREAM_BLOCK_DELTA,
    STREAM_BLOCK_END,
    STREAM_ABORTED,
];
const STREAM_BLOCK_START: &str = "llm:stream_block_start";
const STREAM_BLOCK_DELTA: &str = "llm:stream_block_delta";
const STREAM_BLOCK_END: &str = "llm:stream_block_end";
const STREAM_ABORTED: &str = "llm:stream_aborted";

/// A duration, as events have it.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// `usage` of `llm:response`: the kernel's canonical keys, the sum left out, the cost always there.
pub(super) fn usage(usage: Option<&Usage>) -> String {
    let mut payload = ObjectWriter::new()
        .member("input_tokens", &usage.map_or(0, |usage| usage.input_tokens))
        .member(
            "output_tokens",
            &usage.map_or(0, |usage| usage.output_tokens),
        )
        .member(
            "cost_usd",
            &usage.and_then(|usage| usage.cost_usd.as_deref()),
        );
    if let Some(tokens) = usage.and_then(|usage| usage.cache_read_tokens) {
        payload = payload.member("cache_read_tokens", &tokens);
    }
    let written = usage.and_then(|usage| usage.cache_write_tokens);
    if let Some(tokens) = written.filter(|tokens| *tokens > 0) {
        payload = payload.member("cache_write_tokens", &tokens);
    }
    payload.finish()
}

/// The kernel's type of a block that is a call of a tool.
const TOOL_USE: &str = "tool_use";

/// The kernel's names.
fn finish_reason(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::ContentFilter => "content_filter",
        FinishReason::Length => "length",
        FinishReason::Stop => "stop",
        FinishReason::ToolCalls => "tool_calls",
    }
}

/// A random UUID, RFC 9562, section 5.4.
fn uuid(mut random: [u8; 16]) -> String {
    random[6] = random[6] & 0x0f | 0x40;
    random[8] = random[8] & 0x3f | 0x80;
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    let mut text = String::with_capacity(36);
    for (index, byte) in random.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0x0f));
    }
    text
}
