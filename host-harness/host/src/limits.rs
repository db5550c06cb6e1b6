//! What a provider may use, and what happens when it wants more.

use std::time::Duration;

use crate::contract::types::{
    BlockContent, ChatRequest, FileSource, MessageContent, ResponseFormat, ToolChoice, ToolSpec,
};
use crate::http::BodyLimits;

/// What a host lets its provider use. Each limit holds for one call, or for one instance, and a call that goes over it ends
/// with a [`LimitError`]; the others go on.
///
/// ```
/// use std::time::Duration;
///
/// use provider_host::Limits;
///
/// let limits = Limits::default().with(|limits| limits.wall_time = Duration::from_secs(600));
/// # assert!(limits.wall_time < Limits::default().wall_time);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The most memory that one instance may have, in bytes: 256 MiB, which is the most that can be set. A request with a
    /// 30 MB image is in there as base64, as JSON and as the bytes that are sent, which makes 120 MB; twice that is a
    /// runaway.
    pub memory_bytes: usize,

    /// How long one call may compute: 20 s. Waiting is not computing. The longest stream that was measured, of 200,000
    /// events, takes less than three.
    pub cpu_time: Duration,

    /// How long one call may take, its wait for others included: 2 hours. Six attempts of ten minutes each, which is what
    /// the provider does by default, and the waits between them make 65 minutes.
    pub wall_time: Duration,

    /// How long a component may take to start, which is to say what it is, or to open a configuration and describe it: 30 s.
    /// It asks nobody for anything meanwhile, and takes a millisecond. Swaps wait for a candidate's start.
    pub start_time: Duration,

    /// The most bytes of text in one chat request, and of one HTTP request: 64 MiB. It is there to
    /// refuse at once what is far too much: an instance holds a request some six times over, so that with its 256 MiB one of
    /// 40 MiB fits.
    pub request_bytes: usize,

    /// The most bytes of one HTTP response: 256 MiB. A stream of 200,000 events has 40 MB.
    pub response_bytes: usize,

    /// The most bytes of events and log lines in one call: 256 MiB. With `raw_debug` they have the request and the response.
    pub event_bytes: usize,

    /// The most handles that an instance may hold of what the host keeps for it, such as streams and headers: 1,000. One
    /// exchange takes about ten.
    pub handles: usize,

    /// How many calls may wait while `max_concurrent_requests` others run: 1,000. Those that come then fail at once with
    /// [`crate::CallError::Overloaded`]: an answer that would begin in an hour is of no use.
    pub waiting_calls: usize,

    /// How many idle instances are kept: 16. An instance has 1.5 MiB, and a fresh one takes 0.1 ms.
    pub idle_instances: usize,

    /// How long an instance is kept without a call: 60 s. Hosts that share an engine share the places for instances, and one
    /// that has had no calls for a minute gives its places back. The next call gets a fresh one.
    pub idle_time: Duration,

    /// How many calls an instance works for before another takes its place: 1,000. What leaks a little leaks no more than
    /// that.
    pub calls_per_instance: u64,

    /// An instance that has more memory than this after a call is not kept: 16 MiB, ten times of what a usual call takes.
    /// Memory of an instance grows and never shrinks.
    pub idle_memory_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: MAX_MEMORY_BYTES,
            cpu_time: Duration::from_secs(20),
            wall_time: Duration::from_secs(2 * 60 * 60),
            start_time: Duration::from_secs(30),
            request_bytes: 64 * 1024 * 1024,
            response_bytes: 256 * 1024 * 1024,
            event_bytes: 256 * 1024 * 1024,
            handles: 1_000,
            waiting_calls: 1_000,
            idle_instances: 16,
            idle_time: Duration::from_secs(60),
            calls_per_instance: 1_000,
            idle_memory_bytes: 16 * 1024 * 1024,
        }
    }
}

/// The most memory that an instance can have: address space for so much is reserved.
pub(crate) const MAX_MEMORY_BYTES: usize = 256 * 1024 * 1024;

/// The most bytes of a request that are read, from a file or a client: a larger one does not fit into the memory of an
/// instance, which holds it some six times over.
pub const MAX_DOCUMENT_BYTES: usize = 40 * 1024 * 1024;

