//! Where a provider gets a secret sent, and where its placeholder stays what it is.

use azure_openai_mock::{MockAzure, RecordedRequest};
use provider_host::{Environment, Origin};
use serde_json::{Value, json};

use super::{SCOPE, Tokens};
use crate::hostile::Hostile;
use crate::support::azure;

#[tokio::test]
async fn a_placeholder_in_its_header_arrives_as_the_secret() {
    let Scene { mock, hostile, .. } = Scene::new().await;
    // header, what the provider puts there, what arrives
    for (name, value, arrives) in [
        ("api-key", "{config:api_key}", "secret-key"),
        (
            "API-KEY",
            "{env:AZURE_OPENAI_API_KEY}",
            "secret-key-variable",
        ),
        ("api-key", "{env:AZURE_OPENAI_KEY}", "secret-other-variable"),
        (
            "authorization",
            "Bearer {config:azure_ad_token}",
            "Bearer secret-token",
        ),
        (
            "authorization",
            "Bearer {env:AZURE_OPENAI_AD_TOKEN}",
            "Bearer secret-token-variable",
        ),
        ("Authorization", "Bearer {token}", "Bearer secret-fetched-1"),
        (
            "x-gateway-key",
            "{config:extra_headers/X-Gateway-Key}",
            "secret header",
        ),
        (
            "x-second",
            "{config:extra_headers/x-second}",
            "secret-second",
        ),
    ] {
        let answer = send(&hostile, &mock.endpoint(), (name, value), "").await;
        assert!(answer["status"].is_u64(), "{name}: {answer}");
        let request = last(&mock);
        assert_eq!(request.headers[name], arrives, "{value}");
    }
}

#[tokio::test]
async fn a_placeholder_anywhere_else_arrives_as_it_is() {
    let Scene { mock, hostile, .. } = Scene::new().await;
    // header, what the provider puts there
    for (name, value) in [
        ("x-other", "{config:api_key}"),
        ("x-other", "{config:azure_ad_token}"),
        ("x-other", "{token}"),
        ("x-other", "{config:extra_headers/x-second}"),
        ("user-agent", "{config:api_key}"),
        ("x-api-key", "{config:api_key}"),
        ("x-second", "{config:extra_headers/X-Gateway-Key}"),
        ("x-gateway-key", "{config:extra_headers/x-second}"),
        ("x-gateway-key", "{config:api_key}"),
        ("api-key", "{config:azure_ad_token}"),
        ("api-key", "{token}"),
        ("api-key", "{config:extra_headers/x-second}"),
        ("api-key", "before {config:api_key}"),
        ("api-key", "{config:api_key} after"),
        ("api-key", "{config:api_key}{config:api_key}"),
        ("api-key", "Bearer {config:api_key}"),
        ("authorization", "{config:azure_ad_token}"),
        ("authorization", "{token}"),
        ("authorization", "Basic {token}"),
        ("authorization", "Bearer x{token}"),
        ("authorization", "Bearer {token} {token}"),
        ("authorization", "Bearer {config:api_key}"),
        ("authorization", "Bearer {env:AZURE_OPENAI_API_KEY}"),
        ("proxy-authenticate-2", "Bearer {token}"),
    ] {
        send(&hostile, &mock.endpoint(), (name, value), "").await;
        let request = last(&mock);
        let arrived = request.headers[name].to_str().unwrap();
        assert!(arrived.contains("sealed-"), "{name}: {value}: {arrived}");
        assert_without_secrets(&request, value);
    }
}

#[tokio::test]
async fn a_placeholder_in_the_address_or_the_body_arrives_as_it_is() {
    let Scene { mock, hostile, .. } = Scene::new().await;
    for place in [
        "{config:api_key}",
        "{config:azure_ad_token}",
        "{config:extra_headers/x-second}",
        "{env:AZURE_OPENAI_KEY}",
        "{token}",
    ] {
        let endpoint = mock.endpoint();
        for (url, body) in [
            (format!("{endpoint}/{place}/responses"), String::new()),
            (
                format!("{endpoint}/responses?api-key={place}"),
                String::new(),
            ),
            (endpoint.clone(), place.to_owned()),
            (endpoint.clone(), format!("{{\"input\":\"{place}\"}}")),
        ] {
            send(&hostile, &url, ("x-other", "nothing"), &body).await;
            let request = last(&mock);
            let sent = format!("{} {:?} {}", request.path, request.query, request.body);
            assert!(sent.contains("sealed-"), "{place}: {sent}");
            assert_without_secrets(&request, place);
        }
    }
}

