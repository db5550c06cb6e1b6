//! What is tried again, when, and what the caller sees of it.

use super::*;
use crate::contract::credentials::{CredentialError, CredentialErrorKind};
use crate::contract::types::{BlockContent, ContentBlock, MessageContent, Role, Thinking};
use crate::core::headers::Headers;

#[test]
fn requests_that_may_succeed_later_are_sent_again() {
    for status in [408, 409, 425, 429, 500, 502, 503, 504, 529] {
        let edge = FakeEdge::default();
        edge.answer(status, "application/json");
        edge.answer(status, "application/json");
        answer(&edge, "Hi");
        assert_eq!(ask(&edge, json!({})).unwrap(), "Hi", "{status}");
        // 1 and 2 seconds, each with the greatest jitter there is.
        assert_eq!(edge.elapsed().as_millis(), 4499, "{status}");
        assert_eq!(
            edge.events()[..3],
            ["llm:request", "provider:retry", "provider:retry"]
        );
        assert_eq!(edge.events().last().unwrap(), "llm:response");
    }
}

#[test]
fn what_would_come_again_is_sent_once() {
    let quota = json!({ "error": { "code": "insufficient_quota", "message": "m" } });
    let filter = json!({ "error": { "code": "content_filter", "message": "m" } });
    let context = json!({ "error": { "code": "context_length_exceeded", "message": "m" } });
    for (status, body) in [
        (400, &Value::Null),
        (400, &filter),
        (400, &context),
        (401, &Value::Null),
        (403, &Value::Null),
        (404, &Value::Null),
        (413, &Value::Null),
        (422, &Value::Null),
        (429, &quota),
        (301, &Value::Null),
    ] {
        let edge = FakeEdge::default();
        edge.answer(status, "application/json");
        edge.chunk(Duration::ZERO, &body.to_string());
        let error = ask(&edge, json!({})).unwrap_err();
        assert_eq!(
            (error.status, error.retryable),
            (Some(status), false),
            "{body}"
        );
        assert_eq!(edge.0.sent_bodies.borrow().len(), 1);
        assert_eq!(edge.elapsed(), Duration::ZERO);
    }
}

#[test]
fn it_is_tried_as_often_as_the_setting_says_and_the_error_says_how_often() {
    let edge = FakeEdge::default();
    for _ in 0..9 {
        edge.answer(500, "application/json");
    }
    let settings = json!({ "max_retries": 3, "retry_jitter": false });
    let error = ask(&edge, settings).unwrap_err();
    assert!(
        error.message.ends_with("; it was tried 4 times"),
        "{error:?}"
    );
    assert!(error.retryable);
    assert_eq!(edge.0.sent_bodies.borrow().len(), 4);
    assert_eq!(edge.elapsed(), Duration::from_secs(1 + 2 + 4));
    let events = edge.0.events.borrow();
    let retries: Vec<&Value> = events
        .iter()
        .filter(|(name, _)| name == "provider:retry")
        .map(|(_, payload)| payload)
        .collect();
    assert_eq!(retries.len(), 3);
    assert_eq!(
        (&retries[1]["attempt"], &retries[1]["delay"]),
        (&json!(2), &json!(2.0))
    );
    assert_eq!(retries[1]["max_retries"], 3);
    assert_eq!(retries[1]["error_type"], "ProviderUnavailableError");
    assert_eq!(retries[1]["provider"], "azure-openai");
    assert!(
        retries[1]["error_message"]
            .as_str()
            .unwrap()
            .contains("cannot serve the request now")
    );
}

#[test]
fn the_wait_that_the_service_asks_for_is_waited_or_too_long() {
    // header, value → milliseconds waited; none when it fails at once
    for (name, value, waited) in [
        ("retry-after-ms", "2500", Some(2500)),
        ("x-ms-retry-after-ms", "2500", Some(2500)),
        ("retry-after", "7", Some(7000)),
        ("retry-after", "Sun, 06 Nov 1994 08:49:48 GMT", Some(11_000)),
        ("retry-after-ms", "10", Some(1499)),
        ("retry-after", "61", None),
        ("retry-after", "86400", None),
    ] {
        let edge = FakeEdge::default();
        edge.push(Ok((
            429,
            Headers::new(vec![
                ("date".into(), "Sun, 06 Nov 1994 08:49:37 GMT".into()),
                (name.into(), value.into()),
            ]),
        )));
        answer(&edge, "Hi");
        let asked = ask(&edge, json!({}));
        match waited {
            Some(waited) => {
                assert_eq!(asked.unwrap(), "Hi");
                assert_eq!(edge.elapsed().as_millis(), waited, "{name}: {value}");
            }
            None => {
                let error = asked.unwrap_err();
                assert_eq!(edge.elapsed(), Duration::ZERO);
                assert!(
                    error
                        .message
                        .contains(&format!("asks to wait {value} seconds")),
                    "{error:?}"
                );
                let seconds: u64 = value.parse().unwrap();
                assert_eq!(error.retry_after_ms, Some(seconds * 1000));
            }
        }
    }
}

