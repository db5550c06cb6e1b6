//! The API of OpenAI through the gateway: the client's bytes to the service, and the service's bytes to the client.

use std::net::SocketAddr;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::host::{Grants, Host};
use crate::owned;
use crate::recorder::{Exchange, Recorder, send};
use crate::requests::{bodies, head};
use crate::support::{component, gateway, host_harness, in_time};

/// The headers of a request or of an answer.
type Headers<'a> = &'a [(&'a str, &'a str)];

const KEY: &str = "the-key-of-the-resource";

const SETTINGS: &str = r#"{"deployment_mapping": {"gpt-5.1": "production"}, "max_retries": 0}"#;

/// A gateway before a recorder.
struct Served {
    recorder: Recorder,
    host: Host,
}

impl Served {
    async fn new() -> Self {
        Self::limited(None).await
    }

    async fn limited(memory_bytes: Option<usize>) -> Self {
        let recorder = Recorder::start().await;
        let grants = Grants {
            variables: owned(&[
                ("AZURE_OPENAI_ENDPOINT", &recorder.endpoint()),
                ("AZURE_OPENAI_API_KEY", KEY),
                ("GATEWAY_SETTINGS", SETTINGS),
            ]),
            memory_bytes,
            ..Grants::default()
        };
        let host = Host::start(&gateway(), grants).await;
        Self { recorder, host }
    }

    async fn send(&self, line: &str, headers: Headers<'_>, body: &[u8]) -> Option<Exchange> {
        send_to(self.host.address, line, headers, body).await
    }

    async fn send_json(&self, line: &str, body: &str) -> Exchange {
        let json: [(&str, &str); 2] = [
            ("content-type", "application/json"),
            ("x-stainless-lang", "js"),
        ];
        let headers = if body.is_empty() { &json[1..] } else { &json };
        self.send(line, headers, body.as_bytes()).await.unwrap()
    }
}

async fn send_to(
    address: SocketAddr,
    line: &str,
    headers: Headers<'_>,
    body: &[u8],
) -> Option<Exchange> {
    let mut request = head(line, headers, body.len());
    request.extend(body);
    in_time(send(address, &request)).await
}

#[tokio::test]
async fn the_bytes_of_each_request_arrive_with_the_deployment_in_place_of_the_model() {
    let served = Served::new().await;
    for (number, body) in bodies().into_iter().enumerate() {
        let answer = served.send_json("POST /v1/responses", &body).await;
        assert_eq!(answer.status(), 418, "{body}");
        let seen = &served.recorder.seen()[number];
        assert_eq!(seen.line, "POST /openai/v1/responses HTTP/1.1");
        let expected = body.replacen("gpt-5.1", "production", 1);
        assert_eq!(String::from_utf8_lossy(&seen.body), expected);
        assert_eq!(seen.header("api-key"), Some(KEY));
        assert_eq!(seen.header("x-stainless-lang"), Some("js"));
    }
}

#[tokio::test]
async fn each_route_arrives_where_the_endpoint_has_it() {
    let served = Served::new().await;
    for (request, path) in [
        (
            "GET /v1/responses/r_1?include[]=a&stream=true",
            "responses/r_1?include[]=a&stream=true",
        ),
        ("DELETE /v1/responses/r_1", "responses/r_1"),
        ("POST /openai/v1/chat/completions", "chat/completions"),
        (
            "POST /openai/deployments/gpt-5.1/embeddings?api-version=2024-10-21",
            "embeddings",
        ),
        ("GET /v1/files/file%201/content", "files/file%201/content"),
        ("POST /v1/what/comes/next", "what/comes/next"),
    ] {
        let (method, _) = request.split_once(' ').unwrap();
        let body = if method == "POST" {
            r#"{"model":"gpt-5.1"}"#
        } else {
            ""
        };
        assert_eq!(
            served.send_json(request, body).await.status(),
            418,
            "{request}"
        );
        let seen = served.recorder.seen().pop().unwrap();
        assert_eq!(seen.line, format!("{method} /openai/v1/{path} HTTP/1.1"));
        assert_eq!(seen.body, body.replace("gpt-5.1", "production").as_bytes());
    }
}

