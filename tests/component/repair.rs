//! Conversations that the service would refuse: they are repaired, and the host is told.

use provider_host::contract::types::ChatRequest;
use serde_json::{Value, json};

use crate::support::{Setup, provider_error, request};

#[tokio::test]
async fn broken_conversations_are_repaired_and_the_host_is_told() {
    let setup = Setup::new().await;
    for (name, history, expected) in [
        (
            "a result is lost",
            vec![assistant(&["a"]), user()],
            json!({
                "repair_count": 1,
                "repairs": [repaired("result_added", "a", 1)],
                "synthetic_assistant_count": 1,
            }),
        ),
        (
            "results of three parallel calls are lost",
            vec![assistant(&["a", "b", "c"])],
            json!({
                "repair_count": 3,
                "repairs": [
                    repaired("result_added", "a", 1),
                    repaired("result_added", "b", 1),
                    repaired("result_added", "c", 1),
                ],
            }),
        ),
        (
            "two turns are broken",
            vec![
                assistant(&["a"]),
                user(),
                assistant(&["b", "c"]),
                result("c"),
                user(),
            ],
            json!({
                "repair_count": 2,
                "repairs": [repaired("result_added", "a", 1), repaired("result_added", "b", 3)],
                "synthetic_assistant_count": 1,
            }),
        ),
        (
            "a result has no call",
            vec![result("a"), user()],
            json!({ "repair_count": 1, "repairs": [repaired("result_removed", "a", 1)] }),
        ),
        (
            "a result comes twice",
            vec![assistant(&["a"]), result("a"), result("a")],
            json!({ "repair_count": 1, "repairs": [repaired("result_removed", "a", 3)] }),
        ),
        (
            "a result comes late",
            vec![assistant(&["a"]), user(), result("a")],
            json!({ "repair_count": 1, "repairs": [repaired("result_moved", "a", 3)] }),
        ),
        (
            "a result comes early",
            vec![result("a"), assistant(&["a"]), user()],
            json!({ "repair_count": 1, "repairs": [repaired("result_moved", "a", 1)] }),
        ),
        (
            "a call has no id",
            vec![assistant(&["", "b"]), result("b")],
            json!({ "repair_count": 1, "repairs": [repaired("call_removed", "", 1)] }),
        ),
        (
            "an id is used again",
            vec![
                assistant(&["a"]),
                result("a"),
                assistant(&["a"]),
                result("a"),
            ],
            json!({ "repair_count": 1, "repairs": [repaired("call_renamed", "a", 3)] }),
        ),
    ] {
        let before = setup.events.of(REPAIRED).len();
        // Each request tells of it, and sends the same bytes: nobody else mends the agent's history.
        let mut bodies = Vec::new();
        for _ in 0..2 {
            let answer = setup.provider.complete(&conversation(&history)).await;
            assert!(answer.is_ok(), "{name}: {answer:?}");
            bodies.push(setup.last_body().to_string());
        }
        assert_eq!(bodies[0], bodies[1], "{name}");

        let mut expected = expected;
        expected["provider"] = json!("azure-openai");
        let mut told = setup.events.of(REPAIRED).split_off(before);
        for payload in &mut told {
            // It is another for each call.
            assert!(
                payload
                    .as_object_mut()
                    .unwrap()
                    .remove("request_id")
                    .is_some()
            );
        }
        assert_eq!(told, [expected.clone(), expected], "{name}");
    }
}

#[tokio::test]
async fn a_lost_result_is_replaced_where_it_belongs() {
    let setup = Setup::new().await;
    let history = [assistant(&["a"]), user()];
    setup
        .provider
        .complete(&conversation(&history))
        .await
        .unwrap();

    let input = &setup.last_body()["input"];
    let kinds: Vec<&Value> = input
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item.get("role").unwrap_or(&item["type"]))
        .collect();
    assert_eq!(
        kinds,
        [
            "user",
            "function_call",
            "function_call_output",
            "assistant",
            "user"
        ]
    );
    assert_eq!(input[2]["call_id"], json!("a"));
    let output = input[2]["output"].as_str().unwrap();
    assert!(output.starts_with("[SYSTEM ERROR: "), "{output}");
    let closing = input[3]["content"][0]["text"].as_str().unwrap();
    assert!(closing.contains("interrupted"), "{closing}");

    let names = setup.events.names();
    let position = |name: &str| names.iter().position(|other| other == name).unwrap();
    assert!(position(REPAIRED) < position("llm:request"), "{names:?}");
    assert_eq!(setup.events.of("llm:request")[0]["message_count"], json!(5));
}

