#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use serde_json::{Value, json};

use super::*;
use crate::contract::credentials::{
    AccessToken, Credential, CredentialError, CredentialErrorKind, TokenRequest,
};
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

#[test]
fn each_way_to_authenticate_has_its_header_and_no_other() {
    for (settings, header, value) in [
        (json!({ "api_key": "key" }), "api-key", "key"),
        (
            json!({ "azure_ad_token": "tok" }),
            "authorization",
            "Bearer tok",
        ),
        (
            json!({ "use_managed_identity": true }),
            "authorization",
            "Bearer token-1",
        ),
        (
            json!({ "use_default_credential": "yes" }),
            "authorization",
            "Bearer token-1",
        ),
        (
            json!({ "api_key": "key", "azure_ad_token": "tok", "use_default_credential": true }),
            "api-key",
            "key",
        ),
    ] {
        let edge = FakeEdge::default();
        edge.answer(500, "text/plain");
        let mut settings = settings;
        settings["extra_headers"] = json!({ "Ocp-Apim-Subscription-Key": "gateway" });
        failed(&edge, settings);
        let sent = edge.0.sent_headers.borrow();
        let of_interest: Vec<(&str, &str)> = sent[0]
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !["accept", "content-type", "user-agent"].contains(name))
            .collect();
        let expected = [(header, value), ("Ocp-Apim-Subscription-Key", "gateway")];
        assert_eq!(of_interest, expected);
    }
}

