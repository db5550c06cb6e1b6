//! Items that are no blocks, and what calls have beside theirs: they come back from the metadata and from the blocks.

use super::*;
use crate::core::response;

/// The message that an agent makes of a response: its blocks and its metadata, as far as it keeps them.
fn answered(output: Value, keeps_blocks: bool, keeps_metadata: bool) -> Message {
    let response = json!({ "status": "completed", "output": output });
    let response = serde_json::from_value(response).unwrap();
    let response = response::translate(response).unwrap();
    let stored: Vec<Value> = response
        .tool_calls
        .iter()
        .map(|call| {
            let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
            json!({ "id": call.id, "tool": call.name, "arguments": arguments })
        })
        .collect();
    let mut text = String::new();
    for block in &response.content {
        if let BlockContent::Text(more) = &block.content {
            text += more;
        }
    }
    let content = match keeps_blocks {
        true => MessageContent::Blocks(response.content),
        false => MessageContent::Text(text),
    };
    Message {
        metadata: response.metadata.filter(|_| keeps_metadata),
        extensions: Some(json!({ "tool_calls": stored }).to_string()),
        ..message(Role::Assistant, content)
    }
}

fn sent(messages: Vec<Message>) -> Vec<Value> {
    let request = ChatRequest {
        model: Some("gpt-5.4".into()),
        ..request(messages)
    };
    let translated = translated(&request).unwrap();
    input_items(&translated)
}

fn said(text: &str) -> Value {
    json!({ "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": text }] })
}

#[test]
fn items_take_their_places_again_among_the_blocks() {
    let search = json!({ "type": "tool_search_call", "id": "ts_1", "execution": "server", "status": "completed",
        "arguments": { "paths": ["crm"] } });
    let found = json!({ "type": "tool_search_output", "id": "tso_1", "execution": "server", "status": "completed",
        "tools": [{ "type": "namespace", "name": "crm", "tools": [] }] });
    let reasoning = |state: &str| json!({ "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": state });
    let spoken = |text: &str| json!({ "type": "message", "content": [{ "type": "output_text", "text": text }] });
    let call = json!({ "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "list", "arguments": "{}",
        "namespace": "crm", "status": "completed", "async": true, "new_member": [1] });
    let web = json!({ "type": "web_search_call", "id": "ws_1", "status": "completed", "action": { "type": "search" } });
    let output = json!([
        reasoning("one"),
        search,
        found,
        reasoning("two"),
        spoken("Let me see."),
        web,
        call
    ]);

    let without = |item: &Value, keys: &[&str]| {
        let mut item = item.clone();
        item.as_object_mut()
            .unwrap()
            .retain(|key, _| !keys.contains(&key.as_str()));
        item
    };
    let thought =
        |state: &str| json!({ "type": "reasoning", "summary": [], "encrypted_content": state });
    let search = without(&search, &["id", "status"]);
    let found = without(&found, &["id", "status"]);
    let call = without(&call, &["id", "status"]);
    let answer = json!({ "type": "function_call_output", "call_id": "c1", "output": "none" });

    let history = |message| sent(vec![user("Hi"), message, result("c1", "none")]);
    assert_eq!(
        history(answered(output.clone(), true, true))[1..],
        [
            thought("one"),
            search.clone(),
            found.clone(),
            thought("two"),
            said("Let me see."),
            web.clone(),
            call.clone(),
            answer.clone()
        ]
    );
    // What some stores keep: the text, and the calls by id, name and arguments.
    assert_eq!(
        history(answered(output.clone(), false, true))[1..],
        [
            search,
            found,
            said("Let me see."),
            web,
            call.clone(),
            answer.clone()
        ]
    );
    assert_eq!(
        history(answered(output.clone(), true, false))[1..],
        [
            thought("one"),
            thought("two"),
            said("Let me see."),
            call,
            answer.clone()
        ]
    );
    let plain =
        json!({ "type": "function_call", "call_id": "c1", "name": "list", "arguments": "{}" });
    assert_eq!(
        history(answered(output, false, false))[1..],
        [said("Let me see."), plain, answer]
    );
}

