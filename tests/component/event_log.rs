//! Everything that the host is told of one request, in order and in full.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use azure_openai_mock::{Fault, MockAzure};
use http::StatusCode;
use provider_host::{CallId, Event, EventSubscriber};
use serde_json::{Value, json};

use crate::golden::{compare, folder};
use crate::support::{Setup, ask, azure, component, config, request};

#[tokio::test]
async fn a_request_with_a_retry_a_repair_and_a_tool_call_is_told_as_its_golden_file_says() {
    let settings =
        json!({ "debug": true, "max_retries": 2, "min_retry_delay": 0.01, "retry_jitter": false });
    let setup = Setup::with(MockAzure::builder().start().await.unwrap(), settings).await;
    let error = json!({ "error": { "code": "429", "message": "Too many requests." } });
    let busy = Fault::json(StatusCode::TOO_MANY_REQUESTS, &error);
    setup.mock.push_fault(busy.header("retry-after-ms", "20"));
    setup.mock.push_fault(Fault::CloseAfterEvents(5));
    let request = request(json!({
        "messages": [
            { "role": "user", "content": "What is the weather in Rome?" },
            { "role": "assistant", "content": [
                { "type": "tool_call", "id": "call_lost", "name": "weather", "input": { "city": "Rome" } },
            ] },
            { "role": "user", "content": "Call the tool weather again, for Rome." },
        ],
        "stop": ["END"],
        "tools": [{ "name": "weather", "parameters": {
            "type": "object",
            "properties": { "city": { "type": "string" } },
            "required": ["city"],
        } }],
    }));
    let response = setup.provider.complete(&request).await.unwrap();
    assert_eq!(response.tool_calls.len(), 1);

    let mut ids = Vec::new();
    let mut log = String::new();
    for (name, mut payload) in setup.events.all() {
        make_constant(&mut payload, &mut ids);
        let line = json!({ "event": name, "data": payload });
        log += &format!("{line}\n");
    }
    let file = folder("events").join("retry-repair-tool-call.jsonl");
    compare(&file, &log).unwrap_or_else(|difference| panic!("{difference}"));
}

#[tokio::test]
async fn a_call_has_one_id_in_all_of_its_events_and_none_of_a_stream_where_it_does_not_stream() {
    for (settings, is_streaming) in [
        (json!({}), true),
        (json!({ "use_streaming": false }), false),
    ] {
        let mut settings = settings;
        settings["max_retries"] = json!(2);
        settings["min_retry_delay"] = json!(0.01);
        settings["retry_jitter"] = json!(false);
        let setup = Setup::with(MockAzure::builder().start().await.unwrap(), settings).await;
        let error = json!({ "error": { "code": "429", "message": "Too many requests." } });
        let busy = Fault::json(StatusCode::TOO_MANY_REQUESTS, &error);
        setup.mock.push_fault(busy.header("retry-after-ms", "20"));
        if is_streaming {
            setup.mock.push_fault(Fault::CloseAfterEvents(6));
        }
        // The second call has another id than the first.
        for calls in 1..=2 {
            setup.provider.complete(&ask("Hi")).await.unwrap();
            let events = setup.events.all();
            let ids: BTreeSet<Option<&str>> = events
                .iter()
                .filter(|(name, _)| name != "provider:concurrency")
                .map(|(_, payload)| payload["request_id"].as_str())
                .collect();
            assert_eq!(ids.len(), calls, "{events:?}");
            assert!(!ids.contains(&None), "{events:?}");
            let streamed = events
                .iter()
                .any(|(name, _)| name.starts_with("llm:stream_"));
            assert_eq!(streamed, is_streaming, "{events:?}");
        }
        let aborted = setup.events.of("llm:stream_aborted").len();
        assert_eq!(aborted, usize::from(is_streaming));
    }
}

#[tokio::test]
async fn what_belongs_to_one_call_has_its_id_whatever_else_runs() {
    let mock = MockAzure::builder().start().await.unwrap();
    let error = json!({ "error": { "code": "429", "message": "Too many requests." } });
    for _ in 0..2 {
        let busy = Fault::json(StatusCode::TOO_MANY_REQUESTS, &error);
        mock.push_fault(busy.header("retry-after-ms", "20"));
    }
    let told = Arc::new(Told::default());
    let loaded = azure()
        .events(told.clone())
        .load(&component())
        .await
        .unwrap();
    let mut config = config(&mock);
    config.insert("max_retries".to_owned(), json!(2));
    config.insert("min_retry_delay".to_owned(), json!(0.01));
    let provider = loaded.open(&config).await.unwrap();
    let (first, second) = (ask("the first"), ask("the second"));
    let (first, second) = tokio::join!(provider.complete(&first), provider.complete(&second));
    first.unwrap();
    second.unwrap();

    let mut calls = BTreeMap::<CallId, Vec<String>>::new();
    for (call, name) in told.0.lock().unwrap().drain(..) {
        calls.entry(call.unwrap()).or_default().push(name);
    }
    assert_eq!(calls.len(), 2, "{calls:?}");
    let count = |name: &str| -> Vec<usize> {
        let named = |names: &Vec<String>| names.iter().filter(|known| *known == name).count();
        calls.values().map(named).collect()
    };
    // The two that were refused were tried again, under the same id.
    assert_eq!(count("provider:retry").iter().sum::<usize>(), 2);
    for once in [
        "provider:concurrency",
        "llm:request",
        "llm:stream_block_start",
        "llm:response",
    ] {
        assert_eq!(count(once), [1, 1], "{once} in {calls:?}");
    }
}

#[tokio::test]
async fn calls_of_several_hosts_never_share_an_id() {
    let mock = MockAzure::builder().start().await.unwrap();
    let told = Arc::new(Told::default());
    let builder = azure().events(told.clone());
    let loaded = builder.load(&component()).await.unwrap();
    for host in [loaded.open(&config(&mock)), loaded.open(&config(&mock))] {
        let host = host.await.unwrap();
        for _ in 0..2 {
            host.complete(&ask("Hi")).await.unwrap();
        }
    }
    let mut told = told.0.lock().unwrap();
    let requests = told.drain(..).filter(|(_, name)| name == "llm:request");
    let mut ids: Vec<CallId> = requests.map(|(call, _)| call.unwrap()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    ids.dedup();
    assert_eq!(ids.len(), 4, "{ids:?}");
}

/// Which call each event belongs to.
#[derive(Default)]
struct Told(Mutex<Vec<(Option<CallId>, String)>>);

impl EventSubscriber for Told {
    fn event(&self, event: &Event<'_>) {
        let told = (event.call, event.name.to_owned());
        self.0.lock().unwrap().push(told);
    }
}

/// Puts something in place of what differs from run to run: ids get numbers, in the order in which they come.
fn make_constant(payload: &mut Value, ids: &mut Vec<Value>) {
    if let Some(duration) = payload.get_mut("duration_ms") {
        assert!(duration.is_u64(), "{duration}");
        *duration = json!(0);
    }
    if let Some(id) = payload.get_mut("request_id") {
        let known = ids.iter().position(|known| known == id);
        let number = known.unwrap_or_else(|| {
            ids.push(id.clone());
            ids.len() - 1
        });
        *id = json!(format!("id {}", number + 1));
    }
}
