//! Answers with and without a token.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use http::{HeaderValue, header};

use super::*;
use crate::credentials::CredentialErrorKind::{Failed, Temporary};
use crate::credentials::testing::{self, epoch};

const FORM: &str = "client_id=c&client_secret=canary%2B1&refresh_token=canary-2&code=canary-3\
                    &code_verifier=canary-4&client_assertion=canary-5";

fn read(status: u16, body: &str) -> Result<TokenAnswer, NoToken> {
    let mut surroundings = testing::surroundings([("AZURE_AUTHORITY_HOST", "login.example")]);
    surroundings.clock = Arc::new(epoch);
    let authority = Authority::of(&surroundings, "t").unwrap();
    let answer = Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static("7"))]),
        body: body.to_owned().into(),
    };
    TokenEndpoint::new(Arc::new(surroundings), &authority).read(&answer, FORM.as_bytes())
}

fn refused(status: u16, body: &str) -> ServiceError {
    match read(status, body) {
        Err(NoToken::Refused(error)) => error,
        _ => panic!("it is not refused: {status}, {body}"),
    }
}

fn other(status: u16, body: &str) -> CredentialError {
    match read(status, body) {
        Err(NoToken::Other(error)) => error,
        _ => panic!("it is a token, or refused: {status}, {body}"),
    }
}

#[test]
fn a_token_ends_by_the_clock_that_was_given() {
    let body =
        r#"{"access_token": "t", "expires_in": 3600, "refresh_in": 60, "refresh_token": "r"}"#;
    let answer = read(200, body).ok().unwrap();
    let token = answer.access_token;
    assert_eq!(token.expires_on, epoch() + Duration::from_secs(3600));
    assert_eq!(token.refresh_on, Some(epoch() + Duration::from_secs(60)));
    assert_eq!(answer.refresh_token, Some(Secret::new("r")));
}

#[test]
fn an_answer_that_is_neither_a_token_nor_an_error_says_what_it_is() {
    for (status, body) in [
        (200, "<html>canary</html>"),
        (200, ""),
        (200, r#"{"access_token": "canary"}"#),
        (200, r#"{"access_token": "canary", "expires_in": "soon"}"#),
        (200, r#"{"access_token": "", "expires_in": 1}"#),
        (
            200,
            r#"{"access_token": "canary", "expires_in": 18446744073709551615}"#,
        ),
        (302, ""),
        (403, "<html>canary</html>"),
    ] {
        let error = other(status, body);
        assert_eq!((error.kind, error.retry_after), (Failed, None), "{error}");
        let start = format!(
            "https://login.example answered with status {status} and with something that is no token; "
        );
        assert!(error.message.starts_with(&start), "{error}");
        assert!(error.message.contains("AZURE_AUTHORITY_HOST"), "{error}");
        assert!(!error.message.contains("canary"), "{error}");
    }
}

#[test]
fn a_service_that_is_busy_says_how_long_to_wait() {
    for (status, body, words) in [
        (408, "", "its answer is no JSON"),
        (429, "{}", "no reason given"),
        (503, "<html>canary</html>", "its answer is no JSON"),
        (500, r#"{"error": "a", "error_description": "b."}"#, "b"),
    ] {
        let error = other(status, body);
        let expected = format!(
            "https://login.example cannot answer now (status {status}): {words}; try again later"
        );
        assert_eq!(error.message, expected);
        let wait = Some(Duration::from_secs(7));
        assert_eq!((error.kind, error.retry_after), (Temporary, wait));
    }
}

#[test]
fn a_refusal_repeats_nothing_that_was_sent() {
    let body = r#"{"error": "invalid_client", "error_description": "AADSTS7000218: canary+1 canary-2 canary-3\r\nTrace ID: 1"}"#;
    let error = refused(400, body);
    let expected = "invalid_client: AADSTS7000218: [REDACTED] [REDACTED] [REDACTED]";
    assert_eq!(error.to_string(), expected);
    for secret in ["canary-4", "canary-5"] {
        let error = refused(401, &format!(r#"{{"error": "{secret}"}}"#));
        assert_eq!(error.to_string(), "[REDACTED]");
    }
}
