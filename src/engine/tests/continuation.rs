//! Answers that were cut off by the output limit, and go on.

use super::*;
use crate::contract::types::{BlockContent, ContentBlock, FinishReason};

#[test]
fn each_response_is_told_before_the_next_request() {
    let edge = FakeEdge::default();
    answer_with(&edge, &cut("one t"));
    answer_with(&edge, &complete("wo."));
    ask(&edge, json!({ "debug": true, "raw_debug": true })).unwrap();
    let told = edge.events();
    let bodies: Vec<&String> = told
        .iter()
        .filter(|name| name.ends_with(":raw") || name.starts_with("provider:inc"))
        .collect();
    assert_eq!(
        bodies,
        [
            "llm:request:raw",
            "llm:response:raw",
            "provider:incomplete_continuation",
            "llm:request:raw",
            "llm:response:raw",
        ]
    );
}

#[test]
fn what_the_filters_found_in_each_part_is_kept() {
    let edge = FakeEdge::default();
    for (mut response, severity) in [(cut("one t"), "low"), (complete("wo."), "medium")] {
        let results = json!({ "violence": { "filtered": false, "severity": severity } });
        response["content_filters"] =
            json!([{ "source_type": "completion", "content_filter_results": results }]);
        response["tool_usage"] = json!({ "web_search": { "num_requests": 1 } });
        answer_with(&edge, &response);
    }
    let response = ask(&edge, json!({})).unwrap();
    let metadata = metadata(&response.metadata);
    let severities: Vec<&Value> = metadata["openai:content_filters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|filter| &filter["content_filter_results"]["violence"]["severity"])
        .collect();
    assert_eq!(severities, ["low", "medium"]);
    assert_eq!(
        metadata["openai:tool_usage"],
        json!({ "web_search": { "num_requests": 2 } })
    );
}

#[test]
fn a_cut_answer_goes_on_and_is_one_answer() {
    let edge = FakeEdge::default();
    answer_with(&edge, &cut("one t"));
    answer_with(&edge, &cut("wo th"));
    answer_with(&edge, &complete("ree."));
    let response = ask(&edge, json!({})).unwrap();
    assert_eq!(text(&response), "one two three.");
    assert_eq!(response.finish_reason, FinishReason::Stop);
    let usage = response.usage.unwrap();
    assert_eq!(
        (usage.input_tokens, usage.output_tokens, usage.total_tokens),
        (30, 9, 39)
    );
    assert_eq!(
        (usage.cache_read_tokens, usage.reasoning_tokens),
        (Some(12), Some(3))
    );
    // 18 fresh tokens at 1.25, 12 from the cache at 0.125, 9 at 10 dollars for a million.
    assert_eq!(usage.cost_usd.as_deref(), Some("0.000114"));
    assert_eq!(metadata(&response.metadata)["openai:continuation_count"], 2);

    let bodies = edge.0.sent_bodies.borrow();
    let said = |text: &str| json!({ "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": text }] });
    let asked = bodies[0]["input"][0].clone();
    assert_eq!(bodies[1]["input"], json!([asked, said("one t")]));
    assert_eq!(bodies[2]["input"], json!([asked, said("one two th")]));
    for body in bodies.iter() {
        assert_eq!(body["max_output_tokens"], bodies[0]["max_output_tokens"]);
    }

    assert_eq!(
        edge.events(),
        [
            "llm:request",
            "llm:stream_block_start",
            "llm:stream_block_delta",
            "provider:incomplete_continuation",
            "llm:stream_block_delta",
            "provider:incomplete_continuation",
            "llm:stream_block_delta",
            "llm:stream_block_end",
            "llm:response",
        ]
    );
    let events = edge.0.events.borrow();
    assert_eq!(
        events[5].1,
        json!({
            "provider": "azure-openai",
            "request_id": CALL,
            "response_id": "resp_1",
            "reason": "max_output_tokens",
            "continuation_number": 2,
            "max_attempts": 5,
        })
    );
    assert_eq!(events[8].1["continuation_count"], 2);
    assert_eq!(events[8].1["usage"]["output_tokens"], 9);
}

