//! Long streams that are split, or cut off, anywhere: at every byte in the engine alone. Through the component over HTTP, text
//! is at every byte too, and the others around the end of each event.

use std::fs;
use std::sync::Arc;

use azure_openai_provider::contract::types::{
    BlockKind, BlockStart, ErrorKind, ProviderError, StreamEvent,
};
use provider_host::contract::types as host;
use provider_host::{NoSubscriber, Provider};
use serde_json::{Value, json};

use super::replay::{End, Replay};
use super::wire::{Wire, told};
use crate::golden;
use crate::support::azure;

/// Streams in the shape that the service gives them, written for these tests. `text-crlf.sse` is `text.sse` with line ends of two bytes.
const STREAMS: &[&str] = &["text.sse", "text-crlf.sse", "tools.sse", "reasoning.sse"];

#[test]
fn text_is_the_same_wherever_its_bytes_are_split() {
    split("text.sse", |_, _| true);
}

#[test]
fn text_is_the_same_wherever_line_ends_of_two_bytes_are_split() {
    split("text-crlf.sse", at_line_end);
}

#[test]
fn parallel_tool_calls_are_the_same_wherever_their_bytes_are_split() {
    split("tools.sse", |_, _| true);
}

#[test]
fn reasoning_is_the_same_wherever_its_bytes_are_split() {
    split("reasoning.sse", |_, _| true);
}

#[test]
fn text_that_is_cut_off_at_any_byte_is_an_error_with_what_had_arrived() {
    cut("text.sse", |_, _| true);
}

#[test]
fn text_that_is_cut_off_at_a_line_end_of_two_bytes_is_an_error_with_what_had_arrived() {
    // Of the last line end one byte is enough: there, nothing is missing.
    cut("text-crlf.sse", |stream, position| {
        at_line_end(stream, position) && position < stream.len() - 1
    });
}

#[test]
fn parallel_tool_calls_that_are_cut_off_at_any_byte_are_an_error_with_what_had_arrived() {
    cut("tools.sse", |_, _| true);
}

#[test]
fn reasoning_that_is_cut_off_at_any_byte_is_an_error_with_what_had_arrived() {
    cut("reasoning.sse", |_, _| true);
}

#[tokio::test]
async fn the_component_tells_the_same_of_text_wherever_its_bytes_are_split() {
    split_over_http("text.sse", |_, _| true).await;
}

#[tokio::test]
async fn the_component_tells_what_had_arrived_of_text_that_is_cut_off_at_any_byte() {
    cut_over_http("text.sse", |_, _| true).await;
}

#[tokio::test]
async fn the_component_tells_the_same_of_other_streams_wherever_their_events_are_split() {
    for name in &STREAMS[1..] {
        split_over_http(name, at_event_end).await;
    }
}

#[tokio::test]
async fn the_component_tells_what_had_arrived_of_other_streams_that_are_cut_off_at_an_event() {
    for name in &STREAMS[1..] {
        cut_over_http(name, at_event_end).await;
    }
}

#[test]
fn the_streams_are_long_and_end_well() {
    for name in STREAMS {
        let stream = stored(name);
        let lines = stream.split(|byte| *byte == b'\n');
        let count = lines.filter(|line| line.starts_with(b"data: ")).count();
        assert!(count > 90, "{name}: {count} events");
        let (events, error) = Replay::new().play(&[&stream], End::Proper);
        assert_eq!(error, None, "{name}");
        let deltas = deltas(&events);
        assert!(deltas.len() > 50, "{name}: {} deltas", deltas.len());
        assert!(
            matches!(events.last(), Some(StreamEvent::Completed(_))),
            "{name}"
        );
    }
    // The same, whatever the line ends.
    let [text, crlf] = ["text.sse", "text-crlf.sse"]
        .map(|name| Replay::new().play(&[&stored(name)], End::Proper).0);
    assert_eq!(text, crlf);
}

/// Splits a stream at each of these positions.
fn split(name: &str, is_split: impl Fn(&[u8], usize) -> bool) {
    let (stream, replay) = (stored(name), Replay::new());
    let (whole, error) = replay.play(&[&stream], End::Proper);
    assert_eq!(error, None);
    for position in (1..stream.len()).filter(|position| is_split(&stream, *position)) {
        let (first, second) = stream.split_at(position);
        let (events, error) = replay.play(&[first, second], End::Proper);
        assert!(
            error.is_none() && events == whole,
            "{name}, split at {position}: {error:?}"
        );
    }
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    let (events, _) = replay.play(&bytes, End::Proper);
    assert!(events == whole, "{name}, byte by byte");
}

/// Cuts a stream off at each of these positions, by turns with a proper end and without.
fn cut(name: &str, is_cut: impl Fn(&[u8], usize) -> bool) {
    let (stream, replay) = (stored(name), Replay::new());
    let (whole, _) = replay.play(&[&stream], End::Proper);
    for position in (0..stream.len()).filter(|position| is_cut(&stream, *position)) {
        let end = [End::Proper, End::Broken][position % 2];
        let (events, error) = replay.play(&[&stream[..position]], end);
        let place = format!("{name}, cut at {position}");
        let error = error.unwrap_or_else(|| panic!("{place}: no error"));
        check_cut(&whole, &events, &error, &place);
    }
}

