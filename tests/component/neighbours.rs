//! What a component that takes too much costs the others in the same process.

use std::time::{Duration, Instant};

use azure_openai_mock::MockAzure;
use provider_host::{CallError, LimitError, Limits, Provider};
use serde_json::{Value, json};

use crate::hostile::Hostile;
use crate::support::{ask, azure, component, config, in_time, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_answer_while_some_compute_for_ever() {
    let mock = MockAzure::builder().start().await.unwrap();
    let real = real(&mock).await;
    real.complete(&ask("Hi")).await.unwrap();
    let hostile = Hostile::open_in(azure().limits(limits()), json!({})).await;
    // Twice as many as there are threads.
    let busy: Vec<_> = (0..4)
        .map(|_| tokio::spawn(take(hostile.provider.clone(), json!("time"))))
        .collect();
    until(|| hostile.provider.statistics().running == 4).await;
    let begin = Instant::now();
    for _ in 0..3 {
        in_time(real.complete(&ask("Hi"))).await.unwrap();
    }
    // They would take eight seconds, one after the other, if the loops did not let anyone in.
    let took = begin.elapsed();
    assert!(busy.iter().all(|busy| !busy.is_finished()), "{took:?}");
    for busy in busy {
        let error = in_time(busy).await.unwrap().unwrap_err();
        assert!(
            matches!(error, CallError::Limit(LimitError::CpuTime { .. })),
            "{error:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_excess_makes_others_much_slower() {
    let mock = MockAzure::builder().start().await.unwrap();
    let real = real(&mock).await;
    let alone = median(&real).await;
    // Several times what is usual, or what a machine that has much else to do makes of it; an excess that let nobody in
    // would take seconds.
    let bound = (alone * 10).max(Duration::from_millis(100));
    let sink = MockAzure::builder().start().await.unwrap();
    let endpoint = json!({ "azure_endpoint": sink.endpoint() });
    let host = azure().limits(limits());
    let hostile = Hostile::open_in(host, endpoint).await;
    let body = json!({ "body": format!("{}/openai/v1/responses", sink.endpoint()) });
    for excess in [
        json!("time"),
        json!("memory"),
        json!("events"),
        json!("log-lines"),
        json!("headers"),
        body,
    ] {
        let provider = hostile.provider.clone();
        let repeated = excess.clone();
        // One after the other, as fast as each comes to its end.
        let excesses = tokio::spawn(async move {
            loop {
                // Which end it is, `limits` looks at.
                let _ = take(provider.clone(), repeated.clone()).await;
            }
        });
        let before = hostile.provider.statistics().calls;
        until(|| hostile.provider.statistics().calls > before).await;
        let beside = median(&real).await;
        assert!(!excesses.is_finished(), "{excess}");
        excesses.abort();
        excesses.await.unwrap_err();
        assert!(beside <= bound, "{excess}: {beside:?} instead of {alone:?}");
    }
}

async fn take(provider: Provider, what: Value) -> Result<(), CallError> {
    let request = ask(&json!({ "do": "take", "what": what }).to_string());
    provider.complete(&request).await.map(drop)
}

/// How long a call usually takes.
async fn median(provider: &Provider) -> Duration {
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let begin = Instant::now();
        in_time(provider.complete(&ask("Hi"))).await.unwrap();
        times.push(begin.elapsed());
    }
    times.sort();
    times[CALLS / 2]
}

async fn real(mock: &MockAzure) -> Provider {
    let loaded = azure().load(component()).await.unwrap();
    loaded.open(&config(mock)).await.unwrap()
}

/// What there is to take.
fn limits() -> Limits {
    Limits::default().with(|limits| {
        limits.cpu_time = Duration::from_secs(2);
        limits.memory_bytes = 64 * 1024 * 1024;
        limits.event_bytes = 64 * 1024 * 1024;
    })
}

/// Enough for a median.
const CALLS: usize = 31;
