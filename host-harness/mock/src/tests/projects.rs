//! Below `/api/projects/NAME` the mock refuses what projects of Microsoft Foundry refuse, and resources accept.

use serde_json::{Value, json};

use super::client::{SECRET_FIELDS, ask, ask_entra, but, client, json_of};
use crate::MockAzure;

async fn mock() -> MockAzure {
    MockAzure::builder().start().await.unwrap()
}

/// Sends a body to a project, with this query and the key or else a token.
async fn post(mock: &MockAzure, query: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
    let url = format!(
        "{}/openai/v1/responses{query}",
        mock.project_endpoint("demo")
    );
    let request = client().post(url).body(body.to_string());
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request.header("api-key", mock.api_key()),
    };
    json_of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn an_item_without_a_type_is_refused_by_its_place() {
    let mock = mock().await;
    let typed = json!({ "type": "message", "role": "user", "content": "hi" });
    let untyped = json!({ "role": "user", "content": "hi" });
    // items → the place of the one that is refused
    for (items, place) in [
        (json!([untyped]), Some("input[0]")),
        (json!([typed, untyped]), Some("input[1]")),
        (
            json!([typed, { "role": "assistant", "content": "a" }, typed]),
            Some("input[1]"),
        ),
        (json!([typed]), None),
    ] {
        let (status, body) = post(&mock, "", None, &ask("", json!({ "input": items }))).await;
        let Some(place) = place else {
            assert_eq!(status, 200, "{body}");
            continue;
        };
        assert_eq!(status, 400, "{body}");
        let error = &body["error"];
        assert_eq!(error["param"], place);
        assert_eq!(error["code"], "invalid_value");
        assert_eq!(error["type"], "invalid_request_error");
        let message = error["message"].as_str().unwrap();
        let begin = "Invalid value: ''. Supported values are: 'additional_tools', ";
        assert!(message.starts_with(begin), "{message}");
        assert!(message.contains("'message'"), "{message}");
    }
    // A text is no item.
    assert_eq!(post(&mock, "", None, &ask("hi", json!({}))).await.0, 200);
}

#[tokio::test]
async fn every_api_version_is_refused() {
    let mock = mock().await;
    for version in ["v1", "preview", "2025-04-01-preview"] {
        let query = format!("?api-version={version}");
        let (status, body) = post(&mock, &query, None, &ask("hi", json!({}))).await;
        let error = json!({ "error": {
            "code": "BadRequest",
            "message": "api-version query parameter is not allowed when using /v1 path",
        } });
        assert_eq!((status, body), (400, error), "{version}");
    }
}

#[tokio::test]
async fn a_token_is_for_the_audience_of_projects() {
    let mock = mock().await;
    for (scope, expected) in [
        ("https://ai.azure.com/.default", 200),
        ("https://cognitiveservices.azure.com/.default", 401),
    ] {
        let fields = but(&SECRET_FIELDS, &[("scope", scope)]);
        let (_, answer) = ask_entra(&mock, &fields).await;
        let token = answer["access_token"].as_str().unwrap();
        let (status, body) = post(&mock, "", Some(token), &ask("hi", json!({}))).await;
        assert_eq!(status, expected, "{scope}: {body}");
        if expected == 401 {
            let refused = json!({
                "statusCode": 401,
                "message": "Unauthorized. Access token is missing, invalid, audience is incorrect \
                            (https://ai.azure.com), or have expired.",
            });
            assert_eq!(body, refused);
        }
    }
}
