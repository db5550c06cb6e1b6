//! What the host is told: the kernel's events, with the kernel's fields.

use std::time::Duration;

use serde_json::Value;

use super::edge::{Edge, Instant};
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

/// Tells of something odd about the configuration.
pub(super) fn config_warning(edge: &impl Edge, message: &str) {
    let payload = ObjectWriter::new()
        .member("provider", PROVIDER_ID)
        .member("message", message);
    edge.emit("provider:config_warning", &payload.finish());
}

/// Reports that something is tried again after a wait; `payload` says which call it is of.
pub(super) fn emit_retry(
    edge: &impl Edge,
    payload: ObjectWriter,
    error: &ProviderError,
    (attempt, most): (u64, u64),
    delay: Duration,
) {
    let payload = payload
        .member("attempt", &attempt)
        .member("max_retries", &most)
        .member("delay", &delay.as_secs_f64())
        .member("error_type", kind_name(error.kind))
        .member("error_message", &error.message);
    edge.emit("provider:retry", &payload.finish());
}

/// The report of one exchange.
#[derive(Debug)]
pub(super) struct Report<E> {
    edge: E,
    /// The deployment, which is the model on the wire.
    model: String,
    started: Instant,
    /// Ties the events of the call together: retries, streams that begin anew and continuations included.
    request_id: String,
    /// The service is asked for a stream. Otherwise nothing arrives that a stream's events could report.
    is_streaming: bool,
    /// The blocks that the stream's events have begun, for their types and counts.
    blocks: Vec<Block>,
    /// A delta was emitted, so that an abort must be told.
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
    /// Tells of the request, and of what is changed in it.
    pub(super) fn start(
        edge: E,
        request: &ChatRequest,
        deployment: &Deployment,
        translated: &Translated,
        debug: Debugging,
    ) -> Self {
        let report = Self {
            model: deployment.name.clone(),
            started: edge.now(),
            request_id: uuid(edge.random()),
            is_streaming: translated.is_streaming(),
            blocks: Vec::new(),
            has_deltas: false,
            debug,
            edge,
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
        let payload = report
            .payload()
            .member("message_count", &message_count)
            .member("has_instructions", &summary.has_instructions)
            .member("reasoning_enabled", &summary.has_reasoning)
            .member("thinking_enabled", &translated.thinking.is_some())
            .member(
                "thinking_budget",
                &translated.thinking.and_then(|thinking| thinking.budget),
            )
            .member("background_mode", &false);
        report.emit("llm:request", payload);
        if debug != Debugging::Off {
            let payload = report
                .payload()
                .member("message_count", &message_count)
                .member("item_count", &summary.item_count)
                .member("tool_count", &summary.tool_count)
                .member("stream", &translated.is_streaming());
            report.emit("llm:request:debug", payload);
        }
        report
    }

    /// Another deployment is asked from here on.
    pub(super) fn moves_to(&mut self, deployment: &str) {
        deployment.clone_into(&mut self.model);
    }

    /// Tells of a body before it is sent for the first time, where bodies are told.
    pub(super) fn sends(&self, body: &Body, secrets: &Secrets) {
        if self.debug == Debugging::Bodies {
            self.body("llm:request:raw", "params", body.to_value(), secrets);
        }
    }

    /// What the service answered, where bodies are told: JSON, or what cannot be read as such.
    pub(super) fn raw(&self, body: &[u8]) -> Option<Value> {
        let read = || serde_json::from_slice(body);
        let as_text = |_| String::from_utf8_lossy(body).into();
        (self.debug == Debugging::Bodies).then(|| read().unwrap_or_else(as_text))
    }

    /// Tells of what the service answered.
    pub(super) fn received(&self, response: Value, secrets: &Secrets) {
        self.body("llm:response:raw", "response", response, secrets);
    }

    /// A service may repeat what it was sent, secrets included. A body may have secrets of the user's own too, such as the
    /// authorization of an MCP server: what a key says is secret is left out.
    fn body(&self, name: &str, key: &str, mut body: Value, secrets: &Secrets) {
        secret::redact_members(&mut body);
        let payload = self.payload().member(key, &body).finish();
        self.edge.emit(name, &secrets.redact(payload));
    }

    fn deployment_resolved(&self, request: &ChatRequest, deployment: &Deployment) {
        let payload = self
            .call()
            .member("requested_model", &request.model)
            .member("model", &deployment.logical_model)
            .member("deployment", &deployment.name)
            .member("rule", deployment.rule.name());
        self.emit("provider:deployment_resolved", payload);
    }

    /// Tells of what was done to the conversation, once for all of it.
    fn repaired(&self, repairs: &Repairs) {
        if repairs.list.is_empty() {
            return;
        }
        let mut list = Vec::new();
        for repair in &repairs.list {
            let repair = ObjectWriter::new()
                .member("repair", repair.kind.name())
                .member("tool_call_id", &repair.call_id)
                .member("tool_name", &repair.tool_name)
                .member("message", &repair.message);
            list.push(repair.finish());
        }
        let list = format!("[{}]", list.join(","));
        let mut payload = self
            .call()
            .member("repair_count", &repairs.list.len())
            .written("repairs", &list);
        if repairs.closed_turns > 0 {
            payload = payload.member("synthetic_assistant_count", &repairs.closed_turns);
        }
        self.emit("provider:tool_sequence_repaired", payload);
    }

    /// Reports something that was asked for and is not sent, or not as it was asked for.
    pub(super) fn dropped(&self, dropped: &Dropped) {
        let payload = self
            .payload()
            .member("parameter", &dropped.parameter)
            .member("reason", &dropped.reason);
        match &dropped.changed {
            Some((requested, sent)) => {
                let payload = payload.member("requested", requested).member("sent", sent);
                self.emit("provider:parameter_changed", payload);
            }
            None => self.emit("provider:parameter_dropped", payload),
        }
    }

    /// Tells of one event of the stream.
    pub(super) fn stream_event(&mut self, event: &StreamEvent) {
        if !self.is_streaming {
            return;
        }
        match event {
            StreamEvent::BlockStart(start) => self.block_start(start),
            StreamEvent::BlockDelta(delta) => self.block_delta(delta),
            StreamEvent::BlockEnd(index) => self.block_end(*index),
            StreamEvent::Aborted(_) | StreamEvent::Completed(_) => {}
        }
    }

    /// Reports that the stream broke off, if the host has seen anything of it. What comes of it from now on begins anew, under
    /// the same id: it is the same call.
    pub(super) fn aborted(&mut self, error: &ProviderError) {
        if std::mem::take(&mut self.has_deltas) {
            let cause = ObjectWriter::new()
                .member("type", kind_name(error.kind))
                .member("msg", &error.message);
            let payload = ObjectWriter::new()
                .member("request_id", &self.request_id)
                .written("error", &cause.finish());
            self.emit("llm:stream_aborted", payload);
        }
    }

    /// Tells that the exchange failed.
    pub(super) fn failed(&self, error: &ProviderError) {
        let payload = self
            .payload()
            .member("status", "error")
            .member("duration_ms", &self.duration_ms())
            .member("error", &error.message)
            .member("error_type", kind_name(error.kind));
        let payload = match &error.code {
            Some(code) => payload.member("error_code", code),
            None => payload,
        };
        self.emit("llm:response", payload);
    }

    /// Tells that the response was cut off, and goes on in another; or begins again in one with a higher limit.
    pub(super) fn continuation(
        &self,
        response_id: Option<&str>,
        number: u32,
        most: u32,
        raised_limit: Option<u64>,
    ) {
        let mut payload = self
            .call()
            .member("response_id", &response_id)
            // The only reason for which a response goes on.
            .member("reason", "max_output_tokens")
            .member("continuation_number", &number)
            .member("max_attempts", &most);
        if let Some(limit) = raised_limit {
            payload = payload.member("max_output_tokens", &limit);
        }
        self.emit("provider:incomplete_continuation", payload);
    }

    /// Tells of the response, of the rate limits that came with it, and how often it went on.
    pub(super) fn succeeded(&self, response: &ChatResponse, headers: &Headers, continuations: u32) {
        let usage = usage(response.usage.as_ref());
        let mut payload = self
            .payload()
            .written("usage", &usage)
            .member("status", "ok")
            .member("duration_ms", &self.duration_ms())
            .member(
                "continuation_count",
                &(continuations > 0).then_some(continuations),
            );
        if let Some(limits) = headers.rate_limits() {
            payload = payload.written("rate_limits", &limits);
        }
        self.emit("llm:response", payload);
        if self.debug != Debugging::Off {
            let payload = self
                .payload()
                .member("block_count", &response.content.len())
                .member("tool_call_count", &response.tool_calls.len())
                .member("finish_reason", finish_reason(response.finish_reason))
                .written("usage", &usage)
                .member("service_request_id", &headers.request_id());
            self.emit("llm:response:debug", payload);
        }
    }

    fn block_start(&mut self, BlockStart { index, block }: &BlockStart) {
        let (kind, name) = match block {
            // The kernel's events have no type for refusals: what it says is text to whoever reads it.
            BlockKind::Refusal | BlockKind::Text => ("text", None),
            BlockKind::Thinking => ("thinking", None),
            BlockKind::ToolCall(header) => (TOOL_USE, Some(&header.name)),
        };
        let mut payload = self.block_payload(*index, kind);
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            payload = payload.member("name", name);
        }
        self.emit("llm:stream_block_start", payload);
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
        let payload = self
            .block_payload(*index, kind)
            .member("sequence", &sequence)
            .member("text", text);
        self.emit("llm:stream_block_delta", payload);
    }

