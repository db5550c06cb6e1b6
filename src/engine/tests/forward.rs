//! Requests in the service's own form: how often they are sent, and what comes back.

use super::*;
use crate::contract::gateway::{HttpHeader, HttpRequest};
use crate::core::headers::Headers;

#[test]
fn what_the_service_says_comes_back_as_it_is() {
    for (status, body) in [
        (200, "{\"usage\":{\"input_tokens\":3,\"output_tokens\":4}}"),
        (201, ""),
        (302, "<html>"),
        (400, "{\"error\":{\"code\":\"content_filter\"}}"),
        (401, "Access denied"),
        (404, "{}"),
        (429, "{\"error\":{\"code\":\"insufficient_quota\"}}"),
        (501, "not here"),
    ] {
        let edge = FakeEdge::default();
        for _ in 0..9 {
            edge.answer(status, "application/json");
            // In two pieces, wherever it is read.
            let (first, second) = body.split_at(body.len() / 2);
            for piece in [first, second]
                .into_iter()
                .filter(|piece| !piece.is_empty())
            {
                edge.chunk(Duration::ZERO, piece);
            }
        }
        let (answered, read) = forward(&edge, json!({}), post("responses")).unwrap();
        assert_eq!((answered, read.as_str()), (status, body));
        let sent = edge.0.sent.borrow();
        assert_eq!(sent.len(), if status == 501 { 6 } else { 1 }, "{status}");
        let (head, bytes) = &sent[0];
        assert_eq!(head, "POST /openai/v1/responses");
        assert_eq!(bytes, br#"{ "model":"gpt-4.1", "input":1e2 }"#);
    }
}

#[test]
fn what_may_succeed_later_is_sent_again_before_the_first_byte() {
    for status in [408, 409, 425, 429, 500, 502, 503, 504, 529] {
        let edge = FakeEdge::default();
        edge.answer(status, "application/json");
        edge.push(Err(TransportError::Broken("reset".into())));
        edge.answer(200, "application/json");
        edge.chunk(Duration::ZERO, "yes");
        let answer = forward(&edge, json!({}), post("responses")).unwrap();
        assert_eq!(answer, (200, "yes".to_owned()), "{status}");
        assert_eq!(edge.elapsed().as_millis(), 4499, "{status}");
        let sent = edge.0.sent.borrow();
        assert!(sent.iter().all(|request| *request == sent[0]) && sent.len() == 3);
        assert_eq!(
            edge.events(),
            [
                "llm:request",
                "provider:retry",
                "provider:retry",
                "llm:response"
            ]
        );
    }
}

#[test]
fn what_creates_something_is_sent_again_only_when_nothing_came_of_it() {
    // What happens first → whether there is a second request.
    type First = Result<u16, TransportError>;
    let table: [(First, bool); 7] = [
        (Ok(429), true),
        (Ok(503), true),
        (Err(TransportError::Unreachable("refused".into())), true),
        (Ok(500), false),
        (Ok(504), false),
        (Ok(409), false),
        (Err(TransportError::Broken("reset".into())), false),
    ];
    for (first, is_repeated) in table {
        let edge = FakeEdge::default();
        match &first {
            Ok(status) => edge.answer(*status, "application/json"),
            Err(error) => edge.push(Err(error.clone())),
        }
        edge.answer(200, "application/json");
        let answer = forward(&edge, json!({}), post("vector_stores"));
        let sent = edge.0.sent.borrow().len();
        assert_eq!(sent, 1 + usize::from(is_repeated), "{first:?}");
        match first {
            _ if is_repeated => assert_eq!(answer.unwrap().0, 200),
            Ok(status) => assert_eq!(answer.unwrap().0, status),
            Err(_) => assert_eq!(answer.unwrap_err().kind, ErrorKind::Network),
        }
    }
}

#[test]
fn a_wait_is_the_services_and_no_longer_than_allowed() {
    let limited = |headers: &[(&str, &str)]| {
        let edge = FakeEdge::default();
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.as_bytes().to_vec());
        let headers = Headers::new(headers.iter().map(owned).collect());
        edge.push(Ok((429, headers)));
        edge.chunk(Duration::ZERO, "slow down");
        edge.answer(200, "application/json");
        let (status, _) = forward(&edge, json!({}), post("responses")).unwrap();
        (status, edge.elapsed().as_millis())
    };
    assert_eq!(limited(&[("retry-after-ms", "2500")]), (200, 2500));
    assert_eq!(limited(&[("retry-after", "61")]), (429, 0));
    assert_eq!(
        limited(&[("retry-after", "1"), ("x-should-retry", "false")]),
        (429, 0)
    );
}

