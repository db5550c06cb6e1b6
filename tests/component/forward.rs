//! `Provider::forward`: what a program that embeds the host gets of requests in the service's own form, also from a
//! component that means no good.

use std::time::Duration;

use azure_openai_mock::{DeltaGate, MockAzure};
use bytes::Bytes;
use http::{Request, Response};
use provider_host::contract::types::ErrorKind;
use provider_host::{CallError, ForwardedBody, LimitError, Limits, Provider};
use serde_json::{Value, json};

use crate::support::{Setup, azure, config, hostile_component, in_time, until};

#[tokio::test]
async fn an_answer_is_read_as_it_arrives_and_its_instance_is_kept() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder()
        .gate(gate.clone())
        .start()
        .await
        .unwrap();
    let setup = Setup::with(mock, json!({})).await;
    let body = json!({ "model": "gpt-4.1", "input": "Say hello", "stream": true });
    let mut response = in_time(setup.provider.forward(post("/responses", &body)))
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let mut bytes = Vec::new();
    // The service waits for the gate: what is here came before its end.
    gate.release(5);
    while !text(&bytes).contains("Hello") {
        bytes.extend(in_time(response.body_mut().next()).await.unwrap().unwrap());
    }
    assert!(!text(&bytes).contains("response.completed"));
    assert_eq!(setup.provider.statistics().running, 1);
    gate.open();
    while let Some(more) = in_time(response.body_mut().next()).await.unwrap() {
        bytes.extend(more);
    }
    assert!(text(&bytes).contains("response.completed"));
    let statistics = setup.provider.statistics();
    assert_eq!((statistics.running, statistics.idle_instances), (0, 1));
    assert_eq!(statistics.instances, 1);
}

#[tokio::test]
async fn dropping_a_body_closes_the_exchange_and_frees_the_place() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder()
        .gate(gate.clone())
        .start()
        .await
        .unwrap();
    let setup = Setup::with(mock, json!({ "max_concurrent_requests": 1 })).await;
    let body = json!({ "model": "gpt-4.1", "input": "Say hello", "stream": true });
    let response = in_time(setup.provider.forward(post("/responses", &body)))
        .await
        .unwrap();
    drop(response);
    in_time(setup.mock.wait_for_closed_streams(1)).await;
    until(|| setup.provider.statistics().instances == 0).await;
    gate.open();
    let response = in_time(setup.provider.forward(post("/responses", &body)))
        .await
        .unwrap();
    read(response).await.unwrap();
}

#[tokio::test]
async fn what_was_asked_is_in_the_events() {
    let setup = Setup::new().await;
    let body = json!({ "model": "gpt-4.1", "input": "Say hello" });
    read(
        setup
            .provider
            .forward(post("/responses", &body))
            .await
            .unwrap(),
    )
    .await
    .unwrap();
    let events = setup.events.of("llm:response");
    let [event] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(
        (&event["route"], &event["status"]),
        (&json!("POST responses"), &json!("ok"))
    );
    assert!(event["usage"]["output_tokens"].as_u64() > Some(0));
    assert!(event["usage"]["cost_usd"].is_string());
}

#[tokio::test]
async fn a_component_that_breaks_ends_its_own_call_only() {
    let host =
        hostile(Limits::default().with(|limits| limits.wall_time = Duration::from_secs(2))).await;
    let error = forward(&host, "/trap").await.map(drop).unwrap_err();
    assert!(matches!(error, CallError::Component(_)), "{error:?}");
    for path in ["/no-status", "/no-header"] {
        let error = forward(&host, path).await.map(drop).unwrap_err();
        assert_eq!(
            error.to_provider_error().kind,
            ErrorKind::Stream,
            "{path}: {error:?}"
        );
    }
    let error = read(forward(&host, "/trap-in-body").await.unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::Component(_)), "{error:?}");
    let error = read(forward(&host, "/wait-in-body").await.unwrap())
        .await
        .unwrap_err();
    let is_late = matches!(error, CallError::Limit(LimitError::WallTime { .. }));
    assert!(is_late, "{error:?}");
    read(forward(&host, "/anything").await.unwrap())
        .await
        .unwrap();
    assert_eq!(host.statistics().instances, 1);
}

#[tokio::test]
async fn a_component_has_no_secret_that_it_could_answer_with() {
    let host = hostile(Limits::default()).await;
    let answer = read(forward(&host, "/anything").await.unwrap())
        .await
        .unwrap();
    assert!(answer.contains("sealed-"), "{answer}");
    assert!(!answer.contains("mock-key"), "{answer}");
}

#[tokio::test]
async fn a_request_that_is_too_large_is_not_handed_over() {
    let host = hostile(Limits::default().with(|limits| limits.request_bytes = 1000)).await;
    let request = post("/anything", &json!("x".repeat(1000)));
    let error = host.forward(request).await.map(drop).unwrap_err();
    let is_large = matches!(
        error,
        CallError::Limit(LimitError::Request { limit: 1000, .. })
    );
    assert!(is_large, "{error:?}");
}

async fn hostile(limits: Limits) -> Provider {
    let mock = MockAzure::builder().start().await.unwrap();
    let host = azure().limits(limits);
    let host = host.load(&hostile_component()).await.unwrap();
    host.open(&config(&mock)).await.unwrap()
}

async fn forward(host: &Provider, path: &str) -> Result<Response<ForwardedBody>, CallError> {
    in_time(host.forward(post(path, &Value::Null))).await
}

async fn read(mut response: Response<ForwardedBody>) -> Result<String, CallError> {
    let mut bytes = Vec::new();
    while let Some(more) = in_time(response.body_mut().next()).await? {
        bytes.extend(more);
    }
    Ok(text(&bytes))
}

fn post(path: &str, body: &Value) -> Request<Bytes> {
    Request::post(path)
        .header("content-type", "application/json")
        .body(body.to_string().into())
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
