//! Long streams, many requests, and what is too large: memory stays where it is.

use std::fmt::Write as _;

use azure_openai_mock::{Fault, MockAzure};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use provider_host::contract::types::{ErrorKind, StreamEvent};
use provider_host::{Limits, Provider};
use serde_json::json;

use crate::support::{ask, azure, component, config, in_time, provider_error};

/// A warm instance has less than half of this.
const MEMORY: usize = 4 * 1024 * 1024;

#[tokio::test]
async fn a_stream_of_200_000_events_does_not_grow_an_instance() {
    const COUNT: usize = 200_000;
    let mock = MockAzure::builder().start().await.unwrap();
    let provider = provider(&mock).await;
    let mut stream = String::new();
    let delta = json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "x" });
    for _ in 0..COUNT {
        let _ = write!(stream, "data: {delta}\n\n");
    }
    let text = json!({ "type": "output_text", "text": "x".repeat(COUNT) });
    let output = json!([{ "type": "message", "content": [text] }]);
    let response = json!({ "status": "completed", "output": output });
    let completed = json!({ "type": "response.completed", "response": response });
    let _ = write!(stream, "data: {completed}\n\n");
    mock.push_fault(Fault::RawStream(stream.into()));

    let mut stream = provider.stream(&ask("Hi")).await.unwrap();
    let mut deltas = 0;
    let mut is_completed = false;
    while let Some(event) = in_time(stream.next()).await.unwrap() {
        match event {
            StreamEvent::BlockDelta(_) => deltas += 1,
            StreamEvent::Completed(_) => is_completed = true,
            _ => {}
        }
    }
    assert_eq!((deltas, is_completed), (COUNT, true));
}

#[tokio::test]
async fn ten_thousand_requests_do_not_grow_an_instance() {
    let mock = MockAzure::builder().start().await.unwrap();
    let provider = provider(&mock).await;
    for _ in 0..10_000 {
        provider.complete(&ask("Hi")).await.unwrap();
    }
    // The one that was there at the beginning: one that had failed, or grown, would not be kept.
    let statistics = provider.statistics();
    assert_eq!((statistics.instances, statistics.idle_instances), (1, 1));
    assert_eq!(statistics.calls, 10_000);
}

#[tokio::test]
async fn a_line_and_a_body_of_64_mb_are_errors() {
    let mock = MockAzure::builder().start().await.unwrap();
    let host = azure().load(&component()).await.unwrap();
    let provider = host.open(&config(&mock)).await.unwrap();
    let large = Bytes::from(vec![b'x'; 64 * 1024 * 1024]);
    let line = [Bytes::from_static(b"data: "), large.clone()].concat();
    mock.push_fault(Fault::RawStream(line.into()));
    let error = provider_error(in_time(provider.complete(&ask("Hi"))).await);
    assert_eq!((error.kind, error.retryable), (ErrorKind::Stream, false));

    for (status, kind) in [
        (StatusCode::OK, ErrorKind::Stream),
        (StatusCode::INTERNAL_SERVER_ERROR, ErrorKind::Unavailable),
    ] {
        mock.push_fault(Fault::Status {
            status,
            headers: HeaderMap::new(),
            body: large.clone(),
        });
        let error = provider_error(in_time(provider.complete(&ask("Hi"))).await);
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(error.message.len() < 2000, "{}", error.message.len());
    }
    provider.complete(&ask("Hi")).await.unwrap();
}

/// A provider whose instances have little memory, one at a time.
async fn provider(mock: &MockAzure) -> Provider {
    let host = azure()
        .limits(Limits::default().with(|limits| {
            limits.memory_bytes = MEMORY;
            limits.calls_per_instance = u64::MAX;
            limits.idle_memory_bytes = MEMORY;
        }))
        .load(&component())
        .await
        .unwrap();
    host.open(&config(mock)).await.unwrap()
}
