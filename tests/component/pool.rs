//! Instances that are used again, calls that wait for each other, and the end.

use std::sync::{Arc, Mutex};

use azure_openai_mock::{DeltaGate, Fault, MockAzure};
use http::StatusCode;
use provider_host::clock::ManualClock;
use provider_host::contract::types::ErrorKind;
use provider_host::{
    CallError, Event, EventSubscriber, LimitError, Limits, NoSubscriber, Provider, ProviderEngine,
    Statistics, SwapError,
};
use serde_json::{Value, json};

use crate::support::{ask, azure, component, config, in_time, until};
use crate::swap::{hostile, rebuilt};

#[tokio::test]
async fn calls_one_after_the_other_share_an_instance_until_it_has_worked_enough() {
    let mock = MockAzure::builder().start().await.unwrap();
    for (calls_per_instance, idle_memory_bytes, is_kept) in [
        (1_000, usize::MAX, [true; 4]),
        // The first, which answered for the settings when the provider was opened, answers twice.
        (2, usize::MAX, [true, false, true, false]),
        // Every instance has more than nothing.
        (1_000, 0, [false; 4]),
    ] {
        let limits = Limits::default().with(|limits| {
            limits.calls_per_instance = calls_per_instance;
            limits.idle_memory_bytes = idle_memory_bytes;
        });
        let host = open(&mock, limits, json!({}), Arc::new(NoSubscriber)).await;
        for is_kept in is_kept {
            host.complete(&ask("Hi")).await.unwrap();
            let Statistics {
                instances,
                idle_instances,
                ..
            } = host.statistics();
            assert_eq!(
                (instances, idle_instances),
                (is_kept.into(), is_kept.into())
            );
        }
    }
}

#[tokio::test]
async fn without_idle_instances_none_is_kept_from_the_beginning() {
    let mock = MockAzure::builder().start().await.unwrap();
    let limits = Limits::default().with(|limits| limits.idle_instances = 0);
    let host = open(&mock, limits, json!({}), Arc::new(NoSubscriber)).await;
    assert_eq!(host.statistics().instances, 0);
    host.complete(&ask("Hi")).await.unwrap();
    assert_eq!(host.statistics().instances, 0);
}

#[tokio::test]
async fn a_call_without_an_instance_is_told_what_helps() {
    let mock = MockAzure::builder().gate(DeltaGate::new()).start();
    let mock = mock.await.unwrap();
    let engine = ProviderEngine::builder().instances(2).build().unwrap();
    let loaded = azure().engine(engine).load(component());
    let loaded = loaded.await.unwrap();
    let mut config = config(&mock);
    config.insert("max_concurrent_requests".to_owned(), json!(0));
    let host = loaded.open(&config).await.unwrap();
    let first = in_time(host.stream(&ask("Hi"))).await.unwrap();
    let second = in_time(host.stream(&ask("Hi"))).await.unwrap();
    let error = host.complete(&ask("Hi")).await.unwrap_err();
    assert!(matches!(error, CallError::NoInstance), "{error:?}");
    assert!(error.to_string().contains("max_concurrent_requests"));
    let error = error.to_provider_error();
    assert_eq!(
        (error.kind, error.retryable),
        (ErrorKind::Unavailable, true)
    );
    drop(first);
    host.describe().await.unwrap();
    drop(second);
}

#[tokio::test]
async fn a_hosts_idle_instances_make_room_for_anothers_calls() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder().gate(gate.clone()).start();
    let mock = mock.await.unwrap();
    let engine = ProviderEngine::builder().instances(2).build().unwrap();
    let loaded = azure().engine(engine).load(component());
    let loaded = loaded.await.unwrap();
    let mut config = config(&mock);
    config.insert("max_concurrent_requests".to_owned(), json!(0));
    let busy = loaded.open(&config).await.unwrap();
    let streams = [busy.stream(&ask("Hi")).await, busy.stream(&ask("Hi")).await];
    gate.open();
    for mut stream in streams.map(Result::unwrap) {
        while in_time(stream.next()).await.unwrap().is_some() {}
    }
    until(|| busy.statistics().idle_instances == 2).await;

    // A host that opens, and one that answers: each takes a place that nobody needs.
    let other = loaded.open(&config).await.unwrap();
    assert_eq!(busy.statistics().instances, 1);
    in_time(other.complete(&ask("Hi"))).await.unwrap();
    in_time(busy.complete(&ask("Hi"))).await.unwrap();
    loaded.info().await.unwrap();
}

#[tokio::test]
async fn idle_instances_go_when_there_are_no_calls_for_a_while() {
    let mock = MockAzure::builder().start().await.unwrap();
    let limits =
        Limits::default().with(|limits| limits.idle_time = std::time::Duration::from_millis(20));
    let host = open(&mock, limits, json!({}), Arc::new(NoSubscriber)).await;
    until(|| host.statistics().instances == 0).await;
    in_time(host.complete(&ask("Hi"))).await.unwrap();
    until(|| host.statistics().instances == 0).await;
}