#[test]
fn connections_that_break_are_made_again() {
    let edge = FakeEdge::default();
    edge.push(Err(TransportError::Unreachable("DNS".into())));
    edge.push(Err(TransportError::TimedOut));
    answer(&edge, "Hi");
    assert_eq!(ask(&edge, json!({})).unwrap(), "Hi");

    let edge = FakeEdge::default();
    edge.push(Err(TransportError::Untrusted("self-signed".into())));
    assert_eq!(ask(&edge, json!({})).unwrap_err().kind, ErrorKind::Network);
}

#[test]
fn a_stream_that_breaks_before_anything_was_seen_begins_again_unseen() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/event-stream");
    edge.chunk(Duration::ZERO, "data: {\"type\":\"response.created\"}\n\n");
    answer(&edge, "Hi");
    assert_eq!(
        told(&edge),
        ["start 0", "delta 0 Hi", "end 0", "completed Hi"]
    );
    assert_eq!(
        edge.events(),
        [
            "llm:request",
            "provider:retry",
            "llm:stream_block_start",
            "llm:stream_block_delta",
            "llm:stream_block_end",
            "llm:response"
        ]
    );
}

#[test]
fn a_stream_that_breaks_after_something_was_seen_takes_it_back() {
    let edge = FakeEdge::default();
    broken_after(&edge, "Hel");
    answer(&edge, "Hello");
    assert_eq!(
        told(&edge),
        [
            "start 0",
            "delta 0 Hel",
            "end 0",
            r#"restarted {"partial_text":"Hel"}"#,
            "start 0",
            "delta 0 Hello",
            "end 0",
            "completed Hello"
        ]
    );
    assert_eq!(
        edge.events(),
        [
            "llm:request",
            "llm:stream_block_start",
            "llm:stream_block_delta",
            "llm:stream_block_end",
            "llm:stream_aborted",
            "provider:retry",
            "llm:stream_block_start",
            "llm:stream_block_delta",
            "llm:stream_block_end",
            "llm:response"
        ]
    );
    let events = edge.0.events.borrow();
    assert_eq!(events[4].1["error"]["type"], "StreamError");
    assert_eq!(events[4].1["request_id"], events[1].1["request_id"]);
    // It is the same call.
    assert_eq!(events[6].1["request_id"], events[1].1["request_id"]);
}

#[test]
fn when_nothing_helps_the_last_text_is_in_the_error() {
    let edge = FakeEdge::default();
    broken_after(&edge, "first");
    broken_after(&edge, "second");
    let error = ask(&edge, json!({ "max_retries": 1 })).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Stream);
    assert_eq!(
        error.details.as_deref(),
        Some(r#"{"partial_text":"second"}"#)
    );
}

#[test]
fn a_continuation_that_breaks_unseen_is_tried_again_alone() {
    let edge = FakeEdge::default();
    cut(&edge, "one t");
    edge.answer(503, "text/plain");
    edge.answer(200, "text/event-stream");
    answer(&edge, "wo");
    assert_eq!(
        told(&edge),
        [
            "start 0",
            "delta 0 one t",
            "delta 0 wo",
            "end 0",
            "completed one two"
        ]
    );
}

#[test]
fn a_continuation_that_breaks_after_something_was_seen_begins_with_the_first_response() {
    let edge = FakeEdge::default();
    cut(&edge, "one t");
    broken_after(&edge, "w");
    answer(&edge, "one two");
    let told = told(&edge);
    assert_eq!(
        told,
        [
            "start 0",
            "delta 0 one t",
            "delta 0 w",
            "end 0",
            r#"restarted {"partial_text":"one tw"}"#,
            "start 0",
            "delta 0 one two",
            "end 0",
            "completed one two"
        ]
    );
    let bodies = edge.0.sent_bodies.borrow();
    assert_eq!(bodies[2], bodies[0], "nothing of the first attempt is left");
    let events = edge.0.events.borrow();
    assert_eq!(events.last().unwrap().1["continuation_count"], Value::Null);
}

#[test]
fn a_whole_response_that_failed_is_asked_for_again() {
    let edge = FakeEdge::default();
    edge.answer(200, "application/json");
    let failed = json!({ "status": "failed", "error": { "code": "server_error", "message": "m" } });
    edge.chunk(Duration::ZERO, &failed.to_string());
    answer(&edge, "Hi");
    assert_eq!(ask(&edge, json!({})).unwrap(), "Hi");
}

