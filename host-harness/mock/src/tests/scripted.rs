//! Answers that a test has written.

use serde_json::{Value, json};

use super::client::{events, json_of, kinds, object, post, stream};
use crate::{Fault, MockAzure, Scripted};

async fn mock(answers: impl IntoIterator<Item = Scripted>) -> MockAzure {
    let mock = MockAzure::builder().start().await.unwrap();
    answers
        .into_iter()
        .for_each(|answer| mock.push_answer(answer));
    mock
}

fn body() -> Value {
    json!({"model": "gpt-4.1", "input": "hi"})
}

fn response(status: &str, output: Value) -> Value {
    json!({"id": "resp_1", "status": status, "output": output, "usage": {"input_tokens": 1}, "new": true})
}

/// The kinds of events for one output item, without those of the item itself and of the response.
async fn events_of(item: Value) -> Vec<Value> {
    let mock = mock([Scripted::Response(response("completed", json!([item])))]).await;
    let mut events = stream(&mock, body()).await;
    assert_eq!(events[2]["type"], "response.output_item.added");
    let done = events.remove(events.len() - 2);
    assert_eq!(done["type"], "response.output_item.done");
    assert_eq!(done["item"], item);
    events.pop();
    events.split_off(3)
}

#[tokio::test]
async fn each_answer_is_for_one_request_in_the_form_that_it_asks_for() {
    let first = response("completed", json!([]));
    let second = response(
        "incomplete",
        json!([{"type": "telepathy", "id": "x_1", "waves": [1]}]),
    );
    let mock = mock([first.clone(), second.clone()].map(Scripted::Response)).await;
    assert_eq!(object(&mock, &body()).await, first);

    let events = stream(&mock, body()).await;
    let expected = [
        "created",
        "in_progress",
        "output_item.added",
        "output_item.done",
        "incomplete",
    ];
    assert_eq!(kinds(&events), expected);
    assert_eq!(events.last().unwrap()["response"], second);
    let begun = &events[0]["response"];
    assert_eq!(
        (&begun["status"], &begun["output"]),
        (&json!("in_progress"), &json!([]))
    );
    assert_eq!(
        (&begun["usage"], &begun["new"]),
        (&Value::Null, &json!(true))
    );

    // After the last one the model speaks for itself again.
    assert_eq!(
        object(&mock, &body()).await["output"][0]["role"],
        "assistant"
    );
}

#[tokio::test]
async fn the_status_decides_on_the_last_event() {
    for (status, end) in [
        ("completed", "completed"),
        ("incomplete", "incomplete"),
        ("failed", "failed"),
        ("cancelled", "completed"),
    ] {
        let response = response(status, json!([]));
        let mock = mock([Scripted::Response(response.clone())]).await;
        let events = stream(&mock, body()).await;
        assert_eq!(kinds(&events), ["created", "in_progress", end]);
        assert_eq!(events[2]["response"], response);
    }
}