#[tokio::test]
async fn a_conversation_that_is_whole_is_sent_as_it_is() {
    let setup = Setup::new().await;
    let history = [assistant(&["a", "b"]), result("b"), result("a"), user()];
    setup
        .provider
        .complete(&conversation(&history))
        .await
        .unwrap();
    assert_eq!(setup.last_body()["input"].as_array().unwrap().len(), 6);
    assert!(!setup.events.names().contains(&REPAIRED.to_owned()));
    assert_eq!(setup.events.of("llm:request")[0]["message_count"], json!(5));
}

#[tokio::test]
async fn nothing_is_sent_when_a_repair_leaves_nothing() {
    let setup = Setup::new().await;
    let request = request(json!({ "messages": [result("a")] }));
    let error = provider_error(setup.provider.complete(&request).await);
    assert!(
        error
            .message
            .starts_with("messages: there is nothing to answer"),
        "{}",
        error.message
    );
    assert!(setup.mock.requests().is_empty());
}

#[tokio::test]
async fn whatever_a_history_consists_of_the_service_accepts_it() {
    let setup = Setup::new().await;
    let pieces = [
        user(),
        json!({ "role": "developer", "content": "context" }),
        json!({ "role": "assistant", "content": "Hello" }),
        assistant(&["a"]),
        assistant(&["b"]),
        assistant(&["a", "b", "a"]),
        assistant(&["", "c"]),
        json!({ "role": "assistant", "content": [
            { "type": "thinking", "thinking": "Hm.", "content": ["state", "rs_1"] },
            { "type": "tool_call", "id": "", "name": "get_weather", "input": {} },
            { "type": "text", "text": "Hello" },
        ] }),
        result("a"),
        result("b"),
        result("c"),
        json!({ "role": "user", "content": [
            { "type": "tool_result", "tool_call_id": "b", "output": 18 },
            { "type": "text", "text": "Hi" },
            { "type": "tool_result", "tool_call_id": "a", "output": 18 },
        ] }),
    ];
    // Each seed is a history: its digits, to the base of the number of pieces. The factor makes all digits vary.
    for seed in 0_usize..400 {
        let mut digits = seed.wrapping_mul(9_176_263) % pieces.len().pow(7);
        let mut history = Vec::new();
        while digits > 0 {
            history.push(pieces[digits % pieces.len()].clone());
            digits /= pieces.len();
        }
        let answer = setup.provider.complete(&conversation(&history)).await;
        assert!(answer.is_ok(), "{history:?}: {answer:?}");
    }
}

/// The event of a repair.
const REPAIRED: &str = "provider:tool_sequence_repaired";

/// A question, and what came after it.
fn conversation(history: &[Value]) -> ChatRequest {
    let messages: Vec<Value> = [&[user()], history].concat();
    request(json!({ "messages": messages }))
}

fn user() -> Value {
    json!({ "role": "user", "content": "Hi" })
}

/// A message that calls a tool once for each of these ids.
fn assistant(ids: &[&str]) -> Value {
    let calls: Vec<Value> = ids
        .iter()
        .map(|id| json!({ "type": "tool_call", "id": id, "name": "get_weather", "input": { "city": "Paris" } }))
        .collect();
    json!({ "role": "assistant", "content": calls })
}

fn result(id: &str) -> Value {
    json!({ "role": "tool", "tool_call_id": id, "name": "get_weather", "content": "18 degrees" })
}

/// A repair in the event's form.
fn repaired(kind: &str, id: &str, message: usize) -> Value {
    json!({ "repair": kind, "tool_call_id": id, "tool_name": "get_weather", "message": message })
}
