//! The errors that Azure is known to answer with, and what becomes of each.

use super::*;

#[test]
fn each_error_of_the_service_has_its_kind_and_its_remedy() {
    use ErrorKind::{
        AccessDenied, Authentication, ContentFilter, ContextLength, InvalidRequest, NotFound,
        QuotaExceeded, RateLimit, Timeout, Unavailable,
    };
    let code = |code: &str| json!({ "error": { "code": code, "message": "said" } });
    let says = |words: &str| json!({ "error": { "code": null, "message": words, "type": "invalid_request_error" } });
    let filtered = |inner: &str, results: &str| {
        json!({ "error": {
            "code": null,
            "message": "said",
            "param": "prompt",
            inner: { "code": "ResponsibleAIPolicyViolation", results: { "hate": { "filtered": true } } },
        } })
    };
    let flat =
        json!({ "statusCode": 401, "message": "Unauthorized. Access token is missing, invalid" });
    const MEND: &str = "change what it names";
    const FILTER: &str = "change the prompt or the filter";
    const SHORTEN: &str = "shorten it";
    const KEY: &str = "check that `api_key`";
    const NETWORK: &str = "check the network rules";
    const ADDRESS: &str = "check `azure_endpoint` and `api_version`";
    const AGAIN: &str = "cannot serve the request now; try again";
    const LIMIT: &str = "wait, or raise its limit";
    // status, body → kind, whether it is tried again, words of what to do
    for (status, body, kind, is_retryable, remedy) in [
        (400, code("content_filter"), ContentFilter, false, FILTER),
        (
            400,
            filtered("innererror", "content_filter_result"),
            ContentFilter,
            false,
            FILTER,
        ),
        (
            400,
            filtered("inner_error", "content_filter_results"),
            ContentFilter,
            false,
            FILTER,
        ),
        (
            400,
            code("content_policy_violation"),
            ContentFilter,
            false,
            FILTER,
        ),
        (
            400,
            says("Unsupported parameter: 'messages'"),
            InvalidRequest,
            false,
            MEND,
        ),
        (
            400,
            says("Item 'rs_1' not found"),
            InvalidRequest,
            false,
            MEND,
        ),
        (
            400,
            says("No tool output found for function call call_1"),
            InvalidRequest,
            false,
            MEND,
        ),
        (
            400,
            says("No tool call found for function call output"),
            InvalidRequest,
            false,
            MEND,
        ),
        (
            400,
            code("OperationNotSupported"),
            InvalidRequest,
            false,
            MEND,
        ),
        (
            400,
            code("context_length_exceeded"),
            ContextLength,
            false,
            SHORTEN,
        ),
        (
            400,
            code("string_above_max_length"),
            ContextLength,
            false,
            SHORTEN,
        ),
        (
            400,
            code("invalid_encrypted_content"),
            InvalidRequest,
            false,
            MEND,
        ),
        (
            400,
            says("API version not supported"),
            InvalidRequest,
            false,
            "`api_version`",
        ),
        (401, flat, Authentication, false, KEY),
        (401, code("401"), Authentication, false, KEY),
        (
            403,
            says("temporarily blocked"),
            AccessDenied,
            false,
            NETWORK,
        ),
        (
            404,
            code("DeploymentNotFound"),
            NotFound,
            false,
            "check the name in the Azure portal",
        ),
        (404, code("404"), NotFound, false, ADDRESS),
        (408, code("Timeout"), Timeout, true, AGAIN),
        (409, says("busy"), Unavailable, true, AGAIN),
        (422, says("unprocessable"), InvalidRequest, false, MEND),
        (429, code("429"), RateLimit, true, LIMIT),
        (429, code("RateLimitReached"), RateLimit, true, LIMIT),
        (429, code("too_many_requests"), RateLimit, true, LIMIT),
        (
            429,
            code("insufficient_quota"),
            QuotaExceeded,
            false,
            "waiting does not help",
        ),
        (429, code("no_capacity"), Unavailable, true, AGAIN),
        (500, code("internal_error"), Unavailable, true, AGAIN),
        (500, code("server_error"), Unavailable, true, AGAIN),
        (502, json!({}), Unavailable, true, AGAIN),
        (503, code("server_is_overloaded"), Unavailable, true, AGAIN),
        (503, code("slow_down"), Unavailable, true, AGAIN),
        (503, code("no_kv_space"), Unavailable, true, AGAIN),
        (504, json!(null), Timeout, true, AGAIN),
    ] {
        let headers = Headers::new(vec![("Apim-Request-Id".into(), "id".into())]);
        let deployment = deployment();
        let text = body.to_string();
        let error = rejected(status, &headers, text.as_bytes(), asked(&deployment)).error;
        let what = format!("{status} {body}: {}", error.message);
        assert_eq!(
            (error.kind, error.retryable),
            (kind, is_retryable),
            "{what}"
        );
        assert!(error.message.contains(remedy), "{what}");
        assert_eq!(error.status, Some(status));
        assert_eq!(error.request_id.as_deref(), Some("id"));
    }
}

#[test]
fn the_id_for_the_services_support_is_the_first_of_three() {
    let names = ["apim-request-id", "x-request-id", "x-ms-client-request-id"];
    for first in 0..=names.len() {
        let entries = names[first..].iter().rev();
        let entries = entries.map(|name| ((*name).to_owned(), format!("of {name}").into_bytes()));
        let headers = Headers::new(entries.collect());
        let deployment = deployment();
        let error = rejected(500, &headers, b"", asked(&deployment)).error;
        let expected = names.get(first).map(|name| format!("of {name}"));
        assert_eq!(error.request_id, expected);
    }
}