#[test]
fn reasoning_that_another_resource_encrypted_is_left_out_and_told() {
    let edge = FakeEdge::default();
    edge.answer(400, "application/json");
    let error = json!({ "error": {
        "code": "invalid_encrypted_content",
        "type": "invalid_request_error",
        "message": "The encrypted content could not be verified.",
    } });
    edge.chunk(Duration::ZERO, &error.to_string());
    answer(&edge, "Hi");
    let mut thinking = user("");
    thinking.role = Role::Assistant;
    let block = |content| ContentBlock {
        content,
        visibility: None,
        extensions: None,
    };
    thinking.content = MessageContent::Blocks(vec![
        block(BlockContent::Thinking(Thinking {
            text: String::new(),
            signature: None,
            content: Some(r#"["of another resource","rs_1"]"#.into()),
        })),
        block(BlockContent::Text("Hello".into())),
    ]);
    let config = r#"{"azure_endpoint":"https://r.openai.azure.com","api_key":"key"}"#;
    let engine = Engine::open(edge.clone(), config).unwrap();
    let history = vec![user("Hi"), thinking, user("And now?")];
    let request = ChatRequest {
        model: Some("gpt-5.1".into()),
        ..request(history)
    };
    assert_eq!(text(&engine.complete(&request).unwrap()), "Hi");
    let bodies = edge.0.sent_bodies.borrow();
    let kinds = |body: &Value| {
        let input = body["input"].as_array().unwrap().clone();
        let is_reasoning = |item: &Value| item["type"] == "reasoning";
        (
            input.len(),
            input.iter().filter(|item| is_reasoning(item)).count(),
        )
    };
    assert_eq!((kinds(&bodies[0]), kinds(&bodies[1])), ((4, 1), (3, 0)));
    assert_eq!(edge.elapsed(), Duration::ZERO);
    let events = edge.0.events.borrow();
    let dropped = events
        .iter()
        .find(|(name, _)| name == "provider:parameter_dropped")
        .unwrap();
    assert_eq!(dropped.1["parameter"], "input");
}

#[test]
fn a_token_that_cannot_be_had_for_the_moment_is_asked_for_again() {
    let edge = FakeEdge::default();
    *edge.0.credential_error.borrow_mut() = Some(CredentialError {
        kind: CredentialErrorKind::Temporary,
        message: "busy".into(),
        retry_after_ms: None,
    });
    let settings = json!({ "api_key": null, "use_default_credential": true, "max_retries": 2 });
    let error = ask(&edge, settings).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_eq!(edge.0.token_requests.borrow().len(), 3);
}

/// The text of the answer.
fn ask(edge: &FakeEdge, settings: Value) -> Result<String, ProviderError> {
    let mut config = json!({ "azure_endpoint": "https://r.openai.azure.com", "api_key": "key" });
    let settings = settings.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(settings);
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    engine
        .complete(&request(vec![user("Hi")]))
        .map(|response| text(&response))
}

/// What a caller sees of a stream, a line each.
fn told(edge: &FakeEdge) -> Vec<String> {
    let config = r#"{"azure_endpoint":"https://r.openai.azure.com","api_key":"key"}"#;
    let engine = Engine::open(edge.clone(), config).unwrap();
    let mut stream = engine
        .complete_streaming(&request(vec![user("Hi")]))
        .unwrap();
    let mut told = Vec::new();
    loop {
        let events = stream.next_events().unwrap();
        if events.is_empty() {
            return told;
        }
        told.extend(events.into_iter().map(line));
    }
}

fn line(event: StreamEvent) -> String {
    match event {
        StreamEvent::BlockStart(start) => format!("start {}", start.index),
        StreamEvent::BlockDelta(delta) => format!("delta {} {}", delta.index, delta.text),
        StreamEvent::BlockEnd(index) => format!("end {index}"),
        StreamEvent::Restarted(error) => format!("restarted {}", error.details.unwrap()),
        StreamEvent::Completed(response) => format!("completed {}", text(&response)),
    }
}

fn answer(edge: &FakeEdge, text: &str) {
    edge.answer(200, "application/json");
    edge.chunk(Duration::ZERO, &response("completed", text).to_string());
}

fn cut(edge: &FakeEdge, text: &str) {
    let mut response = response("incomplete", text);
    response["incomplete_details"] = json!({ "reason": "max_output_tokens" });
    edge.answer(200, "application/json");
    edge.chunk(Duration::ZERO, &response.to_string());
}

/// A stream that breaks off after some text.
fn broken_after(edge: &FakeEdge, text: &str) {
    edge.answer(200, "text/event-stream");
    let delta = json!({ "type": "response.output_text.delta", "output_index": 0, "delta": text });
    edge.chunk(Duration::ZERO, &format!("data: {delta}\n\n"));
}

fn response(status: &str, text: &str) -> Value {
    let output =
        json!([{ "type": "message", "content": [{ "type": "output_text", "text": text }] }]);
    json!({ "status": status, "output": output })
}

fn text(response: &ChatResponse) -> String {
    let texts = response.content.iter().map(|block| match &block.content {
        BlockContent::Text(text) => text.as_str(),
        other => panic!("text, found {other:?}"),
    });
    texts.collect()
}
