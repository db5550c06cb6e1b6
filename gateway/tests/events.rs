//! What is on standard error.

use azure_openai_mock::MockAzure;
use serde_json::{Value, json};

use crate::before;
use crate::client::post;

#[tokio::test]
async fn events_are_written_where_that_is_asked_for() {
    let mock = MockAzure::builder().start().await.unwrap();
    let body = json!({ "model": "gpt-5.1", "input": "Hi" });
    let silent = before(&mock, &[]).await;
    assert_eq!(
        post(silent.address, "/v1/responses", &body).await.status,
        200
    );
    assert_eq!(silent.lines(), [""; 0]);

    let host = before(&mock, &[("GATEWAY_EVENTS", "true")]).await;
    assert_eq!(post(host.address, "/v1/responses", &body).await.status, 200);
    let lines = host.lines();
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let names: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["event"].as_str())
        .collect();
    assert_eq!(
        (names.first(), names.last()),
        (Some(&"llm:request"), Some(&"llm:response"))
    );
    let usage = &lines.last().unwrap()["data"]["usage"];
    assert!(
        usage["input_tokens"].is_u64() || usage["input"].is_u64(),
        "{lines:?}"
    );
    assert!(!host.lines().concat().contains(mock.api_key()));
}
