//! `/v1/responses` with `stream`: the events of the API, in its order.

use host_harness::mock::{Fault, MockAzure};
use host_harness::serve::Service;
use serde_json::{Value, json};

use super::Served;

#[tokio::test]
async fn each_kind_of_answer_is_told_in_the_order_of_the_api() {
    let served = Served::new().await;
    let tools =
        json!([{ "type": "function", "name": "weather", "parameters": { "type": "object" } }]);
    let reasoning = json!({ "effort": "low", "summary": "auto" });
    let table = [
        (
            json!({ "input": "Say hello" }),
            "created in_progress output_item.added content_part.added output_text.delta output_text.done \
             content_part.done output_item.done completed",
        ),
        (
            json!({ "input": "Call the tool weather", "tools": tools }),
            "created in_progress output_item.added function_call_arguments.delta function_call_arguments.done \
             output_item.done completed",
        ),
        (
            json!({ "input": "Please refuse" }),
            "created in_progress output_item.added content_part.added refusal.delta refusal.done content_part.done \
             output_item.done completed",
        ),
        (
            json!({ "model": "gpt-5.1", "input": "Think", "reasoning": reasoning }),
            "created in_progress output_item.added reasoning_summary_part.added reasoning_summary_text.delta \
             reasoning_summary_text.done reasoning_summary_part.done output_item.added content_part.added \
             output_text.delta output_text.done output_item.done content_part.done output_item.done completed",
        ),
        (
            json!({ "input": "word ".repeat(100), "max_output_tokens": 16 }),
            "created in_progress output_item.added content_part.added output_text.delta output_text.done \
             content_part.done output_item.done incomplete",
        ),
    ];
    for (mut request, expected) in table {
        request["stream"] = json!(true);
        let events = events(&served, &request).await;
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(kinds(&events), expected, "{request}");
        adds_up(&events);
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_fails_and_tells_no_second_answer() {
    let served = Served::with(
        MockAzure::builder().start().await.unwrap(),
        json!({ "max_retries": 3, "min_retry_delay": 0.01 }),
        Service::builder(),
    )
    .await;
    let request = json!({ "input": "Say hello", "stream": true });
    served.mock.push_fault(Fault::CloseAfterEvents(6));
    let told = events(&served, &request).await;
    assert_eq!(kinds(&told).last(), Some(&"failed"));
    let response = &told.last().unwrap()["response"];
    assert_eq!(
        (&response["status"], &response["output"]),
        (&json!("failed"), &json!([]))
    );
    assert_eq!(response["error"]["code"], "server_error");
    let message = response["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("ask again"), "{message}");
    let added = told
        .iter()
        .filter(|event| event["type"] == "response.output_item.added");
    assert_eq!(added.count(), 1);

    // What nobody has seen anything of is tried again in silence.
    served.mock.push_fault(Fault::CloseAfterEvents(2));
    assert_eq!(
        kinds(&events(&served, &request).await).last(),
        Some(&"completed")
    );
}

async fn events(served: &Served, request: &Value) -> Vec<Value> {
    let events = served.post("/v1/responses", request).await.events();
    let numbered = events.into_iter().enumerate();
    numbered
        .map(|(number, (name, data))| {
            assert_eq!(
                (&data["type"], &data["sequence_number"]),
                (&json!(name), &json!(number))
            );
            data
        })
        .collect()
}

/// The types of events without `response.`, runs of the same once.
fn kinds(events: &[Value]) -> Vec<&str> {
    let kinds = events.iter().map(|event| event["type"].as_str().unwrap());
    let mut kinds: Vec<&str> = kinds
        .map(|kind| kind.strip_prefix("response.").unwrap())
        .collect();
    kinds.dedup_by(|one, other| one == other && one.ends_with(".delta"));
    kinds
}

/// Deltas, items and the response say the same.
fn adds_up(events: &[Value]) {
    let response = &events.last().unwrap()["response"];
    assert_eq!(response["id"], events[0]["response"]["id"]);
    for (index, item) in response["output"].as_array().unwrap().iter().enumerate() {
        let of_item = |event: &&Value| event["output_index"] == index;
        let done = events.iter().rfind(of_item).unwrap();
        assert_eq!(
            (&done["type"], &done["item"]),
            (&json!("response.output_item.done"), item)
        );
        let ids = events
            .iter()
            .filter(of_item)
            .filter_map(|event| event.get("item_id"));
        assert!(
            ids.clone().all(|id| *id == item["id"]),
            "{:?}",
            ids.collect::<Vec<_>>()
        );
        let deltas = events
            .iter()
            .filter(of_item)
            .filter_map(|event| event["delta"].as_str());
        let whole = [
            "/arguments",
            "/content/0/text",
            "/content/0/refusal",
            "/summary/0/text",
        ];
        let whole = whole.iter().find_map(|path| item.pointer(path)).unwrap();
        assert_eq!(*whole, deltas.collect::<String>());
    }
}