#[test]
fn reasoning_is_sent_along_and_what_was_cut_off_otherwise_does_not_go_on() {
    let reasoning =
        json!({ "type": "reasoning", "id": "rs_1", "encrypted_content": "state", "summary": [] });
    let call = |arguments: &str| json!({ "type": "function_call", "call_id": "c", "name": "f", "arguments": arguments });
    // output → the items that are sent with it; none when it does not go on
    for (output, sent) in [
        (
            json!([reasoning, message("x")]),
            Some(json!([
                { "type": "reasoning", "encrypted_content": "state", "summary": [] },
                { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "x" }] },
            ])),
        ),
        (json!([message("x"), call("{\"a\":")]), None),
        (json!([call("{}"), message("x")]), None),
        (
            json!([{ "type": "message", "content": [{ "type": "refusal", "refusal": "No" }] }]),
            None,
        ),
    ] {
        let edge = FakeEdge::default();
        answer_with(&edge, &incomplete(&output, "max_output_tokens"));
        answer_with(&edge, &complete("."));
        let response = ask(&edge, json!({})).unwrap();
        let bodies = edge.0.sent_bodies.borrow();
        assert_eq!(bodies.len(), if sent.is_some() { 2 } else { 1 }, "{output}");
        match sent {
            Some(Value::Array(sent)) => {
                let input = bodies[1]["input"].as_array().unwrap();
                assert_eq!(input[1..], sent, "{output}");
            }
            _ => assert!(
                matches!(
                    response.finish_reason,
                    FinishReason::Length | FinishReason::ContentFilter
                ),
                "{output}"
            ),
        }
    }
}

#[test]
fn a_filter_that_cuts_and_a_setting_that_forbids_it_are_heeded() {
    for (reason, setting, extensions) in [
        ("content_filter", true, None),
        ("max_output_tokens", false, None),
        (
            "max_output_tokens",
            true,
            Some(r#"{"auto_continue":false}"#),
        ),
    ] {
        let edge = FakeEdge::default();
        answer_with(&edge, &incomplete(&json!([message("x")]), reason));
        let config = json!({ "auto_continue": setting });
        let response = ask_with(&edge, config, extensions).unwrap();
        assert_eq!(edge.0.sent_bodies.borrow().len(), 1);
        let metadata = metadata(&response.metadata);
        assert_eq!(metadata["openai:incomplete_reason"], reason);
        assert_eq!(metadata.get("openai:continuation_count"), None);
    }
}

#[test]
fn an_answer_goes_on_five_times_at_most() {
    let edge = FakeEdge::default();
    for _ in 0..9 {
        answer_with(&edge, &cut("x"));
    }
    let response = ask(&edge, json!({})).unwrap();
    assert_eq!(text(&response), "xxxxxx");
    assert_eq!(response.finish_reason, FinishReason::Length);
    assert_eq!(edge.0.sent_bodies.borrow().len(), 6);
}

#[test]
fn an_answer_that_cannot_go_on_is_what_there_is_and_says_why() {
    let edge = FakeEdge::default();
    answer_with(&edge, &cut("one t"));
    edge.answer(429, "application/json");
    let response = ask(&edge, json!({})).unwrap();
    assert_eq!(text(&response), "one t");
    assert_eq!(response.finish_reason, FinishReason::Length);
    let degradation = response.degradation.unwrap();
    assert!(
        degradation.reason.contains("too many requests"),
        "{}",
        degradation.reason
    );
    assert_eq!(edge.events().last().unwrap(), "llm:response");
}

#[test]
fn a_continuation_that_breaks_off_after_more_was_said_is_an_error_with_all_of_it() {
    let edge = FakeEdge::default();
    answer_with(&edge, &cut("one t"));
    edge.answer(200, "text/event-stream");
    let delta = json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "wo" });
    edge.chunk(Duration::ZERO, &format!("data: {delta}\n\n"));
    let error = ask(&edge, json!({})).unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Stream, true));
    assert_eq!(metadata(&error.details)["partial_text"], "one two");
    let ended = edge.events();
    assert!(
        ended.ends_with(&[
            "llm:stream_block_end".to_owned(),
            "llm:stream_aborted".to_owned(),
            "llm:response".to_owned()
        ]),
        "{ended:?}"
    );
}

