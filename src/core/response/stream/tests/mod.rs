#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod continuation;
mod differences;
mod passed_over;
mod unreadable;

use serde_json::json;

use super::*;
use crate::contract::types::{BlockContent, ChatResponse, FinishReason};

#[test]
fn text_arrives_piece_by_piece() {
    let told = told(&[
        json!({ "type": "response.created", "response": {} }),
        json!({ "type": "response.output_item.added", "output_index": 0, "item": { "type": "message" } }),
        json!({ "type": "response.content_part.added", "output_index": 0, "part": { "type": "output_text", "text": "" } }),
        json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "Hel", "obfuscation": "xx" }),
        json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "" }),
        json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "lo" }),
        json!({ "type": "response.output_text.done", "output_index": 0, "text": "Hello" }),
        json!({ "type": "response.content_part.done", "output_index": 0, "part": {} }),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": {} }),
    ]);
    assert_eq!(told, ["start 0 text", "0 Hel", "0 lo", "end 0"]);
}

#[test]
fn parallel_tool_calls_are_told_apart_by_their_index() {
    let added = |index, id| {
        json!({
            "type": "response.output_item.added",
            "output_index": index,
            "item": { "type": "function_call", "call_id": id, "name": "f" },
        })
    };
    let delta = |index, delta| json!({ "type": "response.function_call_arguments.delta", "output_index": index, "delta": delta });
    let done = |index, arguments| json!({ "type": "response.function_call_arguments.done", "output_index": index, "arguments": arguments });
    let ended =
        |index| json!({ "type": "response.output_item.done", "output_index": index, "item": {} });
    let told = told(&[
        added(1, "a"),
        added(2, "b"),
        delta(1, "{\"x\""),
        delta(2, "{}"),
        delta(1, ":1}"),
        done(1, "{\"x\":1}"),
        done(2, "{}"),
        ended(2),
        ended(1),
        added(3, "c"),
        done(3, "{\"whole\":1}"),
        ended(3),
    ]);
    assert_eq!(
        told,
        [
            "start 1 call a f",
            "start 2 call b f",
            "1 {\"x\"",
            "2 {}",
            "1 :1}",
            "end 2",
            "end 1",
            "start 3 call c f",
            "3 {\"whole\":1}",
            "end 3",
        ]
    );
}

#[test]
fn summaries_are_lines_of_one_thinking_block() {
    let added = |part| json!({ "type": "response.reasoning_summary_part.added", "output_index": 0, "summary_index": part });
    let delta = |text| json!({ "type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": text });
    let done = |text| json!({ "type": "response.reasoning_summary_text.done", "output_index": 0, "text": text });
    let told = told(&[
        json!({ "type": "response.output_item.added", "output_index": 0, "item": { "type": "reasoning" } }),
        added(0),
        delta("One."),
        done("One."),
        added(1),
        done("Two, whole."),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": {} }),
    ]);
    assert_eq!(
        told,
        [
            "start 0 thinking",
            "0 One.",
            "0 \n",
            "0 Two, whole.",
            "end 0"
        ]
    );
}

#[test]
fn text_and_refusal_of_one_message_are_blocks_of_their_own() {
    let told = told(&[
        json!({ "type": "response.content_part.added", "output_index": 0, "part": { "type": "output_text" } }),
        json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "Well" }),
        json!({ "type": "response.content_part.added", "output_index": 0, "part": { "type": "refusal" } }),
        json!({ "type": "response.refusal.delta", "output_index": 0, "delta": "No" }),
        json!({ "type": "response.refusal.done", "output_index": 0, "refusal": "No" }),
    ]);
    assert_eq!(
        told,
        ["start 0 text", "0 Well", "end 0", "start 1 refusal", "1 No"]
    );
}

#[test]
fn a_gateway_may_leave_out_how_blocks_begin() {
    let told = told(&[
        json!({ "type": "response.output_text.delta", "output_index": 4, "delta": "Hi" }),
        // A call begins when its name is known.
        json!({ "type": "response.function_call_arguments.delta", "output_index": 5, "delta": "{\"a\":" }),
        json!({ "type": "response.function_call_arguments.delta", "output_index": 5, "delta": "1}" }),
        done(
            5,
            json!({ "type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"a\":1}" }),
        ),
    ]);
    assert_eq!(
        told,
        [
            "start 4 text",
            "4 Hi",
            "start 5 call c f",
            "5 {\"a\":1}",
            "end 5"
        ]
    );
}

