//! Requests that are very large, and what they take.

use std::time::{Duration, Instant};

use provider_host::contract::types::ChatRequest;
use provider_host::{CallError, LimitError};
use serde_json::{Value, json};

use super::outcome;
use crate::support::{Setup, in_time, request};

#[tokio::test]
async fn an_image_of_30_mb_goes_out_whole_within_the_memory_of_an_instance() {
    let setup = Setup::new().await;
    let data = "/9j/4AAQ".repeat(5_000_000);
    let source = json!({ "type": "base64", "media_type": "image/jpeg", "data": data });
    let blocks =
        json!([{ "type": "text", "text": "What is it?" }, { "type": "image", "source": source }]);
    let result = json!([
        { "role": "assistant", "content": [{ "type": "tool_call", "id": "a", "name": "look", "input": {} }] },
        { "role": "tool", "tool_call_id": "a", "content": blocks },
    ]);
    let asked = json!([{ "role": "user", "content": blocks }]);
    for (messages, place) in [(asked, "/0/content/1"), (result, "/1/output/1")] {
        let response = outcome(&setup, &request(json!({ "messages": messages }))).await;
        response.unwrap();
        let requests = setup.mock.requests();
        let part = requests[requests.len() - 2].body["input"]
            .pointer(place)
            .unwrap();
        let url = part["image_url"].as_str().unwrap();
        assert!(
            url.starts_with("data:image/jpeg;base64,/9j/"),
            "{}",
            &url[..40]
        );
        assert!(url.ends_with(&data));
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_fails_alone() {
    let setup = Setup::new().await;
    let large =
        request(json!({ "messages": [{ "role": "user", "content": "x".repeat(200_000_000) }] }));
    let failed = in_time(setup.provider.complete(&large)).await;
    let Err(CallError::Limit(LimitError::Request { size, .. })) = failed else {
        panic!("{failed:?}");
    };
    assert_eq!(size, 200_000_000);
    assert_eq!(setup.mock.requests().len(), 0);
    outcome(&setup, &history(4)).await.unwrap();
}

#[tokio::test]
async fn a_hundred_thousand_messages_take_ten_times_as_long_as_ten_thousand() {
    let setup = Setup::new().await;
    let mut times = Vec::new();
    for count in [10_000, 100_000] {
        let request = history(count);
        let mut best = Duration::MAX;
        for _ in 0..3 {
            let start = Instant::now();
            in_time(setup.provider.complete(&request)).await.unwrap();
            best = best.min(start.elapsed());
        }
        let requests = setup.mock.requests();
        let input = requests.last().unwrap().body["input"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(input, count);
        times.push(best);
    }
    let [small, large] = times[..] else {
        unreachable!();
    };
    // Twice that, because other programs run on the same machine.
    assert!(
        large < small * 20,
        "{small:?} for 10,000, {large:?} for 100,000"
    );
    assert!(large < Duration::from_secs(10), "{large:?}");
}

/// A conversation of so many messages, with tools.
fn history(count: usize) -> ChatRequest {
    let turn = |turn: usize| {
        let id = format!("call_{turn}");
        [
            json!({ "role": "user", "content": format!("Question {turn}") }),
            json!({ "role": "assistant", "content": [
                { "type": "tool_call", "id": id, "name": "f", "input": { "turn": turn } },
            ] }),
            // Every other result is known by its tool's name alone.
            match turn % 2 {
                0 => json!({ "role": "tool", "tool_call_id": id, "content": "The answer." }),
                _ => json!({ "role": "function", "name": "f", "content": "The answer." }),
            },
            json!({ "role": "assistant", "content": [{ "type": "text", "text": "It is so." }] }),
        ]
    };
    let messages: Vec<Value> = (0..=count / 4).flat_map(turn).take(count).collect();
    request(json!({ "messages": messages }))
}
