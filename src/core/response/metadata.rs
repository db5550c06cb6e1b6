//! What a response says of itself.

use serde_json::Value;

use super::{Output, incomplete_reason};
use crate::core::json::{self, ObjectWriter};

/// The metadata of a response: what the service adds to it, its ids and its status, and the items that are no blocks.
pub(super) fn of(response: &Value, mut metadata: ObjectWriter, output: &Output<'_>) -> String {
    for (key, name) in [
        ("openai:response_id", "id"),
        ("openai:model", "model"),
        ("openai:status", "status"),
        ("openai:service_tier", "service_tier"),
    ] {
        if let Some(value) = response.get(name)
            && !json::says_nothing(value)
        {
            metadata = metadata.member(key, value);
        }
    }
    if let Some(reason) = incomplete_reason(response) {
        metadata = metadata.member("openai:incomplete_reason", reason);
    }
    if !output.reasoning_ids.is_empty() {
        metadata = metadata.member("openai:reasoning_items", &output.reasoning_ids);
    }
    if !output.other_items.is_empty() {
        metadata = metadata.member("openai:output_items", &output.other_items);
    }
    metadata.finish()
}
