//! What the mock of the service does not say.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use super::echo::Echo;
use super::{Draft, ResponseEvents, parse};
use crate::contract::types::{
    BlockDelta, BlockKind, BlockStart, ChatResponse, StreamEvent, ToolCallHeader,
};
use crate::kernel_json::{chat_request, chat_response};
use crate::serve::ids::Ids;

#[test]
fn a_patch_and_a_custom_tool_are_calls_of_the_kernel() {
    let operation = json!({ "type": "delete_file", "path": "a" });
    let body = json!({ "input": [
        { "type": "reasoning", "id": "rs_1", "summary": [
            { "type": "summary_text", "text": "One" }, { "type": "summary_text", "text": "Two" },
        ], "encrypted_content": "gAAA" },
        { "type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": "select 1" },
        { "type": "apply_patch_call", "call_id": "c2", "operation": operation },
        { "role": "assistant", "content": "Done", "phase": "commentary" },
        { "type": "custom_tool_call_output", "call_id": "c1", "output": "1" },
        { "type": "apply_patch_call_output", "call_id": "c2", "status": "completed" },
    ] });
    let request = parse(body).unwrap();
    assert_eq!(
        chat_request::to_value(&request.chat).unwrap(),
        json!({ "messages": [
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "One\nTwo", "content": ["gAAA", "rs_1"] },
                { "type": "tool_call", "id": "c1", "name": "sql", "input": { "input": "select 1" } },
                { "type": "tool_call", "id": "c2", "name": "apply_patch", "input": operation },
                { "type": "text", "text": "Done", "phase": "commentary" },
            ] },
            { "role": "tool", "tool_call_id": "c1", "content": "1" },
            { "role": "tool", "tool_call_id": "c2", "content": "" },
        ], "store": false })
    );
}

#[test]
fn calls_of_tools_that_are_no_functions_have_items_of_their_own() {
    let tools = json!([{ "type": "custom", "name": "sql" }, { "type": "apply_patch" }]);
    let mut events = events(json!({ "tools": tools }));
    let arguments = r#"{"input":"select 1"}"#;
    start(&mut events, 0, call("c1", "sql"));
    delta(&mut events, 0, arguments);
    end(&mut events, 0);
    let told = completed(
        &mut events,
        json!({ "content": [
            { "type": "tool_call", "id": "c1", "name": "sql", "input": { "input": "select 1" } },
            // No event has told of it.
            { "type": "tool_call", "id": "c2", "name": "apply_patch", "input": { "type": "delete_file" } },
        ], "finish_reason": "tool_calls" }),
    );
    assert_eq!(
        kinds(&told),
        [
            "output_item.added",
            "custom_tool_call_input.delta",
            "custom_tool_call_input.done",
            "output_item.done",
            "output_item.added",
            "output_item.done",
            "completed",
        ]
    );
    assert_eq!(
        (&told[0]["item"]["input"], &told[2]["input"]),
        (&json!(""), &json!("select 1"))
    );
    let output = &told[6]["response"]["output"];
    assert_eq!(output[0]["type"], "custom_tool_call");
    assert_eq!(
        (&output[1]["type"], &output[1]["operation"]["type"]),
        (&json!("apply_patch_call"), &json!("delete_file"))
    );
}

