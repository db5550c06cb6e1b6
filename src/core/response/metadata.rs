//! What a response says of itself beside its content: what replay, cost and support need, and no more. Agents store it with the
//! message, send it back, and count it as context.

use serde_json::{Map, Value};

use super::incomplete_reason;
use super::items::Items;
use crate::core::item;
use crate::core::json::{self, ObjectWriter};

/// The metadata of a response.
pub(super) fn of(response: &Value, items: Items) -> String {
    let mut metadata = ObjectWriter::new();
    for (key, name, is_wanted) in MEMBERS {
        if let Some(value) = response.get(name)
            && !json::says_nothing(value)
            && is_wanted(value)
        {
            metadata = metadata.member(key, value);
        }
    }
    if let Some(reason) = incomplete_reason(response) {
        metadata = metadata.member("openai:incomplete_reason", reason);
    }
    let filters = content_filters(response);
    if !filters.is_empty() {
        metadata = metadata.member("openai:content_filters", &filters);
    }
    let items = items.finish();
    if !items.is_empty() {
        metadata = metadata.member(item::ITEMS, &items);
    }
    metadata.finish()
}

/// A key, the member of the response whose value it has, and when that is worth keeping.
type Member = (&'static str, &'static str, fn(&Value) -> bool);

const MEMBERS: [Member; 7] = [
    ("openai:response_id", "id", always),
    ("openai:model", "model", always),
    ("openai:status", "status", always),
    ("openai:service_tier", "service_tier", is_special_tier),
    // What the tools of the service cost beside the tokens.
    ("openai:tool_usage", "tool_usage", has_count),
    // Reasoning that the service withheld from the model.
    (
        "openai:input_transformations",
        "input_transformations",
        always,
    ),
    // What a request asks for with `prompt_cache_options`.
    (
        "openai:prompt_cache_diagnostics",
        "prompt_cache_diagnostics",
        always,
    ),
];

fn always(_: &Value) -> bool {
    true
}

/// Whether the tier has other prices than the usual one.
fn is_special_tier(tier: &Value) -> bool {
    tier != "default"
}

/// Whether there is any number in it but 0.
fn has_count(usage: &Value) -> bool {
    match usage {
        Value::Object(members) => members.values().any(has_count),
        other => other.as_f64().is_some_and(|count| count != 0.0),
    }
}

/// What Azure's content filters found: of each filter the results that say more than that all is well. Most find nothing, and
/// that takes hundreds of characters to say.
fn content_filters(response: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for filter in json::items(response, "content_filters") {
        let mut results = Map::new();
        let all = filter.get(FILTER_RESULTS).and_then(Value::as_object);
        for (name, result) in all.into_iter().flatten() {
            if has_found(result) {
                results.insert(name.clone(), result.clone());
            }
        }
        let is_blocked = filter.get("blocked") == Some(&Value::Bool(true));
        if results.is_empty() && !is_blocked {
            continue;
        }
        let mut kept = Map::new();
        for key in ["source_type", "blocked"] {
            if let Some(value) = filter.get(key) {
                kept.insert(key.to_owned(), value.clone());
            }
        }
        json::set(&mut kept, FILTER_RESULTS, Value::Object(results));
        found.push(Value::Object(kept));
    }
    found
}

/// Whether a filter has stopped something, recognised something, given it a severity, or could not run.
fn has_found(result: &Value) -> bool {
    let is_true = |key| result.get(key) == Some(&Value::Bool(true));
    let severity = json::text(result, "severity").unwrap_or("safe");
    is_true("filtered") || is_true("detected") || severity != "safe" || result.get("code").is_some()
}

const FILTER_RESULTS: &str = "content_filter_results";
