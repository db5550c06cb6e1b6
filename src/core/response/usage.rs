//! Tokens.

use serde_json::{Map, Value};

use super::{rest, written_unless_empty};
use crate::contract::types::Usage;
use crate::core::json;

/// Translates the service's `usage`; none when it is not an object.
pub(super) fn translate(usage: &Value) -> Option<Usage> {
    if !usage.is_object() {
        return None;
    }
    let count = |key| json::count(usage, key).unwrap_or(0);
    let detail = |group, key| json::count(usage.get(group)?, key);
    let (input_tokens, output_tokens) = (count("input_tokens"), count("output_tokens"));
    Some(Usage {
        input_tokens,
        output_tokens,
        total_tokens: json::count(usage, "total_tokens")
            .unwrap_or_else(|| input_tokens.saturating_add(output_tokens)),
        reasoning_tokens: detail("output_tokens_details", "reasoning_tokens"),
        cache_read_tokens: detail("input_tokens_details", "cached_tokens"),
        cache_write_tokens: detail("input_tokens_details", "cache_write_tokens"),
        cost_usd: None,
        extensions: unknown(usage),
    })
}

/// The counts that the contract does not name.
fn unknown(usage: &Value) -> Option<String> {
    const READ: &[&str] = &[
        "input_tokens",
        "input_tokens_details",
        "output_tokens",
        "output_tokens_details",
        "total_tokens",
    ];
    let mut unknown = Map::new();
    rest(usage, READ, &mut unknown);
    for (group, read) in [
        (
            "input_tokens_details",
            &["cached_tokens", "cache_write_tokens"][..],
        ),
        ("output_tokens_details", &["reasoning_tokens"]),
    ] {
        let mut details = Map::new();
        rest(&usage[group], read, &mut details);
        if !details.is_empty() {
            unknown.insert(group.to_owned(), Value::Object(details));
        }
    }
    written_unless_empty(&unknown)
}
