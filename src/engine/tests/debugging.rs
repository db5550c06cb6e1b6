//! What is told with `debug` and `raw_debug`.

use super::*;

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
            "model": "gpt-4.1",
            "block_count": 1,
            "tool_call_count": 0,
            "finish_reason": "stop",
            "usage": { "input_tokens": 0, "output_tokens": 0, "cost_usd": null },
            "request_id": "id-for-support",
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