#[test]
fn an_error_whose_body_does_not_come_is_not_waited_for() {
    let edge = FakeEdge::default();
    edge.answer(503, "application/json");
    edge.chunk(Duration::from_secs(500), "later");
    edge.answer(200, "application/json");
    edge.chunk(Duration::ZERO, "yes");
    let answer = forward(&edge, json!({ "retry_jitter": false }), post("responses"));
    assert_eq!(answer.unwrap(), (200, "yes".to_owned()));
    assert_eq!(edge.elapsed(), Duration::from_secs(5 + 1));
}

#[test]
fn a_refused_token_is_renewed_once_and_the_last_answer_counts() {
    for (statuses, expected) in [(&[401, 200][..], 200), (&[401, 401], 401)] {
        let edge = FakeEdge::default();
        for status in statuses {
            edge.answer(*status, "application/json");
        }
        let settings = json!({ "api_key": "", "use_default_credential": true });
        let (status, _) = forward(&edge, settings, post("responses")).unwrap();
        assert_eq!(status, expected);
        let forced: Vec<bool> = edge
            .0
            .token_requests
            .borrow()
            .iter()
            .map(|request| request.force_refresh)
            .collect();
        assert_eq!(forced, [false, true]);
        let sent = edge.0.sent_headers.borrow();
        let tokens: Vec<_> = sent
            .iter()
            .flatten()
            .filter(|(name, _)| name == "authorization")
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(tokens, ["Bearer token-1", "Bearer token-2"]);
    }
}

#[test]
fn a_body_that_stalls_or_breaks_is_an_error_after_what_came() {
    for (content_type, delay, words) in [
        ("text/event-stream", 301, "no event came for 300 seconds"),
        ("application/json", 601, "not complete after 600 seconds"),
    ] {
        let edge = FakeEdge::default();
        edge.answer(200, content_type);
        edge.chunk(Duration::from_secs(1), "data: 1\n\n");
        edge.chunk(Duration::from_secs(delay), "data: 2\n\n");
        let engine = Engine::open(edge.clone(), CONFIG).unwrap();
        let mut body = engine.forward(post("responses")).unwrap().body;
        assert_eq!(body.read().unwrap().unwrap(), b"data: 1\n\n");
        let error = body.read().unwrap_err();
        assert!(error.message.contains(words), "{error:?}");
        assert_eq!(body.read().unwrap(), None);
        let events = edge.0.events.borrow();
        let (name, last) = events.last().unwrap();
        assert_eq!(
            (name.as_str(), &last["status"]),
            ("llm:response", &json!("error"))
        );
    }
}

#[test]
fn an_error_that_was_read_to_its_end_is_reported_and_one_that_breaks_breaks_off() {
    for (is_broken, status) in [(false, "error"), (true, "error")] {
        let edge = FakeEdge::default();
        edge.answer(500, "application/json");
        edge.chunk(Duration::ZERO, "{\"error\":");
        if is_broken {
            edge.break_off();
        }
        let settings = json!({ "max_retries": 0 });
        let answer = forward(&edge, settings, post("responses"));
        assert_eq!(answer.is_err(), is_broken, "{answer:?}");
        let events = edge.0.events.borrow();
        let responses: Vec<_> = events
            .iter()
            .filter(|(name, _)| name == "llm:response")
            .collect();
        let [(_, payload)] = responses.as_slice() else {
            panic!("{events:?}");
        };
        assert_eq!(payload["status"], status);
        assert_eq!(payload["http_status"].is_null(), is_broken, "{payload}");
    }
}

