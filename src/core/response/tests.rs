#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use serde::Deserialize;
use serde_json::json;

use super::*;

fn translate(response: &Value) -> Result<ChatResponse, ProviderError> {
    super::translate(Response::deserialize(response).unwrap())
}

#[test]
fn blocks_come_in_the_order_of_the_output() {
    let response = translate(&json!({
        "id": "resp_1",
        "status": "completed",
        "model": "gpt-5.1-2025-11-13",
        "output": [
            {
                "type": "reasoning",
                "id": "rs_1",
                "encrypted_content": "state",
                "summary": [{ "type": "summary_text", "text": "One." }, { "type": "summary_text", "text": "Two." }],
            },
            { "type": "reasoning", "id": "rs_2", "summary": [] },
            { "type": "message", "content": [
                { "type": "output_text", "text": "Hello", "annotations": [{ "type": "url_citation", "url": "u" }] },
                { "type": "output_text", "text": "", "annotations": [] },
            ] },
            { "type": "web_search_call", "id": "ws_1" },
            { "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{ \"b\":1 , \"a\":2 }" },
            { "type": "something_new" },
        ],
        "usage": {
            "input_tokens": 10,
            "input_tokens_details": { "cached_tokens": 4 },
            "output_tokens": 5,
            "output_tokens_details": { "reasoning_tokens": 0 },
            "total_tokens": 15,
        },
    }))
    .unwrap();
    let [thinking, text, empty, call] = response.content.as_slice() else {
        panic!("four blocks, found {:?}", response.content);
    };
    let BlockContent::Thinking(thought) = &thinking.content else {
        panic!("thinking, found {thinking:?}");
    };
    assert_eq!(thought.text, "One.\nTwo.");
    assert_eq!(thought.content.as_deref(), Some(r#"["state","rs_1"]"#));
    assert_eq!(thinking.visibility, Some(Visibility::Internal));
    assert_eq!(text.content, BlockContent::Text("Hello".into()));
    assert_eq!(
        text.extensions.as_deref(),
        Some(r#"{"annotations":[{"type":"url_citation","url":"u"}]}"#)
    );
    assert_eq!(
        (&empty.content, &empty.extensions),
        (&BlockContent::Text(String::new()), &None)
    );
    assert_eq!(
        call.content,
        BlockContent::ToolCall(response.tool_calls[0].clone())
    );
    assert_eq!(response.tool_calls[0].id, "call_1");
    assert_eq!(response.tool_calls[0].arguments, "{ \"b\":1 , \"a\":2 }");
    assert_eq!(response.finish_reason, FinishReason::ToolCalls);

    let usage = response.usage.unwrap();
    assert_eq!(
        (usage.input_tokens, usage.output_tokens, usage.total_tokens),
        (10, 5, 15)
    );
    assert_eq!(
        (
            usage.cache_read_tokens,
            usage.reasoning_tokens,
            usage.cache_write_tokens
        ),
        (Some(4), Some(0), None)
    );
    let metadata: Value = serde_json::from_str(&response.metadata.unwrap()).unwrap();
    assert_eq!(
        metadata,
        json!({
            "openai:response_id": "resp_1",
            "openai:status": "completed",
            "openai:model": "gpt-5.1-2025-11-13",
            "openai:items": [
                "thinking", "text", "text", { "type": "web_search_call", "id": "ws_1" }, "tool_call",
                { "type": "something_new" },
            ],
        })
    );
}

#[test]
fn metadata_has_what_replay_cost_and_support_need() {
    for (members, expected) in [
        (json!({}), json!({})),
        (json!({ "service_tier": "default" }), json!({})),
        (
            json!({ "service_tier": "priority" }),
            json!({ "openai:service_tier": "priority" }),
        ),
        (
            json!({ "tool_usage": { "web_search": { "num_requests": 0 }, "image_gen": { "input_tokens": 0 } } }),
            json!({}),
        ),
        (
            json!({ "tool_usage": { "web_search": { "num_requests": 2 } } }),
            json!({ "openai:tool_usage": { "web_search": { "num_requests": 2 } } }),
        ),
        (
            json!({ "input_transformations": [], "prompt_cache_diagnostics": null, "billing": { "payer": "developer" } }),
            json!({}),
        ),
        (
            json!({ "input_transformations": [{ "id": "rs_1", "type": "reasoning", "action": "removed" }] }),
            json!({ "openai:input_transformations": [{ "id": "rs_1", "type": "reasoning", "action": "removed" }] }),
        ),
        (
            json!({ "prompt_cache_diagnostics": { "type": "cache_miss", "reason": "tools_changed" } }),
            json!({ "openai:prompt_cache_diagnostics": { "type": "cache_miss", "reason": "tools_changed" } }),
        ),
    ] {
        let mut response = json!({ "output": [] });
        response
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        assert_eq!(metadata(&response), expected, "{response}");
    }
}

#[test]
fn content_filters_are_told_where_they_found_something() {
    let safe = json!({ "filtered": false, "severity": "safe" });
    let undetected = json!({ "filtered": false, "detected": false });
    let low = json!({ "filtered": false, "severity": "low" });
    let detected = json!({ "filtered": false, "detected": true });
    let failed = json!({ "code": "content_filter_error", "message": "The filter could not run." });
    let filter = |blocked: bool, results: Value| {
        json!({
            "blocked": blocked,
            "source_type": "completion",
            "content_filter_raw": [],
            "content_filter_results": results,
            "content_filter_offsets": { "start_offset": 0, "end_offset": 9, "check_offset": 0 },
        })
    };
    let found = |blocked: bool, results: Value| json!({ "blocked": blocked, "source_type": "completion", "content_filter_results": results });
    for (filters, expected) in [
        (json!([]), json!(null)),
        (
            json!([
                filter(false, json!({ "hate": safe, "jailbreak": undetected })),
                filter(false, json!({}))
            ]),
            json!(null),
        ),
        (
            json!([
                filter(false, json!({ "hate": safe })),
                filter(false, json!({ "hate": low, "violence": safe }))
            ]),
            json!([found(false, json!({ "hate": low }))]),
        ),
        (
            json!([filter(
                false,
                json!({ "jailbreak": detected, "error": failed })
            )]),
            json!([found(
                false,
                json!({ "jailbreak": detected, "error": failed })
            )]),
        ),
        (
            json!([filter(true, json!({ "hate": safe }))]),
            json!([found(true, json!({}))]),
        ),
        (
            json!([null, 1, { "content_filter_results": 5 }]),
            json!(null),
        ),
    ] {
        let metadata = metadata(&json!({ "output": [], "content_filters": filters }));
        assert_eq!(metadata["openai:content_filters"], expected, "{filters}");
    }
}

/// The metadata of a response.
fn metadata(response: &Value) -> Value {
    serde_json::from_str(&translate(response).unwrap().metadata.unwrap()).unwrap()
}

#[test]
fn the_finish_reason_is_always_set() {
    let text = json!([{ "type": "message", "content": [{ "type": "output_text", "text": "x" }] }]);
    let refusal =
        json!([{ "type": "message", "content": [{ "type": "refusal", "refusal": "No." }] }]);
    let cut_call =
        json!([{ "type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"a\":" }]);
    for (status, reason, output, expected) in [
        (json!("completed"), None, &text, FinishReason::Stop),
        (json!(null), None, &text, FinishReason::Stop),
        (json!("completed"), None, &json!(null), FinishReason::Stop),
        (
            json!("completed"),
            None,
            &refusal,
            FinishReason::ContentFilter,
        ),
        (
            json!("incomplete"),
            Some("max_output_tokens"),
            &text,
            FinishReason::Length,
        ),
        (
            json!("incomplete"),
            Some("content_filter"),
            &text,
            FinishReason::ContentFilter,
        ),
        (
            json!("incomplete"),
            Some("max_output_tokens"),
            &cut_call,
            FinishReason::Length,
        ),
    ] {
        let details = reason.map(|reason| json!({ "reason": reason }));
        let response = json!({ "status": status, "incomplete_details": details, "output": output });
        let translated = translate(&response).unwrap();
        assert_eq!(translated.finish_reason, expected, "{response}");
        assert!(translated.tool_calls.is_empty());
    }
}

#[test]
fn responses_that_failed_are_errors() {
    for (response, kind) in [
        (
            json!({ "status": "failed", "error": { "code": "rate_limit_exceeded", "message": "m" } }),
            ErrorKind::RateLimit,
        ),
        (
            json!({ "status": "failed", "error": null }),
            ErrorKind::Unavailable,
        ),
        (json!({ "status": "failed" }), ErrorKind::Unavailable),
        (json!({ "status": "cancelled" }), ErrorKind::Aborted),
        (
            json!({ "status": "queued", "output": [] }),
            ErrorKind::Stream,
        ),
        (
            json!({ "status": "something new", "output": [] }),
            ErrorKind::Stream,
        ),
        (json!({}), ErrorKind::Stream),
        (json!([]), ErrorKind::Stream),
        (json!({ "output": null }), ErrorKind::Stream),
        (
            json!({ "error": { "code": "insufficient_quota", "message": "m" } }),
            ErrorKind::QuotaExceeded,
        ),
    ] {
        assert_eq!(translate(&response).unwrap_err().kind, kind, "{response}");
    }
}

#[test]
fn nothing_that_a_service_may_send_is_fatal() {
    for mut response in [
        json!({}),
        json!({ "output": "text" }),
        json!({ "output": [null, 1, "x", [], {}] }),
        json!({ "output": [{ "type": "message" }, { "type": "message", "content": [null, {}, { "text": 5 }] }] }),
        json!({ "output": [{ "type": "reasoning" }, { "type": "reasoning", "summary": "s" }] }),
        json!({ "usage": [], "incomplete_details": "x" }),
        json!({ "usage": { "input_tokens": -1, "output_tokens": "many", "total_tokens": 1.5 } }),
    ] {
        response["status"] = json!("completed");
        assert!(translate(&response).is_ok(), "{response}");
    }
}
