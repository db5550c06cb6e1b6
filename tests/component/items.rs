//! Items of the service that are no blocks of the kernel's, through a conversation: each turn goes through JSON, as an agent's
//! store does, and through what the mock refuses.

use azure_openai_mock::{MockAzure, Scripted};
use provider_host::contract::types::BlockContent;
use provider_host::kernel_json::chat_response;
use serde_json::{Value, json};

use crate::support::{Setup, read, request};

/// An agent that stores what it gets as text.
struct Agent {
    setup: Setup,
    transcript: String,
}

impl Agent {
    async fn new(use_streaming: bool) -> Self {
        let mock = MockAzure::builder().start().await.unwrap();
        let settings = json!({ "use_streaming": use_streaming, "reasoning_effort": "low" });
        Self {
            setup: Setup::with(mock, settings).await,
            transcript: "[]".to_owned(),
        }
    }

    fn add(&mut self, message: Value) {
        let mut messages: Value = serde_json::from_str(&self.transcript).unwrap();
        messages.as_array_mut().unwrap().push(message);
        self.transcript = messages.to_string();
    }

    fn user(&mut self, text: &str) {
        self.add(json!({ "role": "user", "content": text }));
    }

    fn result(&mut self, call: &Value, content: &Value) {
        let content = content
            .as_str()
            .map_or_else(|| content.to_string(), str::to_owned);
        self.add(json!({ "role": "tool", "name": call["name"], "tool_call_id": call["id"], "content": content }));
    }

    /// The model answers with these items. What the agent gets, and stores.
    async fn turn(&mut self, output: Value) -> Value {
        self.setup.mock.push_answer(Scripted::Response(json!({
            "id": "resp_1",
            "model": "gpt-5.1-2025-11-13",
            "status": "completed",
            "output": output,
        })));
        let messages: Value = serde_json::from_str(&self.transcript).unwrap();
        let request = request(json!({
            "model": "gpt-5.1",
            "messages": messages,
            "tools": [
                { "type": "tool_search", "execution": "client", "description": "Finds tools.", "parameters": { "type": "object" } },
                { "type": "mcp", "server_label": "archive", "server_url": "https://mcp.example.com", "require_approval": "always" },
            ],
        }));
        let read = read(self.setup.provider.stream(&request).await.unwrap()).await;
        let response = read.response.unwrap_or_else(|| panic!("{:?}", read.error));
        let response = chat_response::to_value(&response).unwrap();
        let mut message = json!({ "role": "assistant", "content": response["content"], "metadata": response["metadata"] });
        if let Some(calls) = response["tool_calls"].as_array() {
            let stored = calls.iter().map(|call| {
                json!({ "id": call["id"], "tool": call["name"], "arguments": call["arguments"] })
            });
            message["tool_calls"] = stored.collect();
        }
        self.add(message);
        response
    }

