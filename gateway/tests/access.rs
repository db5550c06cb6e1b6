//! Who may ask, and what the variables of the gateway's own do.

use azure_openai_mock::MockAzure;
use serde_json::json;

use crate::client::{get, post, send};
use crate::host::{Grants, Host};
use crate::support::gateway_for_spin;
use crate::{before, owned, serve};

#[tokio::test]
async fn it_starts_with_the_documented_variables_and_lists_the_models() {
    let mock = MockAzure::builder().start().await.unwrap();
    let host = before(&mock, &[]).await;
    for path in ["/health", "/ready"] {
        assert_eq!(get(host.address, path).await.status, 200, "{path}");
    }
    let models = get(host.address, "/v1/models").await.json();
    assert_eq!(models["object"], "list");
    assert_eq!(models["data"][0]["id"], "gpt-5.1");
    let model = get(host.address, "/openai/v1/models/gpt-5.1").await.json();
    assert_eq!(model, models["data"][0]);
    let none = get(host.address, "/v1/models/none").await;
    assert_eq!(
        (none.status, &none.json()["error"]["code"]),
        (404, &json!("model_not_found"))
    );
}

#[tokio::test]
async fn variables_of_spin_are_those_of_the_environment() {
    let mock = MockAzure::builder().start().await.unwrap();
    let grants = Grants {
        variables: owned(&[("AZURE_OPENAI_API_KEY", "of-the-environment")]),
        spin: owned(&[
            ("azure_openai_endpoint", &mock.endpoint()),
            ("azure_openai_api_key", mock.api_key()),
            ("gateway_key", "the-key"),
        ]),
        ..Grants::default()
    };
    let host = Host::start(&gateway_for_spin(), grants).await;
    let body = json!({ "model": "gpt-5.1", "input": "Hi" }).to_string();
    for (key, status) in [("the-key", 200), ("another", 401)] {
        let headers = [("content-type", "application/json"), ("api-key", key)];
        let answer = send(host.address, "POST", "/v1/responses", &headers, &body).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[tokio::test]
async fn a_configuration_that_is_wrong_is_named_and_lets_it_live() {
    let host = serve(Vec::new()).await;
    assert_eq!(get(host.address, "/health").await.status, 200);
    assert_eq!(get(host.address, "/ready").await.status, 500);
    let answer = post(host.address, "/v1/responses", &json!({ "input": "Hi" })).await;
    let message = answer.json()["error"]["message"].to_string();
    assert_eq!(answer.status, 500);
    assert!(message.contains("AZURE_OPENAI_ENDPOINT"), "{message}");
    assert!(message.contains("AZURE_OPENAI_API_KEY"), "{message}");
}

#[tokio::test]
async fn settings_without_a_variable_come_in_one_document() {
    let mock = MockAzure::builder().deployment("production", "gpt-5.1");
    let mock = mock.start().await.unwrap();
    let settings = r#"{"deployment_mapping": {"mine": "production"}, "max_retries": 0}"#;
    let host = before(&mock, &[("GATEWAY_SETTINGS", settings)]).await;
    let body = json!({ "model": "mine", "input": "Hi" });
    let answer = post(host.address, "/v1/responses", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(mock.requests()[0].body["model"], "production");
    let models = get(host.address, "/v1/models").await.json();
    assert!(models.to_string().contains("mine"), "{models}");
}

#[tokio::test]
async fn with_a_key_who_has_it_may_ask_and_without_one_this_machine() {
    let mock = MockAzure::builder().start().await.unwrap();
    let with_key = before(&mock, &[("GATEWAY_KEY", "the-key")]).await;
    let without = before(&mock, &[]).await;
    let json = ("content-type", "application/json");
    let elsewhere = ("host", "gateway.example");
    for (host, path, headers, status) in [
        (&with_key, "/v1/responses", vec![json], 401),
        (
            &with_key,
            "/v1/responses",
            vec![json, ("api-key", "another")],
            401,
        ),
        (
            &with_key,
            "/v1/responses",
            vec![json, elsewhere, ("api-key", "the-key")],
            200,
        ),
        (
            &with_key,
            "/v1/complete",
            vec![json, ("authorization", "Bearer the-key")],
            200,
        ),
        (&with_key, "/health", vec![elsewhere], 200),
        (&without, "/v1/responses", vec![json], 200),
        (&without, "/v1/responses", vec![json, elsewhere], 403),
        (
            &without,
            "/v1/responses",
            vec![json, ("origin", "https://page.example")],
            403,
        ),
        (
            &without,
            "/v1/responses",
            vec![("content-type", "text/plain")],
            415,
        ),
        (&without, "/v1/complete", vec![], 415),
        (&without, "/ready", vec![elsewhere], 200),
    ] {
        let (method, body) = match path {
            "/health" | "/ready" => ("GET", String::new()),
            "/v1/complete" => (
                "POST",
                json!({ "messages": [{ "role": "user", "content": "Hi" }] }).to_string(),
            ),
            _ => (
                "POST",
                json!({ "model": "gpt-5.1", "input": "Hi" }).to_string(),
            ),
        };
        let answer = send(host.address, method, path, &headers, &body).await;
        assert_eq!(answer.status, status, "{path} {headers:?}: {answer:?}");
    }
    let seen = mock.requests();
    assert!(
        seen.iter()
            .all(|request| request.headers["api-key"] == mock.api_key())
    );
}