#[tokio::test]
async fn hosts_without_an_engine_of_their_own_share_one() {
    let mock = MockAzure::builder().start().await.unwrap();
    // Forty pools of the usual size do not fit into the address space of a process.
    let mut hosts = Vec::new();
    for _ in 0..40 {
        let host = open(&mock, Limits::default(), json!({}), Arc::new(NoSubscriber)).await;
        hosts.push(host);
    }
    let threads = std::fs::read_dir("/proc/self/task");
    let names = threads
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok());
    let epochs = names.filter(|name| name.trim() == "epoch").count();
    // Some tests bring engines of their own.
    assert!(epochs < 20, "{epochs} engines");
}

#[tokio::test]
async fn an_instance_comes_back_after_an_error_of_the_service_and_not_after_a_dropped_call() {
    let mock = MockAzure::builder().start().await.unwrap();
    let host = open(&mock, Limits::default(), json!({}), Arc::new(NoSubscriber)).await;
    mock.push_fault(Fault::json(StatusCode::BAD_REQUEST, &json!({})));
    host.complete(&ask("Hi")).await.unwrap_err();
    assert_eq!(host.statistics().idle_instances, 1);

    mock.push_fault(Fault::NeverAnswer);
    let request = ask("Hi");
    tokio::select! {
        response = host.complete(&request) => panic!("{response:?}"),
        () = in_time(mock.wait_for_requests(2)) => {}
    }
    let Statistics {
        running, instances, ..
    } = host.statistics();
    assert_eq!((running, instances), (0, 0));
    host.complete(&ask("Hi")).await.unwrap();
}

#[tokio::test]
async fn as_many_run_as_the_setting_says_and_the_others_wait_in_their_order() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder()
        .gate(gate.clone())
        .start()
        .await
        .unwrap();
    let told = Arc::new(Concurrency::default());
    let settings = json!({ "max_concurrent_requests": 2 });
    let host = open(&mock, Limits::default(), settings, told.clone()).await;
    let observed = host.clone();
    let mut calls = Vec::new();
    for number in 0..6_usize {
        let (host, request) = (host.clone(), ask(&format!("Number {number}")));
        calls.push(tokio::spawn(async move { host.complete(&request).await }));
        // It comes as far as it can: to the service, or into the queue.
        until(|| {
            let Statistics {
                running, waiting, ..
            } = observed.statistics();
            running + waiting > number
        })
        .await;
    }
    in_time(mock.wait_for_requests(2)).await;
    gate.release(1_000);
    for call in calls {
        in_time(call).await.unwrap().unwrap();
    }
    let said: Vec<String> = mock
        .requests()
        .iter()
        .map(|request| {
            let content = &request.body["input"][0]["content"];
            content
                .as_str()
                .or_else(|| content[0]["text"].as_str())
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(said.len(), 6);
    // The first two may overtake each other on their ways.
    let mut first = said[..2].to_vec();
    first.sort();
    assert_eq!(first, ["Number 0", "Number 1"]);
    // The others come in pairs.
    let numbers: Vec<usize> = said[2..]
        .iter()
        .map(|said| said.strip_prefix("Number ").unwrap().parse().unwrap())
        .collect();
    assert!(
        numbers
            .iter()
            .enumerate()
            .all(|(place, number)| number.abs_diff(place + 2) <= 1),
        "{numbers:?}"
    );
    let told = told.0.lock().unwrap();
    assert_eq!(told.len(), 6);
    for payload in told.iter() {
        assert_eq!(payload["provider"], "azure-openai");
        assert_eq!(payload["model"], "gpt-5.1");
        assert_eq!(payload["max_concurrent"], 2);
        assert_eq!(payload["process_id"], std::process::id());
        assert!((1..=2).contains(&payload["active_requests"].as_u64().unwrap()));
        assert!(payload["waiting_requests"].as_u64().unwrap() <= 4);
    }
}

#[tokio::test]
async fn more_than_may_wait_are_turned_away_at_once() {
    let mock = MockAzure::builder().start().await.unwrap();
    mock.push_fault(Fault::NeverAnswer);
    let limits = Limits::default().with(|limits| limits.waiting_calls = 0);
    let settings = json!({ "max_concurrent_requests": 1 });
    let host = open(&mock, limits, settings, Arc::new(NoSubscriber)).await;
    let running = tokio::spawn({
        let host = host.clone();
        async move { host.complete(&ask("Hi")).await }
    });
    in_time(mock.wait_for_requests(1)).await;
    let error = host.complete(&ask("Hi")).await.unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Overloaded {
                running: 1,
                waiting: 0
            }
        ),
        "{error:?}"
    );
    // Those that only ask for settings need no place.
    host.describe().await.unwrap();
    running.abort();
    running.await.unwrap_err();
    host.complete(&ask("Hi")).await.unwrap();
}

