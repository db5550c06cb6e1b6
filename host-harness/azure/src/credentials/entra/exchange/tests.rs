//! Answers with and without a token.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use oauth2::RefreshToken;

use super::*;
use crate::credentials::CredentialErrorKind::{Failed, Temporary};
use crate::credentials::testing::{self, Reply, Server, epoch};

/// What comes of a form that holds secrets, with the authority's name.
async fn answered(reply: Reply) -> (Result<TokenAnswer, NoToken>, String) {
    let server = Server::start([reply]).await;
    let mut surroundings = testing::surroundings([("AZURE_AUTHORITY_HOST", &*server.address)]);
    surroundings.clock = Arc::new(epoch);
    let authority = Authority::of(&surroundings, "t").unwrap();
    let secrets = ["canary+1", "canary-2"].map(Secret::new);
    let exchange = Exchange::new(&Arc::new(surroundings), &authority, secrets);
    let client = authority.client("c");
    let secret = RefreshToken::new("canary-2".to_owned());
    let request = client.exchange_refresh_token(&secret);
    let tokens = exchange.tokens(request.request_async(&exchange).await);
    assert_eq!(server.seen().len(), 1);
    (tokens, server.address.clone())
}

async fn refused(status: u16, body: &str) -> ServiceError {
    match answered(Reply::text(status, body)).await.0 {
        Err(NoToken::Refused(error)) => error,
        other => panic!("it is not refused: {status}, {body}: {other:?}"),
    }
}

async fn other(reply: Reply) -> (CredentialError, String) {
    match answered(reply).await {
        (Err(NoToken::Other(error)), host) => (error, host),
        (other, _) => panic!("it is a token, or refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_token_ends_by_the_clock_that_was_given() {
    let body =
        r#"{"access_token": "t", "expires_in": 3600, "refresh_in": 60, "refresh_token": "r"}"#;
    for reply in [
        Reply::text(200, body),
        Reply::text(200, body).header("content-type", "text/plain"),
    ] {
        let answer = answered(reply).await.0.unwrap();
        let token = answer.access_token;
        assert_eq!(token.expires_on, epoch() + Duration::from_secs(3600));
        assert_eq!(token.refresh_on, Some(epoch() + Duration::from_secs(60)));
        assert_eq!(answer.refresh_token, Some(Secret::new("r")));
    }
}

#[tokio::test]
async fn an_answer_that_is_neither_a_token_nor_an_error_says_what_it_is() {
    let with_status = |status| format!(" with status {status} and");
    for (status, body, shown) in [
        (200, "<html>canary</html>", with_status(200)),
        (200, "", with_status(200)),
        (302, "", with_status(302)),
        (400, "\"canary\"", with_status(400)),
        (403, "<html>canary</html>", with_status(403)),
        (200, r#"{"access_token": "canary"}"#, String::new()),
        (
            200,
            r#"{"access_token": "canary", "expires_in": "soon"}"#,
            String::new(),
        ),
        (
            200,
            r#"{"access_token": "", "expires_in": 1}"#,
            String::new(),
        ),
        (
            200,
            r#"{"access_token": 7, "expires_in": 1}"#,
            String::new(),
        ),
        (
            200,
            r#"{"access_token": "canary", "expires_in": 18446744073709551615}"#,
            String::new(),
        ),
        (400, "{}", String::new()),
    ] {
        let (error, host) = other(Reply::text(status, body)).await;
        assert_eq!((error.kind, error.retry_after), (Failed, None), "{error}");
        let start = format!("{host} answered{shown} with something that is no token; ");
        assert!(error.message.starts_with(&start), "{start}: {error}");
        assert!(error.message.contains("AZURE_AUTHORITY_HOST"), "{error}");
        assert!(!error.message.contains("canary"), "{error}");
    }
}

#[tokio::test]
async fn a_service_that_is_busy_says_how_long_to_wait() {
    for (status, body, words) in [
        (408, "", "its answer is no JSON"),
        (429, "{}", "no reason given"),
        (503, "<html>canary</html>", "its answer is no JSON"),
        (500, r#"{"error": "a", "error_description": "b."}"#, "b"),
    ] {
        let (error, host) = other(Reply::text(status, body).header("retry-after", "7")).await;
        let expected =
            format!("{host} cannot answer now (status {status}): {words}; try again later");
        assert_eq!(error.message, expected);
        let wait = Some(Duration::from_secs(7));
        assert_eq!((error.kind, error.retry_after), (Temporary, wait));
    }
}

#[tokio::test]
async fn a_refusal_is_read_in_every_shape_and_repeats_nothing_that_was_sent() {
    let description = r"AADSTS7000218: canary+1 canary-2\r\nTrace ID: 1";
    for (body, shown) in [
        (
            format!(r#"{{"error": "invalid_client", "error_description": "{description}"}}"#),
            "invalid_client: AADSTS7000218: [REDACTED] [REDACTED]",
        ),
        (r#"{"error": "canary-2"}"#.to_owned(), "[REDACTED]"),
        (
            r#"{"error": {"code": "Blocked", "message": "no canary-2"}}"#.to_owned(),
            "Blocked: no [REDACTED]",
        ),
        (r#"{"message": "no canary-2"}"#.to_owned(), "no [REDACTED]"),
    ] {
        let error = refused(401, &body).await;
        assert_eq!(error.to_string(), shown, "{body}");
    }
}
