#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::credentials::CredentialErrorKind::{self, Failed, Temporary};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn read(status: u16, body: &str) -> Result<Tokens, TokenEndpointError> {
    let transport = Transport::default();
    let endpoint = TokenEndpoint {
        transport: &transport,
        url: Url::parse("https://login.example/token").unwrap(),
        scope: "s",
    };
    let answer = Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: [(header::RETRY_AFTER, HeaderValue::from_static("7"))]
            .into_iter()
            .collect(),
        body: body.to_owned().into(),
    };
    endpoint.read(&answer, NOW)
}

#[test]
fn seconds_are_numbers_or_strings() {
    let table = [
        (r#"{"access_token": "t", "expires_in": 3600}"#, None, None),
        (
            r#"{"access_token": "t", "expires_in": "3600", "refresh_in": "60", "refresh_token": "r"}"#,
            Some(60),
            Some("r"),
        ),
        (
            r#"{"access_token": "t", "expires_in": 3600, "refresh_in": 60, "token_type": "Bearer"}"#,
            Some(60),
            None,
        ),
    ];
    for (body, refresh_in, refresh_token) in table {
        let tokens = read(200, body).unwrap();
        assert_eq!(tokens.access_token.token.expose(), "t");
        assert_eq!(
            tokens.access_token.expires_on,
            NOW + Duration::from_secs(3600)
        );
        let refresh_on = refresh_in.map(|seconds| NOW + Duration::from_secs(seconds));
        assert_eq!(tokens.access_token.refresh_on, refresh_on);
        let token = tokens.refresh_token.as_ref().map(Secret::expose);
        assert_eq!(token, refresh_token);
    }
}

#[test]
fn every_other_answer_says_what_it_is() {
    let table: [(u16, &str, CredentialErrorKind, &str); 9] = [
        (
            200,
            "<html>canary</html>",
            Failed,
            "answered with status 200 OK and neither a token nor an error",
        ),
        (200, "", Failed, "neither a token nor an error"),
        (
            200,
            r#"{"access_token": "canary"}"#,
            Failed,
            "neither a token",
        ),
        (
            200,
            r#"{"access_token": "canary", "expires_in": "soon"}"#,
            Failed,
            "neither a token",
        ),
        (
            200,
            r#"{"access_token": "", "expires_in": 1}"#,
            Failed,
            "neither a token",
        ),
        (
            200,
            r#"{"access_token": "canary", "expires_in": 18446744073709551615}"#,
            Failed,
            "neither a token",
        ),
        (
            400,
            r#"{"error": "invalid_client", "error_description": "AADSTS7000218: no\r\nTrace ID: 1"}"#,
            Failed,
            "refused the sign-in: invalid_client: AADSTS7000218: no",
        ),
        (302, "", Failed, "answered with status 302 Found"),
        (
            503,
            "<html>canary</html>",
            Temporary,
            "answered with status 503 Service Unavailable",
        ),
    ];
    for (status, body, kind, part) in table {
        let error = CredentialError::from(read(status, body).unwrap_err());
        assert_eq!(error.kind, kind, "{error}");
        assert!(
            error.message.starts_with("https://login.example/token "),
            "{error}"
        );
        assert!(error.message.contains(part), "{error}");
        assert!(!error.message.contains("canary"), "{error}");
    }
}

#[test]
fn the_service_says_how_long_to_wait() {
    let error = CredentialError::from(read(429, "").unwrap_err());
    assert_eq!(
        (error.kind, error.retry_after),
        (Temporary, Some(Duration::from_secs(7)))
    );
}

#[test]
fn a_person_is_asked_again_when_signing_in_mends_it() {
    let table = [
        ("invalid_grant", true),
        ("interaction_required", true),
        ("invalid_client", false),
        ("temporarily_unavailable", false),
    ];
    for (error, needs_person) in table {
        let refused = read(400, &format!(r#"{{"error": "{error}"}}"#)).unwrap_err();
        assert_eq!(refused.needs_person(), needs_person, "{error}");
    }
}
