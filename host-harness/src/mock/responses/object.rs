//! The response object: what a plain request gets, and what the events of a stream carry.

use serde_json::{Value, json};

use super::Ids;
use super::answer::Answer;
use super::item::Item;
use super::request::CreateRequest;
use super::text::words;

/// An answer that can be told in one piece or in events.
pub(super) struct Response<'a> {
    pub(super) items: Vec<Item>,
    pub(super) is_cut: bool,
    pub(super) request: &'a CreateRequest<'a>,
    id: String,
    usage: Value,
}

impl<'a> Response<'a> {
    pub(super) fn new(request: &'a CreateRequest<'a>, answer: Answer, ids: &Ids) -> Self {
        let id = ids.next("resp");
        let (output, reasoning) = answer.tokens();
        let input = input_tokens(request);
        let count = answer.items.len();
        let items = answer.items.into_iter().enumerate().map(|(index, output)| {
            let is_complete = !answer.is_cut || index + 1 < count;
            Item::new(output, is_complete, request, ids)
        });
        Self {
            items: items.collect(),
            is_cut: answer.is_cut,
            request,
            id,
            usage: json!({
                "input_tokens": input,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": output,
                "output_tokens_details": {"reasoning_tokens": reasoning},
                "total_tokens": input + output,
            }),
        }
    }

    /// The object before there is any output.
    pub(super) fn in_progress(&self) -> Value {
        let mut object = self.object("in_progress");
        object["output"] = json!([]);
        object
    }

    /// The object with everything.
    pub(super) fn finished(&self) -> Value {
        let status = if self.is_cut {
            "incomplete"
        } else {
            "completed"
        };
        let mut object = self.object(status);
        object["output"] = self.items.iter().map(Item::finished).collect();
        object["usage"] = self.usage.clone();
        object["content_filters"] = json!([content_filter("prompt"), content_filter("completion")]);
        if self.is_cut {
            object["incomplete_details"] = json!({"reason": "max_output_tokens"});
        }
        object
    }

    /// What is the same at both times: the request's parameters, with the service's defaults.
    fn object(&self, status: &str) -> Value {
        let request = self.request;
        let given = |name| request.get(name).cloned();
        let mut text = given("text").unwrap_or(json!({}));
        if text["format"].is_null() {
            text["format"] = json!({"type": "text"});
        }
        json!({
            "id": self.id,
            "object": "response",
            "created_at": CREATED_AT,
            "status": status,
            "background": false,
            "content_filters": null,
            "error": null,
            "incomplete_details": null,
            "instructions": given("instructions"),
            "max_output_tokens": given("max_output_tokens"),
            "max_tool_calls": given("max_tool_calls"),
            "metadata": given("metadata").unwrap_or(json!({})),
            "model": request.deployment.model,
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
            "usage": null,
            "user": given("user"),
        })
    }
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
