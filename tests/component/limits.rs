//! What a component that takes too much runs into, and that others do not feel it.

use std::time::Duration;

use azure_openai_mock::{Fault, MockAzure, Step};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use provider_host::{CallError, HostBuilder, LimitError, Limits};
use serde_json::{Value, json};

use crate::hostile::Hostile;
use crate::support::{ask, azure, component, config, in_time, provider_error};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taking_too_much_ends_in_the_limits_own_error_and_the_host_goes_on() {
    let limits = limits();
    let hostile = Hostile::open_in(host(), json!({})).await;
    for (excess, expected) in [
        (
            "time",
            LimitError::CpuTime {
                limit: limits.cpu_time,
            },
        ),
        (
            "memory",
            LimitError::Memory {
                limit: limits.memory_bytes,
            },
        ),
        ("stack", LimitError::Stack),
        (
            "events",
            LimitError::Events {
                limit: limits.event_bytes,
            },
        ),
        (
            "log-lines",
            LimitError::Events {
                limit: limits.event_bytes,
            },
        ),
        ("headers", LimitError::Headers),
        (
            "handles",
            LimitError::Handles {
                limit: limits.handles,
            },
        ),
    ] {
        let error = take(&hostile, json!(excess)).await.unwrap_err();
        assert_eq!(error, expected, "{excess}");
        // It says which limit it is, and how far it goes.
        let message = error.to_string();
        assert!(message.contains("component"), "{message}");
        // The next call has a whole instance.
        let find = json!({ "do": "find", "needle_parts": ["never-", "there"] });
        assert_eq!(hostile.carry_out(find).await, json!({ "places": 0 }));
    }
    assert_eq!(hostile.provider.statistics().instances, 1);
}

#[tokio::test]
async fn waiting_for_an_answer_is_not_computing() {
    let mock = MockAzure::builder().start().await.unwrap();
    let limits = Limits::default().with(|limits| limits.cpu_time = Duration::from_secs(1));
    let host = azure().limits(limits);
    let provider = host.load(&component()).await.unwrap();
    let provider = provider.open(&config(&mock)).await.unwrap();
    mock.push_step(Step {
        delay: Duration::from_millis(1_500),
        ..Step::default()
    });
    in_time(provider.complete(&ask("Hi"))).await.unwrap();
}

#[tokio::test]
async fn requests_and_responses_have_a_largest_size() {
    let mock = MockAzure::builder().start().await.unwrap();
    let limits = Limits::default().with(|limits| {
        limits.request_bytes = 10_000;
        limits.response_bytes = 100_000;
    });
    let host = azure().limits(limits);
    let provider = host.load(&component()).await.unwrap();
    let provider = provider.open(&config(&mock)).await.unwrap();

    let error = provider.complete(&ask(&"x".repeat(10_001))).await;
    assert!(
        matches!(
            error,
            Err(CallError::Limit(LimitError::Request {
                size: 10_001,
                limit: 10_000
            }))
        ),
        "{error:?}"
    );
    assert!(mock.requests().is_empty());

    mock.push_fault(Fault::Status {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: Bytes::from(vec![b' '; 100_001]),
    });
    let error = provider_error(in_time(provider.complete(&ask("Hi"))).await);
    let words = "HTTP response body size exceeds limit";
    assert!(error.message.contains(words), "{error:?}");

    // Headers too, by their sum: what hyper does not refuse by itself.
    let mut headers = HeaderMap::new();
    for number in 0..20 {
        let name: http::HeaderName = format!("x-{number}").parse().unwrap();
        headers.insert(name, HeaderValue::from_str(&"x".repeat(4_000)).unwrap());
    }
    mock.push_fault(Fault::Status {
        status: StatusCode::OK,
        headers,
        body: Bytes::new(),
    });
    let error = provider_error(in_time(provider.complete(&ask("Hi"))).await);
    assert!(
        error.message.contains("HttpResponseHeaderSectionSize"),
        "{error:?}"
    );
    in_time(provider.complete(&ask("Hi"))).await.unwrap();
}

#[tokio::test]
async fn bodies_without_an_end_are_refused() {
    let mock = MockAzure::builder().start().await.unwrap();
    let endpoint = json!({ "azure_endpoint": mock.endpoint() });
    let hostile = Hostile::open_in(host(), endpoint).await;
    let body = json!({ "body": format!("{}/openai/v1/responses", mock.endpoint()) });
    let outcome = hostile
        .carry_out(json!({ "do": "take", "what": body }))
        .await;
    assert_eq!(
        outcome,
        json!({ "error": "ErrorCode::HttpRequestBodySize(None)" })
    );
    assert!(mock.requests().is_empty());

    // A response without an end, to a component that reads and reads.
    mock.push_fault(Fault::RawStream(Bytes::from(vec![
        b'\n';
        limits().response_bytes
            + 1
    ])));
    let send = json!({
        "do": "send",
        "method": "POST",
        "url": format!("{}/openai/v1/responses", mock.endpoint()),
        "headers": [["api-key", mock.api_key()], ["content-type", "application/json"]],
        "body": r#"{"model":"gpt-5.1","input":"Hi","stream":true}"#,
    });
    let outcome = hostile.carry_out(send).await;
    assert_eq!(
        outcome,
        json!({ "error": "HTTP response body size exceeds limit" })
    );
}