/// A call that wanted more than [`Limits`] gives it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// The instance wanted more memory.
    #[error(
        "the provider component wanted more than {limit} bytes of memory (Limits::memory_bytes)"
    )]
    Memory {
        /// What it may have, in bytes.
        limit: usize,
    },

    /// The call computed for too long.
    #[error(
        "the provider component computed for more than {limit:?} in one call (Limits::cpu_time)"
    )]
    CpuTime {
        /// For how long it may.
        limit: Duration,
    },

    /// The call took too long.
    #[error("the call took more than {limit:?} (Limits::wall_time)")]
    WallTime {
        /// How long it may take.
        limit: Duration,
    },

    /// The component took too long to start.
    #[error("the provider component took more than {limit:?} to start (Limits::start_time)")]
    StartTime {
        /// How long it may take.
        limit: Duration,
    },

    /// The component calls itself too deeply.
    #[error("the provider component's stack overflowed")]
    Stack,

    /// The request is too large to be handed to the component.
    #[error(
        "the request has {size} bytes of text, and {limit} are the most (Limits::request_bytes); shorten it, or send files by id or address"
    )]
    Request {
        /// What it has.
        size: usize,
        /// What it may have.
        limit: usize,
    },

    /// Too much was told in one call.
    #[error(
        "the provider component emitted more than {limit} bytes of events in one call (Limits::event_bytes)"
    )]
    Events {
        /// What it may emit, in bytes.
        limit: usize,
    },

    /// The component put more than fits into the headers of one request.
    #[error(
        "the provider component put more headers into a request than wasmtime takes, which is 128 KiB"
    )]
    Headers,

    /// The instance holds too many handles of the host.
    #[error(
        "the provider component held more than {limit} handles of the host's (Limits::handles)"
    )]
    Handles {
        /// How many it may hold.
        limit: usize,
    },
}

impl Limits {
    /// These limits with a change.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Those that hold for one call.
    pub(crate) fn of_call(&self) -> CallLimits {
        CallLimits {
            cpu_time: self.cpu_time,
            wall_time: self.wall_time,
            request_bytes: self.request_bytes,
            response_bytes: self.response_bytes,
            event_bytes: self.event_bytes,
        }
    }
}

/// The limits that hold for one call; see [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CallLimits {
    pub(crate) cpu_time: Duration,
    pub(crate) wall_time: Duration,
    pub(crate) request_bytes: usize,
    pub(crate) response_bytes: usize,
    pub(crate) event_bytes: usize,
}

impl CallLimits {
    /// Those of its HTTP exchanges.
    pub(crate) fn bodies(&self) -> BodyLimits {
        BodyLimits {
            request_bytes: self.request_bytes,
            response_bytes: self.response_bytes,
        }
    }

    /// Whether a request may be handed to a component.
    pub(crate) fn check(&self, request: &ChatRequest) -> Result<(), LimitError> {
        self.check_size(size(request))
    }

    /// The same for a request with so many bytes of text.
    pub(crate) fn check_size(&self, size: usize) -> Result<(), LimitError> {
        let limit = self.request_bytes;
        if size <= limit {
            Ok(())
        } else {
            Err(LimitError::Request { size, limit })
        }
    }
}

/// How many bytes of text a request has.
fn size(request: &ChatRequest) -> usize {
    let messages: usize = request
        .messages
        .iter()
        .map(|message| {
            let content = match &message.content {
                MessageContent::Text(text) => text.len(),
                MessageContent::Blocks(blocks) => blocks
                    .iter()
                    .map(|block| block_size(&block.content) + optional(&block.extensions))
                    .sum(),
            };
            content
                + optional(&message.name)
                + optional(&message.tool_call_id)
                + optional(&message.metadata)
                + optional(&message.extensions)
        })
        .sum();
    let tools: usize = request.tools.iter().map(tool_size).sum();
    let choice = match &request.tool_choice {
        Some(ToolChoice::Function(text) | ToolChoice::Custom(text)) => text.len(),
        _ => 0,
    };
    let format = match &request.response_format {
        Some(ResponseFormat::JsonSchema(schema)) => {
            schema.schema.len()
                + optional(&schema.name)
                + optional(&schema.description)
                + optional(&schema.extensions)
        }
        _ => 0,
    };
    let texts = [
        &request.model,
        &request.reasoning_effort,
        &request.conversation_id,
        &request.metadata,
        &request.extensions,
    ];
    let stop: usize = request.stop.iter().map(String::len).sum();
    messages + tools + choice + format + stop + texts.into_iter().map(optional).sum::<usize>()
}

