//! Tokens.

use serde_json::{Map, Value};

use super::{rest, written_unless_empty};
use crate::contract::types::Usage;
use crate::core::json;
use crate::core::pricing::Tokens;

/// Translates the service's `usage`; none when it is not an object.
pub(in crate::core) fn translate(usage: &Value) -> Option<Usage> {
    if !usage.is_object() {
        return None;
    }
    let count = |key| json::count(usage, key).unwrap_or(0);
    let detail = |group, key| json::count(usage.get(group)?, key);
    let written = tokens(usage).map_or(0, |tokens| tokens.cache_write);
    let (input_tokens, output_tokens) = (count("input_tokens"), count("output_tokens"));
    Some(Usage {
        input_tokens,
        output_tokens,
        total_tokens: json::count(usage, "total_tokens")
            .unwrap_or_else(|| input_tokens.saturating_add(output_tokens)),
        reasoning_tokens: detail("output_tokens_details", "reasoning_tokens"),
        cache_read_tokens: detail("input_tokens_details", "cached_tokens"),
        cache_write_tokens: detail("input_tokens_details", "cache_write_tokens")
            .or((written > 0).then_some(written)),
        cost_usd: None,
        extensions: unknown(usage),
    })
}

/// The counts that have prices; none when it is not an object.
///
/// What is written to the cache may be told by how long it is kept, and its sum be left out.
pub(in crate::core) fn tokens(usage: &Value) -> Option<Tokens> {
    if !usage.is_object() {
        return None;
    }
    let count = |object: &Value, key| json::count(object, key).unwrap_or(0);
    let input = &usage["input_tokens_details"];
    let written = &input["cache_write_tokens_details"];
    let cache_write_12h = count(written, "ttl_12h_tokens");
    let by_time = cache_write_12h.saturating_add(count(written, "ttl_30m_tokens"));
    Some(Tokens {
        input: count(usage, "input_tokens"),
        cache_read: count(input, "cached_tokens"),
        cache_write: count(input, "cache_write_tokens").max(by_time),
        cache_write_12h,
        output: count(usage, "output_tokens"),
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
