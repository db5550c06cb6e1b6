//! Streams: each event as it comes, many at once, and none for a client that is gone.

use azure_openai_mock::{DeltaGate, MockAzure};
use serde_json::json;
use tokio::task::JoinSet;

use crate::before;
use crate::client::begin;
use crate::support::in_time;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// The events up to the first delta.
const FIRST_EVENTS: usize = 5;

async fn gated(gate: &DeltaGate) -> MockAzure {
    let mock = MockAzure::builder().gate(gate.clone());
    mock.start().await.unwrap()
}

fn body() -> String {
    json!({ "model": "gpt-5.1", "input": "Say hello", "stream": true }).to_string()
}

#[tokio::test]
async fn the_first_delta_is_there_before_the_last_is_sent() {
    let kernel = json!({ "messages": [{ "role": "user", "content": "Say hello" }] });
    for (path, body) in [
        ("/v1/responses", body()),
        ("/v1/stream", kernel.to_string()),
    ] {
        let gate = DeltaGate::new();
        let mock = gated(&gate).await;
        let host = before(&mock, &[]).await;
        let mut coming = begin(host.address, "POST", path, &JSON, &body).await;
        gate.release(FIRST_EVENTS);
        coming.until("Hello").await;
        gate.open();
        let answer = coming.end().await;
        assert!(answer.body.contains("completed"), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_closes_the_exchange() {
    let gate = DeltaGate::new();
    let mock = gated(&gate).await;
    let host = before(&mock, &[]).await;
    let mut coming = begin(host.address, "POST", "/v1/responses", &JSON, &body()).await;
    gate.release(FIRST_EVENTS);
    coming.until("Hello").await;
    drop(coming);
    // It is noticed when something is written for it.
    in_time(async {
        loop {
            gate.release(1);
            tokio::select! {
                () = mock.wait_for_closed_streams(1) => break,
                () = tokio::task::yield_now() => {}
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_hundred_and_fifty_streams_run_at_once() {
    const STREAMS: usize = 150;
    let gate = DeltaGate::new();
    let mock = gated(&gate).await;
    let host = before(&mock, &[]).await;
    let mut streams = JoinSet::new();
    for _ in 0..STREAMS {
        let address = host.address;
        streams.spawn(async move {
            let coming = begin(address, "POST", "/v1/responses", &JSON, &body()).await;
            coming.end().await
        });
    }
    in_time(mock.wait_for_requests(STREAMS)).await;
    gate.open();
    while let Some(answer) = in_time(streams.join_next()).await {
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.body.contains("response.completed"), "{answer:?}");
    }
}