#[test]
fn agents_may_leave_blocks_out_and_put_others_between() {
    let output = json!([
        { "type": "reasoning", "summary": [], "encrypted_content": "one" },
        { "type": "web_search_call", "id": "ws_1" },
        { "type": "message", "content": [{ "type": "output_text", "text": "One." }] },
        { "type": "web_search_call", "id": "ws_2" },
        { "type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}" },
        { "type": "web_search_call", "id": "ws_3" },
    ]);
    let history = |change: fn(&mut Vec<ContentBlock>)| {
        let mut message = answered(output.clone(), true, true);
        message.extensions = None;
        let MessageContent::Blocks(blocks) = &mut message.content else {
            panic!("blocks");
        };
        change(blocks);
        let input = sent(vec![user("Hi"), message, result("c1", "1")]);
        let kinds: Vec<String> = input[1..]
            .iter()
            .map(|item| {
                let name = item["id"]
                    .as_str()
                    .or(item["role"].as_str())
                    .or(item["type"].as_str());
                name.unwrap().to_owned()
            })
            .collect();
        kinds.join(" ")
    };
    assert_eq!(
        history(|_| {}),
        "reasoning ws_1 assistant ws_2 function_call ws_3 function_call_output"
    );
    assert_eq!(
        history(|blocks| drop(blocks.remove(0))),
        "ws_1 assistant ws_2 function_call ws_3 function_call_output"
    );
    assert_eq!(
        history(|blocks| drop(blocks.remove(1))),
        "reasoning ws_1 ws_2 function_call ws_3 function_call_output"
    );
    assert_eq!(
        history(|blocks| blocks.push(blocks[1].clone())),
        "reasoning ws_1 assistant ws_2 function_call assistant ws_3 function_call_output"
    );
    assert_eq!(history(Vec::clear), "ws_1 ws_2 ws_3");
}

#[test]
fn what_comes_before_the_latest_compaction_is_left_out() {
    let compacted = |state: &str| {
        let output = json!([
            { "type": "compaction", "id": "cmp_1", "encrypted_content": state },
            { "type": "message", "content": [{ "type": "output_text", "text": "Go on." }] },
        ]);
        answered(output, true, true)
    };
    let system = message(Role::System, MessageContent::Text("Be brief.".into()));
    let request = request(vec![
        system,
        user("One"),
        compacted("first"),
        user("Two"),
        blocks(Role::Assistant, vec![call("a", "{}")]),
        result("a", "1"),
        compacted("second"),
        user("Three"),
    ]);
    let body = translated(&request).unwrap().body.to_value();
    assert_eq!(body["instructions"], "Be brief.");
    let input = body["input"].as_array().unwrap();
    assert_eq!(input.len(), 3, "{input:?}");
    assert_eq!(
        input[0],
        json!({ "type": "compaction", "encrypted_content": "second" })
    );
    assert_eq!(input[1], said("Go on."));
    assert_eq!(input[2]["role"], "user");
}

