//! Many at once.

use std::sync::Arc;
use std::time::Instant;

use provider_host::Provider;
use provider_host::contract::types::ChatRequest;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::numbers::{Samples, millis};
use super::report::Row;
use super::subject::{Bare, Subject, read_stream, request};
use super::{BenchError, Effort};

/// Latency and throughput with so many requests at once.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    /// How many run at once.
    pub(crate) concurrency: usize,
    /// The provider.
    pub(crate) provider: Figures,
    /// The bare client, with the same requests.
    pub(crate) bare: Figures,
}

/// Latencies in milliseconds, and requests per second.
#[derive(Clone, Copy, Debug)]
#[allow(
    missing_docs,
    reason = "the fields' names are what the figures are called"
)]
pub(crate) struct Figures {
    pub(crate) p50_ms: f64,
    pub(crate) p95_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) requests_per_second: f64,
}

/// Many streams that begin together: whether all of them end, and how late the last one is.
pub(super) async fn streams(subject: &Subject, effort: &Effort) -> Result<Vec<Row>, BenchError> {
    let request = Arc::new(request(1, 20)?);
    let provider = subject.provider(true).await?;
    let bare = subject.bare(&request, true).await?;
    // One at a time first: what is compared is not the opening of connections.
    read_stream(&provider, &request).await?;
    bare.exchange().await?;
    let (without, _) = together(effort.streams, || exchange(bare.clone())).await;
    let (times, failure) = together(effort.streams, || {
        stream(provider.clone(), Arc::clone(&request))
    })
    .await;
    let completed = times.count();
    let late = times.quantile(1.0) / times.quantile(0.99).max(f64::MIN_POSITIVE);
    let mut complete = Row::new(
        "concurrent_streams",
        format!("of {} concurrent streams, how many fail", effort.streams),
        "",
        0.0,
    )
    .value((effort.streams - completed) as f64)
    .note(format!(
        "all done after {:.0} ms, bare {:.0} ms",
        times.quantile(1.0),
        without.quantile(1.0)
    ));
    if let Some(failure) = failure {
        complete = complete.note(failure);
    }
    Ok(vec![
        complete,
        Row::new(
            "fairness",
            "the latest of these, in times of the 99th percentile",
            "×",
            FAIR,
        )
        .value(late)
        .note(format!(
            "p50 {:.0} ms, p99 {:.0} ms, latest {:.0} ms",
            times.median(),
            times.quantile(0.99),
            times.quantile(1.0)
        )),
    ])
}

/// Requests with so many at once, the bare client's and the provider's.
pub(super) async fn level(
    subject: &Subject,
    concurrency: usize,
    requests: usize,
) -> Result<Level, BenchError> {
    let request = Arc::new(request(1, 20)?);
    let provider = subject.provider(true).await?;
    let bare = subject.bare(&request, true).await?;
    Ok(Level {
        concurrency,
        bare: figures(concurrency, requests, || exchange(bare.clone())).await?,
        provider: figures(concurrency, requests, || {
            stream(provider.clone(), Arc::clone(&request))
        })
        .await?,
    })
}

async fn exchange(bare: Bare) -> Result<(), BenchError> {
    bare.exchange().await.map(drop)
}

async fn stream(provider: Provider, request: Arc<ChatRequest>) -> Result<(), BenchError> {
    read_stream(&provider, &request).await.map(drop)
}

/// Begins all of them at the same time. When each was done, in milliseconds, and why one was not.
async fn together<F>(count: usize, start: impl Fn() -> F) -> (Samples, Option<String>)
where
    F: Future<Output = Result<(), BenchError>> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let (barrier, work) = (Arc::clone(&barrier), start());
        tasks.spawn(async move {
            barrier.wait().await;
            let begin = Instant::now();
            work.await.map(|()| millis(begin.elapsed()))
        });
    }
    let (mut times, mut failure) = (Samples::default(), None);
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok(Ok(time)) => times.push(time),
            Ok(Err(error)) => failure = Some(error.to_string()),
            Err(panic) => failure = Some(panic.to_string()),
        }
    }
    (times, failure)
}

/// Workers, each of which does one after the other.
async fn figures<F>(
    concurrency: usize,
    requests: usize,
    start: impl Fn() -> F,
) -> Result<Figures, BenchError>
where
    F: Future<Output = Result<(), BenchError>> + Send + 'static,
{
    let rounds = requests.div_ceil(concurrency);
    let mut tasks = JoinSet::new();
    let begin = Instant::now();
    for _ in 0..concurrency {
        let work: Vec<F> = (0..rounds).map(|_| start()).collect();
        tasks.spawn(async move {
            let mut times = Vec::new();
            for exchange in work {
                let begin = Instant::now();
                exchange.await?;
                times.push(millis(begin.elapsed()));
            }
            Ok::<_, BenchError>(times)
        });
    }
    let mut times = Samples::default();
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok(done) => done?.into_iter().for_each(|time| times.push(time)),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
    Ok(Figures {
        p50_ms: times.median(),
        p95_ms: times.quantile(0.95),
        p99_ms: times.quantile(0.99),
        requests_per_second: times.count() as f64 / begin.elapsed().as_secs_f64(),
    })
}

/// Streams that take turns end close to each other, and streams that wait in line end one by one: either way the last is
/// hardly later than those before it. One that was forgotten is.
const FAIR: f64 = 1.5;
