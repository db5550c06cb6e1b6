//! Answers of Entra ID, good and bad, to an application with a secret.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::*;
use crate::credentials::CredentialErrorKind::{Failed, Temporary};
use crate::credentials::entra::EnvironmentCredential;
use crate::credentials::testing::{self, Reply, Server};
use crate::credentials::{Credential, CredentialErrorKind};

fn credential(authority: &str, request_timeout: Duration) -> EnvironmentCredential {
    let mut surroundings = testing::surroundings([
        ("AZURE_AUTHORITY_HOST", authority),
        ("AZURE_TENANT_ID", "contoso.com"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_CLIENT_SECRET", "canary+&secret"),
    ]);
    surroundings.request_timeout = request_timeout;
    EnvironmentCredential::new(Arc::new(surroundings))
}

async fn get_token(server: &Server) -> Result<AccessToken, CredentialError> {
    let credential = credential(&server.address, Duration::from_secs(10));
    credential.get_token("https://r.example/.default").await
}

fn refusal(description: &str) -> Reply {
    let body = json!({
        "error": "invalid_client",
        "error_description": description,
        "error_codes": [7_000_215],
        "trace_id": "t",
    });
    Reply::json(401, &body)
}

#[tokio::test]
async fn a_token_comes_with_its_times() {
    let body = json!({
        "token_type": "Bearer",
        "access_token": "t",
        "expires_in": 86_399,
        "ext_expires_in": 86_399,
        "refresh_in": 43_199,
    });
    let server = Server::start([Reply::json(200, &body)]).await;
    let before = SystemTime::now();
    let token = get_token(&server).await.unwrap();
    let after = SystemTime::now();
    assert_eq!(token.token.expose(), "t");
    for (time, seconds) in [(Some(token.expires_on), 86_399), (token.refresh_on, 43_199)] {
        let life = Duration::from_secs(seconds);
        assert!((before + life..=after + life).contains(&time.unwrap()));
    }
    let [seen] = server.seen().try_into().ok().unwrap();
    assert_eq!(seen.target, "/contoso.com/oauth2/v2.0/token");
    let expected = [
        ("client_id", "client"),
        ("client_secret", "canary+&secret"),
        ("grant_type", "client_credentials"),
        ("scope", "https://r.example/.default"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(seen.form(), expected.into());
    assert_eq!(
        seen.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
}

#[tokio::test]
async fn what_is_no_token_says_what_it_is() {
    let busy =
        json!({"error": "temporarily_unavailable", "error_description": "AADSTS90033: Try."});
    let html = "<html><title>canary login</title></html>";
    let without_end = json!({"access_token": "t"});
    let without_token = json!({"expires_in": 3600});
    let endless = json!({"access_token": "t", "expires_in": 9_000_000_000_000_000_000_u64});
    for (reply, kind, words, requests) in [
        (
            refusal(
                "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1\r\nTimestamp: 2",
            ),
            Failed,
            "AADSTS7000215: Invalid client secret provided; set AZURE_CLIENT_SECRET",
            1,
        ),
        (
            refusal("AADSTS700016: you sent canary+&secret"),
            Failed,
            "AADSTS700016: you sent [REDACTED]; check that AZURE_CLIENT_ID",
            1,
        ),
        (
            Reply::text(200, html),
            Failed,
            "status 200 and with something that is no token",
            1,
        ),
        (
            Reply::text(403, html),
            Failed,
            "status 403 and with something that is no token",
            1,
        ),
        (
            Reply::text(302, ""),
            Failed,
            "status 302 and with something that is no token",
            1,
        ),
        (
            Reply::text(200, &"x".repeat(1024 * 1024)),
            Failed,
            "the answer is longer than",
            1,
        ),
        (Reply::json(200, &without_end), Failed, "no token", 1),
        (Reply::json(200, &without_token), Failed, "no token", 1),
        (Reply::json(200, &endless), Failed, "no token", 1),
        (Reply::text(501, html), Temporary, "status 501", 1),
        (
            Reply::json(503, &busy),
            Temporary,
            "(status 503): AADSTS90033: Try; try again later",
            4,
        ),
    ] {
        let server = Server::start([reply]).await;
        let error = get_token(&server).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(words), "{words}: {error}");
        assert!(error.message.contains(&server.address), "{error}");
        assert!(!error.message.contains("canary"), "{error}");
        assert_eq!(server.seen().len(), requests, "{error}");
    }
}

#[tokio::test]
async fn a_failure_that_passes_is_not_noticed() {
    let busy = || Reply::text(500, "");
    for busy in [busy(), busy().header("retry-after-ms", "20")] {
        let server = Server::start([busy, Reply::token("t")]).await;
        assert_eq!(get_token(&server).await.unwrap().token.expose(), "t");
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_service_that_asks_for_a_long_wait_is_not_waited_for() {
    for (status, header, value, seconds) in [
        (429, "retry-after", "30", 30),
        (503, "retry-after-ms", "4000", 4),
        (503, "retry-after", "18446744073709551615", u64::MAX),
    ] {
        let server = Server::start([Reply::text(status, "{}").header(header, value)]).await;
        let error = get_token(&server).await.unwrap_err();
        assert_eq!(error.kind, Temporary);
        assert_eq!(error.retry_after, Some(Duration::from_secs(seconds)));
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_service_that_hangs_is_given_up() {
    let server = Server::start([Reply::Hang]).await;
    let credential = credential(&server.address, Duration::from_millis(50));
    let error = credential.get_token("s").await.unwrap_err();
    assert_eq!(error.kind, Temporary);
    assert!(
        error.message.contains("no answer within 0.05 seconds"),
        "{error}"
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_service_that_is_not_there_may_come_back() {
    let (_socket, address) = testing::deserted();
    let credential = credential(&address, Duration::from_secs(10));
    let error = credential.get_token("s").await.unwrap_err();
    assert_eq!(error.kind, Temporary);
    for words in [&address, "cannot be reached", "AZURE_AUTHORITY_HOST"] {
        assert!(error.message.contains(words), "{error}");
    }
}

#[tokio::test]
async fn an_authority_without_encryption_gets_no_secret() {
    let credential = credential("http://login.example", Duration::from_secs(10));
    let error = credential.get_token("s").await.unwrap_err();
    assert_eq!(error.kind, CredentialErrorKind::Failed);
    assert!(error.message.contains("plain http"), "{error}");
}