/// Splits a stream at each of these positions on its way to the component.
async fn split_over_http(name: &str, is_split: impl Fn(&[u8], usize) -> bool) {
    let (wire, provider) = over_http().await;
    let stream = stored(name);
    let (whole, error) = told(&provider, &wire, &[&stream], End::Proper).await;
    assert!(error.is_none(), "{name}: {error:?}");
    for position in (1..stream.len()).filter(|position| is_split(&stream, *position)) {
        let (first, second) = stream.split_at(position);
        let (events, error) = told(&provider, &wire, &[first, second], End::Proper).await;
        assert!(
            error.is_none() && events == whole,
            "{name}, split at {position}: {error:?}"
        );
    }
}

/// Cuts a stream off at each of these positions on its way to the component. The caller hears what the engine alone says.
async fn cut_over_http(name: &str, is_cut: impl Fn(&[u8], usize) -> bool) {
    let (wire, provider) = over_http().await;
    let (stream, replay) = (stored(name), Replay::new());
    let (whole, _) = replay.play(&[&stream], End::Proper);
    // An empty piece would be the proper end. Behind the last line end nothing is missing but the end of the body.
    for position in (1..stream.len() - 1).filter(|position| is_cut(&stream, *position)) {
        let place = format!("{name}, cut at {position}");
        let cut = &stream[..position];
        let (expected, expected_error) = replay.play(&[cut], End::Broken);
        let expected_error = expected_error.unwrap_or_else(|| panic!("{place}: no error"));
        check_cut(&whole, &expected, &expected_error, &place);

        let (events, error) = told(&provider, &wire, &[cut], End::Broken).await;
        assert_eq!(host_deltas(&events), deltas(&expected), "{place}");
        let error = error.unwrap_or_else(|| panic!("{place}: no error"));
        assert_eq!(
            (error.kind, error.retryable),
            (host::ErrorKind::Stream, true),
            "{place}: {error:?}"
        );
        assert_eq!(error.details, expected_error.details, "{place}");
    }
}

async fn over_http() -> (Wire, Provider) {
    let wire = Wire::start().await;
    let host = azure().events(Arc::new(NoSubscriber));
    let provider = wire.provider(host, json!({ "max_retries": 0 })).await;
    (wire, provider)
}

/// Whether a position is within two bytes of the end of an event, or one of some others: an exchange over HTTP takes a
/// millisecond.
fn at_event_end(stream: &[u8], position: usize) -> bool {
    let ends = |end: usize| {
        stream
            .get(..end)
            .is_some_and(|event| event.ends_with(b"\n\n") || event.ends_with(b"\n\r\n"))
    };
    position.is_multiple_of(SAMPLED) || (position.saturating_sub(2)..=position + 2).any(ends)
}

/// Whether a position is before, in or after a line end. The others are those of the stream with the shorter ones.
fn at_line_end(stream: &[u8], position: usize) -> bool {
    let around = [position.checked_sub(1), Some(position)];
    around
        .into_iter()
        .flatten()
        .filter_map(|index| stream.get(index))
        .any(|byte| matches!(byte, b'\r' | b'\n'))
}

/// Checks what was told of a stream that was cut off: it begins as the whole one does, its blocks are closed, and the error
/// has the text and says to try again.
fn check_cut(whole: &[StreamEvent], events: &[StreamEvent], error: &ProviderError, place: &str) {
    assert_eq!(
        (error.kind, error.retryable),
        (ErrorKind::Stream, true),
        "{place}: {error:?}"
    );
    let (whole, deltas) = (deltas(whole), deltas(events));
    assert!(whole.starts_with(&deltas), "{place}: {deltas:?}");
    let mut open = Vec::new();
    for event in events {
        match event {
            StreamEvent::BlockStart(start) => open.push(start.index),
            StreamEvent::BlockDelta(delta) => assert!(open.contains(&delta.index), "{place}"),
            StreamEvent::BlockEnd(index) => open.retain(|open| open != index),
            StreamEvent::Restarted(_) | StreamEvent::Completed(_) => panic!("{place}: {event:?}"),
        }
    }
    assert!(open.is_empty(), "{place}: blocks without an end: {open:?}");
    let details = error.details.as_deref().map(serde_json::from_str::<Value>);
    let partial = details.map(|details| details.unwrap()["partial_text"].clone());
    let text = text(events);
    let expected = (!text.is_empty()).then(|| Value::from(text));
    assert_eq!(partial, expected, "{place}");
}

/// What was delivered, bit by bit.
fn deltas(events: &[StreamEvent]) -> Vec<(u32, &str)> {
    let deltas = events.iter().filter_map(|event| match event {
        StreamEvent::BlockDelta(delta) => Some((delta.index, delta.text.as_str())),
        _ => None,
    });
    deltas.collect()
}

/// The same of what the host heard.
fn host_deltas(events: &[host::StreamEvent]) -> Vec<(u32, &str)> {
    let deltas = events.iter().filter_map(|event| match event {
        host::StreamEvent::BlockDelta(delta) => Some((delta.index, delta.text.as_str())),
        _ => None,
    });
    deltas.collect()
}

/// The text among it.
fn text(events: &[StreamEvent]) -> String {
    let of_text = events.iter().filter_map(|event| match event {
        StreamEvent::BlockStart(BlockStart {
            index,
            block: BlockKind::Text,
        }) => Some(*index),
        _ => None,
    });
    let of_text: Vec<u32> = of_text.collect();
    let deltas = deltas(events).into_iter();
    deltas
        .filter(|(index, _)| of_text.contains(index))
        .map(|(_, text)| text)
        .collect()
}

fn stored(name: &str) -> Vec<u8> {
    fs::read(golden::folder("streams").join(name)).unwrap()
}

/// Every so many bytes each stream is split, and cut, over HTTP: a prime, so that it meets every place in a line.
const SAMPLED: usize = 211;
