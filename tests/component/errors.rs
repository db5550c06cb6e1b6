//! What goes wrong, and what the caller is told.

use std::sync::Arc;

use azure_openai_mock::{Fault, MockAzure};
use bytes::Bytes;
use http::StatusCode;
use provider_host::Environment;
use provider_host::contract::types::{ErrorKind, ProviderError};
use serde_json::json;

use crate::support::{Setup, ask, in_time, open, provider_error, read, request};

#[tokio::test]
async fn each_status_has_its_error() {
    use ErrorKind::{
        AccessDenied, Authentication, ContentFilter, ContextLength, InvalidRequest, NotFound,
        Other, QuotaExceeded, RateLimit, Timeout, Unavailable,
    };
    let nested =
        |code: &str, message: &str| json!({ "error": { "code": code, "message": message } });
    let filtered = json!({ "error": {
        "code": "content_filter",
        "message": "filtered",
        "innererror": { "code": "ResponsibleAIPolicyViolation" },
    } });
    // status, body → kind, retryable, code
    for (status, body, kind, retryable, code) in [
        (
            400,
            nested("x", "bad value"),
            InvalidRequest,
            false,
            Some("x"),
        ),
        (
            400,
            json!({ "error": "just a sentence" }),
            InvalidRequest,
            false,
            None,
        ),
        (400, filtered, ContentFilter, false, Some("content_filter")),
        (
            400,
            nested("context_length_exceeded", "long"),
            ContextLength,
            false,
            Some("context_length_exceeded"),
        ),
        (
            400,
            json!({ "error": { "type": "invalid_request_error", "message": "Your input exceeds the context window" } }),
            ContextLength,
            false,
            None,
        ),
        (
            401,
            json!({ "statusCode": 401, "message": "Unauthorized" }),
            Authentication,
            false,
            Some("401"),
        ),
        (
            401,
            nested("PermissionDenied", "lacks the action"),
            AccessDenied,
            false,
            Some("PermissionDenied"),
        ),
        (
            403,
            nested("403", "network rules"),
            AccessDenied,
            false,
            Some("403"),
        ),
        (
            404,
            nested("404", "Resource not found"),
            NotFound,
            false,
            Some("404"),
        ),
        (
            408,
            nested("Timeout", "The operation was timeout."),
            Timeout,
            true,
            Some("Timeout"),
        ),
        (
            409,
            nested("conflict", "busy"),
            Unavailable,
            true,
            Some("conflict"),
        ),
        (413, json!({}), ContextLength, false, None),
        (422, json!({}), InvalidRequest, false, None),
        (
            429,
            nested("429", "retry after 7 seconds"),
            RateLimit,
            true,
            Some("429"),
        ),
        (
            429,
            nested("insufficient_quota", "pay"),
            QuotaExceeded,
            false,
            Some("insufficient_quota"),
        ),
        (
            500,
            nested("internal_error", "oops"),
            Unavailable,
            true,
            Some("internal_error"),
        ),
        (
            503,
            nested("slow_down", "slow"),
            Unavailable,
            true,
            Some("slow_down"),
        ),
        (504, json!(null), Timeout, true, None),
        (307, json!({}), Other, false, None),
    ] {
        let setup = Setup::new().await;
        setup.mock.push_fault(
            Fault::json(StatusCode::from_u16(status).unwrap(), &body)
                .header("location", "http://127.0.0.1:9/elsewhere")
                .header("apim-request-id", "id-for-support"),
        );
        let error = provider_error(setup.provider.complete(&ask("Hi")).await);
        assert_eq!(
            (
                error.kind,
                error.retryable,
                error.code.as_deref(),
                error.status
            ),
            (kind, retryable, code, Some(status)),
            "{status} {body}: {error:?}"
        );
        assert_eq!(error.request_id.as_deref(), Some("id-for-support"));
        assert_eq!(error.provider, "azure-openai");
        assert_eq!(error.model.as_deref(), Some("gpt-5.1"));
        assert_eq!(setup.mock.requests().len(), 1);
        let response = &setup.events.of("llm:response")[0];
        assert_eq!(response["status"], "error");
        assert_eq!(response["error"], error.message);
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_are_explained() {
    for (body, words) in [
        (
            "<html><body>Bad Gateway</body></html>",
            "the answer is an HTML page",
        ),
        (
            "upstream connect error",
            "the service says: upstream connect error",
        ),
        ("", "the service gave no reason"),
    ] {
        let setup = Setup::new().await;
        setup.mock.push_fault(Fault::Status {
            status: StatusCode::BAD_GATEWAY,
            headers: http::HeaderMap::new(),
            body: Bytes::from(body),
        });
        let error = provider_error(setup.provider.complete(&ask("Hi")).await);
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.message.contains(words), "{}", error.message);
    }
}

#[tokio::test]
async fn a_wait_that_the_service_asks_for_is_in_the_error() {
    for (name, value, expected) in [
        ("retry-after-ms", "1500", 1500),
        ("x-ms-retry-after-ms", "20", 20),
        ("retry-after", "7", 7000),
    ] {
        let setup = Setup::new().await;
        setup
            .mock
            .push_fault(Fault::json(StatusCode::TOO_MANY_REQUESTS, &json!({})).header(name, value));
        let error = provider_error(setup.provider.complete(&ask("Hi")).await);
        assert_eq!(error.retry_after_ms, Some(expected), "{name}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_not_repeated() {
    let mock = MockAzure::builder()
        .api_key("right-key")
        .start()
        .await
        .unwrap();
    let setup = Setup::with(mock, json!({ "api_key": "canary-wrong-key" })).await;
    let error = provider_error(setup.provider.complete(&ask("Hi")).await);
    assert_eq!(
        (error.kind, error.status),
        (ErrorKind::Authentication, Some(401))
    );
    assert!(error.message.contains("`api_key`"), "{}", error.message);
    assert!(
        !format!("{error:?}").contains("canary-wrong-key"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_key_that_the_service_repeats_is_taken_out_of_its_words() {
    let setup = Setup::new().await;
    let key = setup.mock.api_key().to_owned();
    let body = json!({ "error": { "message": format!("the key {key} is wrong") } });
    setup
        .mock
        .push_fault(Fault::json(StatusCode::UNAUTHORIZED, &body));
    let error = provider_error(setup.provider.complete(&ask("Hi")).await);
    assert!(
        error.message.contains("the key [REDACTED] is wrong"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn an_unknown_deployment_is_named_with_where_it_came_from() {
    for (settings, words) in [
        (
            json!({ "deployment_mapping": { "gpt-5.1": "prod" } }),
            "deployment `prod` (from `deployment_mapping` for the model `gpt-5.1`) does not exist",
        ),
        (
            json!({ "default_deployment": "prod" }),
            "deployment `prod` (from `default_deployment`) does not exist",
        ),
        (
            json!({ "default_model": "prod" }),
            "deployment `prod` (the model's own name, as it has no entry in `deployment_mapping`",
        ),
    ] {
        let mock = MockAzure::builder().start().await.unwrap();
        let setup = Setup::with(mock, settings).await;
        let error = provider_error(setup.provider.complete(&ask("Hi")).await);
        assert_eq!((error.kind, error.status), (ErrorKind::NotFound, Some(404)));
        assert_eq!(error.code.as_deref(), Some("DeploymentNotFound"));
        assert!(error.message.contains(words), "{}", error.message);
        assert!(
            error.message.contains(&setup.mock.endpoint()),
            "{}",
            error.message
        );
    }
}

#[tokio::test]
async fn a_server_that_closes_before_it_answers_is_a_network_error() {
    let setup = Setup::new().await;
    setup.mock.push_fault(Fault::CloseBeforeHeaders);
    let error = provider_error(setup.provider.complete(&ask("Hi")).await);
    assert_eq!(
        (error.kind, error.retryable),
        (ErrorKind::Network, true),
        "{error:?}"
    );
}

#[tokio::test]
async fn nobody_at_the_address_is_a_network_error() {
    // Bound, so that nobody else gets the port, and not listening.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let endpoint = format!("http://{}", socket.local_addr().unwrap());
    let settings = json!({ "azure_endpoint": endpoint, "api_key": "key", "max_retries": 0 });
    let provider = open(
        settings.as_object().unwrap(),
        Environment::default(),
        Arc::default(),
    )
    .await
    .unwrap();
    let error = provider_error(provider.complete(&ask("Hi")).await);
    assert_eq!(
        (error.kind, error.retryable),
        (ErrorKind::Network, true),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_an_error_after_what_arrived() {
    for use_streaming in [true, false] {
        let mock = MockAzure::builder().start().await.unwrap();
        let setup = Setup::with(mock, json!({ "use_streaming": use_streaming })).await;
        setup.mock.push_fault(Fault::CloseAfterEvents(7));
        let read = read(setup.provider.stream(&ask("Say hello")).await.unwrap()).await;
        let error = read.error.unwrap();
        assert_eq!(
            (error.kind, error.retryable),
            (ErrorKind::Stream, true),
            "{error:?}"
        );
        assert!(read.response.is_none());
        if use_streaming {
            assert_eq!(read.blocks[0].1, "Hello from the");
            let names = setup.events.names();
            let end = ["llm:stream_block_end", "llm:stream_aborted", "llm:response"];
            assert!(names.ends_with(&end.map(str::to_owned)), "{names:?}");
            assert_eq!(
                setup.events.of("llm:stream_aborted")[0]["error"]["type"],
                "StreamError"
            );
        }
    }
}

#[tokio::test]
async fn a_stream_that_ends_without_its_last_event_is_an_error() {
    for stream in [
        "",
        "data: [DONE]\n\n",
        ": nothing\n\n",
        "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}",
        "data: {\"type\":\"response.completed\"}\n\n",
        "data: {\"type\":\"response.failed\",\"response\":{\"error\":null}}\n\n",
        "data: {\"type\":\"response.output_text.delta\",\"delta\":\"x\"}\n\n",
        "data: not json\n\n",
    ] {
        let error = raw_stream(stream).await;
        assert!(
            matches!(error.kind, ErrorKind::Stream | ErrorKind::Unavailable) && error.retryable,
            "{stream}: {error:?}"
        );
    }
}

#[tokio::test]
async fn errors_in_a_stream_have_their_kinds() {
    for (event, kind, code) in [
        (
            json!({ "type": "error", "code": "server_error", "message": "m", "param": null }),
            ErrorKind::Unavailable,
            "server_error",
        ),
        (
            json!({ "type": "error", "error": { "type": "too_many_requests", "code": "rate_limit_exceeded", "message": "m" } }),
            ErrorKind::RateLimit,
            "rate_limit_exceeded",
        ),
        (
            json!({ "type": "response.failed", "response": { "error": { "code": "context_length_exceeded", "message": "m" } } }),
            ErrorKind::ContextLength,
            "context_length_exceeded",
        ),
        (
            json!({ "type": "response.failed", "response": { "error": { "code": "invalid_prompt", "message": "m" } } }),
            ErrorKind::InvalidRequest,
            "invalid_prompt",
        ),
    ] {
        let error = raw_stream(&format!("data: {event}\n\n")).await;
        assert_eq!(
            (error.kind, error.code.as_deref()),
            (kind, Some(code)),
            "{event}"
        );
    }
    // The service sends a failure without a reason, and then the reason.
    let failed = json!({ "type": "response.failed", "response": { "error": null } });
    let reason =
        json!({ "type": "error", "error": { "code": "rate_limit_exceeded", "message": "later" } });
    let error = raw_stream(&format!("data: {failed}\n\ndata: {reason}\n\n")).await;
    assert_eq!(error.kind, ErrorKind::RateLimit);
    assert!(error.message.contains("later"));
}

#[tokio::test]
async fn a_server_that_never_answers_meets_the_time_limit() {
    for (settings, timeout) in [(json!({ "timeout": 0.3 }), None), (json!({}), Some(0.3))] {
        let mock = MockAzure::builder().start().await.unwrap();
        let setup = Setup::with(mock, settings).await;
        setup.mock.push_fault(Fault::NeverAnswer);
        let mut request = ask("Hi");
        request.timeout = timeout;
        let error = provider_error(in_time(setup.provider.complete(&request)).await);
        assert_eq!(
            (error.kind, error.retryable),
            (ErrorKind::Timeout, true),
            "{error:?}"
        );
        assert!(
            error
                .message
                .contains("did not answer within 0.300 seconds"),
            "{}",
            error.message
        );
        in_time(setup.mock.wait_for_closed_streams(1)).await;
    }
}

#[tokio::test]
async fn requests_that_cannot_be_sent_name_their_place() {
    let user = json!({ "role": "user", "content": "Hi" });
    for (document, words) in [
        (
            json!({ "messages": [] }),
            "messages: there is nothing to answer",
        ),
        (
            json!({ "messages": [user, { "role": "assistant", "content": [], "tool_calls": [{}] }] }),
            "messages[1].tool_calls[0]: expected an `id` and a `name`",
        ),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "reasoning", "content": [], "summary": [] }] }] }),
            "messages: there is nothing to answer",
        ),
        (
            json!({ "messages": [user], "timeout": 0 }),
            "timeout: expected seconds, more than 0",
        ),
        (
            json!({ "messages": [user], "timeout": -1.5 }),
            "timeout: expected seconds, more than 0",
        ),
    ] {
        let setup = Setup::new().await;
        let error = provider_error(setup.provider.complete(&request(document.clone())).await);
        assert_eq!(error.kind, ErrorKind::InvalidRequest, "{document}");
        assert!(error.message.starts_with(words), "{}", error.message);
        assert_eq!(setup.mock.requests().len(), 0, "nothing was sent");
    }
}

#[tokio::test]
async fn what_is_left_out_of_a_request_is_told() {
    let setup = Setup::new().await;
    let document = json!({
        "model": "gpt-5",
        "messages": [{ "role": "user", "content": "Hi" }],
        "temperature": 0.5,
        "stop": ["x"],
    });
    setup.provider.complete(&request(document)).await.unwrap();
    assert_eq!(setup.events.dropped_parameters(), ["temperature", "stop"]);
}

#[tokio::test]
async fn what_a_model_does_not_support_is_left_out_and_the_request_sent_once_more() {
    // `gpt-5.1` reasons, the deployment behind it does not.
    let mock = MockAzure::builder()
        .deployment("old", "gpt-4.1")
        .start()
        .await
        .unwrap();
    let setup = Setup::with(mock, json!({ "default_deployment": "old" })).await;
    let document =
        json!({ "messages": [{ "role": "user", "content": "Hi" }], "reasoning_effort": "low" });
    setup.provider.complete(&request(document)).await.unwrap();

    let requests = setup.mock.requests();
    assert_eq!(requests.len(), 2);
    assert!(
        requests[0].body.get("include").is_some() && requests[0].body.get("reasoning").is_some()
    );
    assert!(
        requests[1].body.get("include").is_none() && requests[1].body.get("reasoning").is_none()
    );
    let dropped = setup.events.of("provider:parameter_dropped");
    assert_eq!(dropped.len(), 1);
    assert_eq!(dropped[0]["parameter"], "include, reasoning");

    // What decides on the answer's form is not optional.
    let body = json!({ "error": { "code": "unsupported_parameter", "param": "text.format", "message": "no" } });
    setup
        .mock
        .push_fault(Fault::json(StatusCode::BAD_REQUEST, &body));
    let error = provider_error(setup.provider.complete(&ask("Hi")).await);
    assert_eq!(error.kind, ErrorKind::InvalidRequest);
    assert_eq!(setup.mock.requests().len(), 3);
}

/// The error of a stream with exactly these bytes.
async fn raw_stream(stream: &str) -> ProviderError {
    let setup = Setup::new().await;
    setup
        .mock
        .push_fault(Fault::RawStream(Bytes::from(stream.to_owned())));
    let read = read(setup.provider.stream(&ask("Hi")).await.unwrap()).await;
    assert!(read.response.is_none(), "{stream}");
    read.error.unwrap()
}