    fn block_end(&mut self, index: u32) {
        let Some(position) = self.blocks.iter().rposition(|block| block.index == index) else {
            return;
        };
        let block = self.blocks.remove(position);
        let payload = self.block_payload(index, block.kind);
        self.emit("llm:stream_block_end", payload);
    }

    fn block_payload(&self, index: u32, kind: &str) -> ObjectWriter {
        ObjectWriter::new()
            .member("request_id", &self.request_id)
            .member("block_index", &index)
            .member("block_type", kind)
    }

    /// Begins a payload that says which call it is of.
    pub(super) fn call(&self) -> ObjectWriter {
        ObjectWriter::new()
            .member("provider", PROVIDER_ID)
            .member("request_id", &self.request_id)
    }

    /// Begins a payload that says too which deployment was asked.
    fn payload(&self) -> ObjectWriter {
        self.call().member("model", &self.model)
    }

    fn emit(&self, name: &str, payload: ObjectWriter) {
        self.edge.emit(name, &payload.finish());
    }

    fn duration_ms(&self) -> u64 {
        milliseconds(self.edge.now().since(self.started))
    }
}

/// A duration, as events have it.
pub(super) fn milliseconds(duration: Duration) -> u64 {
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
pub(super) fn uuid(mut random: [u8; 16]) -> String {
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
