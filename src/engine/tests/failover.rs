//! Several deployments and endpoints: who is asked when, how long nobody asks, and what the caller sees.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::super::edge::{Edge, Instant};
use super::fake_edge::{Chunks, Head};
use super::*;
use crate::contract::gateway::{HttpHeader, HttpRequest};
use crate::contract::types::{BlockContent, ContentBlock, Message, MessageContent, Role, Thinking};
use crate::core::error::kind_name;
use crate::core::headers::Headers;

/// What happens.
struct Situation {
    what: &'static str,
    /// The deployments in their order: the letter is the endpoint.
    deployments: &'static str,
    /// Settings beside those that every situation has.
    settings: &'static str,
    /// What each deployment answers, in order; the last for ever.
    answers: &'static [(&'static str, &'static str)],
    /// When calls begin, in seconds; one that takes longer puts the next one off.
    calls: &'static [u64],
    /// For each call, who is asked and when, and what comes of it: `ok`, or the error, with the seconds to wait.
    expected: &'static str,
}

/// Two deployments at two endpoints, one call.
const USUAL: Situation = Situation {
    what: "",
    deployments: "a1 b1",
    settings: "{}",
    answers: &[],
    calls: &[0],
    expected: "",
};

#[rustfmt::skip]
const SITUATIONS: &[Situation] = &[
    Situation { what: "the first answers", calls: &[0, 1], expected: "a1@0 ok; a1@1 ok", ..USUAL },
    // Used up.
    Situation { what: "a wait that is too long: the other answers as long as the service asked to wait, and then the first again",
        answers: &[("a1", "429/60 ok")], calls: &[0, 30, 59, 60, 61],
        expected: "a1@0 b1@0 ok; b1@30 ok; b1@59 ok; a1@60 ok; a1@61 ok", ..USUAL },
    Situation { what: "a short wait is waited for", answers: &[("a1", "429/3 ok")], expected: "a1@0 a1@3 ok", ..USUAL },
    Situation { what: "short waits add up", answers: &[("a1", "429/3 429/3 ok")], expected: "a1@0 a1@3 b1@3 ok", ..USUAL },
    Situation { what: "without a word, the usual waits add up", answers: &[("a1", "429")],
        expected: "a1@0 a1@1 a1@3 b1@3 ok", ..USUAL },
    Situation { what: "to wait for no time is no word", answers: &[("a1", "429/0")],
        expected: "a1@0 a1@1 a1@3 b1@3 ok", ..USUAL },
    Situation { what: "nothing is worth waiting for", settings: r#"{"failover_after":0}"#, answers: &[("a1", "429/1")],
        expected: "a1@0 b1@0 ok", ..USUAL },
    Situation { what: "a minute is worth waiting for", settings: r#"{"failover_after":60}"#, answers: &[("a1", "429/30 ok")],
        expected: "a1@0 a1@30 ok", ..USUAL },
    Situation { what: "the first is used up again when it is tried", answers: &[("a1", "429/60 429/20 ok")], calls: &[0, 60, 79, 80],
        expected: "a1@0 b1@0 ok; a1@60 b1@60 ok; b1@79 ok; a1@80 ok", ..USUAL },
    Situation { what: "a rest is a day at most", answers: &[("a1", "429/200000 ok")], calls: &[0, 86_399, 86_400],
        expected: "a1@0 b1@0 ok; b1@86399 ok; a1@86400 ok", ..USUAL },
    Situation { what: "the next deployment of the same endpoint comes first", deployments: "a1 a2 b1", answers: &[("a1", "429/60")],
        expected: "a1@0 a2@0 ok", ..USUAL },
    Situation { what: "three in order", deployments: "a1 b1 c1", answers: &[("a1", "429/60"), ("b1", "500")], calls: &[0, 5],
        expected: "a1@0 b1@0 b1@1 b1@3 c1@3 ok; c1@5 ok", ..USUAL },
    Situation { what: "a request for a stream is limited in the stream", answers: &[("a1", "limited-in-stream")], calls: &[0, 59],
        expected: "a1@0 b1@0 ok; b1@59 ok", ..USUAL },
    // Quota and capacity.
    Situation { what: "no quota: rests of 5, 10, 20 and 40 seconds", answers: &[("a1", "quota")],
        calls: &[0, 4, 5, 14, 15, 34, 35, 74, 75],
        expected: "a1@0 b1@0 ok; b1@4 ok; a1@5 b1@5 ok; b1@14 ok; a1@15 b1@15 ok; b1@34 ok; a1@35 b1@35 ok; b1@74 ok; a1@75 b1@75 ok", ..USUAL },
    Situation { what: "the longest rest without a word is 300 seconds", answers: &[("a1", "quota")],
        calls: &[0, 5, 15, 35, 75, 155, 315, 614, 615, 914, 915],
        expected: "a1@0 b1@0 ok; a1@5 b1@5 ok; a1@15 b1@15 ok; a1@35 b1@35 ok; a1@75 b1@75 ok; a1@155 b1@155 ok; a1@315 b1@315 ok; \
                   b1@614 ok; a1@615 b1@615 ok; b1@914 ok; a1@915 b1@915 ok", ..USUAL },
    Situation { what: "what was not asked for ten minutes has recovered", answers: &[("a1", "quota")], calls: &[0, 5, 700, 704, 705],
        expected: "a1@0 b1@0 ok; a1@5 b1@5 ok; a1@700 b1@700 ok; b1@704 ok; a1@705 b1@705 ok", ..USUAL },
    Situation { what: "no quota anywhere", answers: &[("a1", "quota"), ("b1", "quota")], calls: &[0, 1],
        expected: "a1@0 b1@0 QuotaExceededError; a1@1 QuotaExceededError", ..USUAL },
    Situation { what: "no room for flex", answers: &[("a1", "flex")], calls: &[0, 1], expected: "a1@0 b1@0 ok; b1@1 ok", ..USUAL },
    // Down.
    Situation { what: "an error once", answers: &[("a1", "500 ok")], expected: "a1@0 a1@1 ok", ..USUAL },
    Situation { what: "errors for ever", answers: &[("a1", "500")], calls: &[0, 7, 8],
        expected: "a1@0 a1@1 a1@3 b1@3 ok; b1@7 ok; a1@8 b1@8 ok", ..USUAL },
    Situation { what: "down, for so long", answers: &[("a1", "503/60 ok")], calls: &[0, 59, 60],
        expected: "a1@0 b1@0 ok; b1@59 ok; a1@60 ok", ..USUAL },
    Situation { what: "a gateway that gave up waiting", answers: &[("a1", "504")], expected: "a1@0 b1@0 ok", ..USUAL },
    Situation { what: "no answer in time", settings: r#"{"timeout":20}"#, answers: &[("a1", "silence")], calls: &[0, 24, 25],
        expected: "a1@0 b1@20 ok; b1@24 ok; a1@25 b1@45 ok", ..USUAL },
    Situation { what: "not retried at all", settings: r#"{"max_retries":0}"#, answers: &[("a1", "500")],
        expected: "a1@0 b1@0 ok", ..USUAL },
    Situation { what: "not retried, and down everywhere", settings: r#"{"max_retries":0}"#, answers: &[("a1", "500"), ("b1", "500")],
        expected: "a1@0 b1@0 ProviderUnavailableError+5", ..USUAL },
    // Unreachable.
    Situation { what: "unreachable", answers: &[("a1", "unreachable")], calls: &[0, 4], expected: "a1@0 b1@0 ok; b1@4 ok", ..USUAL },
    Situation { what: "an endpoint that is unreachable is so for all of its deployments", deployments: "a1 a2 b1",
        answers: &[("a1", "unreachable")], calls: &[0, 4, 5], expected: "a1@0 b1@0 ok; b1@4 ok; a1@5 b1@5 ok", ..USUAL },
    Situation { what: "it is reached again, and its first deployment is used up", deployments: "a1 a2 b1",
        answers: &[("a1", "unreachable 429/60")], calls: &[0, 5], expected: "a1@0 b1@0 ok; a1@5 a2@5 ok", ..USUAL },
    Situation { what: "the connection breaks", answers: &[("a1", "broken")], expected: "a1@0 b1@0 ok", ..USUAL },
    Situation { what: "a certificate that is not trusted", answers: &[("a1", "untrusted")], expected: "a1@0 b1@0 ok", ..USUAL },
    Situation { what: "unreachable everywhere: the waits of the rests, then the error", answers: &[("a1", "unreachable"), ("b1", "unreachable")],
        expected: "a1@0 b1@0 a1@5 b1@5 a1@15 b1@15 a1@35 b1@35 a1@75 b1@75 NetworkError+80", ..USUAL },
    // Missing.
    Situation { what: "the deployment does not exist", answers: &[("a1", "no-deployment")], calls: &[0, 1],
        expected: "a1@0 b1@0 ok; b1@1 ok", ..USUAL },
    Situation { what: "the model is retired, and the service calls its path wrong", answers: &[("a1", "404")], expected: "a1@0 b1@0 ok", ..USUAL },
    Situation { what: "the model is gone", answers: &[("a1", "410")], expected: "a1@0 b1@0 ok", ..USUAL },
    Situation { what: "it exists nowhere", answers: &[("a1", "no-deployment"), ("b1", "no-deployment")],
        expected: "a1@0 b1@0 NotFoundError", ..USUAL },
    // Too long.
    Situation { what: "too long for the first, which does not rest", answers: &[("a1", "too-long ok")], calls: &[0, 0],
        expected: "a1@0 b1@0 ok; a1@0 ok", ..USUAL },
    Situation { what: "too long for all", answers: &[("a1", "too-long"), ("b1", "too-long")],
        expected: "a1@0 b1@0 ContextLengthError", ..USUAL },
    Situation { what: "used up, and too long for the other: the first is waited for", answers: &[("a1", "429/30 ok"), ("b1", "too-long")],
        expected: "a1@0 b1@0 a1@30 ok", ..USUAL },
    // What every deployment would refuse, and what a person must mend.
    Situation { what: "a wrong request", answers: &[("a1", "400")], expected: "a1@0 InvalidRequestError", ..USUAL },
    Situation { what: "a content filter", answers: &[("a1", "filter")], expected: "a1@0 ContentFilterError", ..USUAL },
    Situation { what: "a text that is too long by itself", answers: &[("a1", "long-text")], expected: "a1@0 ContextLengthError", ..USUAL },
    Situation { what: "something that the request names is not found", answers: &[("a1", "no-file")], expected: "a1@0 NotFoundError", ..USUAL },
    Situation { what: "a wrong key", answers: &[("a1", "401")], calls: &[0, 1],
        expected: "a1@0 AuthenticationError; a1@1 AuthenticationError", ..USUAL },
    Situation { what: "no access", answers: &[("a1", "403")], expected: "a1@0 AccessDeniedError", ..USUAL },
    Situation { what: "a wrong key at the second", answers: &[("a1", "429/60"), ("b1", "401")],
        expected: "a1@0 b1@0 AuthenticationError", ..USUAL },
    Situation { what: "a trial that is answered with a refusal ends the rest", answers: &[("a1", "unreachable 400 ok")],
        calls: &[0, 5, 5], expected: "a1@0 b1@0 ok; a1@5 InvalidRequestError; a1@5 ok", ..USUAL },
    // Answers that break off.
    Situation { what: "an answer breaks off once", answers: &[("a1", "cut ok")], expected: "a1@0 a1@1 ok", ..USUAL },
    Situation { what: "answers break off for ever", answers: &[("a1", "cut")], expected: "a1@0 a1@1 a1@3 b1@3 ok", ..USUAL },
    // All of them rest.
    Situation { what: "both used up: the sooner one is waited for", answers: &[("a1", "429/60 ok"), ("b1", "429/20 ok")],
        expected: "a1@0 b1@0 b1@20 ok", ..USUAL },
    Situation { what: "both used up, the first sooner", answers: &[("a1", "429/30 ok"), ("b1", "429/40 ok")],
        expected: "a1@0 b1@0 a1@30 ok", ..USUAL },
    Situation { what: "both used up for longer than a call may wait: the next call asks nobody",
        answers: &[("a1", "429/100 ok"), ("b1", "429/120 ok")], calls: &[0, 10, 100],
        expected: "a1@0 b1@0 RateLimitError+100; RateLimitError+90; a1@100 ok", ..USUAL },
    Situation { what: "a call begins while both rest, and waits", answers: &[("a1", "429/100 ok"), ("b1", "429/100 ok")], calls: &[0, 50],
        expected: "a1@0 b1@0 RateLimitError+100; a1@100 ok", ..USUAL },
    Situation { what: "while the one without quota rests, the other is waited for", answers: &[("a1", "quota"), ("b1", "429/20 ok")],
        expected: "a1@0 b1@0 b1@20 ok", ..USUAL },
    // Bound to an endpoint.
    Situation { what: "a stored response is at one endpoint", settings: r#"{"previous_response_id":"resp_1"}"#,
        answers: &[("a1", "429/30 ok")], expected: "a1@0 a1@30 ok", ..USUAL },
    Situation { what: "a stored response is for all deployments there", deployments: "a1 a2 b1",
        settings: r#"{"conversation":"conv_1"}"#, answers: &[("a1", "429/30")], expected: "a1@0 a2@0 ok", ..USUAL },
    // Who works.
    Situation { what: "the one with fewer calls, although it is not the first", settings: r#"{"routing":"least-busy"}"#,
        calls: &[0, 0, 0], expected: "a1@0 ok; b1@0 ok; a1@0 ok", ..USUAL },
    Situation { what: "the one with fewer calls rests", settings: r#"{"routing":"least-busy"}"#, answers: &[("a1", "429/60")],
        calls: &[0, 0, 1], expected: "a1@0 b1@0 ok; b1@0 ok; b1@1 ok", ..USUAL },
];

#[test]
fn each_situation_has_its_course() {
    assert!(SITUATIONS.len() >= 40);
    let mut wrong = Vec::new();
    for situation in SITUATIONS {
        let course = course(situation);
        if course != situation.expected {
            let Situation { what, expected, .. } = situation;
            wrong.push(format!(
                "{what}\n  expected {expected}\n  found    {course}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn course(situation: &Situation) -> String {
    let edge = FakeEdge::default();
    let asked = serve(&edge, situation.answers);
    let settings = serde_json::from_str(situation.settings).unwrap();
    let config = configuration(situation.deployments, settings);
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    let mut course = Vec::new();
    for begin in situation.calls {
        edge.sleep(Instant(Duration::from_secs(*begin)));
        let outcome = match engine.complete(&request(vec![user("Hi")])) {
            Ok(_) => "ok".to_owned(),
            Err(error) => {
                let wait = error.retry_after_ms.filter(|_| error.retryable);
                let wait = wait.map(|wait| format!("+{}", wait / 1000));
                format!("{}{}", kind_name(error.kind), wait.unwrap_or_default())
            }
        };
        let mut call: Vec<String> = asked.borrow_mut().drain(..).collect();
        call.push(outcome);
        course.push(call.join(" "));
    }
    course.join("; ")
}

/// Lets deployments answer as they are told, and notes who is asked when.
fn serve(edge: &FakeEdge, answers: &[(&str, &str)]) -> Rc<RefCell<Vec<String>>> {
    let mut scripts: Vec<(String, VecDeque<String>)> = answers
        .iter()
        .map(|(name, script)| {
            let script = script.split(' ').map(str::to_owned);
            (name.to_string(), script.collect())
        })
        .collect();
    let asked = Rc::new(RefCell::new(Vec::new()));
    let (noted, clock) = (Rc::clone(&asked), Rc::clone(&edge.0));
    *edge.0.service.borrow_mut() = Some(Box::new(move |host, body| {
        let deployment = body["model"].as_str().unwrap();
        assert_eq!(host[..1], deployment[..1], "each at its endpoint");
        let now = clock.now.get().as_secs();
        noted.borrow_mut().push(format!("{deployment}@{now}"));
        let script = scripts.iter_mut().find(|(name, _)| name == deployment);
        let answer = match script {
            None => "ok".to_owned(),
            Some((_, script)) if script.len() > 1 => script.pop_front().unwrap(),
            Some((_, script)) => script[0].clone(),
        };
        if answer == "silence" {
            clock.now.set(clock.now.get() + Duration::from_secs(20));
        }
        self::answer(&answer, deployment)
    }));
    asked
}

fn answer(answer: &str, deployment: &str) -> (Head, Chunks) {
    let (kind, wait) = answer.split_once('/').unwrap_or((answer, ""));
    let refused = |status, code: &str| {
        let mut headers = vec![("content-type".to_owned(), b"application/json".to_vec())];
        if !wait.is_empty() {
            headers.push(("retry-after".to_owned(), wait.as_bytes().to_vec()));
        }
        let body = json!({ "error": { "code": code, "message": "m" } }).to_string();
        (
            Ok((status, Headers::new(headers))),
            Chunks::from([(Duration::ZERO, body)]),
        )
    };
    let events = |events: &[Value]| {
        let kind = b"text/event-stream".to_vec();
        let chunks = events
            .iter()
            .map(|event| (Duration::ZERO, format!("data: {event}\n\n")));
        (
            Ok((200, Headers::new(vec![("content-type".to_owned(), kind)]))),
            chunks.collect(),
        )
    };
    let unanswered = |error| (Err(error), Chunks::new());
    match kind {
        "ok" => {
            let output = json!([
                { "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": format!("by-{deployment}") },
                { "type": "message", "content": [{ "type": "output_text", "text": deployment }] },
            ]);
            let usage = json!({ "input_tokens": 1_000_000, "output_tokens": 0 });
            events(&[json!({ "type": "response.completed", "response": {
                "id": "resp_1", "status": "completed", "model": "gpt-4.1-2025-04-14", "output": output, "usage": usage,
            } })])
        }
        "cut" => events(&[
            json!({ "type": "response.output_text.delta", "output_index": 0, "delta": deployment }),
        ]),
        "limited-in-stream" => events(&[json!({ "type": "error", "code": "rate_limit_exceeded",
            "message": "Please retry after 60 seconds." })]),
        "quota" => refused(429, "insufficient_quota"),
        "flex" => refused(429, "flex_unavailable"),
        "filter" => refused(400, "content_filter"),
        "too-long" => refused(400, "context_length_exceeded"),
        "long-text" => refused(400, "string_above_max_length"),
        "no-deployment" => refused(404, "DeploymentNotFound"),
        "no-file" => refused(404, "file_not_found"),
        "unreachable" => unanswered(TransportError::Unreachable("DNS".into())),
        "broken" => unanswered(TransportError::Broken("reset".into())),
        "untrusted" => unanswered(TransportError::Untrusted("self-signed".into())),
        "silence" => unanswered(TransportError::TimedOut),
        status => refused(status.parse().unwrap(), ""),
    }
}

/// A configuration with these deployments of `gpt-4.1`, and exact waits.
fn configuration(deployments: &str, settings: Value) -> Value {
    let mut endpoints: Vec<(String, Vec<&str>)> = Vec::new();
    for deployment in deployments.split(' ') {
        let address = format!("https://{}.openai.azure.com", &deployment[..1]);
        match endpoints.last_mut() {
            Some((last, names)) if *last == address => names.push(deployment),
            _ => endpoints.push((address, vec![deployment])),
        }
    }
    let mut tables: Vec<Value> = endpoints
        .iter()
        .map(|(address, names)| {
            json!({
                "azure_endpoint": address,
                "api_key": format!("secret-of-{address}"),
                "deployment_mapping": { "gpt-4.1": names },
            })
        })
        .collect();
    let mut config = tables.remove(0);
    config["fallbacks"] = Value::Array(tables);
    config["default_model"] = json!("gpt-4.1");
    config["retry_jitter"] = json!(false);
    for (key, value) in settings.as_object().unwrap() {
        config[key] = value.clone();
    }
    config
}

/// The payloads of the events with this name.
fn payloads(edge: &FakeEdge, name: &str) -> Vec<Value> {
    let events = edge.0.events.borrow();
    let found = events.iter().filter(|(event, _)| event == name);
    found.map(|(_, payload)| payload.clone()).collect()
}

#[test]
fn a_call_that_goes_on_says_from_where_to_where_and_why() {
    let edge = FakeEdge::default();
    serve(&edge, &[("a1", "429/60")]);
    let config = configuration("a1 b1", json!({}));
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    for _ in 0..2 {
        let response = engine.complete(&request(vec![user("Hi")])).unwrap();
        let metadata: Value = serde_json::from_str(&response.metadata.unwrap()).unwrap();
        assert_eq!(metadata["azure:deployment"], "b1");
        assert_eq!(metadata["azure:endpoint"], "b.openai.azure.com");
    }
    let expected = |call: &str, error: Option<&str>| {
        json!({
            "provider": "azure-openai",
            "request_id": call,
            "from": { "deployment": "a1", "endpoint": "https://a.openai.azure.com" },
            "to": { "deployment": "b1", "endpoint": "https://b.openai.azure.com" },
            "reason": "rate-limit",
            "error_message": error,
        })
    };
    let mut events = payloads(&edge, "provider:failover");
    let second = events.pop().unwrap();
    // Nobody had to ask.
    let call = payloads(&edge, "llm:response").pop().unwrap()["request_id"].clone();
    assert_eq!(second, expected(call.as_str().unwrap(), None));
    let first = events.pop().unwrap();
    let message = first["error_message"].as_str().unwrap();
    assert!(message.contains("too many requests"), "{message}");
    assert_eq!(first, expected(CALL, Some(message)));
    let responses = payloads(&edge, "llm:response");
    assert!(responses.iter().all(|response| response["model"] == "b1"));
    let shown = format!("{:?}", edge.0.events.borrow());
    assert!(!shown.contains("secret-of"), "{shown}");
}

#[test]
fn with_one_deployment_nothing_is_shared_and_nothing_is_said_of_it() {
    let edge = FakeEdge::default();
    serve(&edge, &[("a1", "500 ok")]);
    let config = configuration("a1", json!({}));
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    let response = engine.complete(&request(vec![user("Hi")])).unwrap();
    assert_eq!(edge.0.shared.borrow().text, "");
    let metadata = response.metadata.unwrap();
    assert!(!metadata.contains("azure:"), "{metadata}");
}

#[test]
fn each_endpoint_gets_its_own_key_and_its_own_headers() {
    let edge = FakeEdge::default();
    serve(&edge, &[("a1", "429/60")]);
    let mut config = configuration("a1 b1", json!({ "extra_headers": { "x-gateway": "of-a" } }));
    config["fallbacks"][0]["extra_headers"] = json!({ "x-region": "of-b" });
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    engine.complete(&request(vec![user("Hi")])).unwrap();
    let sent = edge.0.sent_headers.borrow();
    let seen: Vec<Vec<&str>> = sent
        .iter()
        .map(|headers| {
            let own = headers
                .iter()
                .filter(|(name, _)| name == "api-key" || name.starts_with("x-"));
            own.map(|(_, value)| value.as_str()).collect()
        })
        .collect();
    assert_eq!(
        seen,
        [
            ["secret-of-https://a.openai.azure.com", "of-a"],
            ["secret-of-https://b.openai.azure.com", "of-b"],
        ]
    );
}

#[test]
fn what_was_delivered_is_taken_back_before_another_answers() {
    let edge = FakeEdge::default();
    serve(&edge, &[("a1", "cut")]);
    let config = configuration("a1 b1", json!({ "failover_after": 0 }));
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    let mut stream = engine
        .complete_streaming(&request(vec![user("Hi")]))
        .unwrap();
    let mut delivered = String::new();
    loop {
        let events = stream.next_events().unwrap();
        if events.is_empty() {
            break;
        }
        for event in events {
            match event {
                StreamEvent::BlockDelta(delta) => delivered.push_str(&delta.text),
                StreamEvent::Restarted(_) => delivered.push('|'),
                _ => {}
            }
        }
    }
    assert_eq!(delivered, "a1|b1");
}

#[test]
fn reasoning_goes_back_to_the_endpoint_that_has_encrypted_it_alone() {
    let thinking = |by: &str, origin: Option<&str>| Message {
        role: Role::Assistant,
        content: MessageContent::Blocks(vec![
            block(BlockContent::Thinking(Thinking {
                text: String::new(),
                signature: None,
                content: Some(json!([by, "rs_1"]).to_string()),
            })),
            block(BlockContent::Text("Hm".into())),
        ]),
        metadata: origin.map(|origin| json!({ "azure:endpoint": origin }).to_string()),
        ..user("")
    };
    let history = [
        user("1"),
        thinking("unknown", None),
        user("2"),
        thinking("a", Some("a.openai.azure.com")),
        user("3"),
        thinking("b", Some("b.openai.azure.com")),
        user("4"),
    ];
    let edge = FakeEdge::default();
    serve(&edge, &[("a1", "429/60 ok")]);
    let mut config = configuration("a1 b1", json!({ "default_model": "gpt-5.1" }));
    config["deployment_mapping"] = json!({ "gpt-5.1": "a1" });
    config["fallbacks"][0]["deployment_mapping"] = json!({ "gpt-5.1": "b1" });
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    let mut request = request(history.to_vec());
    request.model = None;
    engine.complete(&request).unwrap();
    let seen: Vec<Vec<String>> = edge
        .0
        .sent_bodies
        .borrow()
        .iter()
        .map(|body| {
            let input = body["input"].as_array().unwrap().iter();
            input
                .filter_map(|item| item["encrypted_content"].as_str())
                .map(str::to_owned)
                .collect()
        })
        .collect();
    assert_eq!(seen, [vec!["unknown", "a"], vec!["b"]]);
    let dropped = payloads(&edge, "provider:parameter_dropped");
    assert!(
        dropped.iter().any(|event| event["reason"]
            .as_str()
            .unwrap()
            .starts_with("another endpoint has encrypted this thinking")),
        "{dropped:?}"
    );
}

#[test]
fn what_answered_is_what_is_paid() {
    // The deployments' types, who is out of order → what a million tokens cost.
    for (first, second, answers, cost) in [
        (None, None, "ok", Some("2")),
        (Some("PTU"), None, "ok", None),
        (Some("PTU"), None, "429/60", Some("2")),
        (None, Some("PTU"), "429/60", None),
    ] {
        let edge = FakeEdge::default();
        serve(&edge, &[("a1", answers)]);
        let mut config = configuration("a1 b1", json!({ "deployment_type": first }));
        config["fallbacks"][0]["deployment_type"] = json!(second);
        let engine = Engine::open(edge, &config.to_string()).unwrap();
        let response = engine.complete(&request(vec![user("Hi")])).unwrap();
        assert_eq!(
            response.usage.unwrap().cost_usd.as_deref(),
            cost,
            "{first:?} {second:?} {answers}"
        );
    }
    // A list at one endpoint: what comes after the first is paid by the token.
    let edge = FakeEdge::default();
    serve(&edge, &[("a1", "429/60")]);
    let config = configuration("a1 a2", json!({ "deployment_type": "PTU" }));
    let engine = Engine::open(edge, &config.to_string()).unwrap();
    let response = engine.complete(&request(vec![user("Hi")])).unwrap();
    assert_eq!(response.usage.unwrap().cost_usd.as_deref(), Some("2"));
}

#[test]
fn requests_that_are_sent_on_go_to_another_deployment_too() {
    // what the first answers → who is asked, and the status that the client sees
    for (answer, asked, status) in [
        ("ok", "a1@0", 200),
        ("429/60", "a1@0 b1@0", 200),
        ("500", "a1@0 a1@1 a1@3 b1@3", 200),
        ("no-deployment", "a1@0 b1@0", 200),
        ("too-long", "a1@0 b1@0", 200),
        ("unreachable", "a1@0 b1@0", 200),
        ("400", "a1@0", 400),
        ("401", "a1@0", 401),
        ("no-file", "a1@0", 404),
    ] {
        let edge = FakeEdge::default();
        let noted = serve(&edge, &[("a1", answer)]);
        let config = configuration("a1 b1", json!({}));
        let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
        let body = r#"{ "model" : "gpt-4.1", "input" : "Hi" }"#;
        let forwarded = engine.forward(forward("responses", body)).unwrap();
        assert_eq!(
            (noted.borrow().join(" "), forwarded.status),
            (asked.to_owned(), status),
            "{answer}"
        );
        let (_, last) = edge.0.sent.borrow().last().unwrap().clone();
        let deployment = &asked[asked.len() - 4..][..2];
        let expected = body.replace("gpt-4.1", deployment.trim());
        assert_eq!(String::from_utf8(last).unwrap(), expected);
    }
}

#[test]
fn the_last_refusal_is_the_clients_when_nobody_answers() {
    let edge = FakeEdge::default();
    let noted = serve(&edge, &[("a1", "429/100"), ("b1", "no-deployment")]);
    let config = configuration("a1 b1", json!({}));
    let engine = Engine::open(edge, &config.to_string()).unwrap();
    let mut forwarded = engine
        .forward(forward("responses", r#"{"model":"gpt-4.1"}"#))
        .unwrap();
    assert_eq!(noted.borrow().join(" "), "a1@0 b1@0");
    assert_eq!(forwarded.status, 404);
    let body = forwarded.body.read().unwrap().unwrap();
    assert!(
        String::from_utf8(body)
            .unwrap()
            .contains("DeploymentNotFound")
    );
}

#[test]
fn what_an_endpoint_keeps_is_asked_of_it_alone() {
    for (path, body) in [
        (
            "responses",
            r#"{"model":"gpt-4.1","previous_response_id":"resp_1"}"#,
        ),
        (
            "responses",
            r#"{"conversation":"conv_1","model":"gpt-4.1"}"#,
        ),
        ("batches", r#"{"model":"gpt-4.1"}"#),
    ] {
        let edge = FakeEdge::default();
        let noted = serve(&edge, &[("a1", "429/100")]);
        let config = configuration("a1 b1", json!({}));
        let engine = Engine::open(edge, &config.to_string()).unwrap();
        let forwarded = engine.forward(forward(path, body)).unwrap();
        assert_eq!(forwarded.status, 429, "{path}");
        assert_eq!(noted.borrow().join(" "), "a1@0", "{path}");
    }
}

#[test]
fn what_others_wrote_into_the_shared_state_does_no_harm() {
    let far = u64::MAX;
    for text in [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        r#"[[0,"a1"]]"#.to_owned(),
        r#"[[-1,"a1",1,1,"quota",false],[0,5,1,1,"quota",false],[0,"a1",1,1,"boredom",false]]"#
            .to_owned(),
        // Nothing rests until the end of time.
        format!(r#"[[0,"a1",{far},1,"quota",false],[1,"b1",{far},{far},"network",true]]"#),
        format!("[{}]", vec![r#"[9,"x",1,1,"quota",false]"#; 2000].join(",")),
        "\u{0}".repeat(100_000),
    ] {
        let edge = FakeEdge::default();
        let noted = serve(&edge, &[("a1", "quota")]);
        edge.0.shared.borrow_mut().text = text;
        let config = configuration("a1 b1", json!({}));
        let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
        engine.complete(&request(vec![user("Hi")])).unwrap();
        assert_eq!(noted.borrow().join(" "), "a1@0 b1@0");
        assert!(edge.0.shared.borrow().text.len() < 200);
    }
}

fn forward(path: &str, body: &str) -> HttpRequest {
    HttpRequest {
        method: "POST".to_owned(),
        path: path.to_owned(),
        headers: vec![HttpHeader {
            name: "content-type".to_owned(),
            value: b"application/json".to_vec(),
        }],
        body: body.as_bytes().to_vec(),
    }
}

fn block(content: BlockContent) -> ContentBlock {
    ContentBlock {
        content,
        visibility: None,
        extensions: None,
    }
}