#[test]
fn the_events_say_what_was_asked_and_what_it_cost() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/event-stream; charset=utf-8");
    edge.chunk(
        Duration::from_secs(2),
        "data: {\"model\":\"gpt-4.1-2025-04-14\",",
    );
    edge.chunk(
        Duration::from_secs(1),
        "\"usage\":{\"input_tokens\":1000000,\"output_tokens\":5}}\n\n",
    );
    let settings = json!({ "deployment_mapping": { "gpt-4.1": "production" } });
    forward(&edge, settings, post("responses")).unwrap();
    let events = edge.0.events.borrow();
    let id = "ffffffff-ffff-4fff-bfff-ffffffffffff";
    assert_eq!(
        events[0].1,
        json!({ "provider": "azure-openai", "request_id": id, "model": "production", "route": "POST responses" })
    );
    let mut response = events[1].1.clone();
    let cost = response["usage"]["cost_usd"].take();
    assert!(cost.as_str().unwrap().starts_with("2.0000"), "{cost}");
    assert_eq!(
        response,
        json!({
            "provider": "azure-openai", "request_id": id, "model": "production", "route": "POST responses", "status": "ok",
            "http_status": 200, "duration_ms": 3000, "time_to_first_byte_ms": 2000,
            "usage": { "input_tokens": 1_000_000, "output_tokens": 5, "cost_usd": null },
        })
    );
    // What has no model has none here either.
    let edge = FakeEdge::default();
    edge.answer(404, "application/json");
    let request = HttpRequest {
        method: "GET".to_owned(),
        body: Vec::new(),
        ..post("files/file_1?x=y")
    };
    forward(&edge, json!({}), request).unwrap();
    let events = edge.0.events.borrow();
    assert_eq!(events[0].1["model"], Value::Null);
    assert_eq!(events[1].1["route"], "GET files/file_1");
    assert_eq!(
        events[1].1["error"],
        "the service answered with the status 404"
    );
}

#[test]
fn an_error_of_ours_has_no_secret_in_it() {
    let edge = FakeEdge::default();
    let secret = "a-secret-of-the-gateway";
    edge.push(Err(TransportError::Refused(format!("header {secret}"))));
    let settings = json!({ "extra_headers": { "x-gateway": secret } });
    let error = forward(&edge, settings, post("files")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidRequest);
    assert!(!error.message.contains(secret), "{error:?}");
}

/// Forwards a request: the status, and the body read to its end.
fn forward(
    edge: &FakeEdge,
    settings: Value,
    request: HttpRequest,
) -> Result<(u16, String), ProviderError> {
    let mut config =
        json!({ "azure_endpoint": "https://r.openai.azure.com", "api_key": "key-of-the-resource" });
    let members = config.as_object_mut().unwrap();
    members.extend(settings.as_object().unwrap().clone());
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    let mut forwarded = engine.forward(request)?;
    let mut bytes = Vec::new();
    while let Some(more) = forwarded.body.read()? {
        assert!(!more.is_empty());
        bytes.extend(more);
    }
    Ok((forwarded.status, String::from_utf8(bytes).unwrap()))
}

fn post(path: &str) -> HttpRequest {
    HttpRequest {
        method: "POST".to_owned(),
        path: path.to_owned(),
        headers: vec![HttpHeader {
            name: "content-type".to_owned(),
            value: b"application/json".to_vec(),
        }],
        body: br#"{ "model":"gpt-4.1", "input":1e2 }"#.to_vec(),
    }
}
