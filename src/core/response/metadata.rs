//! What a response says of itself.

use serde_json::{Map, Value};

use super::{Output, incomplete_reason};
use crate::core::json;

/// The metadata of a response: its ids and its status, the items that are no blocks, and what the service adds to it.
pub(super) fn of(response: &Value, output: &mut Output) -> Value {
    let mut metadata = Map::new();
    let mut set = |name: &str, value: Value| metadata.insert([PREFIX, name].concat(), value);
    if let Some(reason) = incomplete_reason(response) {
        set("incomplete_reason", reason.into());
    }
    for (name, items) in [
        ("reasoning_items", &mut output.reasoning_ids),
        ("output_items", &mut output.other_items),
    ] {
        if !items.is_empty() {
            set(name, Value::Array(std::mem::take(items)));
        }
    }
    for (key, value) in response.as_object().into_iter().flatten() {
        let name = match key.as_str() {
            "id" => "response_id",
            key if SAID_ELSEWHERE.contains(&key) => continue,
            key => key,
        };
        if !value.is_null() && !json::is_empty_array(value) {
            set(name, value.clone());
        }
    }
    Value::Object(metadata)
}

/// What the keys of metadata begin with, as those of the Python provider do.
const PREFIX: &str = "openai:";

/// Members that are translated, that repeat the request, or whose names in the metadata are those of what the headers say.
const SAID_ELSEWHERE: &[&str] = &[
    "background",
    "completed_at",
    "continuation_count",
    "conversation",
    "created_at",
    "error",
    "frequency_penalty",
    "incomplete_details",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "moderation",
    "object",
    "output",
    "output_text",
    "parallel_tool_calls",
    "presence_penalty",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "rate_limits",
    "reasoning",
    "request_id",
    "safety_identifier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "usage",
    "user",
];
