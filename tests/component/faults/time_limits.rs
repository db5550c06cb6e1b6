//! Streams that go on without an end, and connections that end without a word.

use std::sync::Arc;
use std::time::Duration;

use provider_host::clock::ManualClock;
use provider_host::contract::types::{ErrorKind, StreamEvent};
use serde_json::json;

use super::wire::Wire;
use crate::support::{ask, azure, in_time, provider_error};

#[tokio::test]
async fn comments_do_not_keep_a_stream_alive() {
    let (clock, wire) = (ManualClock::new(), Wire::start().await);
    let host = azure().clock(Arc::new(clock.clone()));
    let provider = wire
        .provider(host, json!({ "max_retries": 0, "stream_idle_timeout": 60 }))
        .await;
    let request = ask("Hi");
    let (stream, mut service) = tokio::join!(provider.stream(&request), async {
        let mut service = wire.request().await;
        service.begin_stream().await;
        service.send(DELTA).await;
        service
    });
    let mut stream = stream.unwrap();
    for _ in 0..2 {
        in_time(stream.next()).await.unwrap();
    }
    let mut next = Box::pin(stream.next());
    for second in 1..=60 {
        service.send(b": keepalive\n\n").await;
        tokio::select! {
            biased;
            event = &mut next => panic!("after {second} seconds: {event:?}"),
            () = settle() => {}
        }
        clock.advance(Duration::from_secs(1));
    }
    // The block's end comes first, then the error.
    assert!(matches!(
        in_time(next).await,
        Ok(Some(StreamEvent::BlockEnd(_)))
    ));
    let error = provider_error(in_time(stream.next()).await);
    assert_eq!(
        (error.kind, error.retryable),
        (ErrorKind::Timeout, true),
        "{error:?}"
    );
    assert!(
        error.message.contains("no event came for 60 seconds"),
        "{}",
        error.message
    );
    assert_eq!(error.details.as_deref(), Some(r#"{"partial_text":"Hi"}"#));
    in_time(service.closed()).await;
}

#[tokio::test]
async fn an_attempt_that_goes_on_and_on_ends_at_its_limit() {
    let (clock, wire) = (ManualClock::new(), Wire::start().await);
    let host = azure().clock(Arc::new(clock.clone()));
    let provider = wire
        .provider(host, json!({ "max_retries": 0, "timeout": 600 }))
        .await;
    let request = ask("Hi");
    let (stream, mut service) = tokio::join!(provider.stream(&request), async {
        let mut service = wire.request().await;
        service.begin_stream().await;
        service
    });
    let mut stream = stream.unwrap();
    let mut deltas = 0;
    let error = loop {
        let mut next = Box::pin(stream.next());
        // It waits while the time passes.
        tokio::select! {
            biased;
            event = &mut next => panic!("after {deltas} deltas: {event:?}"),
            () = settle() => {}
        }
        clock.advance(Duration::from_secs(50));
        settle().await;
        service.send(DELTA).await;
        match in_time(next).await {
            Ok(Some(StreamEvent::BlockStart(_))) => drop(in_time(stream.next()).await.unwrap()),
            Ok(Some(StreamEvent::BlockDelta(_))) => {}
            Ok(Some(_)) => break provider_error(in_time(stream.next()).await),
            Ok(None) => panic!("it ended well"),
            Err(error) => break provider_error::<()>(Err(error)),
        }
        deltas += 1;
        assert!(clock.now() <= Duration::from_secs(600), "{deltas} deltas");
    };
    assert_eq!(deltas, 11);
    assert_eq!(
        (error.kind, error.retryable),
        (ErrorKind::Timeout, true),
        "{error:?}"
    );
    assert!(
        error.message.contains("not complete after 600 seconds"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn what_has_arrived_is_not_late_however_long_the_reader_takes() {
    let (clock, wire) = (ManualClock::new(), Wire::start().await);
    let host = azure().clock(Arc::new(clock.clone()));
    let provider = wire
        .provider(host, json!({ "max_retries": 0, "timeout": 60 }))
        .await;
    let request = ask("Hi");
    let (stream, ()) = tokio::join!(provider.stream(&request), async {
        let mut service = wire.request().await;
        service.begin_stream().await;
        service.send(DELTA).await;
        service.send(DELTA).await;
        service.send(COMPLETED).await;
        service.end().await;
    });
    settle().await;
    let mut stream = stream.unwrap();
    let mut text = String::new();
    while let Some(event) = in_time(stream.next()).await.unwrap() {
        if let StreamEvent::BlockDelta(delta) = event {
            text += &delta.text;
        }
        clock.advance(Duration::from_secs(1000));
    }
    assert_eq!(text, "HiHi");
}

#[tokio::test]
async fn a_connection_that_is_reset_is_a_passing_error() {
    let wire = Wire::start().await;
    let provider = wire.provider(azure(), json!({ "max_retries": 0 })).await;
    let request = ask("Hi");
    let (stream, ()) = tokio::join!(provider.stream(&request), async {
        wire.request().await.reset();
    });
    let error = provider_error(stream);
    assert_eq!(
        (error.kind, error.retryable),
        (ErrorKind::Network, true),
        "{error:?}"
    );

    let (stream, mut service) = tokio::join!(provider.stream(&request), async {
        let mut service = wire.request().await;
        service.begin_stream().await;
        service
    });
    let mut stream = stream.unwrap();
    service.send(DELTA).await;
    for _ in 0..2 {
        in_time(stream.next()).await.unwrap();
    }
    service.reset();
    assert!(matches!(
        in_time(stream.next()).await,
        Ok(Some(StreamEvent::BlockEnd(_)))
    ));
    let error = provider_error(in_time(stream.next()).await);
    assert_eq!(
        (error.kind, error.retryable),
        (ErrorKind::Stream, true),
        "{error:?}"
    );
}

/// Lets what was sent arrive.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

const DELTA: &[u8] =
    b"data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"Hi\"}\n\n";

const COMPLETED: &[u8] =
    b"data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[]}}\n\n";
