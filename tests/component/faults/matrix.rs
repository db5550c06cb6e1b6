//! The fault matrix: each row of `matrix.txt` is one or two calls.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::answer::Answer;
use super::conductor::{Call, perform};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_the_fault_matrix_comes_out_as_it_says() {
    let rows: Vec<Row> = MATRIX.lines().filter_map(Row::parse).collect();
    assert!(rows.len() >= 80, "{} rows", rows.len());
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (number, row) in rows.into_iter().enumerate() {
        for call in row.calls() {
            let (row, turns) = (row.clone(), Arc::clone(&turns));
            running.spawn(async move {
                let _turn = turns.acquire_owned().await.unwrap();
                (number, row.difference(call).await)
            });
        }
    }
    let mut wrong: Vec<(usize, String)> = Vec::new();
    for (number, difference) in running.join_all().await {
        wrong.extend(difference.map(|difference| (number, difference)));
    }
    wrong.sort();
    let wrong: Vec<String> = wrong
        .into_iter()
        .map(|(_, difference)| difference)
        .collect();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// One line of the matrix, cell by cell.
#[derive(Clone)]
struct Row {
    name: &'static str,
    settings: &'static str,
    call: &'static str,
    service: &'static str,
    expected: [&'static str; 4],
}

impl Row {
    /// Reads a line; none when it is empty or a comment.
    fn parse(line: &'static str) -> Option<Self> {
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let [
            name,
            settings,
            call,
            service,
            requests,
            waits,
            events,
            result,
        ] = cells[..]
        else {
            panic!("a row has eight cells: {line}");
        };
        Some(Self {
            name,
            settings,
            call,
            service,
            expected: [requests, waits, events, result],
        })
    }

    fn calls(&self) -> Vec<Call> {
        match self.call {
            "both" => vec![Call::Stream, Call::Plain],
            "stream" => vec![Call::Stream],
            "whole" => vec![Call::Whole],
            "plain" => vec![Call::Plain],
            other => panic!("{}: `{other}` is no call", self.name),
        }
    }

    /// Makes the call, and says what came out otherwise than expected.
    async fn difference(&self, call: Call) -> Option<String> {
        let is_streaming = !matches!(call, Call::Plain);
        let cells = self.service.split(';');
        let answers: Vec<Answer> = cells
            .map(|cell| Answer::parse(cell, is_streaming))
            .collect();
        let outcome = perform(self.settings(), call, &answers).await;
        let requests = outcome.requests.to_string();
        let found = [&requests, &outcome.waits, &outcome.events, &outcome.result];
        let mut expected = self.expected.map(str::to_owned);
        if !is_streaming {
            let of_call = |name: &&str| !OF_STREAMS.contains(name);
            let names: Vec<&str> = self.expected[2].split(' ').filter(of_call).collect();
            expected[2] = names.join(" ");
        }
        let columns = ["requests", "waits", "events", "result"]
            .iter()
            .zip(&expected);
        let differences: Vec<String> = columns
            .zip(found)
            .filter(|((_, expected), found)| expected != found)
            .map(|((column, expected), found)| {
                format!("  {column}: {found}\n    instead of: {expected}")
            })
            .collect();
        match differences.is_empty() {
            true => None,
            false => Some(format!(
                "{} ({call:?})\n{}",
                self.name,
                differences.join("\n")
            )),
        }
    }

    fn settings(&self) -> Value {
        let settings = self.settings.split_whitespace().map(|setting| {
            let (name, value) = setting.split_once('=').unwrap();
            (name.to_owned(), serde_json::from_str(value).unwrap())
        });
        Value::Object(settings.collect::<Map<_, _>>())
    }
}

/// The events of streams, which calls that do not stream have none of.
const OF_STREAMS: [&str; 4] = ["start", "delta", "end", "aborted"];

const MATRIX: &str = include_str!("matrix.txt");

/// How many rows are played at once: enough to keep two cores busy while others wait for the network.
const AT_ONCE: usize = 8;
