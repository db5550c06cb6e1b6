//! A provider that is after secrets, behind the same guard: it sees what it is configured with, and reaches its endpoint.

use std::collections::BTreeSet;

use azure_openai_mock::MockAzure;
use serde_json::{Value, json};

use crate::client::{Answer, get, post};
use crate::host::{Grants, Host};
use crate::owned;
use crate::support::{hostile_gateway, root};

async fn hostile(variables: Vec<(String, String)>) -> Host {
    let grants = Grants {
        variables,
        ..Grants::default()
    };
    Host::start(&hostile_gateway(), grants).await
}

/// What comes of an instruction.
async fn carry_out(host: &Host, instruction: Value) -> Value {
    let message = json!({ "role": "user", "content": instruction.to_string() });
    let answer: Answer = post(
        host.address,
        "/v1/complete",
        &json!({ "messages": [message] }),
    )
    .await;
    let answer = answer.json();
    let text = answer["content"][0]["text"].as_str();
    serde_json::from_str(text.unwrap_or_else(|| panic!("{answer}"))).unwrap()
}

#[tokio::test]
async fn the_provider_sees_its_own_variables_and_no_other() {
    let mut variables = owned(&[
        ("AZURE_CLIENT_SECRET", "canary"),
        ("AZURE_FEDERATED_TOKEN", "canary"),
        ("AZURE_FEDERATED_TOKEN_FILE", "/canary"),
        ("AZURE_TENANT_ID", "canary"),
        ("IDENTITY_HEADER", "canary"),
        ("PATH", "/canary"),
        ("azure_openai_api_key", "canary"),
    ]);
    let visible: Vec<(String, String)> = documented()
        .into_iter()
        .map(|name| (name, "seen".to_owned()))
        .collect();
    variables.extend(visible.clone());
    let host = hostile(variables).await;
    let seen = get(host.address, "/v1/files").await.json();
    assert!(!seen.to_string().contains("canary"), "{seen}");
    let mut environment: Vec<(String, String)> =
        serde_json::from_value(seen["environment"].clone()).unwrap();
    environment.sort();
    assert_eq!(environment, visible);
    assert_eq!(seen["config"], "{}");
}

/// The variables of the provider's settings, in order.
fn documented() -> BTreeSet<String> {
    let page = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let table = page.split("<!-- settings:").nth(1).unwrap();
    let table = table.split("<!-- end of settings -->").next().unwrap();
    let columns = table.lines().filter_map(|line| line.split('|').nth(2));
    let names = columns.flat_map(|column| column.split('`'));
    let names = names.filter(|name| name.contains('_'));
    names.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_provider_reaches_its_endpoint_and_no_other_origin() {
    let mock = MockAzure::builder().start().await.unwrap();
    let other = MockAzure::builder().start().await.unwrap();
    let identity = other.endpoint();
    let host = hostile(owned(&[
        ("AZURE_OPENAI_ENDPOINT", &mock.endpoint()),
        // Where the guard may go the provider may not.
        ("AZURE_AUTHORITY_HOST", &identity),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &identity),
        ("IDENTITY_ENDPOINT", &identity),
    ]))
    .await;
    let by_name = mock.endpoint().replace("127.0.0.1", "localhost");
    let secure = mock.endpoint().replace("http:", "https:");
    for (origin, is_allowed) in [
        (mock.endpoint(), true),
        (other.endpoint(), false),
        (by_name, false),
        (secure, false),
        ("http://169.254.169.254".to_owned(), false),
    ] {
        let url = format!("{origin}/openai/v1/responses");
        let send = json!({ "do": "send", "method": "POST", "url": url });
        let answer = carry_out(&host, send).await;
        if is_allowed {
            assert_eq!(answer["status"], 401, "{answer}");
        } else {
            assert_eq!(
                answer["error"], "ErrorCode::HttpRequestDenied",
                "{origin}: {answer}"
            );
        }
    }
    assert_eq!((mock.requests().len(), other.connections()), (1, 0));
}

#[tokio::test]
async fn with_no_endpoint_the_provider_reaches_nothing() {
    let mock = MockAzure::builder().start().await.unwrap();
    let host = hostile(Vec::new()).await;
    let send = json!({ "do": "send", "method": "GET", "url": mock.endpoint() });
    let answer = carry_out(&host, send).await;
    assert_eq!(answer["error"], "ErrorCode::HttpRequestDenied");
    assert_eq!(mock.connections(), 0);
}
