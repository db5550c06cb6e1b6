//! What tests do to tokens: count, hold back, let expire, revoke, have requests for them fail.

use std::path::Path;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde_json::json;
use tokio::task::JoinSet;

use super::client::{
    SECRET_FIELDS, ask_entra, client, client_without_redirects, json_of, object, post_with_token,
    send_form, token,
};
use crate::{DeltaGate, Fault, MOCK_TENANT_ID, MockAzure, RecordedRequest};

async fn mock() -> MockAzure {
    MockAzure::builder().start().await.unwrap()
}

#[tokio::test]
async fn a_revoked_token_is_refused_and_a_new_one_is_not() {
    let mock = mock().await;
    let old = token(&mock).await;
    assert_eq!(post_with_token(&mock, &old).await.0, 200);
    mock.revoke_tokens();
    let (status, body) = post_with_token(&mock, &old).await;
    let message = "Access token is missing, invalid, audience is incorrect \
                   (https://cognitiveservices.azure.com), or have expired.";
    assert_eq!((status, &body["error"]["message"]), (401, &json!(message)));
    let new = token(&mock).await;
    assert_eq!(post_with_token(&mock, &new).await.0, 200);
    assert_eq!((mock.token_requests().len(), mock.requests().len()), (2, 3));
}

#[tokio::test]
async fn a_token_that_has_expired_is_refused() {
    let builder = MockAzure::builder().token_lifetime(Duration::ZERO);
    let mock = builder.start().await.unwrap();
    let expired = token(&mock).await;
    assert_eq!(post_with_token(&mock, &expired).await.0, 401);
    mock.set_token_lifetime(Duration::from_secs(301));
    let (_, answer) = ask_entra(&mock, &SECRET_FIELDS).await;
    assert_eq!(answer["expires_in"], 301);
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(post_with_token(&mock, token).await.0, 200);
    assert_eq!(post_with_token(&mock, &expired).await.0, 401);
}

#[tokio::test]
async fn answers_wait_for_the_gate() {
    let gate = DeltaGate::new();
    let builder = MockAzure::builder().token_gate(gate.clone());
    let mock = builder.start().await.unwrap();
    let mut asked = JoinSet::new();
    for _ in 0..3 {
        let url = format!("{}/nowhere/oauth2/v2.0/token", mock.endpoint());
        asked.spawn(client().post(url).send());
    }
    mock.wait_for_token_requests(3).await;
    assert!(
        mock.token_requests()
            .iter()
            .all(|request| request.status.is_none())
    );
    gate.release(1);
    asked.join_next().await.unwrap().unwrap().unwrap();
    let answered = |request: &&RecordedRequest| request.status.is_some();
    assert_eq!(mock.token_requests().iter().filter(answered).count(), 1);
    // The Responses API has a gate of its own.
    object(&mock, &json!({"model": "gpt-4.1", "input": "hi"})).await;
    gate.open();
    asked.join_all().await;
}

#[tokio::test]
async fn faults_of_token_requests_have_their_own_queue() {
    let mock = mock().await;
    let busy = json!({"error": "temporarily_unavailable"});
    mock.push_token_fault(
        Fault::json(StatusCode::TOO_MANY_REQUESTS, &busy).header("retry-after", "7"),
    );
    mock.push_token_fault(Fault::CloseBeforeHeaders);
    mock.push_token_fault(Fault::CloseAfterEvents(0));
    object(&mock, &json!({"model": "gpt-4.1", "input": "hi"})).await;

    let response = send_form(&mock, MOCK_TENANT_ID, &SECRET_FIELDS)
        .await
        .unwrap();
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(json_of(response).await, (429, busy));
    assert!(
        send_form(&mock, MOCK_TENANT_ID, &SECRET_FIELDS)
            .await
            .is_err()
    );
    let broken = send_form(&mock, MOCK_TENANT_ID, &SECRET_FIELDS)
        .await
        .unwrap();
    assert!(broken.text().await.is_err());
    token(&mock).await;

    mock.push_fault(Fault::CloseBeforeHeaders);
    token(&mock).await;
    let statuses = mock
        .token_requests()
        .into_iter()
        .map(|request| request.status);
    let statuses: Vec<Option<u16>> = statuses.map(|status| Some(status?.as_u16())).collect();
    assert_eq!(statuses, [Some(429), None, Some(200), Some(200), Some(200)]);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_given_up() {
    let mock = mock().await;
    mock.push_token_fault(Fault::NeverAnswer);
    tokio::select! {
        answer = send_form(&mock, MOCK_TENANT_ID, &SECRET_FIELDS) => panic!("{answer:?}"),
        () = mock.wait_for_token_requests(1) => {}
    }
    mock.wait_for_closed_streams(1).await;
}

#[tokio::test]
async fn a_client_can_be_sent_elsewhere() {
    let (elsewhere, mock) = (mock().await, mock().await);
    let redirect = || {
        let location = elsewhere.endpoint().parse().unwrap();
        Fault::Status {
            status: StatusCode::TEMPORARY_REDIRECT,
            headers: HeaderMap::from_iter([(header::LOCATION, location)]),
            body: "".into(),
        }
    };
    mock.push_fault(redirect());
    mock.push_token_fault(redirect());
    for path in ["openai/v1/responses", "metadata/identity/oauth2/token"] {
        let url = format!("{}/{path}", mock.endpoint());
        let response = client_without_redirects().post(url).send().await.unwrap();
        assert_eq!(response.status(), 307);
        assert_eq!(response.headers()["location"], elsewhere.endpoint());
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn variables_lead_to_the_endpoints() {
    let mock = mock().await;
    let names = |variables: Vec<(&'static str, String)>| -> Vec<&str> {
        for (name, value) in &variables {
            let is_address = name.contains("ENDPOINT") || name.contains("HOST");
            assert_eq!(value.starts_with(&mock.endpoint()), is_address, "{name}");
        }
        variables.into_iter().map(|(name, _)| name).collect()
    };
    let client = ["AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID", "AZURE_CLIENT_ID"];
    let of_client = |last| [&client[..], &[last]].concat();
    let file = Path::new("file");
    assert_eq!(names(mock.environment_of_authority()), client[..1]);
    assert_eq!(
        names(mock.environment_of_client_secret()),
        of_client("AZURE_CLIENT_SECRET")
    );
    assert_eq!(
        names(mock.environment_of_client_certificate(file)),
        of_client("AZURE_CLIENT_CERTIFICATE_PATH")
    );
    assert_eq!(
        names(mock.environment_of_workload_identity(file)),
        of_client("AZURE_FEDERATED_TOKEN_FILE")
    );
    assert_eq!(
        names(mock.environment_of_app_service()),
        ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"]
    );
    assert_eq!(
        names(mock.environment_of_arc()),
        ["IDENTITY_ENDPOINT", "IMDS_ENDPOINT"]
    );
    assert_eq!(
        names(mock.environment_of_virtual_machine()),
        ["AZURE_POD_IDENTITY_AUTHORITY_HOST"]
    );
}