#[test]
fn a_token_of_the_host_is_renewed_once_when_it_is_refused() {
    // statuses and bodies of the answers → kind of the error, whether each token request was forced
    let permission = r#"{"error":{"code":"PermissionDenied","message":"no role"}}"#;
    for (settings, answers, kind, forced) in [
        (
            json!({ "use_default_credential": true }),
            vec![(401, ""), (401, "")],
            ErrorKind::Authentication,
            vec![false, true],
        ),
        (
            json!({ "use_default_credential": true }),
            vec![(401, ""), (500, "")],
            ErrorKind::Unavailable,
            vec![false, true],
        ),
        (
            json!({ "use_managed_identity": true }),
            vec![(401, permission)],
            ErrorKind::AccessDenied,
            vec![false],
        ),
        (
            json!({ "azure_ad_token": "tok" }),
            vec![(401, "")],
            ErrorKind::Authentication,
            vec![],
        ),
        (
            json!({ "api_key": "key" }),
            vec![(401, "")],
            ErrorKind::Authentication,
            vec![],
        ),
    ] {
        let edge = FakeEdge::default();
        for (status, body) in &answers {
            edge.answer(*status, "application/json");
            edge.chunk(Duration::ZERO, body);
        }
        let error = failed(&edge, settings);
        assert_eq!(error.kind, kind, "{}", error.message);
        let requests = edge.0.token_requests.borrow();
        let were_forced: Vec<bool> = requests
            .iter()
            .map(|request| request.force_refresh)
            .collect();
        assert_eq!(were_forced, forced);
        let tokens: Vec<String> = edge
            .0
            .sent_headers
            .borrow()
            .iter()
            .map(|headers| authorization(headers))
            .collect();
        if !forced.is_empty() {
            let expected = (1..=answers.len()).map(|number| format!("Bearer token-{number}"));
            assert_eq!(tokens, expected.collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_token_is_asked_for_with_the_credential_and_the_scope() {
    for (settings, credential, scope) in [
        (
            json!({ "use_managed_identity": true }),
            Credential::ManagedIdentity(None),
            "https://cognitiveservices.azure.com/.default",
        ),
        (
            json!({ "use_managed_identity": true, "managed_identity_client_id": "id" }),
            Credential::ManagedIdentity(Some("id".into())),
            "https://cognitiveservices.azure.com/.default",
        ),
        (
            json!({ "use_default_credential": 1, "token_scope": "https://ai.azure.com/.default" }),
            Credential::DefaultChain,
            "https://ai.azure.com/.default",
        ),
        (
            json!({ "use_default_credential": 1, "azure_endpoint": "https://r.openai.azure.us" }),
            Credential::DefaultChain,
            "https://cognitiveservices.azure.us/.default",
        ),
    ] {
        let edge = FakeEdge::default();
        edge.answer(500, "text/plain");
        failed(&edge, settings);
        let requests = edge.0.token_requests.borrow();
        assert_eq!(requests.len(), 1);
        assert_eq!(
            (&requests[0].credential, requests[0].scope.as_str()),
            (&credential, scope)
        );
    }
}

#[test]
fn without_a_token_nothing_is_sent_and_the_error_says_whether_to_try_again() {
    use CredentialErrorKind::{Failed, Temporary, Unavailable};
    for (kind, expected, retryable) in [
        (Unavailable, ErrorKind::Authentication, false),
        (Failed, ErrorKind::Authentication, false),
        (Temporary, ErrorKind::Unavailable, true),
    ] {
        let edge = FakeEdge::default();
        *edge.0.credential_error.borrow_mut() = Some(CredentialError {
            kind,
            message: "run `az login`".into(),
            retry_after_ms: Some(7),
        });
        let error = failed(&edge, json!({ "use_default_credential": true }));
        assert_eq!((error.kind, error.retryable), (expected, retryable));
        assert_eq!(error.message, "there is no token: run `az login`");
        assert_eq!(error.retry_after_ms, Some(7));
        assert!(edge.0.sent_headers.borrow().is_empty());
        assert_eq!(edge.events(), ["llm:request", "llm:response"]);
    }
}

#[test]
fn the_time_that_a_token_takes_is_not_the_requests() {
    let edge = FakeEdge::default();
    edge.0.token_takes.set(Duration::from_secs(700));
    edge.answer(200, "text/event-stream");
    for _ in 0..9 {
        edge.chunk(Duration::from_secs(250), ": still here\n\n");
    }
    let error = failed(&edge, json!({ "use_default_credential": true }));
    assert!(
        error.message.starts_with("no event came for 300 seconds"),
        "{}",
        error.message
    );
    assert_eq!(edge.elapsed(), Duration::from_secs(1000));
}

#[test]
fn a_token_that_is_refused_and_cannot_be_renewed_says_both() {
    let edge = FakeEdge::default();
    edge.answer(401, "application/json");
    edge.chunk(
        Duration::ZERO,
        r#"{"error":{"code":"401","message":"audience is incorrect"}}"#,
    );
    edge.0.refuses_renewal.set(true);
    let error = failed(&edge, json!({ "use_default_credential": true }));
    assert_eq!(
        (error.kind, error.status),
        (ErrorKind::Authentication, Some(401))
    );
    assert!(!error.retryable);
    for words in [
        "audience is incorrect",
        "and when another was asked for",
        "run `az login`",
    ] {
        assert!(error.message.contains(words), "{words}: {}", error.message);
    }
}

#[test]
fn secrets_that_a_service_repeats_are_taken_out_of_its_words() {
    for settings in [
        json!({ "api_key": "canary-secret" }),
        json!({ "azure_ad_token": "canary-secret" }),
        json!({ "api_key": "k", "extra_headers": { "x-key": "canary-secret" } }),
    ] {
        let edge = FakeEdge::default();
        edge.answer(403, "text/plain");
        edge.chunk(Duration::ZERO, "canary-secret is not allowed here");
        let error = failed(&edge, settings);
        assert!(
            error.message.contains("[REDACTED] is not allowed"),
            "{}",
            error.message
        );
        assert!(!format!("{error:?} {:?}", edge.0.events.borrow()).contains("canary-secret"));

        let edge = FakeEdge::default();
        edge.answer(403, "application/json");
        let body = json!({ "error": { "code": "canary-secret", "message": "no canary-secret" } });
        edge.chunk(Duration::ZERO, &body.to_string());
        let error = failed(&edge, json!({ "api_key": "canary-secret" }));
        assert_eq!(error.code.as_deref(), Some("[REDACTED]"));
        assert!(!format!("{error:?} {:?}", edge.0.events.borrow()).contains("canary-secret"));
    }
}

#[test]
fn with_debug_the_choice_of_the_deployment_is_told() {
    for (debug, names) in [
        (false, &["llm:request", "llm:response"][..]),
        (
            true,
            &[
                "provider:deployment_resolved",
                "llm:request",
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
    let endpoint = json!("https://r.openai.azure.com");
    settings
        .as_object_mut()
        .unwrap()
        .entry("azure_endpoint")
        .or_insert(endpoint);
    let engine = Engine::open(edge.clone(), &settings.to_string()).unwrap();
    engine.complete(&request(vec![user("Hi")])).unwrap_err()
}

fn authorization(headers: &[(String, String)]) -> String {
    let header = headers.iter().find(|(name, _)| name == "authorization");
    header.map(|(_, value)| value.clone()).unwrap_or_default()
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
    /// The answers to come, each with its body.
    responses: RefCell<VecDeque<(Head, Chunks)>>,
    /// What is left of the body that is being read.
    body: RefCell<Chunks>,
    sent_headers: RefCell<Vec<Vec<(String, String)>>>,
    token_requests: RefCell<Vec<TokenRequest>>,
    credential_error: RefCell<Option<CredentialError>>,
    /// Tokens cannot be renewed.
    refuses_renewal: Cell<bool>,
    token_takes: Cell<Duration>,
}

/// Status and headers of an answer, or why there is none.
type Head = Result<(u16, Headers), TransportError>;

/// Each chunk of a body, and how long it takes to come.
type Chunks = VecDeque<(Duration, String)>;

impl FakeEdge {
    fn answer(&self, status: u16, content_type: &str) {
        let headers = Headers::new(vec![
            ("content-type".into(), content_type.into()),
            ("apim-request-id".into(), "id-for-support".into()),
        ]);
        self.push(Ok((status, headers)));
    }

    fn push(&self, response: Head) {
        let mut responses = self.0.responses.borrow_mut();
        responses.push_back((response, Chunks::new()));
    }

    /// Adds to the body of the last answer.
    fn chunk(&self, delay: Duration, bytes: &str) {
        let mut responses = self.0.responses.borrow_mut();
        let (_, body) = responses.back_mut().unwrap();
        body.push_back((delay, bytes.into()));
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

    fn token(&self, request: &TokenRequest) -> Result<AccessToken, CredentialError> {
        let mut requests = self.0.token_requests.borrow_mut();
        requests.push(request.clone());
        self.0.now.set(self.0.now.get() + self.0.token_takes.get());
        if request.force_refresh && self.0.refuses_renewal.get() {
            return Err(CredentialError {
                kind: CredentialErrorKind::Unavailable,
                message: "run `az login`".into(),
                retry_after_ms: None,
            });
        }
        match &*self.0.credential_error.borrow() {
            Some(error) => Err(error.clone()),
            None => Ok(AccessToken {
                token: format!("token-{}", requests.len()),
                expires_on: 0,
            }),
        }
    }

    fn send(&self, request: &Request<'_>, _: Instant) -> Result<Response<Self>, TransportError> {
        let headers = request.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_string()));
        self.0.sent_headers.borrow_mut().push(headers.collect());
        let (response, body) = self.0.responses.borrow_mut().pop_front().unwrap();
        let (status, headers) = response?;
        *self.0.body.borrow_mut() = body;
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
