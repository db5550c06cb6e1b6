//! What the host is told: the kernel's events, with the kernel's fields.

use serde_json::{Map, Value, json};

use super::edge::{Edge, Instant};
use crate::contract::types::{
    BlockDelta, BlockKind, BlockStart, ChatRequest, ChatResponse, ProviderError, StreamEvent,
};
use crate::core::config::Debugging;
use crate::core::deployment::Deployment;
use crate::core::error::{PROVIDER_ID, kind_name};
use crate::core::headers::Headers;
use crate::core::request::{Dropped, Translated};

/// Tells of something odd about the configuration.
pub(super) fn config_warning(edge: &impl Edge, message: &str) {
    let payload = json!({ "provider": PROVIDER_ID, "message": message });
    edge.emit("provider:config_warning", &payload.to_string());
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
}

#[derive(Debug)]
struct Block {
    index: u32,
    kind: &'static str,
    deltas: u64,
}

impl<E: Edge> Report<E> {
    /// Tells of the request, and of what is left out of it.
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
            edge,
        };
        if debug != Debugging::Off {
            report.deployment_resolved(request, deployment);
        }
        for dropped in &translated.dropped {
            report.dropped(dropped);
        }
        let payload = json!({
            "provider": PROVIDER_ID,
            "model": deployment.name,
            "message_count": request.messages.len(),
            "has_instructions": translated.body.contains_key("instructions"),
            "reasoning_enabled": translated.body.contains_key("reasoning"),
            "thinking_enabled": false,
            "thinking_budget": null,
            "background_mode": false,
        });
        report.edge.emit("llm:request", &payload.to_string());
        report
    }

    fn deployment_resolved(&self, request: &ChatRequest, deployment: &Deployment) {
        let payload = json!({
            "provider": PROVIDER_ID,
            "requested_model": request.model,
            "model": deployment.logical_model,
            "deployment": deployment.name,
            "rule": deployment.rule.name(),
        });
        self.edge
            .emit("provider:deployment_resolved", &payload.to_string());
    }

    /// Tells of something that was asked for and is not sent.
    pub(super) fn dropped(&self, dropped: &Dropped) {
        let payload = json!({
            "provider": PROVIDER_ID,
            "model": self.model,
            "parameter": dropped.parameter,
            "reason": dropped.reason,
        });
        self.edge
            .emit("provider:parameter_dropped", &payload.to_string());
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

    /// Tells that the stream broke off, if the host has seen anything of it, and that the exchange failed.
    pub(super) fn aborted(&mut self, error: &ProviderError) {
        if self.has_deltas {
            let payload = json!({
                "request_id": self.request_id,
                "error": { "type": kind_name(error.kind), "msg": error.message },
            });
            self.edge.emit("llm:stream_aborted", &payload.to_string());
        }
        self.failed(error);
    }

    /// Tells that the exchange failed.
    pub(super) fn failed(&self, error: &ProviderError) {
        let payload = json!({
            "provider": PROVIDER_ID,
            "model": self.model,
            "status": "error",
            "duration_ms": self.duration_ms(),
            "error": error.message,
        });
        self.edge.emit("llm:response", &payload.to_string());
    }

    /// Tells of the response.
    pub(super) fn succeeded(&self, response: &ChatResponse, headers: &Headers) {
        let mut payload = json!({
            "provider": PROVIDER_ID,
            "model": self.model,
            "usage": usage(response),
            "status": "ok",
            "duration_ms": self.duration_ms(),
            "continuation_count": null,
        });
        if let Some(limits) = headers.rate_limits() {
            payload["rate_limits"] = limits;
        }
        self.edge.emit("llm:response", &payload.to_string());
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
            payload.insert("name".to_owned(), json!(name));
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
        payload.insert("sequence".to_owned(), json!(sequence));
        payload.insert("text".to_owned(), json!(text));
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

    fn block_payload(&self, index: u32, kind: &str) -> Map<String, Value> {
        let mut payload = Map::new();
        for (key, value) in [
            ("request_id", json!(self.request_id)),
            ("block_index", json!(index)),
            ("block_type", json!(kind)),
        ] {
            payload.insert(key.to_owned(), value);
        }
        payload
    }

    fn emit(&self, name: &str, payload: Map<String, Value>) {
        self.edge.emit(name, &Value::Object(payload).to_string());
    }

    fn duration_ms(&self) -> u128 {
        self.edge.now().since(self.started).as_millis()
    }
}

/// `usage` of `llm:response`: the kernel's canonical keys, the sum left out, the cost always there.
fn usage(response: &ChatResponse) -> Value {
    let Some(usage) = &response.usage else {
        return json!({ "input_tokens": 0, "output_tokens": 0, "cost_usd": null });
    };
    let mut payload = json!({
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": usage.cost_usd,
    });
    if let Some(tokens) = usage.cache_read_tokens {
        payload["cache_read_tokens"] = json!(tokens);
    }
    if let Some(tokens) = usage.cache_write_tokens.filter(|tokens| *tokens > 0) {
        payload["cache_write_tokens"] = json!(tokens);
    }
    payload
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
