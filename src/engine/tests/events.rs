//! The events of a call, in the form that the kernel's streaming contract has for them.

use super::*;
use crate::contract::events::Subscription;

#[test]
fn a_call_that_does_not_stream_has_no_events_of_a_stream() {
    for (settings, metadata) in [
        (json!({ "use_streaming": false }), None),
        (json!({}), Some(r#"{"stream":false}"#)),
    ] {
        let edge = FakeEdge::default();
        edge.answer(200, "application/json");
        let response = json!({ "status": "completed", "output": [call(), refusal()] });
        edge.chunk(Duration::ZERO, &response.to_string());
        completed(&edge, &settings, metadata);
        assert_eq!(edge.events(), ["llm:request", "llm:response"], "{settings}");
    }
}

#[test]
fn arguments_of_tools_have_no_deltas_and_a_refusal_is_text() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/event-stream");
    let mut opened = call();
    opened["arguments"] = json!("");
    for event in [
        json!({ "type": "response.output_item.added", "output_index": 0, "item": opened }),
        json!({ "type": "response.function_call_arguments.delta", "output_index": 0, "delta": "{}" }),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": call() }),
        json!({ "type": "response.refusal.delta", "output_index": 1, "delta": "No." }),
        json!({
            "type": "response.completed",
            "response": { "status": "completed", "output": [call(), refusal()] },
        }),
    ] {
        edge.chunk(Duration::ZERO, &format!("data: {event}\n\n"));
    }
    completed(&edge, &json!({}), None);
    let told: Vec<(String, Value, Value)> = edge
        .0
        .events
        .borrow()
        .iter()
        .filter(|(name, _)| name.starts_with("llm:stream_"))
        .map(|(name, payload)| {
            (
                name.clone(),
                payload["block_type"].clone(),
                payload["name"].clone(),
            )
        })
        .collect();
    let expected = [
        ("llm:stream_block_start", "tool_use", json!("weather")),
        ("llm:stream_block_end", "tool_use", Value::Null),
        ("llm:stream_block_start", "text", Value::Null),
        ("llm:stream_block_delta", "text", Value::Null),
        ("llm:stream_block_end", "text", Value::Null),
    ];
    assert_eq!(
        told,
        expected.map(|(name, kind, of)| (name.to_owned(), json!(kind), of))
    );
}

#[test]
fn a_stream_of_arguments_alone_is_not_aborted_as_nothing_of_it_was_shown() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/event-stream");
    for event in [
        json!({ "type": "response.output_item.added", "output_index": 0, "item": call() }),
        json!({ "type": "response.function_call_arguments.delta", "output_index": 0, "delta": "{}" }),
    ] {
        edge.chunk(Duration::ZERO, &format!("data: {event}\n\n"));
    }
    drained(&edge);
    let expected = [
        "llm:request",
        "llm:stream_block_start",
        "llm:stream_block_end",
        "llm:response",
    ];
    assert_eq!(edge.events(), expected);
}

#[test]
fn a_failure_says_its_kind_and_the_code_of_the_service() {
    let edge = FakeEdge::default();
    edge.answer(400, "application/json");
    let error = json!({ "error": { "code": "invalid_value", "message": "No such thing." } });
    edge.chunk(Duration::ZERO, &error.to_string());
    failed(&edge, json!({ "api_key": "key" }));
    let events = edge.0.events.borrow();
    let (_, response) = events.last().unwrap();
    assert_eq!(response["error_type"], "InvalidRequestError");
    assert_eq!(response["error_code"], "invalid_value");
}