#[test]
fn each_response_of_an_answer_has_its_own_price() {
    // Two inputs of 200,000 tokens are not one of 400,000, and the tiers that served may differ.
    // 200,000 · 4 + 1,000 · 20, and the same at double: 0.82 + 1.64.
    let edge = FakeEdge::default();
    for (mut response, tier) in [(cut("one t"), "default"), (complete("wo"), "priority")] {
        response["model"] = json!("gpt-5.6-2026-07-09");
        response["service_tier"] = json!(tier);
        response["usage"] =
            json!({ "input_tokens": 200_000, "output_tokens": 1_000, "total_tokens": 201_000 });
        answer_with(&edge, &response);
    }
    let usage = ask(&edge, json!({})).unwrap().usage.unwrap();
    assert_eq!(usage.input_tokens, 400_000);
    assert_eq!(usage.cost_usd.as_deref(), Some("2.46"));

    // What one of them cost is not known.
    let edge = FakeEdge::default();
    for (mut response, tier) in [(cut("one t"), "scale"), (complete("wo"), "default")] {
        response["service_tier"] = json!(tier);
        answer_with(&edge, &response);
    }
    assert_eq!(ask(&edge, json!({})).unwrap().usage.unwrap().cost_usd, None);
}

/// Asks for a whole answer.
fn ask(edge: &FakeEdge, settings: Value) -> Result<ChatResponse, ProviderError> {
    ask_with(edge, settings, None)
}

fn ask_with(
    edge: &FakeEdge,
    settings: Value,
    extensions: Option<&str>,
) -> Result<ChatResponse, ProviderError> {
    let mut config = json!({ "azure_endpoint": "https://r.openai.azure.com", "api_key": "key", "max_retries": 0 });
    let settings = settings.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(settings);
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    let mut request = request(vec![user("Hi")]);
    request.extensions = extensions.map(str::to_owned);
    engine.complete(&request)
}

fn answer_with(edge: &FakeEdge, response: &Value) {
    edge.answer(200, "application/json");
    edge.chunk(Duration::ZERO, &response.to_string());
}

fn cut(text: &str) -> Value {
    incomplete(&json!([message(text)]), "max_output_tokens")
}

fn incomplete(output: &Value, reason: &str) -> Value {
    let mut response = complete("");
    response["status"] = json!("incomplete");
    response["incomplete_details"] = json!({ "reason": reason });
    response["output"] = output.clone();
    response
}

fn complete(text: &str) -> Value {
    json!({
        "id": "resp_1",
        "status": "completed",
        "model": "gpt-5.1-2025-11-13",
        "output": [message(text)],
        "usage": {
            "input_tokens": 10,
            "input_tokens_details": { "cached_tokens": 4 },
            "output_tokens": 3,
            "output_tokens_details": { "reasoning_tokens": 1 },
            "total_tokens": 13,
        },
    })
}

fn message(text: &str) -> Value {
    json!({ "type": "message", "content": [{ "type": "output_text", "text": text }] })
}

fn text(response: &ChatResponse) -> &str {
    match response.content.as_slice() {
        [
            ContentBlock {
                content: BlockContent::Text(text),
                ..
            },
        ] => text,
        other => panic!("one text, found {other:?}"),
    }
}

fn metadata(text: &Option<String>) -> Value {
    serde_json::from_str(text.as_deref().unwrap()).unwrap()
}