#[test]
fn the_last_event_closes_what_is_open_and_has_the_last_word() {
    let (translator, events) = applied(&[delta(0, "Hi"), incomplete("Hi there")]);
    assert!(translator.received().is_some());
    let (told, response) = finished(translator, events);
    assert_eq!(told, ["start 0 text", "0 Hi", "0  there", "end 0"]);
    assert_eq!(response.finish_reason, FinishReason::Length);
    assert_eq!(texts(&response), ["Hi there"]);
}

#[test]
fn items_stand_in_for_an_output_that_the_last_event_lacks() {
    let (translator, events) = applied(&[
        done(1, message("second")),
        done(0, message("first")),
        json!({ "type": "response.completed", "response": { "status": "completed", "output": [] } }),
    ]);
    let (told, response) = finished(translator, events);
    assert_eq!(texts(&response), ["first", "second"]);
    let first = told.iter().rposition(|line| line == "0 first");
    assert!(
        first < told.iter().rposition(|line| line == "1 second"),
        "{told:?}"
    );
}

#[test]
fn calls_of_custom_tools_and_of_the_patch_tool_are_tool_calls() {
    let custom =
        json!({ "type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": "a \"b\"" });
    let operation = json!({ "type": "delete_file", "path": "a.txt" });
    let patch = json!({ "type": "apply_patch_call", "call_id": "c2", "operation": operation });
    let added = |slot, item: &Value| json!({ "type": "response.output_item.added", "output_index": slot, "item": item });
    let told = told(&[
        added(0, &custom),
        json!({ "type": "response.custom_tool_call_input.delta", "output_index": 0, "delta": "a" }),
        done(0, custom),
        done(1, patch),
    ]);
    assert_eq!(
        told,
        [
            "start 0 call c1 sql",
            r#"0 {"input":"a \"b\""}"#,
            "end 0",
            "start 1 call c2 apply_patch",
            r#"1 {"path":"a.txt","type":"delete_file"}"#,
            "end 1",
        ]
    );
}

#[test]
fn indices_are_unique_when_a_message_has_several_parts() {
    let delta = |slot, delta| json!({ "type": "response.output_text.delta", "output_index": slot, "delta": delta });
    let part = json!({ "type": "response.content_part.added", "output_index": 0, "part": { "type": "output_text" } });
    let told = told(&[
        part.clone(),
        delta(0, "a"),
        part,
        delta(0, "b"),
        delta(1, "c"),
    ]);
    assert_eq!(
        told,
        [
            "start 0 text",
            "0 a",
            "end 0",
            "start 1 text",
            "1 b",
            "start 2 text",
            "2 c"
        ]
    );
}

#[test]
fn what_only_the_finished_item_tells_is_delivered_once() {
    let done = |slot, item| json!({ "type": "response.output_item.done", "output_index": slot, "item": item });
    let call = json!({ "type": "function_call", "call_id": "a", "name": "f", "arguments": "{}" });
    let message = json!({ "type": "message", "content": [{ "type": "output_text", "text": "Hi" }, { "refusal": "No" }] });
    let late = json!({ "type": "response.output_text.done", "output_index": 1, "text": "Hi" });
    let reasoning =
        json!({ "type": "reasoning", "summary": [{ "text": "One." }, { "text": "Two." }] });
    let told = told(&[
        done(0, call),
        done(1, message.clone()),
        late,
        done(1, message),
        done(3, reasoning),
    ]);
    assert_eq!(
        told,
        [
            "start 0 call a f",
            "0 {}",
            "end 0",
            "start 1 text",
            "1 Hi",
            "end 1",
            "start 2 refusal",
            "2 No",
            "end 2",
            "start 3 thinking",
            "3 One.\nTwo.",
            "end 3"
        ]
    );
}

#[test]
fn reasoning_content_is_one_block() {
    let part = |kind: &str, content| {
        json!({
            "type": format!("response.content_part.{kind}"),
            "output_index": 0,
            "content_index": content,
            "part": { "type": "reasoning_text" },
        })
    };
    let delta =
        |text| json!({ "type": "response.reasoning_text.delta", "output_index": 0, "delta": text });
    let told = told(&[
        json!({ "type": "response.output_item.added", "output_index": 0, "item": { "type": "reasoning" } }),
        part("added", 0),
        delta("One."),
        part("done", 0),
        part("added", 1),
        delta("Two."),
        part("done", 1),
    ]);
    assert_eq!(told, ["start 0 thinking", "0 One.", "0 \n", "0 Two."]);
}

