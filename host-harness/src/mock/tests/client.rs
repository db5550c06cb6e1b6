//! A client that is as plain as can be.

use reqwest::{Client, ClientBuilder, Response};
use serde_json::{Value, json};

use crate::mock::MockAzure;

/// The function tool of most tests.
pub(super) fn weather() -> Value {
    json!({
        "type": "function",
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    })
}

/// A request with that prompt and, on top, those parameters.
pub(super) fn ask(prompt: &str, more: Value) -> Value {
    let mut body = json!({"model": "gpt-4.1", "input": prompt});
    let members = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    body
}

/// A client that starts with HTTP/1.1.
pub(super) fn client() -> Client {
    builder().build().unwrap()
}

/// A client that speaks HTTP/2 from the first byte.
pub(super) fn http2_client() -> Client {
    builder().http2_prior_knowledge().build().unwrap()
}

fn builder() -> ClientBuilder {
    // Reqwest wants a provider of TLS even for plain HTTP. It is there already if another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy()
}

/// Creates a response.
pub(super) async fn post(mock: &MockAzure, body: &Value) -> Response {
    post_with(&client(), mock, body).await.unwrap()
}

pub(super) async fn post_with(
    client: &Client,
    mock: &MockAzure,
    body: &Value,
) -> reqwest::Result<Response> {
    client
        .post(format!("{}/openai/v1/responses", mock.endpoint()))
        .header("api-key", mock.api_key())
        .body(body.to_string())
        .send()
        .await
}

/// The JSON of an answer and its status.
pub(super) async fn json_of(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (
        status,
        serde_json::from_str(&response.text().await.unwrap()).unwrap(),
    )
}

/// The response object of a request that is accepted.
pub(super) async fn object(mock: &MockAzure, body: &Value) -> Value {
    let (status, object) = json_of(post(mock, body).await).await;
    assert_eq!(status, 200, "{object}");
    object
}

/// The events of a stream, each checked for what all of them have.
pub(super) async fn stream(mock: &MockAzure, mut body: Value) -> Vec<Value> {
    body["stream"] = json!(true);
    let response = post(mock, &body).await;
    assert_eq!(
        response.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    events(&response.text().await.unwrap())
}

pub(super) fn events(text: &str) -> Vec<Value> {
    let frames = text.split_terminator("\n\n").enumerate();
    let event = |(index, frame): (usize, &str)| {
        let (kind, data) = frame.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(data["type"], kind.strip_prefix("event: ").unwrap());
        assert_eq!(data["sequence_number"], index);
        data
    };
    frames.map(event).collect()
}

/// The kinds of events, without `response.`, and runs of the same kind as one.
pub(super) fn kinds(events: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = events
        .iter()
        .map(|event| {
            event["type"]
                .as_str()
                .unwrap()
                .strip_prefix("response.")
                .unwrap()
        })
        .collect();
    kinds.dedup();
    kinds
}

/// What the deltas of one kind say together.
pub(super) fn joined(events: &[Value], kind: &str) -> String {
    let deltas = events.iter().filter(|event| event["type"] == kind);
    deltas
        .map(|event| event["delta"].as_str().unwrap())
        .collect()
}