    /// What was sent last.
    fn input(&self) -> Vec<Value> {
        self.setup.last_body()["input"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn tool_search_namespaces_approvals_and_compaction_go_through_a_conversation() {
    for use_streaming in [true, false] {
        let mut agent = Agent::new(use_streaming).await;
        agent.user("What do I owe?");

        // The agent searches for tools.
        let searched = agent
            .turn(json!([
                { "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAone" },
                { "type": "tool_search_call", "id": "ts_1", "call_id": "call_1", "execution": "client", "status": "completed",
                    "arguments": { "goal": "invoices" } },
            ]))
            .await;
        let call = &searched["tool_calls"][0];
        assert_eq!(
            (&call["name"], &call["arguments"]),
            (&json!("tool_search"), &json!({ "goal": "invoices" }))
        );
        assert_eq!(searched["finish_reason"], "tool_calls");
        let crm = json!({ "type": "namespace", "name": "crm", "description": "Customers.", "tools": [
            { "type": "function", "name": "list_invoices", "parameters": { "type": "object" }, "defer_loading": true },
        ] });
        agent.result(call, &json!([crm]));

        // It calls a function of the namespace that it has found.
        let called = agent
            .turn(json!([{ "type": "function_call", "id": "fc_1", "call_id": "call_2", "name": "list_invoices",
                "namespace": "crm", "arguments": "", "status": "completed" }]))
            .await;
        assert_eq!(called["tool_calls"][0]["arguments"], json!({}));
        agent.result(&called["tool_calls"][0], &json!("Two."));
        agent
            .turn(json!([message("You owe two.", "final_answer")]))
            .await;
        agent.user("Delete the first in the archive.");

        // The service wants to know whether it may.
        let asked = agent
            .turn(json!([
                { "type": "mcp_list_tools", "id": "mcpl_1", "server_label": "archive", "error": null,
                    "tools": [{ "name": "docs.delete", "input_schema": {}, "annotations": null, "description": null }] },
                { "type": "mcp_approval_request", "id": "mcpr_1", "server_label": "archive", "name": "docs.delete",
                    "arguments": r#"{"number":1}"# },
            ]))
            .await;
        let call = &asked["tool_calls"][0];
        assert_eq!(
            (&call["id"], &call["name"]),
            (&json!("mcpr_1"), &json!("mcp_approval_request"))
        );
        assert_eq!(
            call["arguments"],
            json!({ "server_label": "archive", "name": "docs.delete", "arguments": { "number": 1 } })
        );
        agent.result(call, &json!({ "approve": true }));
        agent
            .turn(json!([
                { "type": "mcp_call", "id": "mcp_1", "approval_request_id": "mcpr_1", "server_label": "archive",
                    "name": "docs.delete", "arguments": r#"{"number":1}"#, "output": "done", "error": null, "status": "completed" },
                message("Deleted.", "final_answer"),
            ]))
            .await;
        agent.user("What is left?");

        // The service compacts, at last.
        agent
            .turn(json!([
                { "type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAtwo" },
                message("One.", "final_answer"),
            ]))
            .await;
        let kinds: Vec<String> = agent.input().iter().map(kind).collect();
        assert_eq!(
            kinds,
            [
                "user",
                "reasoning",
                "tool_search_call",
                "tool_search_output",
                "function_call",
                "function_call_output",
                "assistant",
                "user",
                "mcp_list_tools",
                "mcp_approval_request",
                "mcp_approval_response",
                "mcp_call",
                "assistant",
                "user",
            ]
        );
        let input = agent.input();
        assert_eq!(
            input[2],
            json!({ "type": "tool_search_call", "call_id": "call_1", "execution": "client", "arguments": { "goal": "invoices" } })
        );
        assert_eq!(input[3]["tools"], json!([crm]));
        assert_eq!(
            (&input[4]["namespace"], &input[4]["arguments"]),
            (&json!("crm"), &json!("{}"))
        );
        assert_eq!(input[6]["phase"], "final_answer");
        assert_eq!(
            input[10],
            json!({ "type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": true })
        );

        agent.user("Thanks.");
        agent
            .turn(json!([message("Welcome.", "final_answer")]))
            .await;
        let kinds: Vec<String> = agent.input().iter().map(kind).collect();
        assert_eq!(kinds, ["compaction", "assistant", "user"]);
        assert_eq!(
            agent.setup.events.of("provider:parameter_dropped"),
            [Value::Null; 0]
        );
        assert_eq!(
            agent.setup.events.of("provider:tool_sequence_repaired"),
            [Value::Null; 0]
        );
    }
}

/// The mock is no use if it takes what the service refuses.
#[tokio::test]
async fn the_mock_refuses_a_conversation_that_has_lost_what_came_with_it() {
    let mut agent = Agent::new(true).await;
    agent.user("What do I owe?");
    let search = json!({ "type": "tool_search_call", "id": "ts_1", "execution": "server", "status": "completed", "arguments": {} });
    let found = json!({ "type": "tool_search_output", "id": "tso_1", "execution": "server", "status": "completed",
        "tools": [{ "type": "namespace", "name": "crm", "description": "", "tools": [{ "type": "function", "name": "list" }] }] });
    let call = json!({ "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "list", "namespace": "crm",
        "arguments": "{}", "status": "completed" });
    let called = agent.turn(json!([search, found, call])).await;
    agent.result(&called["tool_calls"][0], &json!("Two."));
    agent.turn(json!([message("Two.", "final_answer")])).await;

    let mut body = agent.setup.last_body();
    body["input"][3]
        .as_object_mut()
        .unwrap()
        .remove("namespace");
    let refusal = azure_openai_mock::check_request(&body).unwrap_err();
    assert!(
        refusal.starts_with("Missing namespace for function_call 'list'."),
        "{refusal}"
    );
}

/// A generated image is a block, and the model sees it again as the user's.
#[tokio::test]
async fn an_image_that_the_service_generated_is_a_block() {
    let mut agent = Agent::new(true).await;
    agent.user("Draw a cat.");
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let drawn = agent
        .turn(json!([
            { "type": "image_generation_call", "id": "ig_1", "status": "completed", "result": png, "output_format": "png",
                "action": "generate", "revised_prompt": "A cat" },
            message("There.", "final_answer"),
        ]))
        .await;
    assert_eq!(
        drawn["content"][0],
        json!({ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": png } })
    );
    agent.user("Nice.");
    agent
        .turn(json!([message("Thanks.", "final_answer")]))
        .await;
    let kinds: Vec<String> = agent.input().iter().map(kind).collect();
    assert_eq!(kinds, ["user", "user", "assistant", "user"]);
    let dropped = agent.setup.events.of("provider:parameter_dropped");
    assert_eq!(dropped[0]["parameter"], "messages[1].content[0]");
}

/// Agents count metadata as context, and send it again and again.
#[tokio::test]
async fn metadata_is_small() {
    let setup = Setup::new().await;
    let text = "A long answer. ".repeat(400);
    setup.mock.push_answer(Scripted::Response(json!({
        "id": format!("resp_{}", "0".repeat(50)),
        "object": "response",
        "created_at": 1_763_000_000,
        "status": "completed",
        "background": false,
        "billing": { "payer": "developer" },
        "content_filters": [content_filter("prompt"), content_filter("completion")],
        "model": "gpt-5.1-2025-11-13",
        "output": [{ "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{ "type": "output_text", "text": text, "annotations": [], "logprobs": [] }] }],
        "service_tier": "default",
        "usage": { "input_tokens": 10, "output_tokens": 1200, "total_tokens": 1210 },
    })));
    let request = request(json!({ "messages": [{ "role": "user", "content": "Hi" }] }));
    let response = setup.provider.complete(&request).await.unwrap();
    let BlockContent::Text(found) = &response.content[0].content else {
        panic!("{:?}", response.content);
    };
    assert_eq!(found, &text);
    let metadata: Value = serde_json::from_str(&response.metadata.unwrap()).unwrap();
    let keys: Vec<&String> = metadata.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "azure:region",
            "host:build",
            "openai:model",
            "openai:request_id",
            "openai:response_id",
            "openai:status"
        ]
    );
    let length = metadata.to_string().len();
    assert!(length < 400, "{length}: {metadata}");
}

fn content_filter(source: &str) -> Value {
    let safe = json!({ "filtered": false, "severity": "safe" });
    let undetected = json!({ "detected": false, "filtered": false });
    json!({
        "blocked": false,
        "source_type": source,
        "content_filter_raw": [],
        "content_filter_results": { "hate": safe, "self_harm": safe, "sexual": safe, "violence": safe, "jailbreak": undetected,
            "protected_material_code": undetected, "protected_material_text": undetected },
        "content_filter_offsets": { "start_offset": 0, "end_offset": 6000, "check_offset": 0 },
    })
}

fn message(text: &str, phase: &str) -> Value {
    json!({ "type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "phase": phase,
        "content": [{ "type": "output_text", "text": text, "annotations": [], "logprobs": [] }] })
}

fn kind(item: &Value) -> String {
    let kind = item["role"].as_str().or(item["type"].as_str());
    kind.unwrap().to_owned()
}