/// Calls of the service's own tools, what the agent answers, and the result in the service's form.
#[test]
fn results_have_the_form_of_their_calls() {
    let shell = json!({ "type": "shell_call", "call_id": "c", "action": { "commands": ["ls"], "max_output_length": 100 } });
    let local = json!({ "type": "local_shell_call", "id": "lsh_1", "call_id": "c", "status": "completed",
        "action": { "type": "exec", "command": ["ls"], "env": {} } });
    let search = json!({ "type": "tool_search_call", "call_id": "c", "execution": "client", "arguments": { "goal": "x" } });
    let approval = json!({ "type": "mcp_approval_request", "id": "c", "server_label": "s", "name": "delete", "arguments": "{}" });
    let computer = json!({ "type": "computer_call", "id": "cu_1", "call_id": "c", "status": "completed",
        "action": { "type": "screenshot" }, "pending_safety_checks": [{ "id": "sc_1" }] });
    let custom = json!({ "type": "custom_tool_call", "call_id": "c", "name": "t", "input": "x",
        "caller": { "type": "program", "caller_id": "p" } });
    let printed = |stdout: &str, stderr: &str, code: i64| {
        json!([{ "stdout": stdout, "stderr": stderr,
        "outcome": { "type": "exit", "exit_code": code } }])
    };
    for (call, answer, expected) in [
        (
            &shell,
            "a\n",
            json!({ "type": "shell_call_output", "max_output_length": 100, "output": printed("a\n", "", 0) }),
        ),
        (
            &shell,
            r#"{"stdout":"a","stderr":"b","returncode":2}"#,
            json!({ "type": "shell_call_output", "max_output_length": 100, "output": printed("a", "b", 2) }),
        ),
        (
            &shell,
            r#"{"output":[{"stdout":"a","stderr":"","outcome":{"type":"timeout"}}]}"#,
            json!({ "type": "shell_call_output", "max_output_length": 100,
                "output": [{ "stdout": "a", "stderr": "", "outcome": { "type": "timeout" } }] }),
        ),
        (
            &local,
            "a\n",
            json!({ "type": "local_shell_call_output", "output": "a\n" }),
        ),
        (
            &search,
            r#"[{"type":"function","name":"f"},{"name":"g","parameters":{}},5]"#,
            json!({ "type": "tool_search_output", "execution": "client", "status": "completed",
                "tools": [{ "type": "function", "name": "f" }, { "type": "function", "name": "g", "parameters": {} }] }),
        ),
        (
            &search,
            "nothing",
            json!({ "type": "tool_search_output", "execution": "client", "status": "completed", "tools": [] }),
        ),
        (
            &approval,
            "true",
            json!({ "type": "mcp_approval_response", "approval_request_id": "c", "approve": true }),
        ),
        (
            &approval,
            r#"{"approve":true,"reason":"fine"}"#,
            json!({ "type": "mcp_approval_response", "approval_request_id": "c", "approve": true, "reason": "fine" }),
        ),
        (
            &approval,
            r#"{"approve":"yes"}"#,
            json!({ "type": "mcp_approval_response", "approval_request_id": "c", "approve": false }),
        ),
        (
            &approval,
            "no such tool",
            json!({ "type": "mcp_approval_response", "approval_request_id": "c", "approve": false, "reason": "no such tool" }),
        ),
        (
            &computer,
            r#"{"image_url":"data:image/png;base64,QUJD","acknowledged_safety_checks":[{"id":"sc_1"}]}"#,
            json!({ "type": "computer_call_output", "acknowledged_safety_checks": [{ "id": "sc_1" }],
                "output": { "type": "computer_screenshot", "image_url": "data:image/png;base64,QUJD" } }),
        ),
        (
            &custom,
            "y",
            json!({ "type": "custom_tool_call_output", "output": "y",
            "caller": { "type": "program", "caller_id": "p" } }),
        ),
    ] {
        for (keeps_blocks, keeps_metadata) in [(true, true), (true, false), (false, true)] {
            let message = answered(json!([call]), keeps_blocks, keeps_metadata);
            let input = sent(vec![user("Hi"), message, result("c", answer)]);
            let mut found = call.clone();
            // A declaration or the block says what it is; the metadata does not where it is usual.
            let is_known =
                keeps_blocks || call["type"] != "custom_tool_call" || call.get("caller").is_some();
            assert!(is_known);
            assert_eq!(input[1], found, "{keeps_blocks} {keeps_metadata}");
            let mut expected = expected.clone();
            if found["call_id"].take() != Value::Null {
                expected["call_id"] = json!("c");
            }
            assert_eq!(input[2], expected, "{keeps_blocks} {keeps_metadata}");
        }
    }
}

#[test]
fn a_screen_without_a_picture_is_a_function_with_a_text() {
    let call = json!({ "type": "computer_call", "id": "cu_1", "call_id": "c", "status": "completed",
        "action": { "type": "screenshot" }, "pending_safety_checks": [] });
    let history = |answer: Option<&str>| {
        let mut messages = vec![user("Hi"), answered(json!([call]), true, true)];
        messages.extend(answer.map(|text| result("c", text)));
        sent(messages)
    };
    for answer in [Some("The screen is off."), None] {
        let input = history(answer);
        assert_eq!(
            input[1],
            json!({ "type": "function_call", "call_id": "c", "name": "computer", "arguments": r#"{"action":{"type":"screenshot"}}"# })
        );
        assert_eq!(input[2]["type"], "function_call_output");
    }
    let picture = BlockContent::Image(png("QUJD"));
    let screen = Message {
        tool_call_id: Some("c".into()),
        ..blocks(Role::Tool, vec![picture])
    };
    let input = sent(vec![
        user("Hi"),
        answered(json!([call]), true, true),
        screen,
    ]);
    assert_eq!(input[1]["type"], "computer_call");
    assert_eq!(
        input[2]["output"]["image_url"],
        "data:image/png;base64,QUJD"
    );
}

#[test]
fn what_others_have_put_into_the_metadata_does_no_harm() {
    for items in [
        json!(null),
        json!("x"),
        json!({}),
        json!([1, null, "x", [], {}, { "type": 5 }, "text", "text", "text"]),
    ] {
        let message = Message {
            metadata: Some(json!({ "openai:items": items }).to_string()),
            ..message(Role::Assistant, MessageContent::Text("Hello".into()))
        };
        assert_eq!(
            sent(vec![user("Hi"), message])[1..],
            [said("Hello")],
            "{items}"
        );
    }
}
