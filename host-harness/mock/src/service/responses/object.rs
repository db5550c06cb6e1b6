//! The response object for what the model says.

use serde_json::{Value, json};

use super::Ids;
use super::answer::Answer;
use super::item;
use super::request::CreateRequest;
use super::text::words;

/// The response object for an answer.
pub(super) fn response(request: &CreateRequest<'_>, answer: Answer, ids: &Ids) -> Value {
    let id = ids.next("resp");
    let input = input_tokens(request);
    let (output, reasoning) = answer.tokens();
    let (status, incomplete_details) = match answer.is_cut {
        true => ("incomplete", json!({"reason": "max_output_tokens"})),
        false => ("completed", Value::Null),
    };
    let count = answer.items.len();
    let items = answer.items.into_iter().enumerate().map(|(index, output)| {
        let is_complete = !answer.is_cut || index + 1 < count;
        item::of(output, is_complete, request, ids)
    });
    let items: Vec<Value> = items.collect();
    let given = |name| request.get(name).cloned();
    let mut text = given("text").unwrap_or(json!({}));
    if text["format"].is_null() {
        text["format"] = json!({"type": "text"});
    }
    json!({
        "id": id,
        "object": "response",
        "created_at": CREATED_AT,
        "status": status,
        "background": false,
        "content_filters": [content_filter("prompt"), content_filter("completion")],
        "error": null,
        "incomplete_details": incomplete_details,
        "instructions": given("instructions"),
        "max_output_tokens": given("max_output_tokens"),
        "max_tool_calls": given("max_tool_calls"),
        "metadata": given("metadata").unwrap_or(json!({})),
        "model": request.deployment.model,
        "output": items,
        "parallel_tool_calls": request.flag("parallel_tool_calls", true),
        "previous_response_id": null,
        "prompt_cache_key": given("prompt_cache_key"),
        "prompt_cache_retention": given("prompt_cache_retention"),
        "reasoning": {
            "effort": request.get_in("reasoning", "effort"),
            "summary": request.get_in("reasoning", "summary"),
        },
        "safety_identifier": given("safety_identifier"),
        "service_tier": given("service_tier").unwrap_or(json!("default")),
        "store": request.flag("store", true),
        "temperature": given("temperature").unwrap_or(json!(1.0)),
        "text": text,
        "tool_choice": given("tool_choice").unwrap_or(json!("auto")),
        "tools": given("tools").unwrap_or(json!([])),
        "top_logprobs": given("top_logprobs").unwrap_or(json!(0)),
        "top_p": given("top_p").unwrap_or(json!(1.0)),
        "truncation": given("truncation").unwrap_or(json!("disabled")),
        "usage": {
            "input_tokens": input,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": reasoning},
            "total_tokens": input + output,
        },
        "user": given("user"),
    })
}

/// An estimate that is easy to check by hand: the words of the instructions and the input, and the words and names in
/// the definitions of tools.
fn input_tokens(request: &CreateRequest<'_>) -> usize {
    let instructions = request
        .get("instructions")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let tools = request
        .get("tools")
        .map(Value::to_string)
        .unwrap_or_default();
    let tools = tools
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty());
    let input: usize = request
        .input
        .texts()
        .iter()
        .map(|text| words(text).len())
        .sum();
    words(instructions).len() + input + tools.count()
}

fn content_filter(source: &str) -> Value {
    let safe = json!({"filtered": false, "severity": "safe"});
    json!({
        "blocked": false,
        "source_type": source,
        "content_filter_raw": [],
        "content_filter_results": {
            "hate": safe,
            "self_harm": safe,
            "sexual": safe,
            "violence": safe,
        },
        "content_filter_offsets": {"start_offset": 0, "end_offset": 0, "check_offset": 0},
    })
}

/// The mock's clock stands still, so that equal requests get equal bytes.
const CREATED_AT: u64 = 1_763_000_000;
