//! What the model writes, in the form of the conventions.

use serde_json::{Value, json};

/// The message that a stream's blocks are parts of.
#[derive(Default)]
pub(super) struct Output {
    parts: Vec<Part>,
    bytes: usize,
    pub(super) finish_reason: Option<String>,
}

struct Part {
    index: u64,
    kind: String,
    /// The tool's, for a call of one.
    name: Option<String>,
    text: String,
}

impl Output {
    /// Adds what one event of the stream tells.
    pub(super) fn hear(&mut self, event: &str, data: &Value) {
        let Some(index) = data["block_index"].as_u64() else {
            return;
        };
        match event {
            "llm:stream_block_start" if self.parts.len() < MAX_PARTS => self.parts.push(Part {
                index,
                kind: data["block_type"].as_str().unwrap_or_default().to_owned(),
                name: data["name"].as_str().map(str::to_owned),
                text: String::new(),
            }),
            "llm:stream_block_delta" => {
                let text = data["text"].as_str().unwrap_or_default();
                let part = self.parts.iter_mut().rfind(|part| part.index == index);
                if let Some(part) = part
                    && self.bytes + text.len() <= MAX_BYTES
                {
                    self.bytes += text.len();
                    part.text.push_str(text);
                }
            }
            _ => {}
        }
    }

    /// The messages as JSON; none if nothing was written.
    pub(super) fn into_messages(self) -> Option<String> {
        if self.parts.is_empty() {
            return None;
        }
        let parts: Vec<Value> = self.parts.into_iter().map(Part::into_json).collect();
        let mut message = json!({ "role": "assistant", "parts": parts });
        if let Some(reason) = self.finish_reason {
            message["finish_reason"] = reason.into();
        }
        Some(json!([message]).to_string())
    }
}

impl Part {
    fn into_json(self) -> Value {
        let Self {
            kind, name, text, ..
        } = self;
        match kind.as_str() {
            "thinking" => json!({ "type": "reasoning", "content": text }),
            // The arguments of a call are in none of a stream's events.
            "tool_use" => json!({ "type": "tool_call", "name": name }),
            kind => json!({ "type": kind, "content": text }),
        }
    }
}

/// Collectors refuse attributes that are much longer, and all open calls hold theirs in memory.
const MAX_BYTES: usize = 64 * 1024;

/// A response has a few blocks. What a broken component tells must not grow for ever.
const MAX_PARTS: usize = 256;
