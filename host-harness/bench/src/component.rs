//! The component by itself: its size, how fast it starts, and what an idle instance holds.

use std::path::Path;
use std::time::Instant;

use provider_host::{Environment, LoadError, ProviderEngine};
use provider_host_azure::host_builder;

use super::numbers::{Samples, micros, millis, resident_bytes};
use super::report::Row;
use super::subject::{Subject, request};
use super::{BenchError, Effort};

/// Its size, its load from the cache, and a fresh instance.
pub(super) async fn rows(path: &Path, effort: &Effort) -> Result<Vec<Row>, BenchError> {
    let begin = Instant::now();
    let engine = ProviderEngine::new().map_err(LoadError::from)?;
    let engine_time = millis(begin.elapsed());
    // Compiles it, if it is not in the cache.
    let loaded = host_builder(Environment::default())
        .engine(engine.clone())
        .load(path)
        .await?;
    let mut loads = Samples::default();
    for _ in 0..effort.long {
        let builder = host_builder(Environment::default()).engine(engine.clone());
        let begin = Instant::now();
        let again = builder.load(path).await?;
        loads.push(millis(begin.elapsed()));
        drop(again);
    }
    let mut starts = Samples::default();
    for _ in 0..effort.short {
        let begin = Instant::now();
        loaded.info().await?;
        starts.push(micros(begin.elapsed()));
    }
    let kilobytes = loaded.inspection().size as f64 / 1e3;
    Ok(vec![
        Row::new("component_size", "component", "KB", 512.0).value(kilobytes),
        Row::new(
            "cached_load",
            "load of the cached compiled component",
            "ms",
            2.0,
        )
        .samples(&loads)
        .note(format!(
            "into an engine that is there; making one takes {engine_time:.1} ms"
        )),
        Row::new("fresh_instance", "fresh instance plus get-info", "µs", 60.0).samples(&starts),
    ])
}

/// What each of many idle instances adds to the memory of this process, after it answered once.
pub(super) async fn memory(subject: &Subject, effort: &Effort) -> Result<Row, BenchError> {
    let row = Row::new("idle_memory", "memory of a warm idle instance", "MiB", 2.0);
    let request = request(1, 20)?;
    // What the first one needs beside its instance, connections above all, the others share.
    let first = subject.provider(true).await?;
    first.complete(&request).await?;
    let Some(before) = resident_bytes() else {
        return Ok(row.note("this system does not say what a process has in memory"));
    };
    let mut providers = Vec::new();
    for _ in 0..effort.instances {
        let provider = subject.provider(true).await?;
        provider.complete(&request).await?;
        providers.push(provider);
    }
    let after = resident_bytes().unwrap_or(before);
    let mebibytes = (after - before) / 1024.0 / 1024.0;
    Ok(row
        .value(mebibytes.max(0.0) / effort.instances as f64)
        .note(format!("mean of {}", effort.instances)))
}
