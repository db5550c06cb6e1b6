//! What a response says of itself.

use super::{Output, Response, incomplete_reason};
use crate::core::json;

/// The metadata of a response: its ids and its status, the items that are no blocks, and what the service adds to it.
pub(super) fn of(response: &Response, output: &Output<'_>) -> String {
    let mut metadata = response.passed_on.clone();
    for (key, text) in [
        ("openai:response_id", response.id()),
        ("openai:model", response.model()),
        ("openai:status", json::text(&response.read, "status")),
        (
            "openai:incomplete_reason",
            incomplete_reason(&response.read),
        ),
    ] {
        if let Some(text) = text {
            metadata = metadata.member(key, text);
        }
    }
    if !output.reasoning_ids.is_empty() {
        metadata = metadata.member("openai:reasoning_items", &output.reasoning_ids);
    }
    if !output.other_items.is_empty() {
        metadata = metadata.member("openai:output_items", &output.other_items);
    }
    metadata.finish()
}

/// What the keys of metadata begin with, as those of the Python provider do.
pub(super) const PREFIX: &str = "openai:";
