#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod authentication;
mod continuation;
mod debugging;
mod events;
mod fake_edge;
mod faults;
mod forward;
mod retries;

use std::time::Duration;

use serde_json::{Value, json};

use self::fake_edge::FakeEdge;
use super::edge::TransportError;
use super::*;
use crate::core::request::tests::{request, user};

#[test]
fn a_stream_that_stalls_meets_its_limit_whatever_comments_come() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/event-stream");
    for _ in 0..9 {
        edge.chunk(Duration::from_secs(40), ": still here\n\n");
    }
    let (_, error) = drained(&edge);
    assert_eq!((error.kind, error.retryable), (ErrorKind::Timeout, true));
    assert!(
        error.message.starts_with("no event came for 300 seconds"),
        "{}",
        error.message
    );
    assert_eq!(edge.elapsed(), Duration::from_secs(300));
}

#[test]
fn events_keep_a_stream_alive_until_the_limit_of_the_attempt() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/event-stream");
    for _ in 0..9 {
        let delta =
            json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "x" });
        edge.chunk(Duration::from_secs(200), &format!("data: {delta}\n\n"));
    }
    let (events, error) = drained(&edge);
    assert!(
        error
            .message
            .starts_with("the response was not complete after 600 seconds"),
        "{}",
        error.message
    );
    assert_eq!(edge.elapsed(), Duration::from_secs(600));
    // Start, what arrived at 200 and 400 seconds, and the end of the block that was open.
    assert_eq!(events.last(), Some(&StreamEvent::BlockEnd(0)));
    assert!(events.len() >= 4, "{events:?}");
}

#[test]
fn a_flood_of_comments_does_not_hold_off_the_limit() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/event-stream");
    for _ in 0..1000 {
        edge.chunk(Duration::from_secs(1), ": flood\n\n");
        edge.0.is_always_ready.set(true);
    }
    let (_, error) = drained(&edge);
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert_eq!(edge.elapsed(), Duration::from_secs(300));
}

#[test]
fn a_broken_stream_tells_what_came_and_what_it_was() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/event-stream");
    for text in ["Hel", "lo"] {
        let delta =
            json!({ "type": "response.output_text.delta", "output_index": 0, "delta": text });
        edge.chunk(Duration::ZERO, &format!("data: {delta}\n\n"));
    }
    let (_, error) = drained(&edge);
    assert_eq!(
        error.details.as_deref(),
        Some(r#"{"partial_text":"Hello"}"#)
    );
    assert_eq!(error.request_id.as_deref(), Some("id-for-support"));
}

#[test]
fn an_event_without_an_end_is_an_error_before_it_fills_the_memory() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/event-stream");
    let megabyte = "x".repeat(1024 * 1024);
    for _ in 0..64 {
        edge.chunk(Duration::ZERO, &megabyte);
    }
    let (_, error) = drained(&edge);
    assert_eq!((error.kind, error.retryable), (ErrorKind::Stream, false));
    assert!(
        edge.chunks_left() > 30,
        "{} chunks were not read",
        edge.chunks_left()
    );
}

#[test]
fn a_body_without_an_end_is_an_error_before_it_fills_the_memory() {
    let megabyte = "x".repeat(1024 * 1024);
    for (status, kind) in [(200, ErrorKind::Stream), (500, ErrorKind::Unavailable)] {
        let edge = FakeEdge::default();
        edge.answer(status, "application/json");
        for _ in 0..64 {
            edge.chunk(Duration::ZERO, &megabyte);
        }
        let (_, error) = drained(&edge);
        assert_eq!(error.kind, kind);
        assert!(
            edge.chunks_left() > 30,
            "{} chunks were not read",
            edge.chunks_left()
        );
    }
}

#[test]
fn a_whole_answer_in_place_of_a_stream_is_understood() {
    let edge = FakeEdge::default();
    edge.answer(200, "application/json; charset=utf-8");
    let output =
        json!([{ "type": "message", "content": [{ "type": "output_text", "text": "Hi" }] }]);
    edge.chunk(
        Duration::ZERO,
        &json!({ "status": "completed", "output": output }).to_string(),
    );
    let engine = Engine::open(edge, CONFIG).unwrap();
    assert_eq!(
        engine
            .complete(&request(vec![user("Hi")]))
            .unwrap()
            .content
            .len(),
        1
    );
}

#[test]
fn a_web_page_in_place_of_an_answer_is_explained() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/html");
    edge.chunk(Duration::ZERO, "<html>Sign in</html>");
    let (_, error) = drained(&edge);
    assert!(
        error
            .message
            .contains("check that `azure_endpoint` is the service"),
        "{}",
        error.message
    );
}