#[tokio::test]
async fn a_shut_down_host_ends_what_runs_and_begins_nothing() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder()
        .gate(gate.clone())
        .start()
        .await
        .unwrap();
    let settings = json!({ "max_concurrent_requests": 1 });
    let host = open(&mock, Limits::default(), settings, Arc::new(NoSubscriber)).await;
    let mut running = host.stream(&ask("Hi")).await.unwrap();
    let waiting = tokio::spawn({
        let host = host.clone();
        async move { host.complete(&ask("Hi")).await }
    });
    until(|| host.statistics().waiting > 0).await;
    let shut_down = tokio::spawn({
        let host = host.clone();
        async move { host.shut_down().await }
    });
    let error = in_time(waiting).await.unwrap().unwrap_err();
    assert!(matches!(error, CallError::ShutDown), "{error:?}");
    let error = host.complete(&ask("Hi")).await.unwrap_err();
    assert!(matches!(error, CallError::ShutDown), "{error:?}");
    let error = host.describe().await.unwrap_err();
    assert!(matches!(error, CallError::ShutDown), "{error:?}");
    assert!(!shut_down.is_finished());
    gate.release(1_000);
    while in_time(running.next()).await.unwrap().is_some() {}
    in_time(shut_down).await.unwrap();
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test]
async fn a_shutdown_waits_for_questions_too_and_leaves_no_instance() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let host = azure().clock(Arc::new(clock.clone()));
    let host = host.load(hostile(folder.path(), "wait-in-models")).await;
    let host = host.unwrap().open(&serde_json::Map::new()).await.unwrap();
    let models = tokio::spawn({
        let host = host.clone();
        async move { host.models().await }
    });
    let moment = in_time(clock.next_moment()).await;
    let mut shut_down = Box::pin(host.shut_down());
    tokio::select! {
        biased;
        () = &mut shut_down => panic!("a call runs"),
        () = std::future::ready(()) => {}
    }
    clock.advance(moment);
    in_time(shut_down).await;
    in_time(models).await.unwrap().unwrap();
    assert_eq!(host.statistics().instances, 0);
}

#[tokio::test]
async fn a_swap_of_a_host_that_is_shut_down_leaves_no_instance() {
    let mock = MockAzure::builder().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let host = open(&mock, Limits::default(), json!({}), Arc::new(NoSubscriber)).await;
    host.shut_down().await;
    let other = rebuilt(&folder.path().join("other.wasm"));
    let refused = host.swap(other).await;
    assert!(matches!(refused, Err(SwapError::ShutDown)), "{refused:?}");
    assert_eq!(host.statistics().instances, 0);
}

#[tokio::test]
async fn a_dropped_stream_is_told_of_as_cancelled() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder()
        .gate(gate.clone())
        .start()
        .await
        .unwrap();
    gate.release(5);
    let events = Arc::new(crate::support::Events::default());
    let host = open(&mock, Limits::default(), json!({}), events.clone()).await;
    let mut stream = host.stream(&ask("Hi")).await.unwrap();
    in_time(stream.next()).await.unwrap();
    drop(stream);
    let responses = events.of("llm:response");
    assert_eq!(responses.len(), 1);
    assert_eq!(responses[0]["status"], "cancelled");
    assert_eq!(responses[0]["provider"], "azure-openai");
    assert_eq!(responses[0]["model"], "gpt-5.1");
    assert!(responses[0]["duration_ms"].is_u64());
    // One that ran to its end has told its end itself.
    gate.release(1_000);
    host.complete(&ask("Hi")).await.unwrap();
    drop(host);
    assert_eq!(events.of("llm:response").len(), 2);
}

#[tokio::test]
async fn events_that_nobody_listens_to_are_not_emitted() {
    let mock = MockAzure::builder().start().await.unwrap();
    // Of which one event would be too much.
    let limits = Limits::default().with(|limits| limits.event_bytes = 100);
    let host = open(&mock, limits.clone(), json!({}), Arc::new(Deaf)).await;
    host.complete(&ask("Hi")).await.unwrap();
    let events = Arc::new(crate::support::Events::default());
    let host = open(&mock, limits, json!({}), events).await;
    let error = host.complete(&ask("Hi")).await.unwrap_err();
    let limit = LimitError::Events { limit: 100 };
    assert!(
        matches!(&error, CallError::Limit(found) if *found == limit),
        "{error:?}"
    );
}

/// Hears no events.
struct Deaf;

impl EventSubscriber for Deaf {
    fn event(&self, event: &Event<'_>) {
        panic!("{event:?}");
    }

    fn subscription(&self) -> provider_host::events::Subscription {
        provider_host::events::Subscription::none()
    }
}

/// What `provider:concurrency` said.
#[derive(Default)]
struct Concurrency(Mutex<Vec<Value>>);

impl EventSubscriber for Concurrency {
    fn event(&self, event: &Event<'_>) {
        if event.name == "provider:concurrency" {
            self.0.lock().unwrap().push(event.data());
        }
    }
}

async fn open(
    mock: &MockAzure,
    limits: Limits,
    settings: Value,
    events: Arc<dyn EventSubscriber>,
) -> Provider {
    let mut config = config(mock);
    config.extend(settings.as_object().unwrap().clone());
    let host = azure().limits(limits).events(events);
    let host = host.load(&component()).await.unwrap();
    host.open(&config).await.unwrap()
}
