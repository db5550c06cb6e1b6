//! How long a call may take, whatever it waits for and whoever waits for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use azure_openai_mock::{DeltaGate, Fault, MockAzure};
use provider_host::contract::types::StreamEvent;
use provider_host::{CallError, HostBuilder, LimitError, Limits, SwapError};
use serde_json::{Map, json};

use crate::hostile::Hostile;
use crate::support::{Events, ask, azure, component, config, in_time, until};
use crate::swap::hostile;

/// Longer than anything here takes that is not made to wait.
const LIMIT: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_call_that_takes_too_long_is_stopped_and_told_of() {
    let mock = MockAzure::builder().start().await.unwrap();
    mock.push_fault(Fault::NeverAnswer);
    let events = Arc::new(Events::default());
    let host = host().events(events.clone());
    let provider = host.load(&component()).await.unwrap();
    let provider = provider.open(&config(&mock)).await.unwrap();
    let error = in_time(provider.complete(&ask("Hi"))).await.unwrap_err();
    assert!(is_over(&error), "{error:?}");
    in_time(mock.wait_for_closed_streams(1)).await;
    let responses = events.of("llm:response");
    assert_eq!(responses.len(), 1);
    assert_eq!(responses[0]["status"], "error");
    assert_eq!(responses[0]["error"], error.to_string());
}

/// How far whoever reads a stream has come when its time is over.
#[derive(Clone, Copy, Debug)]
enum Reader {
    HasGone,
    HasGivenUpWaiting,
    Waits,
}

#[tokio::test]
async fn a_stream_ends_when_its_time_is_over_whether_somebody_reads_it_or_not() {
    for reader in [Reader::HasGone, Reader::HasGivenUpWaiting, Reader::Waits] {
        let gate = DeltaGate::new();
        let mock = MockAzure::builder().gate(gate.clone()).start();
        let mock = mock.await.unwrap();
        gate.release(5);
        let events = Arc::new(Events::default());
        let provider = host().events(events.clone()).load(component()).await;
        let provider = provider.unwrap().open(&config(&mock)).await.unwrap();
        let mut stream = in_time(provider.stream(&ask("Hi"))).await.unwrap();
        let error = match reader {
            Reader::HasGone => None,
            Reader::HasGivenUpWaiting => loop {
                tokio::select! {
                    biased;
                    event = stream.next() => drop(event.unwrap()),
                    () = tokio::task::yield_now() => break None,
                }
            },
            Reader::Waits => loop {
                if let Err(error) = in_time(stream.next()).await {
                    break Some(error);
                }
            },
        };
        until(|| provider.statistics().running == 0).await;
        assert_eq!(provider.statistics().instances, 0, "{reader:?}");
        in_time(mock.wait_for_closed_streams(1)).await;
        let error = match error {
            Some(error) => error,
            None => in_time(stream.next()).await.unwrap_err(),
        };
        assert!(is_over(&error), "{reader:?}: {error:?}");
        assert!(stream.next().await.unwrap().is_none(), "{reader:?}");
        let responses = events.of("llm:response");
        assert_eq!(responses.len(), 1, "{reader:?}");
        assert_eq!(responses[0]["error"], error.to_string(), "{reader:?}");
    }
}

#[tokio::test]
async fn waiting_for_other_calls_takes_from_a_calls_time() {
    let mock = MockAzure::builder().start().await.unwrap();
    mock.push_fault(Fault::NeverAnswer);
    mock.push_fault(Fault::NeverAnswer);
    let mut config = config(&mock);
    config.insert("max_concurrent_requests".to_owned(), json!(1));
    let provider = host().load(component()).await.unwrap();
    let provider = provider.open(&config).await.unwrap();
    let running = tokio::spawn({
        let provider = provider.clone();
        async move { provider.complete(&ask("Hi")).await }
    });
    in_time(mock.wait_for_requests(1)).await;
    let begin = Instant::now();
    let error = in_time(provider.complete(&ask("Hi"))).await.unwrap_err();
    assert!(is_over(&error), "{error:?}");
    // Not after the first call's time and one of its own.
    assert!(begin.elapsed() < LIMIT * 9 / 5, "{:?}", begin.elapsed());
    in_time(running).await.unwrap().unwrap_err();
}

#[tokio::test]
async fn a_component_that_waits_for_ever_holds_nobody_up() {
    let mock = MockAzure::builder().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    // With the usual two hours for a call, which are not for a start.
    let host_that_starts =
        || azure().limits(Limits::default().with(|limits| limits.start_time = LIMIT));
    let is_over_for_start = |error: &CallError| matches!(error, CallError::Limit(LimitError::StartTime { limit }) if *limit == LIMIT);
    let provider = host_that_starts().load(component()).await.unwrap();
    let provider = provider.open(&config(&mock)).await.unwrap();
    for (behaviour, at) in [
        ("wait-in-open", "open"),
        ("wait-in-get-info", "get-info"),
        ("wait-in-open", "open"),
    ] {
        let waiting = hostile(folder.path(), behaviour);
        let Err(error) = in_time(provider.swap(&waiting)).await else {
            panic!("it was taken");
        };
        assert!(
            matches!(&error, SwapError::Failed { step, error } if *step == at && is_over_for_start(error)),
            "{error}"
        );
        let loaded = host_that_starts().load(&waiting).await.unwrap();
        let error = in_time(loaded.open(&Map::new())).await.unwrap_err();
        assert!(is_over_for_start(&error), "{error:?}");
    }
    in_time(provider.complete(&ask("Hi"))).await.unwrap();

    let hostile = Hostile::open_in(host(), json!({})).await;
    let request = ask(r#"{"do":"stream","next":"wait"}"#);
    let mut stream = in_time(hostile.provider.stream(&request)).await.unwrap();
    let error = in_time(stream.next()).await.unwrap_err();
    assert!(is_over(&error), "{error:?}");
}

#[tokio::test]
async fn a_component_that_lingers_after_its_last_event_is_gone_soon_though_its_call_had_hours() {
    let hostile = Hostile::open_in(azure(), json!({})).await;
    let request = ask(r#"{"do":"stream","next":"linger"}"#);
    let mut stream = in_time(hostile.provider.stream(&request)).await.unwrap();
    let last = in_time(stream.next()).await.unwrap();
    assert!(matches!(last, Some(StreamEvent::Completed(_))), "{last:?}");
    assert_eq!(hostile.provider.statistics().instances, 1);
    until(|| hostile.provider.statistics().instances == 0).await;

    let mut stream = in_time(hostile.provider.stream(&request)).await.unwrap();
    in_time(stream.next()).await.unwrap();
    in_time(hostile.provider.shut_down()).await;
    assert_eq!(hostile.provider.statistics().instances, 0);
}

#[tokio::test]
async fn a_limit_beyond_all_clocks_is_none() {
    let mock = MockAzure::builder().start().await.unwrap();
    let limits = Limits::default().with(|limits| limits.wall_time = Duration::MAX);
    let provider = azure().limits(limits).load(component());
    let provider = provider.await.unwrap().open(&config(&mock)).await.unwrap();
    in_time(provider.complete(&ask("Hi"))).await.unwrap();
    let mut stream = in_time(provider.stream(&ask("Hi"))).await.unwrap();
    while in_time(stream.next()).await.unwrap().is_some() {}
}

fn host() -> HostBuilder {
    azure().limits(Limits::default().with(|limits| limits.wall_time = LIMIT))
}

/// Whether a call's time was over.
fn is_over(error: &CallError) -> bool {
    matches!(error, CallError::Limit(LimitError::WallTime { limit }) if *limit == LIMIT)
}
