//! `/v1/complete` and `/v1/stream`.

use azure_openai_mock::MockAzure;
use serde_json::json;

use crate::before;
use crate::client::post;

#[tokio::test]
async fn the_kernels_form_is_that_of_serve() {
    let mock = MockAzure::builder().start().await.unwrap();
    let host = before(&mock, &[]).await;
    let hello = json!({ "messages": [{ "role": "user", "content": "Say hello" }] });
    let answer = post(host.address, "/v1/complete", &hello).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let whole = answer.json();
    assert_eq!(whole["finish_reason"], "stop");

    let events = post(host.address, "/v1/stream", &hello).await.events();
    assert_eq!(
        events[0],
        (
            "block_start".to_owned(),
            json!({ "index": 0, "type": "text" })
        )
    );
    let deltas = events.iter().filter(|(name, _)| name == "block_delta");
    let text: String = deltas
        .map(|(_, data)| data["text"].as_str().unwrap())
        .collect();
    let (name, response) = events.last().unwrap();
    assert_eq!(name, "completed");
    assert_eq!(response["content"], whole["content"]);
    assert_eq!(response["content"][0]["text"], text);

    for (body, words) in [
        (json!({}), "messages"),
        (
            json!({ "messages": [{ "role": "robot", "content": "" }] }),
            "messages[0].role",
        ),
    ] {
        let answer = post(host.address, "/v1/complete", &body).await;
        let error = answer.json();
        assert_eq!(
            (answer.status, &error["kind"]),
            (400, &json!("invalid_request"))
        );
        assert!(error["message"].to_string().contains(words), "{error}");
    }
}
