//! A client that is as plain as can be.

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use crate::{MOCK_CLIENT_ID, MOCK_CLIENT_SECRET, MOCK_TENANT_ID, MockAzure};

/// The scope of the tokens for the Responses API.
pub(super) const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

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

/// A client that shows where it is sent, and does not go there.
pub(super) fn client_without_redirects() -> Client {
    builder().redirect(Policy::none()).build().unwrap()
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

/// Fields and their values.
pub(super) type Fields<'a> = [(&'a str, &'a str)];

/// Fields as a form or a query has them.
pub(super) fn encoded(fields: &Fields<'_>) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The fields with some of them set, or left out if the value is empty.
pub(super) fn but<'a>(fields: &Fields<'a>, changes: &Fields<'a>) -> Vec<(&'a str, &'a str)> {
    let is_kept = |(name, _): &(&str, &str)| changes.iter().all(|(changed, _)| changed != name);
    let kept = fields.iter().copied().filter(is_kept);
    let set = changes
        .iter()
        .copied()
        .filter(|(_, value)| !value.is_empty());
    kept.chain(set).collect()
}

/// What a client with a secret sends.
pub(super) const SECRET_FIELDS: [(&str, &str); 4] = [
    ("grant_type", "client_credentials"),
    ("client_id", MOCK_CLIENT_ID),
    ("client_secret", MOCK_CLIENT_SECRET),
    ("scope", SCOPE),
];

/// Sends a form to the token endpoint of [`MOCK_TENANT_ID`].
pub(super) async fn ask_entra(mock: &MockAzure, fields: &Fields<'_>) -> (u16, Value) {
    json_of(send_form(mock, MOCK_TENANT_ID, fields).await.unwrap()).await
}

pub(super) async fn send_form(
    mock: &MockAzure,
    tenant: &str,
    fields: &Fields<'_>,
) -> reqwest::Result<Response> {
    client()
        .post(format!("{}/{tenant}/oauth2/v2.0/token", mock.endpoint()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(encoded(fields))
        .send()
        .await
}

/// A token for a client with a secret.
pub(super) async fn token(mock: &MockAzure) -> String {
    let (status, answer) = ask_entra(mock, &SECRET_FIELDS).await;
    assert_eq!(status, 200, "{answer}");
    answer["access_token"].as_str().unwrap().to_owned()
}

/// The status and body of a response that is created with a token.
pub(super) async fn post_with_token(mock: &MockAzure, token: &str) -> (u16, Value) {
    let response = client()
        .post(format!("{}/openai/v1/responses", mock.endpoint()))
        .bearer_auth(token)
        .body(ask("hi", json!({})).to_string())
        .send();
    json_of(response.await.unwrap()).await
}

/// Checks that an answer of Microsoft Entra is that refusal.
pub(super) fn assert_refused(answer: &(u16, Value), status: u16, error: &str, code: u32) {
    let (answered, body) = answer;
    assert_eq!(*answered, status, "{body}");
    assert_eq!(body["error"], error, "{body}");
    assert_eq!(body["error_codes"], json!([code]), "{body}");
    let description = body["error_description"].as_str().unwrap();
    assert!(
        description.starts_with(&format!("AADSTS{code}: ")),
        "{body}"
    );
}