fn block_size(content: &BlockContent) -> usize {
    match content {
        BlockContent::Text(text)
        | BlockContent::RedactedThinking(text)
        | BlockContent::Refusal(text) => text.len(),
        BlockContent::Thinking(thinking) => {
            thinking.text.len() + optional(&thinking.signature) + optional(&thinking.content)
        }
        BlockContent::ToolCall(call) => {
            call.id.len() + call.name.len() + call.arguments.len() + optional(&call.extensions)
        }
        BlockContent::ToolResult(result) => result.tool_call_id.len() + result.output.len(),
        BlockContent::Reasoning(reasoning) => reasoning.content.len() + reasoning.summary.len(),
        BlockContent::Image(image) => {
            image.source.as_ref().map_or(0, source_size)
                + optional(&image.media_type)
                + optional(&image.detail)
                + optional(&image.extensions)
        }
        BlockContent::File(file) => {
            source_size(&file.source) + optional(&file.filename) + optional(&file.media_type)
        }
    }
}

fn source_size(source: &FileSource) -> usize {
    let (FileSource::Base64(text) | FileSource::FileId(text) | FileSource::Url(text)) = source;
    text.len()
}

fn tool_size(tool: &ToolSpec) -> usize {
    match tool {
        ToolSpec::Function(tool) => {
            tool.name.len()
                + tool.parameters.len()
                + optional(&tool.description)
                + optional(&tool.extensions)
        }
        ToolSpec::Hosted(tool) => tool.len(),
    }
}

fn optional(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kernel_json::chat_request;

    #[test]
    fn every_text_of_a_request_counts() {
        let count = |document: &serde_json::Value| {
            let request = chat_request::from_value(document.clone()).unwrap();
            size(&request)
        };
        // Each text that can be long, in a place of its own.
        let document = json!({
            "model": "x",
            "stop": ["x"],
            "reasoning_effort": "x",
            "conversation_id": "x",
            "metadata": { "a": "x" },
            "unknown": "x",
            "tool_choice": { "type": "x" },
            "response_format": { "type": "json_schema", "name": "x", "description": "x", "schema": { "title": "x" } },
            "tools": [
                { "name": "x", "description": "x", "parameters": { "title": "x" }, "unknown": "x" },
            ],
            "messages": [
                { "role": "user", "content": "x", "name": "x", "tool_call_id": "x", "metadata": { "a": "x" }, "unknown": "x" },
                { "role": "assistant", "content": [
                    { "type": "text", "text": "x", "unknown": "x" },
                    { "type": "thinking", "thinking": "x", "signature": "x", "content": ["x"] },
                    { "type": "redacted_thinking", "data": "x" },
                    { "type": "tool_call", "id": "x", "name": "x", "input": { "a": "x" } },
                    { "type": "tool_result", "tool_call_id": "x", "output": "x" },
                    { "type": "reasoning", "content": ["x"], "summary": ["x"] },
                ] },
            ],
        });
        let before = count(&document);
        let mut texts = 0;
        for pointer in pointers(&document, "") {
            let mut longer = document.clone();
            let text = longer.pointer_mut(&pointer).unwrap();
            if *text == "x" {
                *text = "x".repeat(101).into();
                assert_eq!(count(&longer), before + 100, "{pointer}");
                texts += 1;
            }
        }
        assert!(texts > 30, "{texts}");
    }

    fn pointers(value: &serde_json::Value, at: &str) -> Vec<String> {
        let within: Vec<(String, &serde_json::Value)> = match value {
            serde_json::Value::Object(members) => members
                .iter()
                .map(|(key, member)| (format!("{at}/{key}"), member))
                .collect(),
            serde_json::Value::Array(elements) => elements
                .iter()
                .enumerate()
                .map(|(index, element)| (format!("{at}/{index}"), element))
                .collect(),
            _ => return vec![at.to_owned()],
        };
        within
            .iter()
            .flat_map(|(pointer, value)| pointers(value, pointer))
            .collect()
    }
}
