//! An application's secret or certificate in environment variables.

use std::fs;
use std::path::PathBuf;

use azure_openai_mock::{Fault, MOCK_CLIENT_ID, MOCK_CLIENT_SECRET, MOCK_TENANT_ID, MockAzure};
use http::StatusCode;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;

use super::support::{NOWHERE, assert_final, assert_passing, chain, mock, only, open};
use crate::support::Setup;

#[tokio::test]
async fn a_client_secret_gives_a_token_that_is_kept() {
    let mock = mock().await;
    let variables = mock.environment_of_client_secret();
    let setup = open(mock, chain(), variables).await;
    let token = setup.token_taken().await;
    assert_eq!(setup.token_taken().await, token);
    let request = setup.only_token_request();
    assert_eq!(request.path, format!("/{MOCK_TENANT_ID}/oauth2/v2.0/token"));
    let form = json!({
        "grant_type": "client_credentials",
        "client_id": MOCK_CLIENT_ID,
        "client_secret": MOCK_CLIENT_SECRET,
        "scope": "https://cognitiveservices.azure.com/.default",
    });
    assert_eq!(request.body, form);
}

#[tokio::test]
async fn what_entra_refuses_is_asked_once_and_said_with_what_to_do() {
    let other = "99999999-2222-4333-8444-555555555555";
    // variable, value, words
    for (name, value, words) in [
        (
            "AZURE_CLIENT_SECRET",
            "canary-wrong-secret",
            ["AADSTS7000215", "set AZURE_CLIENT_SECRET"],
        ),
        (
            "AZURE_CLIENT_ID",
            other,
            ["AADSTS700016", "check that AZURE_CLIENT_ID"],
        ),
        (
            "AZURE_TENANT_ID",
            other,
            ["AADSTS90002", "check AZURE_TENANT_ID"],
        ),
    ] {
        let mock = mock().await;
        let mut variables = mock.environment_of_client_secret();
        variables.push((name, value.to_owned()));
        let setup = open(mock, chain(), variables).await;
        let error = setup.refusal().await;
        assert_final(&error, &words);
        assert_final(&error, &["there is no token: EnvironmentCredential: "]);
        // The next request learns the same, and Entra is left alone.
        assert_final(&setup.refusal().await, &words);
        setup.only_token_request();
    }
}

#[tokio::test]
async fn a_secret_that_has_expired_is_said_to_have() {
    let body = json!({
        "error": "invalid_client",
        "error_description": "AADSTS7000222: The provided client secret keys for app 'a' are expired. Trace ID: b",
        "error_codes": [7000222],
    });
    let setup = with_secret([Fault::json(StatusCode::UNAUTHORIZED, &body)]).await;
    let words = [
        "AADSTS7000222",
        "make a new one on the app registration's page",
    ];
    assert_final(&setup.refusal().await, &words);
}

#[tokio::test]
async fn what_is_no_token_endpoint_is_taken_for_none() {
    let html = |status| {
        let body = "<!DOCTYPE html><title>canary: log in to the network</title>";
        Fault::Status {
            status,
            headers: Default::default(),
            body: body.into(),
        }
    };
    for status in [
        StatusCode::OK,
        StatusCode::FOUND,
        StatusCode::BAD_REQUEST,
        StatusCode::PROXY_AUTHENTICATION_REQUIRED,
    ] {
        let fault = html(status).header("location", "http://127.0.0.1:1/canary");
        let setup = with_secret([fault]).await;
        let says = format!("answered with status {}", status.as_u16());
        let words = [&*says, "something that is no token", "AZURE_AUTHORITY_HOST"];
        assert_final(&setup.refusal().await, &words);
        setup.only_token_request();
    }
}

#[tokio::test]
async fn a_busy_token_endpoint_says_when_to_ask_again() {
    for (status, name, value) in [
        (StatusCode::TOO_MANY_REQUESTS, "retry-after", "60"),
        (StatusCode::SERVICE_UNAVAILABLE, "retry-after", "60"),
        (StatusCode::SERVICE_UNAVAILABLE, "retry-after-ms", "60000"),
    ] {
        let fault = Fault::json(status, &json!({ "error": "busy" })).header(name, value);
        let setup = with_secret([fault]).await;
        let says = format!("cannot answer now (status {})", status.as_u16());
        // The second request does not go to the endpoint: it asked to be left alone.
        for _ in 0..2 {
            let error = setup.refusal().await;
            assert_passing(&error, &[&says, "try again later"]);
            let wait = error.retry_after_ms.unwrap();
            assert!((50_000..=60_000).contains(&wait), "{wait}");
        }
        setup.only_token_request();
    }
}

