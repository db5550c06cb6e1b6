//! The API of OpenAI: what a client sends reaches the service byte for byte, and so does the answer the client. Only the
//! model is another one.

use std::sync::Arc;

use provider_host::{Limits, Provider};
use provider_host_serve::{Metrics, Service};
use serde_json::{Value, json};

use super::recorder::{Exchange, Recorder, send};
use super::requests::{bodies, head};
use crate::support::{azure, component, in_time, until};

/// The headers of a request or of an answer.
type Headers<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn the_bytes_of_each_request_arrive_with_the_deployment_in_place_of_the_model() {
    let served = Served::new(json!({})).await;
    for (number, body) in bodies().into_iter().enumerate() {
        let sent = send_json(&served, "POST /v1/responses", &body).await;
        assert_eq!(sent.status(), 418, "{body}");
        let seen = &served.recorder.seen()[number];
        assert_eq!(seen.line, "POST /openai/v1/responses HTTP/1.1");
        let expected = body.replacen("gpt-5.1", "production", 1);
        assert_eq!(String::from_utf8_lossy(&seen.body), expected);
        assert_eq!(seen.header("api-key"), Some("the-key-of-the-resource"));
        assert_eq!(seen.header("authorization"), None);
        assert_eq!(seen.header("x-stainless-lang"), Some("python"));
        let length = expected.len().to_string();
        assert_eq!(seen.header("content-length"), Some(&*length));
    }
}

