//! A workload's identity: a token of another issuer in a file, exchanged for one of Entra ID.

use std::fs;
use std::path::{Path, PathBuf};

use azure_openai_mock::{Fault, MOCK_CLIENT_ID, MOCK_FEDERATED_TOKEN, MockAzure};
use http::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use super::support::{Clock, assert_final, chain, mock, only, open, open_with};
use crate::support::Setup;

#[tokio::test]
async fn the_file_is_read_for_every_token() {
    let (_folder, file) = file_with("first");
    let builder = MockAzure::builder()
        .federated_token("first")
        .federated_token("second");
    let mock = builder.start().await.unwrap();
    let clock = Clock::new();
    let credentials = clock.credentials(mock.environment_of_workload_identity(&file));
    let setup = open_with(mock, chain(), credentials).await;
    let first = setup.token_taken().await;

    fs::write(&file, "second").unwrap();
    assert_eq!(setup.token_taken().await, first, "it is good still");
    clock.pass(3600);
    assert_ne!(setup.token_taken().await, first);

    let requests = setup.mock.token_requests();
    let assertions: Vec<_> = requests.iter().map(|request| &request.body).collect();
    assert_eq!(assertions.len(), 2);
    for (form, assertion) in assertions.into_iter().zip(["first", "second"]) {
        let expected = json!({
            "grant_type": "client_credentials",
            "client_id": MOCK_CLIENT_ID,
            "client_assertion": assertion,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "scope": "https://cognitiveservices.azure.com/.default",
        });
        assert_eq!(*form, expected);
    }
}

#[tokio::test]
async fn a_file_without_a_token_is_named_and_nobody_is_asked() {
    let (_folder, file) = file_with("");
    for (content, words) in [
        (None, "does not exist"),
        (Some(""), "is empty"),
        (Some(" \n"), "is empty"),
    ] {
        match content {
            None => fs::remove_file(&file).unwrap(),
            Some(content) => fs::write(&file, content).unwrap(),
        }
        let setup = with_file(&file, mock().await).await;
        let words = [
            "there is no token: WorkloadIdentityCredential: ",
            file.to_str().unwrap(),
            words,
            "check AZURE_FEDERATED_TOKEN_FILE",
        ];
        assert_final(&setup.refusal().await, &words);
        assert!(setup.mock.token_requests().is_empty());
    }
}

#[tokio::test]
async fn an_assertion_that_is_refused_says_what_to_compare() {
    let (_folder, file) = file_with("canary-of-another-issuer");
    let setup = with_file(&file, mock().await).await;
    let words = ["AADSTS700213", "compare its issuer, subject and audience"];
    assert_final(&setup.refusal().await, &words);
    setup.only_token_request();
}

#[tokio::test]
async fn an_assertion_that_has_expired_says_what_to_check() {
    let (_folder, file) = file_with(MOCK_FEDERATED_TOKEN);
    let mock = mock().await;
    let body = json!({
        "error": "invalid_client",
        "error_description": "AADSTS700024: Client assertion is not within its valid time range.\r\nTrace ID: a",
    });
    mock.push_token_fault(Fault::json(StatusCode::UNAUTHORIZED, &body));
    let setup = with_file(&file, mock).await;
    let words = ["AADSTS700024", "that the federated token file is renewed"];
    assert_final(&setup.refusal().await, &words);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let mock = mock().await;
    let mut variables = mock.environment_of_client_secret();
    variables.push(only("WorkloadIdentityCredential"));
    let setup = open(mock, chain(), variables).await;
    let words = ["AZURE_FEDERATED_TOKEN_FILE is not set; the workload identity webhook"];
    assert_final(&setup.refusal().await, &words);
    assert!(setup.mock.token_requests().is_empty());
}

async fn with_file(file: &Path, mock: MockAzure) -> Setup {
    let variables = mock.environment_of_workload_identity(file);
    open(mock, chain(), variables).await
}

/// A file with this content, in a folder that goes with the first value.
fn file_with(content: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("azure-identity-token");
    fs::write(&file, content).unwrap();
    (folder, file)
}
