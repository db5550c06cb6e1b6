//! What is told with `debug` and `raw_debug`.

use super::*;
use crate::contract::types::ToolSpec;

#[test]
fn each_setting_adds_its_events_in_their_places() {
    for (settings, names) in [
        (json!({}), &["llm:request", "llm:response"][..]),
        (
            json!({ "raw_debug": true }),
            &["llm:request", "llm:response"],
        ),
        (
            json!({ "debug": true }),
            &[
                "provider:deployment_resolved",
                "llm:request",
                "llm:request:debug",
                "llm:response",
                "llm:response:debug",
            ],
        ),
        (
            json!({ "debug": true, "raw_debug": true }),
            &[
                "provider:deployment_resolved",
                "llm:request",
                "llm:request:debug",
                "llm:request:raw",
                "llm:response:raw",
                "llm:response",
                "llm:response:debug",
            ],
        ),
    ] {
        let edge = asked(&settings);
        let told = edge.events();
        let of_blocks = |name: &&String| !name.starts_with("llm:stream_");
        let told: Vec<&String> = told.iter().filter(of_blocks).collect();
        assert_eq!(told, names, "{settings}");
    }
}

#[test]
fn counts_and_bodies_are_told_without_secrets() {
    let edge = asked(&json!({ "debug": true, "raw_debug": true }));
    let payload = |name: &str| {
        let events = edge.0.events.borrow();
        let found = events.iter().find(|(candidate, _)| candidate == name);
        found.unwrap().1.clone()
    };
    assert_eq!(
        payload("llm:request:debug"),
        json!({
            "provider": "azure-openai",
            "request_id": CALL,
            "model": "gpt-4.1",
            "message_count": 1,
            "item_count": 1,
            "tool_count": 0,
            "stream": true,
        })
    );
    assert_eq!(
        payload("llm:response:debug"),
        json!({
            "provider": "azure-openai",
            "request_id": CALL,
            "model": "gpt-4.1",
            "block_count": 1,
            "tool_call_count": 0,
            "finish_reason": "stop",
            "usage": { "input_tokens": 0, "output_tokens": 0, "cost_usd": null },
            "service_request_id": "id-for-support",
        })
    );
    let params = &payload("llm:request:raw")["params"];
    assert_eq!(*params, edge.0.sent_bodies.borrow()[0]);
    let response = &payload("llm:response:raw")["response"];
    assert_eq!(
        response["output"][0]["content"][0]["text"],
        "your key is [REDACTED]"
    );
}

#[test]
fn a_body_is_told_after_what_it_says_and_as_it_came() {
    let edge = FakeEdge::default();
    let text = json!({ "type": "message", "content": [{ "type": "output_text", "text": "Hi" }] });
    let response = json!({ "status": "completed", "output": [text], "tools": [{ "type": "new" }] });
    let events = [
        json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "Hi" }),
        json!({ "type": "response.completed", "response": response }),
    ];
    edge.answer(200, "text/event-stream");
    for event in events {
        edge.chunk(Duration::ZERO, &format!("data: {event}\n\n"));
    }
    // Half of a surrogate pair, in what nobody reads.
    edge.answer(200, "application/json");
    let odd = r#"{"status":"completed","output":[],"instructions":"\ud83e"}"#;
    edge.chunk(Duration::ZERO, odd);
    let config = json!({
        "azure_endpoint": "https://r.openai.azure.com",
        "api_key": "secret-key",
        "debug": true,
        "raw_debug": true,
    });
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    engine.complete(&request(vec![user("Hi")])).unwrap();
    let told = edge.events();
    let end = told.iter().position(|name| name == "llm:response:raw");
    assert_eq!(
        told[end.unwrap() - 1..][..3],
        [
            "llm:stream_block_delta",
            "llm:response:raw",
            "llm:stream_block_end"
        ]
    );
    engine.complete(&request(vec![user("Hi")])).unwrap();
    let events = edge.0.events.borrow();
    let raw = events.iter().filter(|(name, _)| name == "llm:response:raw");
    let bodies: Vec<&Value> = raw.map(|(_, payload)| &payload["response"]).collect();
    assert_eq!(bodies, [&response, &json!(odd)]);
}

/// An outside that answered one request.
fn asked(settings: &Value) -> FakeEdge {
    let edge = FakeEdge::default();
    edge.answer(200, "application/json");
    let text = json!({ "type": "output_text", "text": "your key is secret-key" });
    let output = json!([{ "type": "message", "content": [text] }]);
    let response = json!({ "status": "completed", "output": output });
    edge.chunk(Duration::ZERO, &response.to_string());
    let mut config =
        json!({ "azure_endpoint": "https://r.openai.azure.com", "api_key": "secret-key" });
    let settings = settings.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(settings);
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    engine.complete(&request(vec![user("Hi")])).unwrap();
    edge
}

#[test]
fn a_body_is_reported_without_what_its_keys_say_is_secret() {
    let edge = FakeEdge::default();
    edge.answer(200, "application/json");
    let response = json!({
        "status": "completed",
        "output": [],
        "tools": [{ "type": "mcp", "authorization": "of the user's own server" }],
    });
    edge.chunk(Duration::ZERO, &response.to_string());
    let config = json!({
        "azure_endpoint": "https://r.openai.azure.com",
        "api_key": "key",
        "debug": true,
        "raw_debug": true,
    });
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    let mut request = request(vec![user("Hi")]);
    let server = json!({ "type": "mcp", "server_label": "s", "server_url": "https://mcp.example/?key=of-the-user",
        "headers": { "Authorization": "Bearer of the user", "X-Team": "of the user" } });
    request.tools = vec![ToolSpec::Hosted(server.to_string())];
    engine.complete(&request).unwrap();
    let events = edge.0.events.borrow();
    let bodies: Vec<&Value> = events
        .iter()
        .filter(|(name, _)| name.ends_with(":raw"))
        .map(|(_, payload)| payload)
        .collect();
    assert_eq!(
        bodies[0]["params"]["tools"][0],
        json!({
            "type": "mcp",
            "server_label": "s",
            "server_url": "https://mcp.example/",
            "headers": { "Authorization": "[REDACTED]", "X-Team": "[REDACTED]" },
        })
    );
    assert_eq!(
        bodies[1]["response"]["tools"][0]["authorization"],
        "[REDACTED]"
    );
    // What is sent is the request's own.
    let sent = &edge.0.sent_bodies.borrow()[0];
    assert_eq!(
        sent["tools"][0]["headers"]["Authorization"],
        "Bearer of the user"
    );
}
