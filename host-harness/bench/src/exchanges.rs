//! One exchange at a time, beside the bare client's. Each loop measures both sides, so that noise hits both.

use std::time::Instant;

use tokio::task::yield_now;

use super::numbers::{Samples, cpu_time, micros};
use super::report::Row;
use super::subject::{Subject, read_stream, request};
use super::{BenchError, Effort};

/// What the provider adds to a whole exchange.
pub(super) async fn overhead(subject: &Subject, effort: &Effort) -> Result<Row, BenchError> {
    let request = request(1, 20)?;
    let provider = subject.provider(false).await?;
    let bare = subject.bare(&request, false).await?;
    let (mut ours, mut theirs, mut more) =
        (Samples::default(), Samples::default(), Samples::default());
    for round in 0..effort.short + WARM_UP {
        // Each begins in a turn of its own, as calls do: in the turn in which another ends, the runtime hands what is spawned
        // to other threads.
        yield_now().await;
        let begin = Instant::now();
        bare.exchange().await?;
        let without = micros(begin.elapsed());
        yield_now().await;
        let begin = Instant::now();
        provider.complete(&request).await?;
        let with = micros(begin.elapsed());
        if round >= WARM_UP {
            theirs.push(without);
            ours.push(with);
            more.push(with - without);
        }
    }
    let (ours, theirs) = (ours.median(), theirs.median());
    let what = "one non-streamed exchange, over the bare client's";
    Ok(Row::new("exchange_overhead", what, "µs", 150.0)
        .value(ours - theirs)
        .spread(more.spread())
        .note(format!("medians: {ours:.0} µs, bare {theirs:.0} µs")))
}

/// What each event of a long stream costs this process.
pub(super) async fn stream(subject: &Subject, effort: &Effort) -> Result<Row, BenchError> {
    let request = request(1, effort.words)?;
    let provider = subject.provider(true).await?;
    let bare = subject.bare(&request, true).await?;
    let what = "a 500-event stream, CPU per event over the bare read";
    let row = Row::new("stream_cpu", what, "µs", 3.0);
    let (mut ours, mut theirs, mut more) =
        (Samples::default(), Samples::default(), Samples::default());
    for round in 0..effort.long + WARM_UP {
        let begin = cpu_time();
        let events = bare.exchange().await?;
        let between = cpu_time();
        read_stream(&provider, &request).await?;
        let (Some(begin), Some(between), Some(end)) = (begin, between, cpu_time()) else {
            return Ok(row.note("this system does not say how long a process computes"));
        };
        if round >= WARM_UP {
            let events = events.max(1) as f64;
            let without = micros(between - begin) / events;
            let with = micros(end - between) / events;
            theirs.push(without);
            ours.push(with);
            more.push(with - without);
        }
    }
    let (ours, theirs) = (ours.median(), theirs.median());
    Ok(row
        .value(ours - theirs)
        .spread(more.spread())
        .note(format!("medians: {ours:.2} µs, bare {theirs:.2} µs")))
}

/// How much longer a request takes that has ten times the history.
pub(super) async fn history(subject: &Subject, effort: &Effort) -> Result<Row, BenchError> {
    let (short, long) = (
        request(effort.messages, 5)?,
        request(effort.messages * 10, 5)?,
    );
    let provider = subject.provider(false).await?;
    let (mut shorts, mut longs, mut ratios) =
        (Samples::default(), Samples::default(), Samples::default());
    for round in 0..effort.long + WARM_UP {
        let begin = now();
        provider.complete(&short).await?;
        let between = now();
        provider.complete(&long).await?;
        let end = now();
        if round >= WARM_UP {
            let (short, long) = (between - begin, end - between);
            shorts.push(short);
            longs.push(long);
            ratios.push(long / short.max(f64::MIN_POSITIVE));
        }
    }
    let (short, long) = (shorts.median(), longs.median());
    let what = "request with 10 times the history, in times of the request without";
    Ok(Row::new("history", what, "×", 10.0)
        .value(long / short.max(f64::MIN_POSITIVE))
        .spread(ratios.spread())
        .note(format!(
            "medians: {short:.0} µs with {} messages, {long:.0} µs with {}",
            effort.messages,
            effort.messages * 10
        )))
}

/// Microseconds that this process has computed, since the server's own time is no matter of the provider's; by the clock
/// where the system does not say.
fn now() -> f64 {
    match cpu_time() {
        Some(time) => micros(time),
        None => std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(0.0, micros),
    }
}

/// Rounds that open connections and instances, and let the code of both sides into the caches.
const WARM_UP: usize = 5;
