//! Items that the service refuses, and what is said of them.

use serde_json::{Value, json};

use super::refused::check_refusals;
use crate::check_request;

#[tokio::test]
async fn items_are_checked() {
    let item = |item: Value| json!({"model": "gpt-4.1", "input": [item]});
    let part = |role: &str, part: Value| item(json!({"role": role, "content": [part]}));
    let text = |kind: &str| json!({"type": kind, "text": "x"});
    let call = |arguments: &str| json!({"type": "function_call", "call_id": "1", "name": "f", "arguments": arguments});
    check_refusals(vec![
        (item(json!({})), Some("input[0].type"), "Missing"),
        (
            item(json!({"type": "telepathy"})),
            Some("input[0]"),
            "Invalid value: 'telepathy'",
        ),
        (
            item(json!({"type": "message", "content": "x"})),
            Some("input[0].role"),
            "Missing",
        ),
        (
            item(json!({"role": "tool", "content": "x"})),
            Some("input[0].role"),
            "Invalid value: 'tool'",
        ),
        (
            item(json!({"role": "user"})),
            Some("input[0].content"),
            "Missing",
        ),
        (
            item(json!({"role": "user", "content": "x", "name": "y"})),
            Some("input[0].name"),
            "Unknown",
        ),
        (
            part("assistant", text("input_text")),
            Some("input[0].content[0]"),
            "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
        ),
        (
            part("user", text("output_text")),
            Some("input[0].content[0]"),
            "Invalid value: 'output_text'",
        ),
        (
            part("developer", text("text")),
            Some("input[0].content[0]"),
            "Invalid value: 'text'",
        ),
        (
            part("user", json!({"type": "input_text"})),
            Some("input[0].content[0].text"),
            "Missing",
        ),
        (
            part(
                "user",
                json!({"type": "input_image", "image_url": "cat.png"}),
            ),
            Some("input[0].content[0].image_url"),
            "Expected a valid URL",
        ),
        (
            item(call("{")),
            Some("input[0].arguments"),
            "not valid JSON",
        ),
        (
            item(call("{}")),
            Some("input"),
            "No tool output found for function call 1.",
        ),
        (
            item(json!({"type": "function_call_output", "call_id": "9", "output": "x"})),
            Some("input"),
            "No tool call found for function call output with call_id 9.",
        ),
        (
            item(json!({"type": "function_call", "call_id": "1", "name": "f"})),
            Some("input[0].arguments"),
            "Missing",
        ),
        (
            item(json!({"type": "reasoning", "summary": [], "status": "completed"})),
            Some("input[0].status"),
            "Unknown parameter: 'input[0].status'.",
        ),
        (
            item(json!({"type": "reasoning", "id": "rs_1"})),
            Some("input[0].summary"),
            "Missing",
        ),
        (
            item(json!({"role": "user", "content": "x", "id": "call_1"})),
            Some("input[0].id"),
            "begins with 'msg'",
        ),
        (
            item(json!({"type": "function_call", "call_id": "1", "name": "two words", "arguments": "{}"})),
            Some("input[0].name"),
            "does not match pattern",
        ),
        (
            item(json!({"type": "apply_patch_call", "call_id": "1", "status": "completed",
                "operation": {"type": "rename_file", "path": "a"}})),
            Some("input[0].operation"),
            "Invalid value: 'rename_file'",
        ),
        (
            item(json!({"type": "apply_patch_call", "call_id": "1", "status": "completed",
                "operation": {"type": "create_file", "path": "a"}})),
            Some("input[0].operation.diff"),
            "Missing",
        ),
    ])
    .await;
}

#[tokio::test]
async fn ids_of_calls_have_a_length() {
    for (call, more) in [
        ("function_call", json!({"name": "f", "arguments": "{}"})),
        ("custom_tool_call", json!({"name": "f", "input": ""})),
        (
            "apply_patch_call",
            json!({"status": "completed", "operation": {"type": "delete_file", "path": "a"}}),
        ),
    ] {
        let items = |id: &str| {
            let mut item = more.clone();
            item["type"] = json!(call);
            item["call_id"] = json!(id);
            let output = match call {
                "apply_patch_call" => {
                    json!({"type": "apply_patch_call_output", "status": "completed"})
                }
                _ => json!({"type": format!("{call}_output"), "output": "x"}),
            };
            let mut output = output;
            output["call_id"] = json!(id);
            [item, output]
        };
        let body = |items: &[Value]| json!({"model": "gpt-4.1", "input": items});
        let long = "x".repeat(65);
        let call_id = Some("input[0].call_id");
        check_refusals(vec![
            (body(&items("")), call_id, "minimum length 1"),
            (body(&items("")[1..]), call_id, "minimum length 1"),
            (body(&items(&long)), call_id, "maximum length 64"),
            (body(&items(&long)[1..]), call_id, "maximum length 64"),
        ])
        .await;
        assert_eq!(check_request(&body(&items(&long[1..]))), Ok(()), "{call}");
    }
}