#[tokio::test]
async fn each_route_arrives_where_the_endpoint_has_it() {
    let version = "2025-04-01-preview";
    let served = [
        Served::new(json!({})).await,
        Served::new(json!({ "api_version": version })).await,
    ];
    // The client's request → path and query of the v1 API, and of a dated version but for the version.
    for (request, v1, dated) in [
        (
            "POST /v1/responses",
            "/openai/v1/responses",
            "/openai/responses",
        ),
        (
            "GET /v1/responses/resp_1?include[]=a&stream=true&starting_after=4",
            "/openai/v1/responses/resp_1?include[]=a&stream=true&starting_after=4",
            "/openai/responses/resp_1?&include[]=a&stream=true&starting_after=4",
        ),
        (
            "DELETE /v1/responses/resp_1",
            "/openai/v1/responses/resp_1",
            "/openai/responses/resp_1",
        ),
        (
            "POST /v1/responses/resp_1/cancel",
            "/openai/v1/responses/resp_1/cancel",
            "/openai/responses/resp_1/cancel",
        ),
        (
            "GET /v1/responses/resp_1/input_items?limit=2&order=asc",
            "/openai/v1/responses/resp_1/input_items?limit=2&order=asc",
            "/openai/responses/resp_1/input_items?&limit=2&order=asc",
        ),
        (
            "POST /v1/responses/compact",
            "/openai/v1/responses/compact",
            "/openai/responses/compact",
        ),
        (
            "POST /v1/responses/input_tokens",
            "/openai/v1/responses/input_tokens",
            "/openai/responses/input_tokens",
        ),
        (
            "POST /v1/chat/completions",
            "/openai/v1/chat/completions",
            "/openai/deployments/production/chat/completions",
        ),
        (
            "POST /openai/deployments/gpt-5.1/chat/completions?api-version=2024-10-21",
            "/openai/v1/chat/completions",
            "/openai/deployments/production/chat/completions",
        ),
        (
            "POST /v1/embeddings",
            "/openai/v1/embeddings",
            "/openai/deployments/production/embeddings",
        ),
        (
            "POST /openai/v1/responses",
            "/openai/v1/responses",
            "/openai/responses",
        ),
        (
            "POST /openai/responses?api-version=2025-03-01-preview",
            "/openai/v1/responses",
            "/openai/responses",
        ),
        (
            "GET /v1/files?purpose=batch",
            "/openai/v1/files?purpose=batch",
            "/openai/files?&purpose=batch",
        ),
        (
            "GET /v1/files/file%201/content",
            "/openai/v1/files/file%201/content",
            "/openai/files/file%201/content",
        ),
        (
            "POST /v1/images/generations",
            "/openai/v1/images/generations",
            "/openai/deployments/production/images/generations",
        ),
        (
            "POST /v1/audio/speech",
            "/openai/v1/audio/speech",
            "/openai/deployments/production/audio/speech",
        ),
        (
            "POST /v1/vector_stores/vs_1/search",
            "/openai/v1/vector_stores/vs_1/search",
            "/openai/vector_stores/vs_1/search",
        ),
        (
            "DELETE /v1/conversations/conv_1/items/msg_1",
            "/openai/v1/conversations/conv_1/items/msg_1",
            "/openai/conversations/conv_1/items/msg_1",
        ),
        (
            "DELETE /v1/models/mine",
            "/openai/v1/models/mine",
            "/openai/models/mine",
        ),
        (
            "POST /v1/what/comes/next",
            "/openai/v1/what/comes/next",
            "/openai/what/comes/next",
        ),
    ] {
        let (method, _) = request.split_once(' ').unwrap();
        let body = match method {
            "POST" => r#"{"model":"gpt-5.1"}"#,
            _ => "",
        };
        let (path, query) = dated.split_once('?').unwrap_or((dated, ""));
        let dated = format!("{path}?api-version={version}{query}");
        for (served, expected) in served.iter().zip([v1, &dated]) {
            let answer = send_json(served, request, body).await;
            assert_eq!(answer.status(), 418, "{request}");
            let seen = served.recorder.seen().pop().unwrap();
            assert_eq!(seen.line, format!("{method} {expected} HTTP/1.1"));
            assert_eq!(seen.body, body.replace("gpt-5.1", "production").as_bytes());
            if body.is_empty() {
                assert_eq!(seen.header("transfer-encoding"), None, "{seen:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_file_of_30_mib_arrives_in_its_form_and_memory_stays_bounded() {
    // The file once, the program, and no second copy.
    let limits = Limits::default().with(|limits| limits.memory_bytes = 40 * 1024 * 1024);
    let served = Served::limited(json!({}), limits).await;
    let file: Vec<u8> = (0..30 * 1024 * 1024_u32)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let form = |model: &str| {
        let model = format!(
            "\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n--b--\r\n"
        );
        let head =
            b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n";
        [&head[..], &file, model.as_bytes()].concat()
    };
    let mut request = head(
        "POST /v1/audio/transcriptions",
        &[("content-type", "multipart/form-data; boundary=b")],
        form("gpt-5.1").len(),
    );
    request.extend(form("gpt-5.1"));
    let answer = in_time(send(served.service.address(), &request))
        .await
        .unwrap();
    assert_eq!(
        answer.status(),
        418,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    let seen = served.recorder.seen().pop().unwrap();
    assert!(seen.body == form("production"));
}

#[tokio::test]
async fn the_bytes_of_each_answer_arrive_whole_or_streamed_compressed_or_not() {
    let served = Served::new(json!({ "max_retries": 1, "min_retry_delay": 0.01 })).await;
    // What gzip makes of nothing, and what is not even gzip: nobody looks.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";
    let stream = b"event: response.created\ndata: {\"sequence_number\":0 }\n\n: comment\r\n\r\ndata: {\"usage\":\
                   {\"input_tokens\":3,\"output_tokens\":4}}\n\ndata: [DONE]\n\n";
    let table: [(&str, Headers<'_>, &[u8]); 10] = [
        (
            "200 OK",
            &[("content-type", "application/json")],
            b"{ \"id\":1.0e2, \"a\":1, \"a\":2 }\n",
        ),
        ("200 OK", &[("content-type", "text/event-stream")], stream),
        (
            "200 OK",
            &[
                ("content-type", "application/json"),
                ("content-encoding", "gzip"),
            ],
            gzip,
        ),
        (
            "200 OK",
            &[
                ("content-type", "text/event-stream"),
                ("content-encoding", "br"),
            ],
            b"\x01\xff\0x",
        ),
        (
            "200 OK",
            &[
                ("content-type", "audio/mpeg"),
                ("content-disposition", "attachment"),
            ],
            b"\xff\xfb\x90\0",
        ),
        ("204 No Content", &[("x-a", "1")], b""),
        (
            "400 Bad Request",
            &[("content-type", "application/json")],
            b"{\"error\":{\"code\":\"content_filter\" }}",
        ),
        (
            "404 Not Found",
            &[("content-type", "text/html")],
            b"<html>\r\n\xe4</html>",
        ),
        (
            "429 Too Many Requests",
            &[("retry-after", "99"), ("x-ratelimit-limit-tokens", "5")],
            b"{}",
        ),
        (
            "500 Internal Server Error",
            &[("content-encoding", "gzip")],
            gzip,
        ),
    ];
    for (status, headers, body) in table {
        // As often as it may be asked for.
        for _ in 0..2 {
            let mut head = format!("HTTP/1.1 {status}\r\nconnection: close\r\nset-cookie: a=b\r\n");
            for (name, value) in headers {
                head += &format!("{name}: {value}\r\n");
            }
            if status.starts_with("204") {
                served.recorder.answer(&[format!("{head}\r\n").as_bytes()]);
                continue;
            }
            head += "transfer-encoding: chunked\r\n\r\n";
            // Each byte in a chunk of its own, which nobody can see at the end.
            let chunks: Vec<Vec<u8>> = body
                .iter()
                .map(|byte| [&b"1\r\n"[..], &[*byte], b"\r\n"].concat())
                .collect();
            let mut pieces = vec![head.as_bytes()];
            pieces.extend(chunks.iter().map(Vec::as_slice));
            pieces.push(b"0\r\n\r\n");
            served.recorder.answer(&pieces);
        }
        let answer = send_json(&served, "POST /v1/responses", "{}").await;
        assert_eq!(answer.line, format!("HTTP/1.1 {status}"));
        assert_eq!(answer.body, body, "{status} {headers:?}");
        for (name, value) in headers {
            assert_eq!(answer.header(name), Some(*value), "{status}");
        }
        assert_eq!(answer.header("set-cookie"), None);
        assert!(answer.header("x-request-id").is_some());
        served.recorder.forget_answers();
    }
}

#[tokio::test]
async fn what_the_client_takes_goes_out_and_the_services_id_comes_back() {
    let served = Served::new(json!({})).await;
    served.recorder.answer(&[
        b"HTTP/1.1 200 OK\r\nconnection: close\r\nx-request-id: of-the-service\r\ncontent-length: 2\r\n\r\n{}",
    ]);
    let request = head(
        "GET /v1/files/f/content",
        &[
            ("accept-encoding", "br, gzip"),
            ("accept", "*/*"),
            ("cookie", "a=b"),
            ("api-key", "x"),
        ],
        0,
    );
    let answer = send(served.service.address(), &request).await.unwrap();
    assert_eq!(answer.header("x-request-id"), Some("of-the-service"));
    assert_eq!(answer.header("content-length"), Some("2"));
    let seen = served.recorder.seen().pop().unwrap();
    assert_eq!(seen.header("accept-encoding"), Some("br, gzip"));
    assert_eq!(seen.header("accept"), Some("*/*"));
    assert_eq!(seen.header("cookie"), None);
    assert_eq!(seen.header("api-key"), Some("the-key-of-the-resource"));
}

#[tokio::test]
async fn a_client_that_knows_the_length_and_asks_for_no_end_ends_its_call_all_the_same() {
    let served = Served::new(json!({})).await;
    for answer in [
        &b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 52\r\n\r\n\
           {\"usage\":{\"input_tokens\":3,\"output_tokens\":4},\"a\":1}"[..],
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
    ] {
        served.recorder.answer(&[answer]);
        let status = send_json(&served, "POST /v1/responses", "{}").await.status();
        assert!(status < 300, "{status}");
    }
    until(|| served.host.statistics().running == 0).await;
    let statistics = served.host.statistics();
    assert_eq!((statistics.instances, statistics.idle_instances), (1, 1));
    let text = served.metrics.to_text();
    assert!(
        text.contains("tokens_total{direction=\"output\"} 4\n"),
        "{text}"
    );
}

#[tokio::test]
async fn an_error_that_repeats_the_key_does_not_hand_it_out() {
    let served = Served::new(json!({})).await;
    let body = "{\"error\":{\"message\":\"the-key-of-the-resource is wrong\"}}";
    let answer = format!(
        "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\nx-key: the-key-of-the-resource\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    served.recorder.answer(&[answer.as_bytes()]);
    let answer = send_json(&served, "POST /v1/responses", "{}").await;
    assert_eq!(answer.status(), 401);
    let body = String::from_utf8(answer.body.clone()).unwrap();
    assert_eq!(body, "{\"error\":{\"message\":\"[REDACTED] is wrong\"}}");
    assert_eq!(answer.header("x-key"), Some("[REDACTED]"));
}

#[tokio::test]
async fn an_answer_that_breaks_off_breaks_off_for_the_client_too() {
    let served = Served::new(json!({})).await;
    served.recorder.answer(&[
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
        b"8\r\ndata: 1\n\r\n",
    ]);
    let mut request = head(
        "POST /v1/responses",
        &[("content-type", "application/json")],
        2,
    );
    request.extend(b"{}");
    let answer = in_time(send(served.service.address(), &request)).await;
    assert_eq!(answer, None, "it has no end");
}

#[tokio::test]
async fn what_is_not_sent_on_is_an_error_of_the_api() {
    let served = Served::new(json!({ "azure_endpoint": "http://127.0.0.1:9" })).await;
    let json = ("content-type", "application/json");
    let websocket = [("upgrade", "websocket"), ("connection", "upgrade")];
    let table: [(&str, Headers<'_>, u16, &str); 8] = [
        ("POST /v1/responses", &[json], 502, "cannot be reached"),
        ("GET /v1/responses", &websocket, 426, "over HTTP"),
        ("PUT /v1/files", &[json], 405, "GET, POST, DELETE"),
        ("POST /v1/files/../x", &[json], 400, "made of dots"),
        ("POST /v1/files/%2e%2E/x", &[json], 400, "made of dots"),
        (
            "POST /v1/responses",
            &[("content-type", "text/plain")],
            415,
            "application/json or multipart",
        ),
        (
            "POST /v1/responses",
            &[json, ("content-encoding", "zstd")],
            400,
            "content-encoding",
        ),
        ("GET /nowhere", &[], 404, "nothing is at /nowhere"),
    ];
    for (line, headers, status, words) in table {
        let mut request = head(line, headers, 2);
        request.extend(b"{}");
        let answer = in_time(send(served.service.address(), &request))
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{line}: {answer:?}");
        let error: Value = serde_json::from_slice(&answer.body).unwrap();
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{line}: {message}");
    }
}

/// A service before a recorder.
struct Served {
    recorder: Recorder,
    service: Service,
    host: Provider,
    metrics: Arc<Metrics>,
}

impl Served {
    async fn new(settings: Value) -> Self {
        Self::limited(settings, Limits::default()).await
    }

    async fn limited(settings: Value, limits: Limits) -> Self {
        let recorder = Recorder::start().await;
        let mut config = json!({
            "azure_endpoint": recorder.endpoint(),
            "api_key": "the-key-of-the-resource",
            "default_model": "gpt-5.1",
            "deployment_mapping": { "gpt-5.1": "production" },
            "max_retries": 0,
        });
        let settings = settings.as_object().unwrap().clone();
        config.as_object_mut().unwrap().extend(settings);
        let metrics = Arc::new(Metrics::new());
        let host = azure().limits(limits).events(metrics.clone());
        let host = host.load(&component()).await.unwrap();
        let host = host.open(config.as_object().unwrap()).await.unwrap();
        let service = Service::builder().metrics(metrics.clone());
        let service = service.start(host.clone()).await.unwrap();
        Self {
            recorder,
            service,
            host,
            metrics,
        }
    }
}

/// Sends a request with a JSON body, if it has one.
async fn send_json(served: &Served, line: &str, body: &str) -> Exchange {
    let headers: &[_] = match body {
        "" => &[("authorization", "Bearer of-the-client")],
        _ => &[
            ("authorization", "Bearer of-the-client"),
            ("content-type", "application/json"),
            ("x-stainless-lang", "python"),
        ],
    };
    let mut request = head(line, headers, body.len());
    request.extend(body.as_bytes());
    let answer = in_time(send(served.service.address(), &request)).await;
    answer.unwrap_or_else(|| panic!("{line} has no answer"))
}