#[tokio::test]
async fn the_bytes_of_each_answer_arrive_whole_or_streamed_compressed_or_not() {
    let served = Served::new().await;
    let stream = b"event: response.created\ndata: {\"sequence_number\":0 }\n\n: comment\r\n\r\ndata: [DONE]\n\n";
    let table: [(&str, Headers<'_>, &[u8]); 6] = [
        (
            "200 OK",
            &[("content-type", "application/json")],
            b"{ \"id\":1.0e2, \"a\":1, \"a\":2 }\n",
        ),
        ("200 OK", &[("content-type", "text/event-stream")], stream),
        (
            "200 OK",
            &[
                ("content-encoding", "br"),
                ("x-request-id", "of-the-service"),
            ],
            b"\x01\xff\0x",
        ),
        (
            "400 Bad Request",
            &[("content-type", "application/json")],
            b"{\"error\":{ }}",
        ),
        ("429 Too Many Requests", &[("retry-after", "99")], b"{}"),
        (
            "500 Internal Server Error",
            &[("content-type", "text/html")],
            b"<html>\xe4",
        ),
    ];
    for (status, headers, body) in table {
        let named: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\nset-cookie: a=b\r\n{named}");
        let length = format!("{head}content-length: {}\r\n\r\n", body.len());
        let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n");
        let chunk = format!("{:x}\r\n", body.len());
        let whole: &[&[u8]] = &[length.as_bytes(), body];
        let streamed: &[&[u8]] = &[chunked.as_bytes(), chunk.as_bytes(), body, b"\r\n0\r\n\r\n"];
        for pieces in [whole, streamed] {
            served.recorder.answer(pieces);
            let answer = served.send_json("POST /v1/responses", "{}").await;
            assert_eq!(answer.line, format!("HTTP/1.1 {status}"));
            assert_eq!(answer.body, body, "{status} {headers:?}");
            for (name, value) in headers {
                assert_eq!(answer.header(name), Some(*value), "{status}");
            }
            assert_eq!(answer.header("set-cookie"), None);
            assert!(answer.header("x-request-id").is_some());
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_breaks_off_for_the_client_too() {
    let served = Served::new().await;
    served.recorder.answer(&[
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
        b"8\r\ndata: 1\n\r\n",
    ]);
    let json = [("content-type", "application/json")];
    let answer = served.send("POST /v1/responses", &json, b"{}").await;
    assert_eq!(answer, None, "it has no end");
}

#[tokio::test]
async fn a_file_of_30_mib_arrives_in_its_form_and_memory_stays_bounded() {
    // The file once in each memory, and the program.
    let served = Served::limited(Some(48 * 1024 * 1024)).await;
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
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let line = "POST /v1/audio/transcriptions";
    let answer = served.send(line, &headers, &form("gpt-5.1")).await.unwrap();
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
async fn an_answer_of_30_mib_arrives_and_memory_stays_bounded() {
    let served = Served::limited(Some(16 * 1024 * 1024)).await;
    let file = vec![b'x'; 30 * 1024 * 1024];
    let head = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        file.len()
    );
    served.recorder.answer(&[head.as_bytes(), &file]);
    let answer = served
        .send("GET /v1/files/f/content", &[], b"")
        .await
        .unwrap();
    assert_eq!(
        answer.header("content-length"),
        Some(&*file.len().to_string())
    );
    assert!(answer.body == file);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let served = Served::new().await;
    let body = vec![b' '; 40 * 1024 * 1024 + 1];
    let json = [("content-type", "application/json")];
    let answer = served
        .send("POST /v1/responses", &json, &body)
        .await
        .unwrap();
    assert_eq!(answer.status(), 413);
    assert!(served.recorder.seen().is_empty());
}

/// `host-harness serve` with these settings, and its address.
async fn serve(settings: Value) -> (Child, SocketAddr) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("provider.json");
    let document = json!({ "providers": [{ "module": "azure-openai", "config": settings }] });
    std::fs::write(&config, document.to_string()).unwrap();
    let mut service = Command::new(host_harness())
        .args(["serve", "--json", "--listen", "127.0.0.1:0", "--config"])
        .arg(config)
        .arg("--component")
        .arg(component())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(service.stdout.take().unwrap()).lines();
    let line = in_time(lines.next_line()).await.unwrap().unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    let address = line["url"].as_str().unwrap().replace("http://", "");
    (service, address.parse().unwrap())
}

/// What goes wrong says the same here and at `serve`, in every byte but for the name of the one that says it.
#[tokio::test]
async fn errors_are_those_of_serve() {
    let unreachable = "http://127.0.0.1:9";
    let grants = Grants {
        variables: owned(&[
            ("AZURE_OPENAI_ENDPOINT", unreachable),
            ("AZURE_OPENAI_API_KEY", KEY),
            ("GATEWAY_SETTINGS", SETTINGS),
        ]),
        ..Grants::default()
    };
    let host = Host::start(&gateway(), grants).await;
    let mut settings: Value = serde_json::from_str(SETTINGS).unwrap();
    settings["azure_endpoint"] = unreachable.into();
    settings["api_key"] = KEY.into();
    let (_service, service) = serve(settings).await;

    let json = ("content-type", "application/json");
    let websocket = [
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("sec-websocket-key", "x"),
    ];
    let table: [(&str, Headers<'_>, u16); 11] = [
        ("POST /v1/responses", &[json], 502),
        ("POST /v1/complete", &[json], 400),
        ("POST /v1/complete", &[], 415),
        ("GET /v1/responses", &websocket, 426),
        ("PUT /v1/files", &[json], 405),
        ("POST /v1/models", &[json], 405),
        ("GET /v1/models/none", &[], 404),
        ("POST /v1/files/../x", &[json], 400),
        ("POST /v1/files/%2e%2E/x", &[json], 400),
        ("POST /v1/responses", &[("content-type", "text/plain")], 415),
        (
            "POST /v1/responses",
            &[json, ("content-encoding", "zstd")],
            400,
        ),
    ];
    for (line, headers, status) in table {
        let mut answers = Vec::new();
        for address in [host.address, service] {
            let answer = send_to(address, line, headers, b"{}").await.unwrap();
            assert_eq!(answer.status(), status, "{line}: {answer:?}");
            let mut headers = answer.headers.clone();
            let own = [
                "date",
                "x-request-id",
                "connection",
                "upgrade",
                "content-length",
            ];
            headers.retain(|(name, _)| !own.contains(&name.as_str()));
            headers.sort();
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            answers.push((
                headers,
                body.to_string().replace("\"host-harness\"", "\"gateway\""),
            ));
        }
        assert_eq!(answers[0], answers[1], "{line}");
    }
    let nowhere = send_to(host.address, "GET /nowhere", &[], b"")
        .await
        .unwrap();
    let body: Value = serde_json::from_slice(&nowhere.body).unwrap();
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("nothing is at /nowhere"), "{message}");
    assert_eq!(
        (nowhere.status(), &body["error"]["type"]),
        (404, &json!("invalid_request_error"))
    );
}