#[tokio::test]
async fn a_token_request_that_fails_in_passing_is_sent_again() {
    let busy = Fault::json(StatusCode::SERVICE_UNAVAILABLE, &json!({}));
    for fault in [
        busy.header("retry-after-ms", "1"),
        Fault::CloseBeforeHeaders,
        Fault::CloseAfterEvents(0),
    ] {
        let setup = with_secret([fault.clone()]).await;
        setup.token_taken().await;
        assert_eq!(setup.mock.token_requests().len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn a_token_endpoint_that_is_not_there_may_come_back() {
    let mock = mock().await;
    let mut variables = mock.environment_of_client_secret();
    variables.push(("AZURE_AUTHORITY_HOST", NOWHERE.to_owned()));
    let setup = open(mock, chain(), variables).await;
    let words = [
        NOWHERE,
        "cannot be reached",
        "check the network, HTTPS_PROXY",
    ];
    assert_passing(&setup.refusal().await, &words);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let mock = mock().await;
    let mut variables = mock.environment_of_client_secret();
    variables.push(("AZURE_CLIENT_SECRET", " ".to_owned()));
    variables.push(only("EnvironmentCredential"));
    let setup = open(mock, chain(), variables).await;
    let words = ["AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH) is not set"];
    assert_final(&setup.refusal().await, &words);
    assert!(setup.mock.token_requests().is_empty());
}

#[tokio::test]
async fn a_certificate_signs_for_the_client() {
    // the certificate that is registered, whether the chain is sent, what is wrong
    for (registered, sends_chain, words) in [
        ("client.pem", "false", &[][..]),
        ("client.pem", "true", &[]),
        (
            "other.pem",
            "false",
            &["AADSTS700027", "upload the certificate"],
        ),
    ] {
        let registered = CertificateDer::from_pem_file(fixture(registered)).unwrap();
        let builder = MockAzure::builder().certificate(registered.to_vec());
        let mock = builder.start().await.unwrap();
        let mut variables = mock.environment_of_client_certificate(&fixture("client.pem"));
        let send_chain = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN";
        variables.push((send_chain, sends_chain.to_owned()));
        let setup = open(mock, chain(), variables).await;
        match words {
            [] => drop(setup.token_taken().await),
            words => assert_final(&setup.refusal().await, words),
        }
        let form = setup.only_token_request().body;
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!(form["client_secret"], json!(null));
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let good = fs::read_to_string(fixture("client.pem")).unwrap();
    let [certificate, key] = ["-----BEGIN CERTIFICATE", "-----BEGIN PRIVATE KEY"]
        .map(|start| &good[good.find(start).unwrap()..]);
    let certificate = certificate.strip_suffix(key).unwrap();
    for (name, content, words) in [
        ("missing.pem", None, "check AZURE_CLIENT_CERTIFICATE_PATH"),
        ("empty.pem", Some(String::new()), "it is no PEM file"),
        (
            "client.pfx",
            Some("canary".to_owned()),
            "openssl pkcs12 -in",
        ),
        (
            "encrypted.pem",
            Some(good.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")),
            "its private key is encrypted",
        ),
        (
            "certificate.pem",
            Some(certificate.to_owned()),
            "it holds no private key",
        ),
        ("key.pem", Some(key.to_owned()), "it holds no certificate"),
    ] {
        let file = folder.path().join(name);
        if let Some(content) = content {
            fs::write(&file, content).unwrap();
        }
        let mock = mock().await;
        let variables = mock.environment_of_client_certificate(&file);
        let setup = open(mock, chain(), variables).await;
        assert_final(&setup.refusal().await, &[file.to_str().unwrap(), words]);
        assert!(setup.mock.token_requests().is_empty(), "{name}");
    }
}

/// A provider with a client secret, whose first token requests meet these faults.
async fn with_secret<const N: usize>(faults: [Fault; N]) -> Setup {
    let mock = mock().await;
    faults
        .into_iter()
        .for_each(|fault| mock.push_token_fault(fault));
    let variables = mock.environment_of_client_secret();
    open(mock, chain(), variables).await
}

fn fixture(name: &str) -> PathBuf {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fixtures.join("certificates").join(name)
}
