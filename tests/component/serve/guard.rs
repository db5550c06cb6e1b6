//! Who may ask.

use azure_openai_mock::MockAzure;
use provider_host::secret::Secret;
use provider_host_serve::{Service, ServiceError};
use serde_json::json;

use super::client::send;
use super::{Served, hello};

type Headers<'a> = &'a [(&'a str, &'a str)];

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn without_a_key_programs_of_this_machine_may_ask_and_web_pages_may_not() {
    let served = Served::new().await;
    let (address, port) = (served.address(), served.address().port());
    let host = |name: &str| format!("{name}:{port}");
    let (ours, named, foreign) = (host("127.0.0.1"), host("LocalHost"), host("evil.example"));
    let six = host("[::1]");
    let origin = format!("http://{ours}");
    let form = ("content-type", "multipart/form-data; boundary=b");
    let table: [(&str, Headers<'_>, u16); 17] = [
        ("/v1/complete", &[JSON], 200),
        (
            "/v1/complete",
            &[JSON, ("authorization", "Bearer any")],
            200,
        ),
        ("/v1/complete", &[JSON, ("host", &named)], 200),
        ("/v1/complete", &[JSON, ("host", &six)], 200),
        (
            "/v1/complete",
            &[("content-type", "Application/JSON; charset=utf-8")],
            200,
        ),
        ("/v1/complete", &[], 415),
        ("/v1/complete", &[("content-type", "text/plain")], 415),
        // A page can send a form without asking, but says where it comes from.
        ("/v1/files", &[("content-type", "text/plain")], 415),
        (
            "/v1/files",
            &[form, ("origin", "https://evil.example")],
            403,
        ),
        ("/v1/files", &[form, ("host", &foreign)], 403),
        ("/v1/complete", &[JSON, ("host", &foreign)], 403),
        (
            "/v1/complete",
            &[JSON, ("host", "127.0.0.1.evil.example")],
            403,
        ),
        (
            "/v1/complete",
            &[JSON, ("host", &ours), ("host", &ours)],
            403,
        ),
        (
            "/v1/complete",
            &[JSON, ("host", &ours), ("origin", &origin)],
            200,
        ),
        (
            "/v1/complete",
            &[JSON, ("origin", "https://evil.example")],
            403,
        ),
        ("/v1/complete", &[JSON, ("origin", "null")], 403),
        (
            "/v1/complete",
            &[JSON, ("origin", "http://localhost:1")],
            403,
        ),
    ];
    for (path, headers, status) in table {
        let answer = send(address, "POST", path, headers, &hello().to_string()).await;
        assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
    }
    let asked = served.mock.requests().len();
    assert_eq!(asked, 6, "what is refused does not reach the provider");
    let metrics = send(address, "GET", "/metrics", &[("host", "evil.example")], "").await;
    assert_eq!(metrics.status, 403);
}

#[tokio::test]
async fn with_a_key_whoever_has_it_may_ask() {
    let service = Service::builder().key(Secret::new("k€y-of-mine"));
    let served = Served::with(
        MockAzure::builder().start().await.unwrap(),
        json!({}),
        service,
    )
    .await;
    let table: [(&str, &str, Headers<'_>, u16); 14] = [
        ("POST", "/v1/complete", &[], 401),
        (
            "POST",
            "/v1/complete",
            &[("authorization", "Bearer k€y-of-min")],
            401,
        ),
        (
            "POST",
            "/v1/complete",
            &[("authorization", "Bearer k€y-of-mine2")],
            401,
        ),
        ("POST", "/v1/complete", &[("authorization", "Bearer")], 401),
        (
            "POST",
            "/v1/complete",
            &[("authorization", "Basic k€y-of-mine")],
            401,
        ),
        (
            "POST",
            "/v1/complete",
            &[("authorization", "bearer k€y-of-mine")],
            200,
        ),
        ("POST", "/v1/responses", &[], 401),
        ("GET", "/v1/models", &[("api-key", "k€y-of-mine")], 200),
        ("GET", "/v1/models", &[("api-key", "k€y-of-min")], 401),
        ("GET", "/v1/models", &[], 401),
        (
            "GET",
            "/v1/models",
            &[("authorization", "Bearer k€y-of-mine")],
            200,
        ),
        ("GET", "/metrics", &[], 401),
        ("GET", "/health", &[], 200),
        ("GET", "/ready", &[("host", "service.example")], 200),
    ];
    for (method, path, headers, status) in table {
        let headers = [headers, &[JSON]].concat();
        let answer = send(
            served.address(),
            method,
            path,
            &headers,
            &hello().to_string(),
        )
        .await;
        assert_eq!(answer.status, status, "{path} {headers:?}: {answer:?}");
        if status == 401 {
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert!(!answer.body.contains("of-mine"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn without_a_key_it_listens_on_loopback_only() {
    let served = Served::new().await;
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let refused = Service::builder()
        .bind(everywhere)
        .start(served.provider.clone())
        .await;
    let error = refused.unwrap_err();
    assert!(matches!(error, ServiceError::KeyNeeded(_)), "{error:?}");
    assert!(
        error.to_string().contains("set HOST_HARNESS_KEY"),
        "{error}"
    );

    let empty = Service::builder().bind(everywhere).key(Secret::new(" "));
    let refused = empty.start(served.provider.clone()).await;
    assert!(matches!(refused.unwrap_err(), ServiceError::EmptyKey));

    let taken = Service::builder().bind(served.address());
    let refused = taken.start(served.provider.clone()).await;
    assert!(matches!(refused.unwrap_err(), ServiceError::Bind { .. }));
}

#[tokio::test]
async fn who_listens_everywhere_is_found_on_loopback() {
    for (everywhere, loopback) in [("0.0.0.0:0", "127.0.0.1"), ("[::]:0", "[::1]")] {
        let everywhere = everywhere.parse().unwrap();
        let mock = MockAzure::builder().start().await.unwrap();
        let service = Service::builder().bind(everywhere).key(Secret::new("key"));
        let served = Served::with(mock, json!({}), service).await;
        let port = served.address().port();
        assert_eq!(served.service.url(), format!("http://{loopback}:{port}"));
    }
}
