//! Many calls at once and one after the other, and builds that come and go meanwhile: nothing is lost, late or left behind.
//!
//! A program of its own, one test at a time, because it looks at the memory and the open files of its process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../component/support.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use azure_openai_mock::MockAzure;
use provider_host::contract::types::{BlockContent, ChatResponse, StreamEvent};
use provider_host::{Environment, Provider, Statistics};
use serde_json::{Value, json};
use tokio::sync::{Barrier, Mutex, MutexGuard};

use crate::support::{ask, component, config};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_swaps_tear_none_of_two_hundred_streams() {
    const SWAPS: usize = 1_000;
    const STREAMS: usize = 200;
    let _alone = alone().await;
    let mock = MockAzure::builder().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.wasm");
    // Another build of the same: a section more, which means nothing.
    let mut bytes = fs::read(component()).unwrap();
    bytes.extend(b"\0\x06\x05other");
    fs::write(&other, bytes).unwrap();
    let host = open(&mock).await;

    let is_over = Arc::new(AtomicBool::new(false));
    let running = Arc::new(AtomicUsize::new(0));
    let streams: Vec<_> = (0..STREAMS)
        .map(|number| {
            let (host, is_over, running) = (host.clone(), is_over.clone(), running.clone());
            tokio::spawn(async move {
                let mut builds = BTreeMap::<String, usize>::new();
                let prompt = format!("This is stream {number}");
                running.fetch_add(1, Ordering::Relaxed);
                while !is_over.load(Ordering::Relaxed) {
                    let response = whole(&host, &prompt).await;
                    *builds.entry(build(&response)).or_default() += 1;
                }
                builds
            })
        })
        .collect();
    support::in_time(async {
        while running.load(Ordering::Relaxed) < STREAMS {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut memory = Vec::new();
    let mut swapped_in = BTreeSet::new();
    let (mut fewest_running, mut most_instances) = (STREAMS, 0);
    let files = [other, component()];
    for (swap, file) in files.iter().cycle().take(SWAPS).enumerate() {
        let swapped = host.swap(file).await.unwrap();
        assert_ne!(swapped.from, swapped.to, "swap {swap}");
        swapped_in.insert(swapped.to.to_string());
        let statistics = host.statistics();
        fewest_running = fewest_running.min(statistics.running);
        most_instances = most_instances.max(statistics.instances);
        // One drain is waited for now and then; the others overlap.
        if swap % 100 == 99 {
            swapped.drained().await;
            memory.extend(resident_bytes());
        }
    }
    is_over.store(true, Ordering::Relaxed);
    let mut builds = BTreeMap::<String, usize>::new();
    for stream in streams {
        for (build, count) in stream.await.unwrap() {
            *builds.entry(build).or_default() += count;
        }
    }
    eprintln!(
        "{SWAPS} swaps, answers by build: {builds:?}, at least {fewest_running} streams at a time in at most \
         {most_instances} instances, memory: {memory:?}"
    );
    // Both builds answered, and no other.
    let answered: BTreeSet<String> = builds.keys().cloned().collect();
    assert_eq!(answered, swapped_in);
    assert!(builds.values().all(|count| *count >= STREAMS), "{builds:?}");
    // All the time: but for those that were between one answer and the next.
    assert!(fewest_running >= STREAMS * 9 / 10, "{fewest_running}");
    // One for each stream, those that end, and the idle ones of the builds.
    assert!(most_instances <= STREAMS * 3 / 2, "{most_instances}");
    settled(&host).await;
    let Statistics {
        running,
        waiting,
        instances,
        idle_instances,
        ..
    } = host.statistics();
    assert_eq!((running, waiting), (0, 0));
    assert_eq!(instances, idle_instances);
    assert!(idle_instances <= 16, "{idle_instances} idle instances");
    // What one build takes, more than a megabyte of code, would be a gigabyte by now. It goes up and down with what drains:
    // the low water marks are compared.
    let (earlier, later) = memory.split_at(memory.len() / 2);
    if let (Some(earlier), Some(later)) = (earlier.iter().min(), later.iter().min()) {
        assert!(*later < earlier + 40_000_000, "{memory:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_streams_at_once_are_all_answered() {
    const STREAMS: usize = 1_000;
    let _alone = alone().await;
    let mock = MockAzure::builder()
        .delta_pause(Duration::from_millis(100))
        .start()
        .await
        .unwrap();
    let host = open(&mock).await;
    whole(&host, "Hello").await;
    let files = open_files();
    let barrier = Arc::new(Barrier::new(STREAMS));
    let streams: Vec<_> = (0..STREAMS)
        .map(|number| {
            let (host, barrier) = (host.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                let begin = Instant::now();
                whole(&host, &format!("This is stream {number}")).await;
                begin.elapsed()
            })
        })
        .collect();
    let mut took = Vec::new();
    for stream in streams {
        took.push(stream.await.unwrap());
    }
    took.sort();
    let (first, median, last) = (took[0], took[STREAMS / 2], took[STREAMS - 1]);
    let (before, after) = (files, open_files());
    eprintln!(
        "{STREAMS} streams: the first after {first:?}, half after {median:?}, all after {last:?}; open files: {before:?}, \
         then {after:?}"
    );
    // They ran side by side: one after the other they would take twenty minutes.
    assert!(last < Duration::from_secs(60), "{last:?}");
    // And none was late because the others had their turns before it: in a line, the last would wait for all of them.
    assert!(
        last < first * 3,
        "the first after {first:?}, the last after {last:?}"
    );
    settled(&host).await;
    let statistics = host.statistics();
    assert_eq!(statistics.instances, statistics.idle_instances);
    assert!(statistics.idle_instances <= 16, "{statistics:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_share_a_connection_and_leave_nothing_behind() {
    let _alone = alone().await;
    let mock = MockAzure::builder().start().await.unwrap();
    let host = open(&mock).await;
    let mut memory = Vec::new();
    let mut files = Vec::new();
    for call in 0..10_000 {
        host.complete(&ask("Hi")).await.unwrap();
        // After 5,000 the mock has all the requests that it keeps.
        if call % 1_000 == 999 && call > 5_000 {
            memory.extend(resident_bytes());
            files.extend(open_files());
        }
    }
    // One, and a few more where a call came before the connection of the last one was back.
    assert!(mock.connections() <= 20, "{}", mock.connections());
    // Each of which is two files here, the mock's end and the client's.
    if let (Some(least), Some(most)) = (files.iter().min(), files.iter().max()) {
        assert!(most - least <= 40, "{files:?}");
    }
    if let (Some(first), Some(last)) = (memory.first(), memory.last()) {
        assert!(*last < first + 5_000_000, "{memory:?}");
    }
    eprintln!("memory after 6,000 to 10,000 calls: {memory:?}, open files: {files:?}");
}

/// A provider that lets in as many requests as there are.
async fn open(mock: &MockAzure) -> Provider {
    let host = provider_host_azure::host_builder(Environment::default())
        .load(&component())
        .await
        .unwrap();
    let mut config = config(mock);
    config.insert("max_concurrent_requests".to_owned(), json!(0));
    host.open(&config).await.unwrap()
}

/// The response to a prompt, whose every word came in deltas too: the mock says what it was told.
async fn whole(host: &Provider, prompt: &str) -> ChatResponse {
    let mut stream = host.stream(&ask(prompt)).await.unwrap();
    let mut text = String::new();
    while let Some(event) = stream.next().await.unwrap() {
        match event {
            StreamEvent::BlockDelta(delta) => text += &delta.text,
            StreamEvent::Completed(response) => {
                let BlockContent::Text(said) = &response.content[0].content else {
                    panic!("{response:?}");
                };
                assert_eq!(*said, text);
                assert!(text.contains(prompt), "{text}");
                return response;
            }
            _ => {}
        }
    }
    panic!("no end after {text}");
}

fn build(response: &ChatResponse) -> String {
    let metadata: Value = serde_json::from_str(response.metadata.as_deref().unwrap()).unwrap();
    metadata["host:build"].as_str().unwrap().to_owned()
}

/// Waits until no instance is at work any more: streams are read to their ends in the background.
async fn settled(host: &Provider) {
    let settling = async {
        loop {
            let Statistics {
                instances,
                idle_instances,
                ..
            } = host.statistics();
            if instances == idle_instances {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    support::in_time(settling).await;
}

/// One test at a time.
async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}

/// The memory that this process has, where the system tells.
fn resident_bytes() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: usize = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// How many files this process has open, where the system tells.
fn open_files() -> Option<usize> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count())
}