#[tokio::test]
async fn another_origin_gets_no_secret_even_when_it_is_allowed() {
    let Scene {
        mock,
        other,
        hostile,
    } = Scene::new().await;
    for (name, value) in [
        ("api-key", "{config:api_key}"),
        ("api-key", "{env:AZURE_OPENAI_API_KEY}"),
        ("authorization", "Bearer {config:azure_ad_token}"),
        ("authorization", "Bearer {token}"),
        ("x-second", "{config:extra_headers/x-second}"),
    ] {
        let answer = send(&hostile, &other.endpoint(), (name, value), "").await;
        assert!(answer["status"].is_u64(), "{answer}");
        let request = last(&other);
        let arrived = request.headers[name].to_str().unwrap();
        assert!(arrived.contains("sealed-"), "{name}: {arrived}");
        assert_without_secrets(&request, value);
    }
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn a_placeholder_of_another_provider_is_nothing_but_text() {
    let mock = MockAzure::builder().start().await.unwrap();
    let config = json!({ "azure_endpoint": mock.endpoint(), "api_key": "secret-key" });
    let one = Hostile::open(config.clone(), []).await;
    let another = Hostile::open(config, []).await;
    let description: Value = serde_json::from_str(&one.provider.describe().await.unwrap()).unwrap();
    let config: Value = serde_json::from_str(description["config"].as_str().unwrap()).unwrap();
    let placeholder = config["api_key"].as_str().unwrap();
    for (hostile, arrives) in [(&one, "secret-key"), (&another, placeholder)] {
        send(hostile, &mock.endpoint(), ("api-key", placeholder), "").await;
        assert_eq!(last(&mock).headers["api-key"], arrives);
    }
}

#[tokio::test]
async fn a_host_that_does_not_seal_changes_nothing_that_leaves() {
    let mock = MockAzure::builder().start().await.unwrap();
    let config = json!({ "azure_endpoint": mock.endpoint(), "api_key": "secret-key" });
    let host = azure().sealed_secrets(false);
    let hostile = Hostile::open_in(host, config).await;
    for name in ["api-key", "x-other"] {
        send(
            &hostile,
            &mock.endpoint(),
            (name, "{config:api_key}"),
            "{config:api_key}",
        )
        .await;
        assert_eq!(last(&mock).headers[name], "secret-key");
        assert_eq!(last(&mock).body, "secret-key");
    }
}

/// The hostile provider with secrets from everywhere, its endpoint, and another origin that it may reach.
struct Scene {
    mock: MockAzure,
    other: MockAzure,
    hostile: Hostile,
}

impl Scene {
    async fn new() -> Self {
        let mock = MockAzure::builder().start().await.unwrap();
        let other = MockAzure::builder().start().await.unwrap();
        let config = json!({
            "azure_endpoint": mock.endpoint(),
            "api_key": "secret-key",
            "azure_ad_token": "secret-token",
            "extra_headers": { "X-Gateway-Key": "secret header", "x-second": "secret-second" },
        });
        let environment = Environment::from_iter([
            ("AZURE_OPENAI_API_KEY", "secret-key-variable"),
            ("AZURE_OPENAI_KEY", "secret-other-variable"),
            ("AZURE_OPENAI_AD_TOKEN", "secret-token-variable"),
        ]);
        let host = provider_host_azure::host_builder(environment)
            .credentials(Tokens::new("secret-fetched"))
            .allow(Origin::parse(&other.endpoint()).unwrap());
        let hostile = Hostile::open_in(host, config).await;
        let token = json!({ "do": "token", "credential": "default-chain", "scope": SCOPE });
        assert!(hostile.carry_out(token).await["token"].is_string());
        Self {
            mock,
            other,
            hostile,
        }
    }
}

async fn send(hostile: &Hostile, url: &str, header: (&str, &str), body: &str) -> Value {
    let send = json!({
        "do": "send",
        "method": "POST",
        "url": url,
        "headers": [header],
        "body": body,
    });
    hostile.carry_out(send).await
}

fn last(mock: &MockAzure) -> RecordedRequest {
    mock.requests().pop().unwrap()
}

fn assert_without_secrets(request: &RecordedRequest, sent: &str) {
    // Not the `Debug` form of the headers, which hides secrets.
    let headers = request.headers.values();
    let mut texts: Vec<String> = headers
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    texts.push(format!(
        "{} {:?} {}",
        request.path, request.query, request.body
    ));
    for text in texts {
        assert!(!text.contains("secret"), "{sent}: {text}");
    }
}
