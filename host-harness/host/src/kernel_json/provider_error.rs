//! [`ProviderError`]: what went wrong. Only written: nobody sends one in.

use serde_json::Value;

use crate::contract::types::{ErrorKind, ProviderError};

use super::JsonError;
use super::reader::Place;
use super::writer::ObjectWriter;

/// Writes an error. What the kind adds is under `details`.
///
/// # Errors
///
/// The details are not the text of a JSON object.
pub fn to_value(error: &ProviderError) -> Result<Value, JsonError> {
    let mut object = ObjectWriter::new(Place::Root);
    object.put("kind", kind_name(error.kind));
    object.put("message", error.message.as_str());
    object.put_some("status", error.status);
    object.put_some("code", error.code.as_deref());
    object.put("retryable", error.retryable);
    object.put_some("retry_after_ms", error.retry_after_ms);
    object.put_some("request_id", error.request_id.as_deref());
    object.put("provider", error.provider.as_str());
    object.put_some("model", error.model.as_deref());
    object.put_some_object("details", error.details.as_deref())?;
    Ok(object.finish())
}

/// The word for a kind of error, in JSON and wherever else a program reads it.
pub fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Authentication => "authentication",
        ErrorKind::AccessDenied => "access_denied",
        ErrorKind::NotFound => "not_found",
        ErrorKind::RateLimit => "rate_limit",
        ErrorKind::QuotaExceeded => "quota_exceeded",
        ErrorKind::ContextLength => "context_length",
        ErrorKind::ContentFilter => "content_filter",
        ErrorKind::InvalidRequest => "invalid_request",
        ErrorKind::InvalidToolCall => "invalid_tool_call",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Network => "network",
        ErrorKind::Stream => "stream",
        ErrorKind::Configuration => "configuration",
        ErrorKind::Aborted => "aborted",
        ErrorKind::Other => "other",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(kind: ErrorKind) -> ProviderError {
        ProviderError {
            kind,
            message: "m".into(),
            status: None,
            code: None,
            retryable: false,
            retry_after_ms: None,
            request_id: None,
            provider: "acme".into(),
            model: None,
            details: None,
        }
    }

    #[test]
    fn what_is_absent_is_left_out() {
        assert_eq!(
            to_value(&error(ErrorKind::Other)),
            Ok(json!({"kind": "other", "message": "m", "retryable": false, "provider": "acme"}))
        );
    }

    #[test]
    fn a_full_error_is_written_in_full() {
        let error = ProviderError {
            status: Some(404),
            code: Some("DeploymentNotFound".into()),
            retryable: true,
            retry_after_ms: Some(1500),
            request_id: Some("r1".into()),
            model: Some("gpt-5.1".into()),
            details: Some(r#"{"partial_text":"Hel"}"#.into()),
            ..error(ErrorKind::NotFound)
        };
        assert_eq!(
            to_value(&error),
            Ok(
                json!({"kind": "not_found", "message": "m", "status": 404, "code": "DeploymentNotFound",
                "retryable": true, "retry_after_ms": 1500, "request_id": "r1", "provider": "acme",
                "model": "gpt-5.1", "details": {"partial_text": "Hel"}})
            )
        );
    }

    #[test]
    fn kinds_are_written_in_snake_case() {
        for (kind, name) in [
            (ErrorKind::Authentication, "authentication"),
            (ErrorKind::AccessDenied, "access_denied"),
            (ErrorKind::NotFound, "not_found"),
            (ErrorKind::RateLimit, "rate_limit"),
            (ErrorKind::QuotaExceeded, "quota_exceeded"),
            (ErrorKind::ContextLength, "context_length"),
            (ErrorKind::ContentFilter, "content_filter"),
            (ErrorKind::InvalidRequest, "invalid_request"),
            (ErrorKind::InvalidToolCall, "invalid_tool_call"),
            (ErrorKind::Unavailable, "unavailable"),
            (ErrorKind::Timeout, "timeout"),
            (ErrorKind::Network, "network"),
            (ErrorKind::Stream, "stream"),
            (ErrorKind::Configuration, "configuration"),
            (ErrorKind::Aborted, "aborted"),
            (ErrorKind::Other, "other"),
        ] {
            assert_eq!(to_value(&error(kind)).unwrap()["kind"], name);
        }
    }

    #[test]
    fn details_that_are_no_object_are_an_error() {
        let error = ProviderError {
            details: Some("oops".into()),
            ..error(ErrorKind::Other)
        };
        assert_eq!(
            to_value(&error).unwrap_err().to_string(),
            "details: not valid JSON, line 1, column 1: expected value"
        );
    }
}