#[test]
fn each_failure_of_the_transport_has_its_kind() {
    for (failure, kind, retryable) in [
        (TransportError::TimedOut, ErrorKind::Timeout, true),
        (
            TransportError::Unreachable("DNS".into()),
            ErrorKind::Network,
            true,
        ),
        (
            TransportError::Broken("reset".into()),
            ErrorKind::Network,
            true,
        ),
        (
            TransportError::Untrusted("self-signed".into()),
            ErrorKind::Network,
            false,
        ),
        (
            TransportError::Refused("header".into()),
            ErrorKind::InvalidRequest,
            false,
        ),
        (
            TransportError::Unreadable("HttpResponseHeaderSectionSize".into()),
            ErrorKind::Stream,
            false,
        ),
        (
            TransportError::Denied("no".into()),
            ErrorKind::AccessDenied,
            false,
        ),
    ] {
        let edge = FakeEdge::default();
        edge.push(Err(failure));
        let (_, error) = drained(&edge);
        assert_eq!(
            (error.kind, error.retryable),
            (kind, retryable),
            "{}",
            error.message
        );
        assert!(
            error
                .message
                .contains("https://r.openai.azure.com/openai/v1/responses")
        );
        assert_eq!(edge.events(), ["llm:request", "llm:response"]);
    }
}

#[test]
fn an_abort_is_told_only_when_something_was_seen() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/event-stream");
    edge.chunk(Duration::ZERO, "data: {\"type\":\"response.created\"}\n\n");
    drained(&edge);
    assert_eq!(edge.events(), ["llm:request", "llm:response"]);
}

#[test]
fn ids_of_calls_are_random_uuids() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/event-stream");
    let added = json!({ "type": "response.output_item.added", "output_index": 0, "item": { "type": "reasoning" } });
    edge.chunk(Duration::ZERO, &format!("data: {added}\n\n"));
    drained(&edge);
    let events = edge.0.events.borrow();
    let (_, start) = events
        .iter()
        .find(|(name, _)| name == "llm:stream_block_start")
        .unwrap();
    assert_eq!(start["request_id"], CALL);
    assert!(
        events
            .iter()
            .all(|(_, payload)| payload["request_id"] == CALL)
    );
}

/// The id of every call, as the fake edge's random bytes are all the same.
const CALL: &str = "ffffffff-ffff-4fff-bfff-ffffffffffff";

#[test]
fn with_debug_the_choice_of_the_deployment_is_told() {
    for (debug, names) in [
        (false, &["llm:request", "llm:response"][..]),
        (
            true,
            &[
                "provider:deployment_resolved",
                "llm:request",
                "llm:request:debug",
                "llm:response",
            ],
        ),
    ] {
        let edge = FakeEdge::default();
        edge.answer(500, "text/plain");
        let mapping = json!({ "gpt-4.1": "production" });
        failed(
            &edge,
            json!({ "api_key": "k", "debug": debug, "deployment_mapping": mapping }),
        );
        assert_eq!(edge.events(), names);
        if debug {
            let events = edge.0.events.borrow();
            assert_eq!(
                events[0].1,
                json!({
                    "provider": "azure-openai",
                    "request_id": CALL,
                    "requested_model": "gpt-4.1",
                    "model": "gpt-4.1",
                    "deployment": "production",
                    "rule": "deployment_mapping",
                })
            );
        }
    }
}

/// The error of a request that fails before anything comes of it.
fn failed(edge: &FakeEdge, mut settings: Value) -> ProviderError {
    let settings_object = settings.as_object_mut().unwrap();
    settings_object
        .entry("azure_endpoint")
        .or_insert(json!("https://r.openai.azure.com"));
    settings_object.entry("max_retries").or_insert(json!(0));
    let engine = Engine::open(edge.clone(), &settings.to_string()).unwrap();
    engine.complete(&request(vec![user("Hi")])).unwrap_err()
}

/// What goes wrong is told at once.
const CONFIG: &str =
    r#"{"azure_endpoint":"https://r.openai.azure.com","api_key":"key","max_retries":0}"#;

/// Reads a stream to its error.
fn drained(edge: &FakeEdge) -> (Vec<StreamEvent>, ProviderError) {
    let engine = Engine::open(edge.clone(), CONFIG).unwrap();
    let mut events = Vec::new();
    let mut stream = match engine.complete_streaming(&request(vec![user("Hi")])) {
        Ok(stream) => stream,
        Err(error) => return (events, error),
    };
    loop {
        match stream.next_events() {
            Ok(more) if more.is_empty() => panic!("the stream ended well: {events:?}"),
            Ok(more) => events.extend(more),
            Err(error) => {
                assert_eq!(
                    stream.next_events(),
                    Ok(Vec::new()),
                    "nothing comes after an error"
                );
                return (events, error);
            }
        }
    }
}
