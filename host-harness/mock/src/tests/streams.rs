//! Answers event by event.

use serde_json::{Value, json};

use super::client::{joined, kinds, object, post, stream, weather};
use crate::{DeltaGate, MockAzure};

const TEXT: [&str; 5] = [
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
];

const CALL: [&str; 4] = [
    "output_item.added",
    "function_call_arguments.delta",
    "function_call_arguments.done",
    "output_item.done",
];

async fn mock() -> MockAzure {
    MockAzure::builder().start().await.unwrap()
}

/// The order of events of one answer, from the parts that it is made of.
fn order(parts: &[&[&'static str]], end: &'static str) -> Vec<&'static str> {
    [
        &["created", "in_progress"],
        parts.concat().as_slice(),
        &[end],
    ]
    .concat()
}

#[tokio::test]
async fn text() {
    let body = json!({"model": "gpt-4.1", "input": "héllo 🌍"});
    let events = stream(&mock().await, body.clone()).await;
    assert_eq!(
        kinds(&events),
        order(&[&["output_item.added"], &TEXT], "completed")
    );

    let whole = object(&mock().await, &body).await;
    let last = events.last().unwrap();
    assert_eq!(last["response"], whole);
    let text = whole["output"][0]["content"][0]["text"].as_str().unwrap();
    assert_eq!(joined(&events, "response.output_text.delta"), text);
    assert_eq!(events[0]["response"]["status"], "in_progress");
    assert_eq!(events[1]["response"]["usage"], Value::Null);

    let id = &whole["output"][0]["id"];
    let empty = json!({"type": "output_text", "annotations": [], "logprobs": [], "text": ""});
    assert_eq!(
        events[2],
        json!({"type": "response.output_item.added", "sequence_number": 2, "output_index": 0, "item": {
            "id": id, "type": "message", "status": "in_progress", "content": [], "role": "assistant",
        }})
    );
    assert_eq!(
        events[3],
        json!({"type": "response.content_part.added", "sequence_number": 3, "output_index": 0, "item_id": id,
            "content_index": 0, "part": empty})
    );
    assert_eq!(
        events[4],
        json!({"type": "response.output_text.delta", "sequence_number": 4, "output_index": 0, "item_id": id,
            "content_index": 0, "delta": "Hello", "logprobs": [], "obfuscation": events[4]["obfuscation"]})
    );
    assert_eq!(events[4]["obfuscation"].as_str().unwrap().len(), 11);
    assert_eq!(events[5]["delta"], " from");
    let [text_done, part_done, item_done] = &events[events.len() - 4..events.len() - 1] else {
        panic!("{events:?}");
    };
    assert_eq!(
        (&text_done["text"], &text_done["logprobs"]),
        (&json!(text), &json!([]))
    );
    assert_eq!(part_done["part"], whole["output"][0]["content"][0]);
    assert_eq!(item_done["item"], whole["output"][0]);
}

#[tokio::test]
async fn obfuscation_can_be_turned_off() {
    let body = json!({"model": "gpt-4.1", "input": "hi", "stream_options": {"include_obfuscation": false}});
    let events = stream(&mock().await, body).await;
    assert!(
        events
            .iter()
            .all(|event| event.get("obfuscation").is_none())
    );
}

#[tokio::test]
async fn calls_come_one_after_the_other() {
    let body = json!({
        "model": "gpt-4.1",
        "input": "get_weather in Zürich now",
        "tools": [weather(), {"type": "function", "name": "now"}],
    });
    let events = stream(&mock().await, body).await;
    assert_eq!(kinds(&events), order(&[&CALL, &CALL], "completed"));
    let places = events
        .iter()
        .filter_map(|event| event["output_index"].as_u64());
    assert!(places.is_sorted());
    assert_eq!(events[2]["item"]["arguments"], "");
    assert_eq!(events[2]["item"]["status"], "in_progress");
    let done: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "response.function_call_arguments.done")
        .collect();
    assert_eq!(done[0]["arguments"], r#"{"city":"Zürich"}"#);
    assert_eq!(done[1]["arguments"], "{}");
    assert!(done[0].get("name").is_none());
    assert_eq!(
        joined(&events, "response.function_call_arguments.delta"),
        r#"{"city":"Zürich"}{}"#
    );
    let output = &events.last().unwrap()["response"]["output"];
    assert_ne!(output[0]["call_id"], output[1]["call_id"]);
    assert_eq!(output[1]["status"], "completed");
}

#[tokio::test]
async fn refusal() {
    let events = stream(
        &mock().await,
        json!({"model": "gpt-4.1", "input": "Refuse this."}),
    )
    .await;
    let refusal = [
        "output_item.added",
        "content_part.added",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "output_item.done",
    ];
    assert_eq!(kinds(&events), order(&[&refusal], "completed"));
    let part = &events.last().unwrap()["response"]["output"][0]["content"][0];
    assert_eq!(part["type"], "refusal");
    assert_eq!(part["refusal"], joined(&events, "response.refusal.delta"));
}

#[tokio::test]
async fn reasoning_then_text() {
    let body = json!({
        "model": "gpt-5.1",
        "input": "hi",
        "reasoning": {"effort": "high", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
    });
    let events = stream(&mock().await, body).await;
    let reasoning = [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
    ];
    assert_eq!(kinds(&events), order(&[&reasoning, &TEXT], "completed"));
    let thought = joined(&events, "response.reasoning_summary_text.delta");
    assert_eq!(thought, "Thinking about the question.");
    let item = &events.last().unwrap()["response"]["output"][0];
    assert_ne!(
        events[2]["item"]["encrypted_content"],
        item["encrypted_content"]
    );
    assert!(events[2]["item"]["encrypted_content"].is_string());
}

#[tokio::test]
async fn incomplete() {
    let body = json!({"model": "gpt-4.1", "input": "long ".repeat(50), "max_output_tokens": 20});
    let events = stream(&mock().await, body).await;
    assert_eq!(
        kinds(&events),
        order(&[&["output_item.added"], &TEXT], "incomplete")
    );
    let deltas = events
        .iter()
        .filter(|event| event["type"] == "response.output_text.delta");
    assert_eq!(deltas.count(), 20);
    let [.., item_done, end] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(item_done["item"]["status"], "incomplete");
    assert_eq!(
        end["response"]["incomplete_details"]["reason"],
        "max_output_tokens"
    );
}

#[tokio::test]
async fn events_leave_when_the_gate_lets_them() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder()
        .gate(gate.clone())
        .start()
        .await
        .unwrap();
    let body = json!({"model": "gpt-4.1", "input": "hi", "stream": true});
    let mut response = post(&mock, &body).await;
    let mut text = String::new();
    // Each event arrives although the next one is not allowed out: nothing waits for more to send.
    for count in 1..=6 {
        gate.release(1);
        while text.matches("\n\n").count() < count {
            text += str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap();
        }
        assert_eq!(text.matches("\n\n").count(), count);
    }
    assert!(
        text.ends_with("\n\n") && text.contains("\" from\""),
        "{text}"
    );
    gate.open();
    assert!(
        response
            .text()
            .await
            .unwrap()
            .contains("event: response.completed")
    );
    assert_eq!(mock.closed_streams(), 0);
}

#[tokio::test]
async fn a_client_that_goes_away_is_noticed() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder()
        .gate(gate.clone())
        .start()
        .await
        .unwrap();
    gate.release(1);
    let mut response = post(
        &mock,
        &json!({"model": "gpt-4.1", "input": "hi", "stream": true}),
    )
    .await;
    assert!(response.chunk().await.unwrap().is_some());
    assert_eq!(mock.closed_streams(), 0);
    drop(response);
    mock.wait_for_closed_streams(1).await;
}