#[test]
fn errors_are_found_in_every_shape_and_noise_is_passed_over() {
    for (data, code) in [
        (
            r#"{"error":{"code":"rate_limit_exceeded","message":"m"}}"#,
            Some("rate_limit_exceeded"),
        ),
        (r#"{"type":"error","error":"just text"}"#, None),
        (
            r#"{"type":"error","error":null,"code":"slow_down","message":"m"}"#,
            Some("slow_down"),
        ),
    ] {
        let error = apply(data).unwrap_err();
        assert_eq!(error.code.as_deref(), code, "{data}");
        assert!(
            error.message.contains("the service says"),
            "{}",
            error.message
        );
    }
    for data in [
        "",
        " ",
        "ping",
        "[DONE]",
        "{}",
        r#"{"type":null}"#,
        r#"{"error":null}"#,
        r#"{"type":"new","delta":{}}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"delta":null}"#,
        r#"{"type":"response.created","response":{"error":null},"error":null}"#,
        "{",
        r#"{"type":"response.output_text.delta","delta":"x"#,
    ] {
        assert_eq!(apply(data), Ok(Vec::new()), "{data}");
    }
}

#[test]
fn an_empty_response_is_made_of_what_came_before_it() {
    let last = json!({ "type": "response.completed", "response": {} });
    let (translator, events) = applied(&[delta(0, "Hi"), done(0, message("Hi")), last.clone()]);
    let (_, response) = finished(translator, events);
    assert_eq!(texts(&response), ["Hi"]);
    // Without anything it is none, and would be none again.
    let (mut translator, mut events) = applied(&[last]);
    let error = translator.finish(&mut events).unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Stream, false));
}

fn apply(data: &str) -> Result<Vec<StreamEvent>, ProviderError> {
    let mut events = Vec::new();
    Translator::default()
        .apply(self::data(data), &mut events)
        .map(|()| events)
}

fn data(data: &str) -> sse::Event<'_> {
    sse::Event {
        data: data.as_bytes(),
        is_error: false,
    }
}

fn apply_to(translator: &mut Translator, event: &Value, events: &mut Vec<StreamEvent>) {
    translator.apply(data(&event.to_string()), events).unwrap();
}

fn applied(events: &[Value]) -> (Translator, Vec<StreamEvent>) {
    let mut translator = Translator::default();
    let mut told = Vec::new();
    for event in events {
        apply_to(&mut translator, event, &mut told);
    }
    (translator, told)
}

/// What the caller is told up to the response, and the response.
fn finished(
    mut translator: Translator,
    mut events: Vec<StreamEvent>,
) -> (Vec<String>, ChatResponse) {
    translator.finish(&mut events).unwrap();
    let Some(StreamEvent::Completed(response)) = events.pop() else {
        panic!("completed, found {events:?}");
    };
    (lines(events), response)
}

fn delta(slot: u32, delta: &str) -> Value {
    json!({ "type": "response.output_text.delta", "output_index": slot, "delta": delta })
}

fn done(slot: u32, item: Value) -> Value {
    json!({ "type": "response.output_item.done", "output_index": slot, "item": item })
}

fn message(text: &str) -> Value {
    json!({ "type": "message", "content": [{ "type": "output_text", "text": text }] })
}

fn incomplete(text: &str) -> Value {
    json!({
        "type": "response.incomplete",
        "response": {
            "status": "incomplete",
            "incomplete_details": { "reason": "max_output_tokens" },
            "output": [message(text)],
        },
    })
}

fn texts(response: &ChatResponse) -> Vec<&str> {
    let texts = response.content.iter().map(|block| &block.content);
    texts
        .filter_map(|content| match content {
            BlockContent::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// What the caller is told of these events, a line each.
fn told(events: &[Value]) -> Vec<String> {
    let (mut translator, mut told) = applied(events);
    // The end of a text is told with what comes next.
    let ended = translator.last_text.take();
    translator.end(ended, &mut told);
    lines(told)
}

fn lines(events: Vec<StreamEvent>) -> Vec<String> {
    events
        .into_iter()
        .map(|event| match &event {
            StreamEvent::BlockStart(BlockStart { index, block }) => match block {
                BlockKind::Refusal => format!("start {index} refusal"),
                BlockKind::Text => format!("start {index} text"),
                BlockKind::Thinking => format!("start {index} thinking"),
                BlockKind::ToolCall(header) => {
                    format!("start {index} call {} {}", header.id, header.name)
                }
            },
            StreamEvent::BlockDelta(BlockDelta { index, text }) => format!("{index} {text}"),
            StreamEvent::BlockEnd(index) => format!("end {index}"),
            StreamEvent::Restarted(error) => {
                assert_eq!(error.kind, ErrorKind::Stream);
                "restarted".to_owned()
            }
            StreamEvent::Completed(_) => panic!("{event:?}"),
        })
        .collect()
}
