//! Documents that are no chat requests, read as a library does and on the command line.

use provider_host::kernel_json::chat_request;
use serde_json::{Value, json};

use super::nested;
use crate::command_line::{execute, file};
use crate::support::component;

#[test]
fn a_document_that_is_no_request_is_refused_with_its_place() {
    for (name, document, expected) in documents() {
        let error = chat_request::parse(&document).expect_err(name).to_string();
        assert!(error.starts_with(expected), "{name}: {error}");
    }
}

#[tokio::test]
async fn the_command_line_says_the_same() {
    let component = component();
    for (name, document, expected) in documents() {
        let request = file(".json", &document);
        let arguments = [
            "run",
            "--json",
            "--component",
            component.to_str().unwrap(),
            "--request",
            request.path().to_str().unwrap(),
        ];
        let finished = execute(&[], &arguments, "").await;
        assert_eq!(finished.code, 2, "{name}: {finished:?}");
        let error: Value = serde_json::from_str(finished.stderr.lines().last().unwrap()).unwrap();
        let message = error.to_string();
        assert!(
            message.contains(&json!(expected).to_string()[1..20]),
            "{name}: {message}"
        );
    }
}

/// Names, documents, and how their errors begin.
fn documents() -> Vec<(&'static str, String, &'static str)> {
    let message = |message: Value| json!({ "messages": [message] }).to_string();
    let content = |block: Value| message(json!({ "role": "user", "content": [block] }));
    let not_json = "the document: not valid JSON, line 1";
    vec![
        ("nothing", String::new(), not_json),
        (
            "white space",
            " \n".to_owned(),
            "the document: not valid JSON, line 2",
        ),
        (
            "null",
            "null".to_owned(),
            "the document: expected an object, found null",
        ),
        (
            "an empty object",
            "{}".to_owned(),
            "messages: expected an array of messages",
        ),
        (
            "an unknown role",
            message(json!({ "role": "wizard", "content": "Hi" })),
            "messages[0].role: expected one of system, developer",
        ),
        (
            "an empty role",
            message(json!({ "role": "", "content": "Hi" })),
            "messages[0].role: expected one of",
        ),
        (
            "a message of nothing",
            message(json!({})),
            "messages[0].role: expected",
        ),
        (
            "an unknown block",
            content(json!({ "type": "hologram" })),
            "messages[0].content[0].type: expected one of",
        ),
        (
            "arguments that are no object",
            message(json!({ "role": "assistant", "content": [
                { "type": "tool_call", "id": "a", "name": "f", "input": [1] },
            ] })),
            "messages[0].content[0].input: expected an object",
        ),
        (
            "a schema that is none",
            json!({ "messages": [], "tools": [{ "name": "f", "parameters": true }] }).to_string(),
            "tools[0].parameters: expected an object",
        ),
        (
            "a lone surrogate",
            r#"{"messages":[{"role":"user","content":"\ud83d"}]}"#.to_owned(),
            not_json,
        ),
        (
            "half a surrogate pair",
            r#"{"messages":[{"role":"user","content":"\ud83d\u0041"}]}"#.to_owned(),
            not_json,
        ),
        (
            "a NUL character that is not escaped",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"\u{0}\"}]}".to_owned(),
            not_json,
        ),
        (
            "a number that is infinite",
            r#"{"messages":[],"temperature":1e999}"#.to_owned(),
            not_json,
        ),
        (
            "a number that is none",
            r#"{"messages":[],"temperature":NaN}"#.to_owned(),
            not_json,
        ),
        (
            "1,000 levels",
            format!(r#"{{"messages":[],"metadata":{}}}"#, nested(1_000)),
            "the document: not valid JSON, line 1",
        ),
        (
            "100,000 levels",
            format!(r#"{{"messages":[],"metadata":{}}}"#, nested(100_000)),
            "the document: not valid JSON, line 1",
        ),
    ]
}

#[test]
fn the_limit_on_levels_is_named() {
    let document = |depth| format!(r#"{{"messages":[],"metadata":{}}}"#, nested(depth));
    assert!(chat_request::parse(&document(126)).is_ok());
    let error = chat_request::parse(&document(127)).unwrap_err().to_string();
    assert!(
        error.ends_with(": nested 128 levels deep or deeper"),
        "{error}"
    );
}