#[tokio::test]
async fn other_places_are_out_of_reach_in_every_spelling() {
    let mock = MockAzure::builder().start().await.unwrap();
    let other = MockAzure::builder().start().await.unwrap();
    let hostile = Hostile::open_in(host(), json!({ "azure_endpoint": mock.endpoint() })).await;
    let port = mock.endpoint().rsplit_once(':').unwrap().1.to_owned();
    let send = |url: &str, headers: Value| json!({ "do": "send", "method": "GET", "url": url, "headers": headers, "body": "" });
    for url in [
        other.endpoint(),
        "http://169.254.169.254/metadata/identity/oauth2/token".to_owned(),
        "http://[fd00:ec2::254]/".to_owned(),
        format!("http://localhost:{port}"),
        format!("http://127.0.0.2:{port}"),
        format!("http://127.0.0.1.example:{port}"),
        format!("https://127.0.0.1:{port}"),
        format!("http://example.com:80/?x=127.0.0.1:{port}"),
    ] {
        let outcome = hostile.carry_out(send(&url, json!([]))).await;
        assert_eq!(
            outcome,
            json!({ "error": "ErrorCode::HttpRequestDenied" }),
            "{url}"
        );
    }
    // Headers that would make two requests of one, or another place of this one.
    for (name, value) in [
        ("Host", "other.example"),
        ("Connection", "upgrade"),
        ("Transfer-Encoding", "chunked"),
        ("Upgrade", "h2c"),
        ("Keep-Alive", "timeout=1"),
        ("Proxy-Authorization", "Basic eDp4"),
        ("HTTP2-Settings", "AA"),
        ("x-more", "a\r\nHost: other.example"),
        ("x-more\r\nHost", "other.example"),
    ] {
        let outcome = hostile
            .carry_out(send(&mock.endpoint(), json!([[name, value]])))
            .await;
        let error = outcome["error"].as_str().unwrap();
        assert!(
            error.starts_with(&format!("header {name}: HeaderError::")),
            "{error}"
        );
    }
    // Two lengths of one body: the second request would be hidden in the first. It goes out with one of them, and with as
    // much of the body; the component hears that it had more.
    for (lengths, length, body) in [
        (json!([["content-length", "1"]]), "1", "G"),
        (
            json!([["content-length", "0"], ["content-length", "5"]]),
            "5",
            "GET /",
        ),
    ] {
        let before = mock.requests().len();
        let mut smuggle = send(&mock.endpoint(), lengths);
        smuggle["method"] = json!("POST");
        smuggle["body"] = json!("GET /openai/v1/models HTTP/1.1\r\nHost: x\r\n\r\n");
        let outcome = hostile.carry_out(smuggle).await;
        let error = "ErrorCode::HttpRequestBodySize(Some(43))";
        assert_eq!(outcome, json!({ "error": error }));
        // The host may still be sending it.
        in_time(mock.wait_for_requests(before + 1)).await;
        let request = &mock.requests()[before];
        assert_eq!(request.method, "POST");
        let sent: Vec<_> = request.headers.get_all("content-length").iter().collect();
        assert_eq!(sent, [length]);
        assert_eq!(request.body, body);
    }
    // What was in the body is in no request of its own.
    assert_eq!(mock.requests().len(), 2);
    assert!(other.requests().is_empty());
}

/// The limit that a hostile component runs into when it takes too much of something.
async fn take(hostile: &Hostile, what: Value) -> Result<(), LimitError> {
    let request = ask(&json!({ "do": "take", "what": what }).to_string());
    match in_time(hostile.provider.complete(&request)).await {
        Err(CallError::Limit(limit)) => Err(limit),
        other => panic!("{what}: {other:?}"),
    }
}

fn host() -> HostBuilder {
    azure().limits(limits())
}

/// Limits that are reached soon.
fn limits() -> Limits {
    Limits::default().with(|limits| {
        limits.cpu_time = Duration::from_secs(2);
        limits.memory_bytes = 16 * 1024 * 1024;
        limits.event_bytes = 4 * 1024 * 1024;
        limits.handles = 100;
        limits.request_bytes = 1024 * 1024;
        limits.response_bytes = 1024 * 1024;
    })
}
