#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod azure;
mod refusals;

use std::sync::LazyLock;

use serde_json::json;

use super::*;
use crate::core::deployment::Rule;
use crate::core::secret::Secret;

#[test]
fn every_shape_of_a_body_is_read() {
    for (body, code, words) in [
        (
            r#"{"error":{"code":"x","message":"m"}}"#,
            Some("x"),
            "the service says: m",
        ),
        (
            r#"{"error":{"code":429,"message":"m"}}"#,
            Some("429"),
            "the service says: m",
        ),
        (
            r#"{"error":{"code":null,"message":"m"}}"#,
            None,
            "the service says: m",
        ),
        (
            r#"{"error":{"code":"","message":null}}"#,
            None,
            "the service gave no reason",
        ),
        (r#"{"error":"m"}"#, None, "the service says: m"),
        (
            r#"{"error":null,"message":"m"}"#,
            None,
            "the service says: m",
        ),
        (
            r#"{"code":"x","message":"m"}"#,
            Some("x"),
            "the service says: m",
        ),
        (
            r#"{"statusCode":401,"message":"m"}"#,
            Some("401"),
            "the service says: m",
        ),
        (r#""m""#, None, "the service says: m"),
        ("[]", None, "the service gave no reason"),
        ("null", None, "the service gave no reason"),
        ("", None, "the service gave no reason"),
        ("plain text", None, "the service says: plain text"),
        (
            "<!DOCTYPE html><p>403</p>",
            None,
            "the answer is an HTML page",
        ),
    ] {
        let error = rejection(400, body).error;
        assert_eq!(error.code.as_deref(), code, "{body}");
        assert!(error.message.contains(words), "{body}: {}", error.message);
    }
    let invalid = rejected(400, &Headers::default(), b"\xff\xfe", asked(&deployment()));
    assert_eq!(invalid.error.kind, ErrorKind::InvalidRequest);
}

#[test]
fn codes_come_before_statuses_and_statuses_before_words() {
    use ErrorKind::{
        ContentFilter, ContextLength, InvalidRequest, RateLimit, Timeout, Unavailable,
    };
    for (status, body, kind) in [
        (500, json!({ "code": "rate_limit_exceeded" }), RateLimit),
        (429, json!({ "code": "no_capacity" }), Unavailable),
        (
            400,
            json!({ "code": "BadRequest", "inner_error": { "code": "ResponsibleAIPolicyViolation" } }),
            ContentFilter,
        ),
        (
            400,
            json!({ "code": "unknown", "message": "maximum context length is 8192 tokens" }),
            ContextLength,
        ),
        (
            400,
            json!({ "message": "safety_identifier is too long" }),
            InvalidRequest,
        ),
        (
            500,
            json!({ "message": "the context window of this process" }),
            Unavailable,
        ),
        (
            400,
            json!({ "type": "invalid_request_error", "message": "no" }),
            InvalidRequest,
        ),
        (400, json!({ "code": "Timeout" }), Timeout),
        (500, json!({ "type": "invalid_request_error" }), Unavailable),
        (
            401,
            json!({ "type": "invalid_request_error", "code": "invalid_api_key" }),
            ErrorKind::Authentication,
        ),
        (
            404,
            json!({ "code": "model_not_found" }),
            ErrorKind::NotFound,
        ),
    ] {
        let body = json!({ "error": body }).to_string();
        assert_eq!(rejection(status, &body).error.kind, kind, "{status} {body}");
    }
}

#[test]
fn a_long_message_is_cut_between_characters() {
    let body = json!({ "error": { "message": "ü".repeat(5000) } }).to_string();
    let message = rejection(400, &body).error.message;
    assert!(
        message.ends_with("ü…") && message.chars().count() < 1500,
        "{}",
        message.len()
    );
}

fn rejection(status: u16, body: &str) -> Rejection {
    rejected(
        status,
        &Headers::default(),
        body.as_bytes(),
        asked(&deployment()),
    )
}

fn asked(deployment: &Deployment) -> Asked<'_> {
    Asked {
        deployment,
        url: "https://r.openai.azure.com/openai/v1/responses",
        endpoint: &ENDPOINT,
        authentication: &KEY,
        is_renewed: false,
    }
}

static ENDPOINT: LazyLock<Endpoint> =
    LazyLock::new(|| Endpoint::parse("https://r.openai.azure.com").unwrap());

static KEY: LazyLock<Authentication> =
    LazyLock::new(|| Authentication::ApiKey(Secret::new("key".to_owned())));

fn deployment() -> Deployment {
    Deployment {
        name: "d".to_owned(),
        logical_model: "gpt-5.1".to_owned(),
        rule: Rule::DefaultDeployment,
    }
}

#[test]
fn the_wait_is_in_the_message_when_no_header_has_it() {
    for (message, expected) in [
        (
            "Requests exceeded the rate limit. Please retry after 17 seconds.",
            Some(17_000),
        ),
        ("Please retry after 1 second.", Some(1000)),
        ("Please retry after some seconds.", None),
        ("Please retry after -1 seconds.", None),
        ("Please retry.", None),
    ] {
        let error = json!({ "code": "429", "message": message });
        let body = json!({ "error": error }).to_string();
        assert_eq!(rejection(429, &body).error.retry_after_ms, expected);
        assert_eq!(reported(&error).retry_after_ms, expected);
        let headers = Headers::new(vec![("retry-after".into(), "3".into())]);
        let deployment = deployment();
        let rejection = rejected(429, &headers, body.as_bytes(), asked(&deployment));
        assert_eq!(rejection.error.retry_after_ms, Some(3000));
    }
}

#[test]
fn what_is_too_long_is_the_conversation_or_something_else() {
    for (parameter, kind) in [
        (None, ErrorKind::ContextLength),
        (Some("input"), ErrorKind::ContextLength),
        (Some("input[3].content[0].text"), ErrorKind::ContextLength),
        (Some("input[3].call_id"), ErrorKind::InvalidRequest),
        (Some("tools[0].name"), ErrorKind::InvalidRequest),
    ] {
        let error =
            json!({ "code": "string_above_max_length", "param": parameter, "message": "too long" });
        let error = rejection(400, &json!({ "error": error }).to_string()).error;
        assert_eq!(error.kind, kind, "{parameter:?}");
        if let Some(parameter) = parameter {
            assert!(error.message.contains(parameter), "{}", error.message);
        }
    }
}