#[test]
fn a_call_that_was_cut_off_is_an_incomplete_item() {
    let mut events = events(json!({}));
    start(&mut events, 0, BlockKind::Thinking);
    end(&mut events, 0);
    start(&mut events, 1, call("c1", "weather"));
    delta(&mut events, 1, r#"{"ci"#);
    end(&mut events, 1);
    let told = completed(
        &mut events,
        json!({ "content": [], "finish_reason": "length" }),
    );
    let response = &told.last().unwrap()["response"];
    assert_eq!(
        (
            &response["status"],
            &response["incomplete_details"]["reason"]
        ),
        (&json!("incomplete"), &json!("max_output_tokens"))
    );
    let output = response["output"].as_array().unwrap();
    assert_eq!(
        (&output[0]["type"], &output[0]["summary"]),
        (&json!("reasoning"), &json!([]))
    );
    assert_eq!(
        (&output[1]["status"], &output[1]["arguments"]),
        (&json!("incomplete"), &json!(r#"{"ci"#))
    );
}

#[test]
fn what_the_service_did_itself_comes_last_and_annotations_are_kept() {
    let annotations = json!([{ "type": "url_citation", "url": "https://a.example" }]);
    let search = json!({ "type": "web_search_call", "id": "ws_1", "status": "completed" });
    let response = json!({
        "content": [{ "type": "text", "text": "Hi", "annotations": annotations, "phase": "final_answer" }],
        "finish_reason": "stop",
        "metadata": {
            "openai:model": "gpt-5.1-2025-11-13",
            "openai:items": ["text", search, { "type": "function_call", "call_id": "c", "namespace": "n" }],
        },
        "usage": { "input_tokens": 3, "output_tokens": 2, "total_tokens": 5, "cache_read_tokens": 1 },
    });
    let draft = draft(json!({ "model": "gpt-5.1", "input": "Hi" }));
    let whole = draft.complete(
        &response_of(response.clone()),
        UNIX_EPOCH + Duration::from_secs(8),
    );
    assert_eq!(whole["output"][0]["content"][0]["annotations"], annotations);
    assert_eq!(whole["output"][0]["phase"], "final_answer");
    assert_eq!(whole["output"][1], search);
    assert_eq!(whole["output"].as_array().unwrap().len(), 2);
    assert_eq!(whole["model"], "gpt-5.1-2025-11-13");
    assert_eq!(
        (&whole["created_at"], &whole["completed_at"]),
        (&json!(7), &json!(8))
    );
    assert_eq!(
        whole["usage"],
        json!({
            "input_tokens": 3,
            "input_tokens_details": { "cached_tokens": 1, "cache_write_tokens": 0 },
            "output_tokens": 2,
            "output_tokens_details": { "reasoning_tokens": 0 },
            "total_tokens": 5,
        })
    );

    let told = completed(&mut events(json!({})), response);
    let last: Vec<&Value> = told
        .iter()
        .rev()
        .take(3)
        .map(|event| &event["item"])
        .collect();
    assert_eq!(last[1..], [&search, &search]);
}

#[test]
fn an_answer_that_a_filter_stopped_is_incomplete_and_a_refusal_is_not() {
    let table = [
        (
            json!({ "type": "text", "text": "A" }),
            json!({}),
            "incomplete",
        ),
        (
            json!({ "type": "text", "text": "No", "refusal": true }),
            json!({}),
            "completed",
        ),
        (
            json!({ "type": "text", "text": "No", "refusal": true }),
            json!({ "openai:incomplete_reason": "content_filter" }),
            "incomplete",
        ),
    ];
    for (block, metadata, status) in table {
        let response =
            json!({ "content": [block], "finish_reason": "content_filter", "metadata": metadata });
        let whole = draft(json!({})).complete(&response_of(response), UNIX_EPOCH);
        assert_eq!(whole["status"], status, "{block} {metadata}");
    }
}

fn draft(body: Value) -> Draft {
    let ids = Arc::new(Ids::beginning_with(1));
    Draft::new(Echo::of(&body), ids, UNIX_EPOCH + Duration::from_secs(7))
}

fn events(body: Value) -> ResponseEvents {
    ResponseEvents::new(draft(body))
}

fn response_of(response: Value) -> ChatResponse {
    chat_response::from_value(response).unwrap()
}

fn call(id: &str, name: &str) -> BlockKind {
    BlockKind::ToolCall(ToolCallHeader {
        id: id.to_owned(),
        name: name.to_owned(),
    })
}

fn start(events: &mut ResponseEvents, index: u32, block: BlockKind) {
    let start = BlockStart { index, block };
    assert!(!events.apply(StreamEvent::BlockStart(start), UNIX_EPOCH));
}

fn delta(events: &mut ResponseEvents, index: u32, text: &str) {
    let text = text.to_owned();
    assert!(!events.apply(
        StreamEvent::BlockDelta(BlockDelta { index, text }),
        UNIX_EPOCH
    ));
}

fn end(events: &mut ResponseEvents, index: u32) {
    assert!(!events.apply(StreamEvent::BlockEnd(index), UNIX_EPOCH));
}

/// Ends the stream with a response in the kernel's form, and returns all events.
fn completed(events: &mut ResponseEvents, response: Value) -> Vec<Value> {
    assert!(events.apply(StreamEvent::Completed(response_of(response)), UNIX_EPOCH));
    events.take().into_iter().map(|(_, data)| data).collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    let kinds = events.iter().map(|event| event["type"].as_str().unwrap());
    kinds
        .map(|kind| kind.strip_prefix("response.").unwrap())
        .collect()
}
