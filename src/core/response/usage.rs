//! Tokens.

use serde_json::Value;

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
        extensions: None,
    })
}
