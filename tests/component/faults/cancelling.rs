//! Calls that nobody waits for any more.

use std::sync::Arc;
use std::time::Duration;

use azure_openai_mock::{DeltaGate, Fault, MockAzure};
use http::StatusCode;
use provider_host::clock::ManualClock;
use serde_json::json;

use crate::support::{ask, azure, component, config, in_time};

#[tokio::test]
async fn a_stream_that_is_dropped_closes_its_connection_at_once() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder()
        .gate(gate.clone())
        .start()
        .await
        .unwrap();
    gate.release(5);
    let host = azure().load(&component()).await.unwrap();
    let provider = host.open(&config(&mock)).await.unwrap();
    let mut stream = provider.stream(&ask("Hi")).await.unwrap();
    in_time(stream.next()).await.unwrap();
    drop(stream);
    at_once(mock.wait_for_closed_streams(1)).await;
}

#[tokio::test]
async fn a_call_that_is_dropped_while_it_waits_for_an_answer_closes_its_connection_at_once() {
    let mock = MockAzure::builder().start().await.unwrap();
    mock.push_fault(Fault::NeverAnswer);
    let host = azure().load(&component()).await.unwrap();
    let provider = host.open(&config(&mock)).await.unwrap();
    let request = ask("Hi");
    tokio::select! {
        response = provider.complete(&request) => panic!("{response:?}"),
        () = in_time(mock.wait_for_requests(1)) => {}
    }
    at_once(mock.wait_for_closed_streams(1)).await;
    in_time(provider.complete(&request)).await.unwrap();
}

#[tokio::test]
async fn a_call_that_is_dropped_while_it_waits_for_a_retry_is_never_sent_again() {
    for fault in [
        Fault::json(StatusCode::SERVICE_UNAVAILABLE, &json!({})),
        // After the first delta, so that the stream is what waits.
        Fault::CloseAfterEvents(6),
    ] {
        let mock = MockAzure::builder().start().await.unwrap();
        mock.push_fault(fault);
        let clock = ManualClock::new();
        let host = azure().clock(Arc::new(clock.clone()));
        let host = host.load(&component()).await.unwrap();
        let mut config = config(&mock);
        config.insert("max_retries".to_owned(), json!(5));
        let provider = host.open(&config).await.unwrap();
        let request = ask("Hi");
        tokio::select! {
            response = provider.complete(&request) => panic!("{response:?}"),
            () = in_time(retry(&clock)) => {}
        }
        // Nobody waits any more, however much time passes.
        clock.advance(Duration::from_secs(3600));
        in_time(provider.complete(&request)).await.unwrap();
        assert_eq!(mock.requests().len(), 2, "one of each call");
    }
}

/// Waits until the component waits for less than any time limit.
async fn retry(clock: &ManualClock) {
    while clock.next_moment().await > Duration::from_secs(2) {
        tokio::task::yield_now().await;
    }
}

/// Fails when something takes longer than a person would notice.
async fn at_once(something: impl Future<Output = ()>) {
    let limit = Duration::from_millis(100);
    assert!(
        tokio::time::timeout(limit, something).await.is_ok(),
        "it takes longer than {limit:?}"
    );
}