#[tokio::test]
async fn every_kind_of_item_has_its_events() {
    let part = |kind: &str, text: &str| json!({"type": kind, "text": text});
    let call = |kind: &str, member: &str| json!({"type": kind, "id": "i_1", "status": "completed", member: "{\"a\":1234}"});
    let hosted = |kind: &str| json!({"type": kind, "id": "i_1", "status": "completed"});
    let text = json!({"type": "output_text", "text": "a b", "annotations": [{"type": "file_path"}, {"type": "new"}]});
    let table = [
        (
            json!({"type": "message", "id": "m", "status": "completed", "content": [
                text, {"type": "refusal", "refusal": "no"}, {"type": "hologram"},
            ]}),
            "content_part.added output_text.delta output_text.annotation.added output_text.done content_part.done \
             content_part.added refusal.delta refusal.done content_part.done content_part.added content_part.done",
        ),
        (
            json!({"type": "reasoning", "id": "r", "summary": [part("summary_text", "a"), part("summary_text", "b")]}),
            "reasoning_summary_part.added reasoning_summary_text.delta reasoning_summary_text.done \
             reasoning_summary_part.done reasoning_summary_part.added reasoning_summary_text.delta \
             reasoning_summary_text.done reasoning_summary_part.done",
        ),
        (
            json!({"type": "reasoning", "id": "r", "summary": [], "content": [part("reasoning_text", "a")]}),
            "content_part.added reasoning_text.delta reasoning_text.done content_part.done",
        ),
        (
            call("function_call", "arguments"),
            "function_call_arguments.delta function_call_arguments.done",
        ),
        (
            call("custom_tool_call", "input"),
            "custom_tool_call_input.delta custom_tool_call_input.done",
        ),
        (
            call("mcp_call", "arguments"),
            "mcp_call.in_progress mcp_call_arguments.delta mcp_call_arguments.done mcp_call.completed",
        ),
        (
            json!({"type": "mcp_list_tools", "id": "i", "tools": [], "error": "refused"}),
            "mcp_list_tools.in_progress mcp_list_tools.failed",
        ),
        (
            call("code_interpreter_call", "code"),
            "code_interpreter_call.in_progress code_interpreter_call_code.delta code_interpreter_call_code.done \
             code_interpreter_call.interpreting code_interpreter_call.completed",
        ),
        (
            hosted("file_search_call"),
            "file_search_call.in_progress file_search_call.searching file_search_call.completed",
        ),
        (
            hosted("web_search_call"),
            "web_search_call.in_progress web_search_call.searching web_search_call.completed",
        ),
        (
            json!({"type": "web_search_call", "id": "i_1", "status": "failed"}),
            "web_search_call.in_progress web_search_call.searching",
        ),
        (
            hosted("image_generation_call"),
            "image_generation_call.in_progress image_generation_call.generating image_generation_call.completed",
        ),
        (
            json!({"type": "shell_call", "id": "i", "action": {"commands": ["ls -l"]}}),
            "shell_call_command.added shell_call_command.delta shell_call_command.done",
        ),
        (hosted("apply_patch_call"), ""),
        (json!({"no": "type"}), ""),
    ];
    for (item, expected) in table {
        let events = events_of(item.clone()).await;
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(kinds(&events), expected, "{item}");
        for event in &events {
            assert_eq!(event["output_index"], 0, "{event}");
        }
    }
}

#[tokio::test]
async fn what_grows_begins_empty() {
    let item = json!({"type": "function_call", "id": "fc_1", "status": "completed", "name": "f", "call_id": "c",
        "arguments": "{}", "new": 1});
    let mock = mock([Scripted::Response(response("completed", json!([item])))]).await;
    let events = stream(&mock, body()).await;
    assert_eq!(
        events[2]["item"],
        json!({"type": "function_call", "id": "fc_1", "status": "in_progress", "name": "f", "call_id": "c",
            "arguments": "", "new": 1})
    );
}

#[tokio::test]
async fn events_are_sent_as_they_are_whatever_the_request_asks_for() {
    let told = vec![
        json!({"type": "response.created", "sequence_number": 0}),
        json!({"type": "keepalive", "sequence_number": 1}),
        json!({"type": "response.completed", "sequence_number": 2, "response": {}}),
    ];
    for is_streamed in [false, true] {
        let mock = mock([Scripted::Events(told.clone())]).await;
        let mut body = body();
        body["stream"] = json!(is_streamed);
        let text = post(&mock, &body).await.text().await.unwrap();
        assert_eq!(events(&text), told);
    }
    let mock = mock([Scripted::Events(vec![json!({"no": "type"})])]).await;
    let text = post(&mock, &body()).await.text().await.unwrap();
    assert_eq!(text, "data: {\"no\":\"type\"}\n\n");
}

#[tokio::test]
async fn a_request_that_is_refused_takes_no_answer() {
    let answer = response("completed", json!([]));
    let mock = mock([Scripted::Response(answer.clone())]).await;
    let mut wrong = body();
    wrong["messages"] = json!([]);
    assert_eq!(json_of(post(&mock, &wrong).await).await.0, 400);
    assert_eq!(object(&mock, &body()).await, answer);
    assert_eq!(mock.requests().len(), 2);
}

#[tokio::test]
async fn a_fault_comes_before_an_answer_and_a_stream_can_break_off() {
    let answer = response("completed", json!([]));
    let mock = mock([answer.clone(), answer.clone()].map(Scripted::Response)).await;
    mock.push_fault(Fault::CloseAfterEvents(2));
    let mut streamed = body();
    streamed["stream"] = json!(true);
    assert!(post(&mock, &streamed).await.text().await.is_err());
    assert_eq!(object(&mock, &body()).await, answer);
}
