//! The fuzz targets, run for a bounded time: seeds from the golden files and `fuzz/corpus`, changed at random, the same in
//! each run. `cargo fuzz run TARGET fuzz/corpus/TARGET` goes on where this ends.

mod delivered;
mod restarts;
mod targets;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::generated::generator::Generator;
use crate::golden::folder;

#[test]
fn the_decoder_takes_any_bytes() {
    run("decoder", &[], targets::decoder);
}

#[test]
fn the_translator_of_streams_takes_any_bytes() {
    run("stream", &["streams"], targets::stream);
}

#[test]
fn the_classifier_takes_any_bytes() {
    run("classifier", &[], targets::classifier);
}

#[test]
fn the_translator_of_responses_takes_any_bytes() {
    run("response", &["responses"], targets::response);
}

#[test]
fn the_translator_of_requests_takes_any_bytes() {
    run("request", &["requests"], targets::request);
}

#[test]
fn restarts_take_any_bytes() {
    // Each execution is a whole call.
    run_at_least(LEAST_EXECUTIONS / 10, "restarts", &[], |bytes| {
        restarts::restarts(bytes);
    });
}

#[test]
fn after_any_breaks_refusals_and_answers_the_caller_has_the_response_or_was_told() {
    const SEEDS: u64 = 2000;
    let mut sums = restarts::Seen::default();
    let mut completed = 0;
    for seed in 0..SEEDS {
        let mut generator = Generator::new(seed);
        let bytes: Vec<u8> = (0..4096).map(|_| generator.below(256) as u8).collect();
        let seed = Seed(seed);
        let seen = restarts::restarts(&bytes);
        std::mem::forget(seed);
        sums.requests += seen.requests;
        sums.aborts += seen.aborts;
        sums.continuations += seen.continuations;
        completed += u64::from(seen.is_completed);
    }
    // Otherwise the scripts would show little.
    assert!(
        completed > SEEDS / 3 && completed < SEEDS,
        "{completed} completed"
    );
    for (what, count) in [
        ("requests", sums.requests),
        ("aborts", sums.aborts),
        ("continuations", sums.continuations),
    ] {
        assert!(count > 500, "{count} {what}");
    }
}

/// Shows the seed when its script fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        eprintln!("the script of seed {} fails", self.0);
    }
}

/// Long enough for thousands of executions; the rest is libFuzzer's.
const TIME: Duration = Duration::from_secs(2);

/// Fewer would mean that the targets have become slow.
const LEAST_EXECUTIONS: usize = 1000;

fn run(target: &str, golden: &[&str], execute: fn(&[u8])) {
    run_at_least(LEAST_EXECUTIONS, target, golden, execute);
}

fn run_at_least(least: usize, target: &str, golden: &[&str], execute: fn(&[u8])) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = files(&root.join("fuzz/corpus").join(target));
    for name in golden {
        seeds.extend(files(&folder(name)));
    }
    assert!(!seeds.is_empty(), "{target} has no seeds");
    seeds.iter().for_each(|seed| execute(seed));
    let begun = Instant::now();
    let mut generator = Generator::new(1);
    let mut executions = seeds.len();
    while begun.elapsed() < TIME {
        let mut bytes = generator.pick(&seeds);
        for _ in 0..=generator.below(8) {
            change(&mut bytes, &seeds, &mut generator);
        }
        let guard = Guard(&bytes);
        execute(&bytes);
        std::mem::forget(guard);
        executions += 1;
    }
    println!("{target}: {executions} executions");
    assert!(executions >= least, "{target}: {executions} executions");
}

/// Changes bytes a little: most of what comes out is nearly right, which is where mistakes are.
fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], generator: &mut Generator) {
    const WORDS: &[&[u8]] = &[
        b"\"type\":",
        b"null",
        b"{}",
        b"[]",
        b"\"\"",
        b"-1",
        b"1e999",
        b"18446744073709551616",
        b"\\ud800",
        b"\r\n\r\n",
        b"\n\n",
        b"data: ",
        b"event: error\n",
        b": comment\n",
        b"\xef\xbb\xbf",
        b"\xff",
        b"[DONE]",
    ];
    let place = generator.below(bytes.len() + 1);
    match generator.below(6) {
        0 if place < bytes.len() => bytes[place] ^= 1 << generator.below(8),
        1 if place < bytes.len() => {
            let end = (place + 1 + generator.below(16)).min(bytes.len());
            bytes.drain(place..end);
        }
        2 => {
            let other = generator.pick(seeds);
            let start = generator.below(other.len() + 1);
            let end = (start + generator.below(64)).min(other.len());
            bytes.splice(place..place, other[start..end].iter().copied());
        }
        3 => bytes.truncate(place),
        _ => {
            let word = generator.pick(WORDS);
            let end = (place + generator.below(word.len() + 1)).min(bytes.len());
            bytes.splice(place..end, word.iter().copied());
        }
    }
}

/// Shows the bytes when the target panics.
struct Guard<'a>(&'a [u8]);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        eprintln!("the target fails with {}", self.0.escape_ascii());
    }
}

/// The files in a folder, the same order each time.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let files = paths.iter().filter(|path| path.is_file());
    files.map(|path| fs::read(path).unwrap()).collect()
}
