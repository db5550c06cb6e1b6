//! Clients that ask Microsoft Entra on their own behalf.

use serde_json::json;

use super::client::{
    Fields, SCOPE, SECRET_FIELDS, ask_entra, assert_refused, but, client, json_of, post_with_token,
    send_form, token,
};
use crate::{MOCK_CLIENT_ID, MOCK_PUBLIC_CLIENT_ID, MOCK_TENANT_ID, MockAzure};

#[tokio::test]
async fn a_client_with_its_secret_gets_a_token_that_opens_the_responses_api() {
    let mock = MockAzure::builder().start().await.unwrap();
    let (status, answer) = ask_entra(&mock, &SECRET_FIELDS).await;
    let expected = json!({
        "token_type": "Bearer",
        "expires_in": 3600,
        "ext_expires_in": 3600,
        "access_token": answer["access_token"],
    });
    assert_eq!((status, &answer), (200, &expected));
    let (status, _) = post_with_token(&mock, answer["access_token"].as_str().unwrap()).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn no_two_tokens_are_the_same() {
    let mock = MockAzure::builder().start().await.unwrap();
    assert_ne!(token(&mock).await, token(&mock).await);
}

#[tokio::test]
async fn each_mistake_has_its_number() {
    let mock = MockAzure::builder().start().await.unwrap();
    let table: [(&Fields<'_>, u16, &str, u32); 12] = [
        (&[("grant_type", "")], 400, "invalid_request", 900144),
        (
            &[("grant_type", "password")],
            400,
            "unsupported_grant_type",
            70003,
        ),
        (&[("client_id", "")], 400, "invalid_request", 900144),
        (
            &[("client_id", "nobody")],
            400,
            "unauthorized_client",
            700016,
        ),
        (
            &[("client_secret", "guessed")],
            401,
            "invalid_client",
            7000215,
        ),
        (&[("client_secret", "")], 401, "invalid_client", 7000216),
        (
            &[("client_id", MOCK_PUBLIC_CLIENT_ID)],
            401,
            "invalid_client",
            700025,
        ),
        (
            &[("client_secret", ""), ("client_assertion", "text")],
            400,
            "invalid_request",
            900144,
        ),
        (&[("scope", "")], 400, "invalid_request", 900144),
        (
            &[("scope", "https://cognitiveservices.azure.com")],
            400,
            "invalid_scope",
            1002012,
        ),
        (
            &[(
                "scope",
                "https://cognitiveservices.azure.com/.default openid",
            )],
            400,
            "invalid_scope",
            1002012,
        ),
        (
            &[("scope", "https://nowhere.example/.default")],
            400,
            "invalid_resource",
            500011,
        ),
    ];
    for (changes, status, error, code) in table {
        let answer = ask_entra(&mock, &but(&SECRET_FIELDS, changes)).await;
        assert_refused(&answer, status, error, code);
        assert!(!answer.1.to_string().contains("guessed"), "{}", answer.1);
    }
}

#[tokio::test]
async fn a_client_is_known_in_its_tenant_only() {
    let mock = MockAzure::builder()
        .client("contoso.example", "app", "first")
        .client("contoso.example", "app", "second")
        .start()
        .await
        .unwrap();
    let fields = |secret| {
        but(
            &SECRET_FIELDS,
            &[("client_id", "app"), ("client_secret", secret)],
        )
    };
    let table = [
        ("contoso.example", "second", 200, json!(null)),
        ("contoso.example", "first", 401, json!([7000215])),
        (MOCK_TENANT_ID, "second", 400, json!([700016])),
        ("nowhere", "second", 400, json!([90002])),
        ("common", "second", 400, json!([50059])),
    ];
    for (tenant, secret, status, codes) in table {
        let response = send_form(&mock, tenant, &fields(secret)).await.unwrap();
        let (answered, body) = json_of(response).await;
        assert_eq!(
            (answered, &body["error_codes"]),
            (status, &codes),
            "{tenant}"
        );
    }
}

#[tokio::test]
async fn the_endpoint_takes_forms() {
    let mock = MockAzure::builder().start().await.unwrap();
    let url = format!("{}/{MOCK_TENANT_ID}/oauth2/v2.0/token", mock.endpoint());
    let answer = json_of(client().get(&url).send().await.unwrap()).await;
    assert_refused(&answer, 400, "invalid_request", 900561);

    let document = json!({"grant_type": "client_credentials"});
    let request = client().post(&url).body(document.to_string());
    let answer = json_of(request.send().await.unwrap()).await;
    assert_refused(&answer, 400, "invalid_request", 900144);
}

#[tokio::test]
async fn a_refusal_can_be_traced() {
    let mock = MockAzure::builder().start().await.unwrap();
    let request = client()
        .post(format!("{}/nowhere/oauth2/v2.0/token", mock.endpoint()))
        .header("client-request-id", "mine")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials");
    let response = request.send().await.unwrap();
    let trace_id = response.headers()["x-ms-request-id"].clone();
    assert_eq!(response.headers()["cache-control"], "no-store");
    let (_, body) = json_of(response).await;
    assert_eq!(body["trace_id"], trace_id.to_str().unwrap());
    assert_eq!(body["correlation_id"], "mine");
    let description = body["error_description"].as_str().unwrap();
    let end = format!(
        " Trace ID: {} Correlation ID: mine Timestamp: {}",
        trace_id.to_str().unwrap(),
        body["timestamp"].as_str().unwrap()
    );
    assert!(description.ends_with(&end), "{description}");
}

#[tokio::test]
async fn a_token_for_another_audience_opens_nothing() {
    let mock = MockAzure::builder().start().await.unwrap();
    let table = [
        ("https://cognitiveservices.azure.com/.default", 200),
        ("https://cognitiveservices.azure.us/.default", 200),
        ("https://ai.azure.com/.default", 200),
        ("https://ai.azure.cn//.default", 200),
        ("https://management.azure.com/.default", 401),
    ];
    for (scope, status) in table {
        let (_, answer) = ask_entra(&mock, &but(&SECRET_FIELDS, &[("scope", scope)])).await;
        let token = answer["access_token"].as_str().unwrap();
        let (answered, body) = post_with_token(&mock, token).await;
        assert_eq!(answered, status, "{scope}: {body}");
        if status == 401 {
            let message = body["error"]["message"].as_str().unwrap();
            assert!(message.contains("audience is incorrect"), "{message}");
        }
    }
}

#[tokio::test]
async fn token_requests_are_kept_and_their_secrets_are_not_printed() {
    let mock = MockAzure::builder()
        .client(MOCK_TENANT_ID, MOCK_CLIENT_ID, "top-secret")
        .start()
        .await
        .unwrap();
    let fields = but(&SECRET_FIELDS, &[("client_secret", "top-secret")]);
    ask_entra(&mock, &fields).await;
    mock.wait_for_token_requests(1).await;
    let requests = mock.token_requests();
    let [request] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    let expected = json!({
        "grant_type": "client_credentials",
        "client_id": MOCK_CLIENT_ID,
        "client_secret": "top-secret",
        "scope": SCOPE,
    });
    assert_eq!(request.body, expected);
    assert_eq!(request.path, format!("/{MOCK_TENANT_ID}/oauth2/v2.0/token"));
    assert_eq!(request.status.unwrap(), 200);
    let printed = format!("{requests:?}");
    assert!(!printed.contains("top-secret"), "{printed}");
    assert!(printed.contains(MOCK_CLIENT_ID), "{printed}");
    assert!(mock.requests().is_empty());
}
