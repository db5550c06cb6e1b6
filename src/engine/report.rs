//! What the host is told: the kernel's events, with the kernel's fields.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::edge::{Edge, Instant};
use crate::contract::types::{
    BlockDelta, BlockKind, BlockStart, ChatRequest, ChatResponse, FinishReason, ProviderError,
    StreamEvent,
};
use crate::core::config::Debugging;
use crate::core::deployment::Deployment;
use crate::core::error::{PROVIDER_ID, kind_name};
use crate::core::headers::Headers;
use crate::core::json::{object_of, written_object};
use crate::core::repair::Repairs;
use crate::core::request::{Dropped, Translated};
use crate::core::secret::Secrets;

/// Tells of something odd about the configuration.
pub(super) fn config_warning(edge: &impl Edge, message: &str) {
    let payload = [
        ("provider", PROVIDER_ID.into()),
        ("message", message.into()),
    ];
    edge.emit("provider:config_warning", &written_object(&payload));
}

/// The report of one exchange.
#[derive(Debug)]
pub(super) struct Report<E> {
    edge: E,
    /// The deployment, which is the model on the wire.
    model: String,
    started: Instant,
    /// Ties the stream's events together.
    request_id: String,
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
        let has = |parameter: &str| translated.body.contains_key(parameter);
        let payload = vec![
            ("provider", PROVIDER_ID.into()),
            ("model", deployment.name.as_str().into()),
            ("message_count", message_count.into()),
            ("has_instructions", has("instructions").into()),
            ("reasoning_enabled", has("reasoning").into()),
            ("thinking_enabled", false.into()),
            ("thinking_budget", Value::Null),
            ("background_mode", false.into()),
        ];
        report.emit("llm:request", payload);
        if debug != Debugging::Off {
            let count = |items: Option<&Value>| items.and_then(Value::as_array).map_or(0, Vec::len);
            let body = &translated.body;
            let payload = vec![
                ("provider", PROVIDER_ID.into()),
                ("model", deployment.name.as_str().into()),
                ("message_count", message_count.into()),
                ("item_count", count(body.get("input")).into()),
                ("tool_count", count(body.get("tools")).into()),
                ("stream", translated.is_streaming().into()),
            ];
            report.emit("llm:request:debug", payload);
        }
        report
    }

    /// Tells of a body before it is sent for the first time, where bodies are told.
    pub(super) fn sends(&self, body: &Map<String, Value>, secrets: &Secrets) {
        self.body("llm:request:raw", "params", secrets, || {
            Value::Object(body.clone())
        });
    }

    /// Tells of what the service answered, where bodies are told.
    pub(super) fn received(&self, response: Option<&Value>, secrets: &Secrets) {
        self.body("llm:response:raw", "response", secrets, || {
            response.cloned().into()
        });
    }

    /// A service may repeat what it was sent, secrets included.
    fn body(&self, name: &str, key: &str, secrets: &Secrets, body: impl FnOnce() -> Value) {
        if self.debug == Debugging::Bodies {
            let payload = [
                ("provider", PROVIDER_ID.into()),
                ("model", self.model.as_str().into()),
                (key, body()),
            ];
            let payload = written_object(&payload);
            self.edge.emit(name, &secrets.redact(payload));
        }
    }

    fn deployment_resolved(&self, request: &ChatRequest, deployment: &Deployment) {
        let payload = vec![
            ("provider", PROVIDER_ID.into()),
            ("requested_model", request.model.as_deref().into()),
            ("model", deployment.logical_model.as_str().into()),
            ("deployment", deployment.name.as_str().into()),
            ("rule", deployment.rule.name().into()),
        ];
        self.emit("provider:deployment_resolved", payload);
    }

    /// Tells of what was done to the conversation, once for all of it.
    fn repaired(&self, repairs: &Repairs) {
        if repairs.list.is_empty() {
            return;
        }
        let mut list = Vec::new();
        for repair in &repairs.list {
            list.push(object_of(vec![
                ("repair", repair.kind.name().into()),
                ("tool_call_id", repair.call_id.as_str().into()),
                ("tool_name", repair.tool_name.as_deref().into()),
                ("message", repair.message.into()),
            ]));
        }
        let mut payload = vec![
            ("provider", PROVIDER_ID.into()),
            ("repair_count", list.len().into()),
            ("repairs", Value::Array(list)),
        ];
        if repairs.closed_turns > 0 {
            payload.push(("synthetic_assistant_count", repairs.closed_turns.into()));
        }
        self.emit("provider:tool_sequence_repaired", payload);
    }

    /// Tells of something that was asked for and is not sent.
    pub(super) fn dropped(&self, dropped: &Dropped) {
        let payload = vec![
            ("provider", PROVIDER_ID.into()),
            ("model", self.model.as_str().into()),
            ("parameter", dropped.parameter.as_str().into()),
            ("reason", dropped.reason.as_str().into()),
        ];
        self.emit("provider:parameter_dropped", payload);
    }

    /// Tells of one event of the stream.
    pub(super) fn stream_event(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::BlockStart(start) => self.block_start(start),
            StreamEvent::BlockDelta(delta) => self.block_delta(delta),
            StreamEvent::BlockEnd(index) => self.block_end(*index),
            StreamEvent::Aborted(_) | StreamEvent::Completed(_) => {}
        }
    }

    /// Tells that the stream broke off, if the host has seen anything of it. What comes of it from now on has another id.
    pub(super) fn aborted(&mut self, error: &ProviderError) {
        if std::mem::take(&mut self.has_deltas) {
            let cause = object_of(vec![
                ("type", kind_name(error.kind).into()),
                ("msg", error.message.as_str().into()),
            ]);
            let payload = vec![
                ("request_id", self.request_id.as_str().into()),
                ("error", cause),
            ];
            self.emit("llm:stream_aborted", payload);
        }
        self.request_id = uuid(self.edge.random());
    }

    /// Tells that the exchange failed.
    pub(super) fn failed(&self, error: &ProviderError) {
        let payload = vec![
            ("provider", PROVIDER_ID.into()),
            ("model", self.model.as_str().into()),
            ("status", "error".into()),
            ("duration_ms", self.duration_ms()),
            ("error", error.message.as_str().into()),
        ];
        self.emit("llm:response", payload);
    }

    /// Tells that something is tried again after a wait.
    pub(super) fn retry(&self, error: &ProviderError, attempt: u64, most: u64, delay: Duration) {
        let payload = vec![
            ("provider", PROVIDER_ID.into()),
            ("attempt", attempt.into()),
            ("max_retries", most.into()),
            ("delay", delay.as_secs_f64().into()),
            ("error_type", kind_name(error.kind).into()),
            ("error_message", error.message.as_str().into()),
        ];
        self.emit("provider:retry", payload);
    }

    /// Tells that the response was cut off, and goes on in another.
    pub(super) fn continuation(&self, response_id: Option<&str>, number: u32, most: u32) {
        let payload = vec![
            ("provider", PROVIDER_ID.into()),
            ("response_id", response_id.into()),
            // The only reason for which a response goes on.
            ("reason", "max_output_tokens".into()),
            ("continuation_number", number.into()),
            ("max_attempts", most.into()),
        ];
        self.emit("provider:incomplete_continuation", payload);
    }

    /// Tells of the response, and how often it went on.
    pub(super) fn succeeded(&self, response: &ChatResponse, headers: &Headers, continuations: u32) {
        let continuations = (continuations > 0).then_some(continuations);
        let mut payload = vec![
            ("provider", PROVIDER_ID.into()),
            ("model", self.model.as_str().into()),
            ("usage", usage(response)),
            ("status", "ok".into()),
            ("duration_ms", self.duration_ms()),
            ("continuation_count", continuations.into()),
        ];
        if let Some(limits) = headers.rate_limits() {
            payload.push(("rate_limits", limits));
        }
        self.emit("llm:response", payload);
        if self.debug != Debugging::Off {
            let payload = vec![
                ("provider", PROVIDER_ID.into()),
                ("model", self.model.as_str().into()),
                ("block_count", response.content.len().into()),
                ("tool_call_count", response.tool_calls.len().into()),
                (
                    "finish_reason",
                    finish_reason(response.finish_reason).into(),
                ),
                ("usage", usage(response)),
                ("request_id", headers.request_id().into()),
            ];
            self.emit("llm:response:debug", payload);
        }
    }

    fn block_start(&mut self, BlockStart { index, block }: &BlockStart) {
        let (kind, name) = match block {
            BlockKind::Refusal => ("refusal", None),
            BlockKind::Text => ("text", None),
            BlockKind::Thinking => ("thinking", None),
            BlockKind::ToolCall(header) => ("tool_use", Some(&header.name)),
        };
        let mut payload = self.block_payload(*index, kind);
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            payload.push(("name", name.as_str().into()));
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
        block.deltas += 1;
        self.has_deltas = true;
        let mut payload = self.block_payload(*index, kind);
        payload.push(("sequence", sequence.into()));
        payload.push(("text", text.as_str().into()));
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

    fn block_payload(&self, index: u32, kind: &'static str) -> Vec<(&'static str, Value)> {
        vec![
            ("request_id", self.request_id.as_str().into()),
            ("block_index", index.into()),
            ("block_type", kind.into()),
        ]
    }

    fn emit(&self, name: &str, payload: Vec<(&str, Value)>) {
        self.edge.emit(name, &written_object(&payload));
    }

    fn duration_ms(&self) -> Value {
        json!(self.edge.now().since(self.started).as_millis())
    }
}

/// `usage` of `llm:response`: the kernel's canonical keys, the sum left out, the cost always there.
fn usage(response: &ChatResponse) -> Value {
    let Some(usage) = &response.usage else {
        return object_of(vec![
            ("input_tokens", 0.into()),
            ("output_tokens", 0.into()),
            ("cost_usd", Value::Null),
        ]);
    };
    let mut payload = vec![
        ("input_tokens", usage.input_tokens.into()),
        ("output_tokens", usage.output_tokens.into()),
        ("cost_usd", usage.cost_usd.as_deref().into()),
    ];
    if let Some(tokens) = usage.cache_read_tokens {
        payload.push(("cache_read_tokens", tokens.into()));
    }
    if let Some(tokens) = usage.cache_write_tokens.filter(|tokens| *tokens > 0) {
        payload.push(("cache_write_tokens", tokens.into()));
    }
    object_of(payload)
}

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
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    [
        hex(&random[..4]),
        hex(&random[4..6]),
        hex(&random[6..8]),
        hex(&random[8..10]),
        hex(&random[10..]),
    ]
    .join("-")
}
