#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use serde_json::{Value, json};

use super::*;
use crate::core::config::Environment;
use crate::core::headers::Headers;
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
            TransportError::Denied("no".into()),
            ErrorKind::AccessDenied,
            false,
        ),
    ] {
        let edge = FakeEdge::default();
        *edge.0.response.borrow_mut() = Some(Err(failure));
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
fn ids_of_streams_are_random_uuids() {
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
    assert_eq!(start["request_id"], "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

const CONFIG: &str = r#"{"azure_endpoint":"https://r.openai.azure.com","api_key":"key"}"#;

/// Reads a stream to its error.
fn drained(edge: &FakeEdge) -> (Vec<StreamEvent>, ProviderError) {
    let engine = Engine::open(edge.clone(), CONFIG).unwrap();
    let mut events = Vec::new();
    let mut stream = match engine.complete_streaming(&request(vec![user("Hi")])) {
        Ok(stream) => stream,
        Err(error) => return (events, error),
    };
    loop {
        match stream.next_event() {
            Ok(Some(event)) => events.push(event),
            Ok(None) => panic!("the stream ended well: {events:?}"),
            Err(error) => {
                assert_eq!(
                    stream.next_event(),
                    Ok(None),
                    "nothing comes after an error"
                );
                return (events, error);
            }
        }
    }
}

/// An outside in which time passes only while somebody waits.
#[derive(Clone, Default)]
struct FakeEdge(Rc<Outside>);

#[derive(Default)]
struct Outside {
    now: Cell<Duration>,
    /// The body has bytes at every read, also after the deadline.
    is_always_ready: Cell<bool>,
    events: RefCell<Vec<(String, Value)>>,
    response: RefCell<Option<Result<(u16, Headers), TransportError>>>,
    /// Each chunk of the body, and how long it takes to come.
    body: RefCell<VecDeque<(Duration, String)>>,
}

impl FakeEdge {
    fn answer(&self, status: u16, content_type: &str) {
        let headers = Headers::new(vec![
            ("content-type".into(), content_type.into()),
            ("apim-request-id".into(), "id-for-support".into()),
        ]);
        *self.0.response.borrow_mut() = Some(Ok((status, headers)));
    }

    fn chunk(&self, delay: Duration, bytes: &str) {
        self.0.body.borrow_mut().push_back((delay, bytes.into()));
    }

    fn chunks_left(&self) -> usize {
        self.0.body.borrow().len()
    }

    fn elapsed(&self) -> Duration {
        self.0.now.get()
    }

    fn events(&self) -> Vec<String> {
        self.0
            .events
            .borrow()
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    }
}

impl Edge for FakeEdge {
    type Body = Self;

    fn environment(&self) -> Environment {
        Environment::default()
    }

    fn now(&self) -> Instant {
        Instant(self.0.now.get())
    }

    fn random(&self) -> [u8; 16] {
        [0xff; 16]
    }

    fn emit(&self, name: &str, payload: &str) {
        let payload = serde_json::from_str(payload).unwrap();
        self.0.events.borrow_mut().push((name.into(), payload));
    }

    fn send(&self, _: &Request<'_>, _: Instant) -> Result<Response<Self>, TransportError> {
        let (status, headers) = self.0.response.borrow_mut().take().unwrap()?;
        Ok(Response {
            status,
            headers,
            body: self.clone(),
        })
    }
}

impl Body for FakeEdge {
    fn read(&mut self, Instant(deadline): Instant) -> Result<Option<Vec<u8>>, TransportError> {
        let Some((delay, chunk)) = self.0.body.borrow_mut().pop_front() else {
            return Ok(None);
        };
        let arrival = self.0.now.get() + delay;
        if arrival > deadline && !self.0.is_always_ready.get() {
            self.0.now.set(deadline);
            return Err(TransportError::TimedOut);
        }
        self.0.now.set(arrival);
        Ok(Some(chunk.into_bytes()))
    }
}
