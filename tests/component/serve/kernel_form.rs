//! `/v1/complete` and `/v1/stream`.

use std::time::Duration;

use azure_openai_mock::{Answer, Fault, MockAzure, RetryAfter, RetryHeader, Step};
use http::StatusCode;
use provider_host::kernel_json::{chat_request, chat_response};
use provider_host_serve::Service;
use serde_json::json;

use super::{Served, hello};
use crate::support::in_time;

#[tokio::test]
async fn a_chat_request_gets_the_providers_chat_response() {
    let served = Served::new().await;
    let answer = served.post("/v1/complete", &hello()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let length = answer.body.len().to_string();
    assert_eq!(answer.header("content-length"), Some(length.as_str()));
    let request = chat_request::from_value(hello()).unwrap();
    let direct = in_time(served.provider.complete(&request)).await.unwrap();
    let mut direct = chat_response::to_value(&direct).unwrap();
    let mut told = answer.json();
    for response in [&mut direct, &mut told] {
        for id in ["openai:request_id", "openai:response_id"] {
            assert!(response["metadata"][id].take().is_string(), "{id}");
        }
    }
    assert_eq!(told, direct);
}

#[tokio::test]
async fn a_stream_tells_blocks_and_then_the_response() {
    let served = Served::new().await;
    let events = served.post("/v1/stream", &hello()).await.events();
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..2], ["block_start", "block_delta"]);
    assert_eq!(
        names[names.len() - 3..],
        ["block_delta", "block_end", "completed"]
    );
    assert_eq!(events[0].1, json!({ "index": 0, "type": "text" }));
    let deltas = events.iter().filter(|(name, _)| name == "block_delta");
    let text: String = deltas
        .map(|(_, data)| data["text"].as_str().unwrap())
        .collect();
    let (_, response) = events.last().unwrap();
    assert_eq!(response["content"][0]["text"], text);
    assert_eq!(response["finish_reason"], "stop");
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_so_and_begins_anew() {
    let served = Served::with(
        MockAzure::builder().start().await.unwrap(),
        json!({ "max_retries": 1, "min_retry_delay": 0.01 }),
        Service::builder(),
    )
    .await;
    served.mock.push_fault(Fault::CloseAfterEvents(6));
    let events = served.post("/v1/stream", &hello()).await.events();
    let place = events
        .iter()
        .position(|(name, _)| name == "restarted")
        .unwrap();
    assert_eq!(events[place - 1].0, "block_end");
    assert_eq!(events[place].1["retryable"], true);
    assert_eq!(
        events[place + 1],
        (
            "block_start".to_owned(),
            json!({ "index": 0, "type": "text" })
        )
    );
    assert_eq!(events.last().unwrap().0, "completed");

    // Without another try it fails.
    served.mock.push_fault(Fault::CloseAfterEvents(6));
    served.mock.push_fault(Fault::CloseAfterEvents(6));
    let events = served.post("/v1/stream", &hello()).await.events();
    let (name, error) = events.last().unwrap();
    assert_eq!((name.as_str(), &error["kind"]), ("error", &json!("stream")));
}

#[tokio::test]
async fn errors_have_the_kernels_form_and_a_status_that_fits() {
    let served = Served::new().await;
    let azure = |status: u16, code: &str| {
        let body = json!({ "error": { "code": code, "message": "No." } });
        Step::from(Fault::json(StatusCode::from_u16(status).unwrap(), &body))
    };
    let limited = Step {
        retry_after: Some(RetryAfter {
            header: RetryHeader::Milliseconds,
            wait: Duration::from_millis(1200),
        }),
        ..azure(429, "429")
    };
    let closed = Step {
        answer: Answer::Close,
        ..Step::default()
    };
    let table = [
        (
            azure(400, "invalid_value"),
            400,
            "invalid_request",
            Some("false"),
        ),
        (
            azure(400, "context_length_exceeded"),
            400,
            "context_length",
            Some("false"),
        ),
        // The provider's key is not the caller's.
        (azure(401, "401"), 502, "authentication", Some("false")),
        (azure(403, "403"), 502, "access_denied", Some("false")),
        (
            azure(404, "DeploymentNotFound"),
            404,
            "not_found",
            Some("false"),
        ),
        (
            azure(429, "insufficient_quota"),
            429,
            "quota_exceeded",
            Some("false"),
        ),
        (limited, 429, "rate_limit", None),
        (azure(503, "503"), 503, "unavailable", None),
        (closed, 502, "network", None),
    ];
    for (step, status, kind, should_retry) in table {
        for path in ["/v1/complete", "/v1/stream"] {
            served.mock.push_step(step.clone());
            let answer = served.post(path, &hello()).await;
            assert_eq!(answer.status, status, "{path}: {answer:?}");
            assert_eq!(
                answer.header("x-should-retry"),
                should_retry,
                "{path}: {answer:?}"
            );
            assert_eq!(answer.json()["kind"], kind, "{path}: {answer:?}");
            if kind == "rate_limit" {
                assert_eq!(answer.header("retry-after"), Some("2"));
                assert_eq!(answer.header("retry-after-ms"), Some("1200"));
            }
        }
    }
}

#[tokio::test]
async fn a_document_that_is_wrong_is_refused_with_its_place() {
    let served = Served::new().await;
    let robot = json!({ "messages": [{ "role": "robot", "content": "Hi" }] });
    let answer = served.post("/v1/complete", &robot).await;
    assert_eq!(
        (answer.status, &answer.json()["kind"]),
        (400, &json!("invalid_request"))
    );
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("messages[0].role: expected one of"),
        "{message}"
    );
    assert!(served.mock.requests().is_empty());
}
