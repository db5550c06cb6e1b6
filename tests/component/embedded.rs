//! A host within a program that has the component in memory, many sessions, and a listener for each call.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use azure_openai_mock::MockAzure;
use provider_host::{CallOptions, Host, LoadError, RequestLimits};
use serde_json::json;

use crate::support::{Events, ask, azure, component, config, in_time, until};

#[tokio::test]
async fn a_component_in_memory_is_a_provider_like_one_in_a_file() {
    let mock = MockAzure::builder().start().await.unwrap();
    let bytes = fs::read(component()).unwrap();
    let loaded = azure().load_bytes("ours", bytes).await;
    let loaded = loaded.unwrap();
    assert_eq!(loaded.inspection().path.to_str(), Some("ours"));
    let host = loaded.open(&config(&mock)).await.unwrap();
    let answer = host.complete(&ask("a question")).await.unwrap();
    assert!(!answer.content.is_empty());

    let other = azure().load_bytes("a text", "not this").await;
    let error = other.unwrap_err();
    assert!(
        matches!(error, LoadError::NotAComponent { .. }),
        "{error:?}"
    );
    assert!(error.to_string().starts_with("a text is not"), "{error}");
}

#[tokio::test]
async fn a_candidate_in_memory_takes_the_place_of_the_build() {
    let mock = MockAzure::builder().start().await.unwrap();
    let provider = loaded().await.open(&config(&mock)).await.unwrap();
    // The same with a section that says nothing: another build.
    let mut candidate = fs::read(component()).unwrap();
    candidate.extend([0, 2, 1, b'x']);
    let swap = provider.swap_bytes("another", candidate).await.unwrap();
    assert_ne!(swap.from, swap.to);
    assert_eq!(provider.statistics().build, swap.to);
    let refused = provider.swap_bytes("a text", "not this").await.unwrap_err();
    assert!(
        refused.to_string().starts_with("a text is not"),
        "{refused}"
    );
    assert_eq!(provider.statistics().build, swap.to);
}

#[tokio::test]
async fn each_call_is_heard_by_its_own_subscriber() {
    let mock = MockAzure::builder().start().await.unwrap();
    let of_host = Arc::new(Events::default());
    let loaded = loaded().await.heard_by(of_host.clone());
    let host = loaded.open(&config(&mock)).await.unwrap();
    let calls = (0..8).map(|number| {
        let (host, events) = (host.clone(), Arc::new(Events::default()));
        tokio::spawn(async move {
            let question = format!("question {number}");
            let options = CallOptions::default().events(events.clone());
            host.complete_with(&ask(&question), options).await.unwrap();
            (question, events)
        })
    });
    for call in calls.collect::<Vec<_>>() {
        let (question, events) = in_time(call).await.unwrap();
        let deltas = events.of("llm:stream_block_delta");
        let text: String = deltas
            .iter()
            .filter_map(|delta| delta["text"].as_str())
            .collect();
        assert!(text.contains(&question), "{question}: {text}");
        for name in ["llm:request", "llm:response"] {
            assert_eq!(events.of(name).len(), 1, "{question}: {name}");
        }
    }
    assert_eq!(of_host.names(), [""; 0]);
    // A call that does not say who hears it is the host's again, on an instance that has worked for others.
    host.complete(&ask("another")).await.unwrap();
    assert_eq!(of_host.of("llm:response").len(), 1);
}

#[tokio::test]
async fn a_call_that_is_given_up_says_so_to_its_own_subscriber() {
    let mock = MockAzure::builder();
    let mock = mock.delta_pause(Duration::from_secs(60));
    let mock = mock.start().await.unwrap();
    let of_host = Arc::new(Events::default());
    let loaded = loaded().await.heard_by(of_host.clone());
    let host = loaded.open(&config(&mock)).await.unwrap();
    let events = Arc::new(Events::default());
    let call = tokio::spawn({
        let (host, options) = (host.clone(), CallOptions::default().events(events.clone()));
        async move { host.complete_with(&ask("a question"), options).await }
    });
    until(|| !events.of("llm:stream_block_start").is_empty()).await;
    call.abort();
    until(|| !events.of("llm:response").is_empty()).await;
    assert_eq!(events.of("llm:response")[0]["status"], "cancelled");
    assert_eq!(of_host.names(), [""; 0]);
}

#[tokio::test]
async fn requests_of_many_hosts_are_counted_together() {
    let mock = MockAzure::builder().delta_pause(Duration::from_secs(60));
    let mock = mock.start().await.unwrap();
    let mut config = config(&mock);
    config.insert("max_concurrent_requests".to_owned(), json!(1));
    let builder = azure().request_limits(RequestLimits::new());
    let loaded = builder.load(component()).await.unwrap();
    let (first, second) = (loaded.open(&config).await, loaded.open(&config).await);
    let (first, second) = (first.unwrap(), second.unwrap());
    let running = first.stream(&ask("a question")).await.unwrap();
    let waiting = tokio::spawn({
        let second = second.clone();
        async move { second.stream(&ask("another")).await.map(drop) }
    });
    until(|| second.statistics().waiting == 1).await;
    assert_eq!(
        (first.statistics().running, second.statistics().running),
        (1, 0)
    );
    // The one that is shut down does not shut the others down.
    drop(running);
    first.shut_down().await;
    in_time(waiting).await.unwrap().unwrap();
    assert_eq!(mock.requests().len(), 2);
}

async fn loaded() -> Host {
    azure().load(component()).await.unwrap()
}