#[test]
fn what_is_changed_in_a_request_is_reported_with_both_values() {
    let edge = FakeEdge::default();
    edge.answer(200, "application/json");
    edge.chunk(Duration::ZERO, r#"{"status":"completed","output":[]}"#);
    let settings =
        json!({ "reasoning_effort": "none", "default_model": "gpt-5-pro", "temperature": 0.1 });
    completed(&edge, &settings, None);
    let events = edge.0.events.borrow();
    assert_eq!(
        events[0],
        (
            "provider:parameter_changed".to_owned(),
            json!({
                "provider": "azure-openai",
                "request_id": CALL,
                "model": "gpt-5-pro",
                "parameter": "reasoning.effort",
                "reason": "the model takes high",
                "requested": "none",
                "sent": "high",
            })
        )
    );
    assert_eq!(events[1].0, "provider:parameter_dropped");
    assert_eq!(events[1].1["parameter"], "temperature");
    assert_eq!(
        edge.0.sent_bodies.borrow()[0]["reasoning"]["effort"],
        "high"
    );
}

#[test]
fn what_the_host_does_not_listen_to_is_not_emitted() {
    let all = [
        "llm:request",
        "llm:stream_block_start",
        "llm:stream_block_delta",
        "provider:retry",
        "llm:stream_block_end",
        "llm:stream_aborted",
        "llm:response",
    ];
    for heard in [
        Subscription::All,
        Subscription::Only(Vec::new()),
        Subscription::Only(vec!["llm:stream_aborted".into(), "provider:retry".into()]),
        Subscription::Only(vec!["llm:response".into(), "of another provider".into()]),
    ] {
        let edge = FakeEdge::default();
        *edge.0.subscription.borrow_mut() = Some(heard.clone());
        edge.answer(200, "text/event-stream");
        let delta = json!({ "type": "response.output_text.delta", "delta": "Hel" });
        edge.chunk(Duration::ZERO, &format!("data: {delta}\n\n"));
        edge.answer(200, "application/json");
        let response = json!({ "status": "completed", "output": [call()] });
        edge.chunk(Duration::ZERO, &response.to_string());
        completed(&edge, &json!({ "max_retries": 1 }), None);
        let mut emitted = edge.events();
        emitted.sort();
        emitted.dedup();
        let mut expected: Vec<&str> = match &heard {
            Subscription::All => all.to_vec(),
            Subscription::Only(names) => {
                let is_heard = |name: &&str| names.iter().any(|heard| heard == name);
                all.into_iter().filter(is_heard).collect()
            }
        };
        expected.sort_unstable();
        assert_eq!(emitted, expected, "{heard:?}");
        assert_eq!(edge.0.subscriptions.get(), 1, "asked once for the call");
    }
}

#[test]
fn events_that_arrive_together_are_handed_over_together() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/event-stream");
    let delta = |text: &str| {
        let delta = json!({ "type": "response.output_text.delta", "delta": text });
        format!("data: {delta}\n\n")
    };
    let burst = [delta("a"), delta("b"), delta("c")].concat();
    let (most, rest) = burst.split_at(burst.len() - 1);
    edge.chunk(Duration::ZERO, most);
    edge.chunk(Duration::ZERO, &[rest, &delta("d")].concat());
    let engine = Engine::open(edge.clone(), CONFIG).unwrap();
    let mut stream = engine
        .complete_streaming(&request(vec![user("Hi")]))
        .unwrap();
    let lists: Vec<Vec<String>> = std::iter::from_fn(|| stream.next_events().ok())
        .map(|events| events.into_iter().filter_map(text_of_delta).collect())
        .collect();
    // The last one ends the block; the error comes after it.
    let expected: [&[&str]; 3] = [&["a", "b"], &["c", "d"], &[]];
    assert_eq!(lists, expected);
}

fn text_of_delta(event: StreamEvent) -> Option<String> {
    match event {
        StreamEvent::BlockDelta(delta) => Some(delta.text),
        _ => None,
    }
}

fn completed(edge: &FakeEdge, settings: &Value, metadata: Option<&str>) {
    let mut config = json!({ "azure_endpoint": "https://r.openai.azure.com", "api_key": "key", "max_retries": 0 });
    let settings = settings.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(settings);
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    let mut request = request(vec![user("Hi")]);
    request.model = None;
    request.metadata = metadata.map(str::to_owned);
    engine.complete(&request).unwrap();
}

fn call() -> Value {
    json!({ "type": "function_call", "call_id": "c", "name": "weather", "arguments": "{}" })
}

fn refusal() -> Value {
    json!({ "type": "message", "content": [{ "type": "refusal", "refusal": "No." }] })
}
