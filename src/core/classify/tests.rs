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
fn a_body_that_breaks_off_is_read_as_far_as_it_goes() {
    let long = "x".repeat(2000);
    for (status, body, kind, code) in [
        (
            429,
            r#"{"error":{"code":"insufficient_quota","message":"You exce"#,
            ErrorKind::QuotaExceeded,
            Some("insufficient_quota"),
        ),
        (
            429,
            r#"{"error":{"code":"insufficient_quota","#,
            ErrorKind::QuotaExceeded,
            Some("insufficient_quota"),
        ),
        (
            400,
            r#"{"error":{"message":"m","innererror":{"code":"ResponsibleAIPolicyViolation","content_fil"#,
            ErrorKind::ContentFilter,
            None,
        ),
        (
            400,
            r#"{"error":{"message":"the maximum context length is 8192 tok"#,
            ErrorKind::ContextLength,
            None,
        ),
        (
            400,
            &format!(r#"{{"error":{{"code":"content_filter","message":"{long}"#),
            ErrorKind::ContentFilter,
            Some("content_filter"),
        ),
        (429, r#"{"error":{"co"#, ErrorKind::RateLimit, None),
        (429, "{", ErrorKind::RateLimit, None),
    ] {
        let error = rejection(status, body).error;
        assert_eq!((error.kind, error.code.as_deref()), (kind, code), "{body}");
        assert!(error.message.chars().count() < 1500, "{}", error.message);
    }
}

#[test]
fn the_words_of_gateways_count_where_there_is_no_code() {
    use ErrorKind::{AccessDenied, ContentFilter, ContextLength, InvalidRequest, RateLimit};
    let says = |words: &str| json!({ "message": words });
    for (status, error, kind) in [
        (400, says("Too many tokens in the request"), ContextLength),
        (
            400,
            says("This exceeds the token limit of the model"),
            ContextLength,
        ),
        (
            400,
            says("Input is too long for requested model."),
            ContextLength,
        ),
        (
            400,
            says("prompt is too long: 300000 tokens > 200000 maximum"),
            ContextLength,
        ),
        (
            400,
            json!({ "code": 400, "message": "The prompt is too long" }),
            ContextLength,
        ),
        (
            429,
            says("Too many tokens, please wait before trying again."),
            RateLimit,
        ),
        (400, says("Too many tokens per minute"), InvalidRequest),
        (400, says("safety_identifier is too long"), InvalidRequest),
        (
            400,
            says("input[3].call_id: string too long"),
            InvalidRequest,
        ),
        (
            400,
            json!({ "code": "invalid_value", "message": "the input is too long" }),
            InvalidRequest,
        ),
        (
            400,
            json!({ "param": "metadata.name", "message": "the input is too long" }),
            InvalidRequest,
        ),
        (
            400,
            says("Content was blocked by a guardrail"),
            ContentFilter,
        ),
        (
            400,
            says("The request violates our content policy"),
            ContentFilter,
        ),
        (
            403,
            says("Request failed content safety check."),
            ContentFilter,
        ),
        (
            403,
            says("The resource has been temporarily blocked"),
            AccessDenied,
        ),
        (400, says("the operation is blocked"), InvalidRequest),
    ] {
        let body = json!({ "error": error }).to_string();
        assert_eq!(rejection(status, &body).error.kind, kind, "{status} {body}");
    }
}

#[test]
fn a_page_of_something_in_between_is_not_the_services_last_word() {
    let page = "<html><body>Forbidden</body></html>";
    let challenge = "<html><title>Just a moment...</title></html>";
    for (status, body, kind, retryable) in [
        (403, page, ErrorKind::Unavailable, true),
        (403, challenge, ErrorKind::Unavailable, true),
        (401, challenge, ErrorKind::Unavailable, true),
        (404, page, ErrorKind::NotFound, false),
        (400, page, ErrorKind::InvalidRequest, false),
        (503, page, ErrorKind::Unavailable, true),
    ] {
        let error = rejection(status, body).error;
        assert_eq!(
            (error.kind, error.retryable),
            (kind, retryable),
            "{status} {body}"
        );
        assert!(error.message.contains("HTML page"), "{}", error.message);
    }
}

#[test]
fn the_content_filters_that_fired_are_in_the_message_and_the_details() {
    let result = json!({ "hate": { "filtered": true, "severity": "high" }, "violence": { "filtered": false } });
    let error = json!({
        "code": "content_filter",
        "message": "m",
        "innererror": { "code": "ResponsibleAIPolicyViolation", "content_filter_result": result },
    });
    let rejected = rejection(400, &json!({ "error": error }).to_string()).error;
    for error in [rejected, reported(&error)] {
        assert!(
            error.message.contains("(hate, severity high)"),
            "{}",
            error.message
        );
        let details: Value = serde_json::from_str(&error.details.unwrap()).unwrap();
        assert_eq!(
            details,
            json!({ "content_filter_result": { "hate": result["hate"] } })
        );
    }
    let plain = rejection(400, r#"{"error":{"code":"content_filter","message":"m"}}"#).error;
    assert_eq!(plain.details, None);
    assert!(
        plain
            .message
            .starts_with("a content filter stopped the request; change"),
        "{}",
        plain.message
    );
}

#[test]
fn a_compressed_error_says_that_it_is() {
    let headers = Headers::new(vec![("content-encoding".into(), "br".into())]);
    let deployment = deployment();
    let error = rejected(503, &headers, b"\x8b\x02", asked(&deployment)).error;
    assert_eq!(
        (error.kind, error.retryable),
        (ErrorKind::Unavailable, true)
    );
    assert!(
        error.message.contains("compressed (`br`)"),
        "{}",
        error.message
    );
}

#[test]
fn errors_in_streams_are_known_by_codes_that_are_statuses_too() {
    for (error, kind, retryable) in [
        (
            json!({ "code": "429", "message": "m" }),
            ErrorKind::RateLimit,
            true,
        ),
        (json!({ "code": 429 }), ErrorKind::RateLimit, true),
        (
            json!({ "statusCode": 503, "message": "m" }),
            ErrorKind::Unavailable,
            true,
        ),
        (
            json!({ "code": "400", "message": "m" }),
            ErrorKind::InvalidRequest,
            false,
        ),
        (json!({ "code": "401" }), ErrorKind::Authentication, false),
        (json!({ "code": "200" }), ErrorKind::Unavailable, true),
        (
            json!({ "type": "too_many_requests", "code": null }),
            ErrorKind::RateLimit,
            true,
        ),
        (
            json!({ "code": "cyber_policy", "message": "m" }),
            ErrorKind::ContentFilter,
            false,
        ),
        (
            json!({ "code": "misalignment_policy_violation", "type": "invalid_request_error" }),
            ErrorKind::ContentFilter,
            false,
        ),
        (
            json!({ "code": "flex_unavailable" }),
            ErrorKind::Unavailable,
            true,
        ),
    ] {
        let reported = reported(&error);
        assert_eq!(
            (reported.kind, reported.retryable),
            (kind, retryable),
            "{error}"
        );
    }
    let refused = r#"{"error":{"code":"misalignment_policy_violation","type":"invalid_request_error","message":"m"}}"#;
    let error = rejection(403, refused).error;
    assert_eq!(
        (error.kind, error.retryable),
        (ErrorKind::ContentFilter, false)
    );
}

#[test]
fn a_token_is_called_a_new_one_only_when_it_is() {
    let authentication = Authentication::Fetched(TokenSource {
        credential: crate::contract::credentials::Credential::DefaultChain,
        scope: "scope".to_owned(),
    });
    let deployment = deployment();
    for is_renewed in [false, true] {
        let asked = Asked {
            authentication: &authentication,
            is_renewed,
            ..asked(&deployment)
        };
        let message = rejected(401, &Headers::default(), b"", asked).error.message;
        assert_eq!(message.contains("nor a new one"), is_renewed, "{message}");
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
        now: 0,
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
fn the_wait_in_the_message_counts_as_those_in_headers_do() {
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
        // The longer one.
        let longest = expected.max(Some(3000));
        assert_eq!(rejection.error.retry_after_ms, longest, "{message}");
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
