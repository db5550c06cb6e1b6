//! How much memory requests may take that are read and wait, seen from outside the process.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use azure_openai_mock::{Fault, MockAzure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::client::get;
use crate::command_line::file;
use crate::support::{component, host_harness, in_time};

/// What a process may have at its peak, whatever comes.
const LIMIT: usize = 512 * 1024 * 1024;

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn forty_large_requests_that_wait_fit_into_half_a_gigabyte() {
    let mock = MockAzure::builder().start().await.unwrap();
    mock.push_fault(Fault::NeverAnswer);
    let program = Program::serve(&mock).await;
    let text = "x".repeat(30 * MIB);
    let body = json!({ "messages": [{ "role": "user", "content": text }] }).to_string();
    drop(text);
    let body: Arc<str> = body.into();
    let mut requests = JoinSet::new();
    for _ in 0..40 {
        requests.spawn(request(program.address, "/v1/complete", Arc::clone(&body)));
    }
    // One runs, and is never answered; some wait for it. The others are told to come again.
    let mut refused = 0;
    while refused < 30 {
        let head = in_time(requests.join_next()).await.unwrap().unwrap();
        assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
        assert!(head.contains("\r\nretry-after: 1\r\n"), "{head}");
        refused += 1;
    }
    in_time(mock.wait_for_requests(1)).await;
    assert_eq!(get(program.address, "/health").await.status, 200);
    program.assert_peak_below_limit();
    // Whoever goes makes room.
    drop(requests);
    in_time(mock.wait_for_closed_streams(1)).await;
    let small = json!({ "messages": [{ "role": "user", "content": "Hi" }] }).to_string();
    let head = in_time(request(program.address, "/v1/complete", small.into())).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
}

#[tokio::test]
async fn bodies_of_many_empty_values_fit_into_half_a_gigabyte() {
    let mock = MockAzure::builder().start().await.unwrap();
    let program = Program::serve(&mock).await;
    let count = 39 * MIB;
    for (path, element) in [
        ("/v1/complete", "{},"),
        ("/v1/complete", r#"{"":0},"#),
        ("/v1/complete", "[],"),
        ("/v1/complete", "0,"),
    ] {
        let elements = element.repeat(count / element.len());
        let body: Arc<str> = format!("[{elements}0]").into();
        let mut requests = JoinSet::new();
        for _ in 0..6 {
            requests.spawn(request(program.address, path, Arc::clone(&body)));
        }
        while let Some(head) = in_time(requests.join_next()).await {
            let head = head.unwrap();
            let status = head.split(' ').nth(1).unwrap();
            assert!(["413", "503"].contains(&status), "{element}: {head}");
        }
        program.assert_peak_below_limit();
    }
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn a_process_without_descriptors_says_so_and_not_again_and_again() {
    let mock = MockAzure::builder().start().await.unwrap();
    let mut program = Program::limited(&mock, Some(48)).await;
    // One that has a descriptor already.
    let address = program.address;
    let mut early = TcpStream::connect(address).await.unwrap();
    let probe = format!("GET /health HTTP/1.1\r\nhost: {address}\r\n\r\n");
    early.write_all(probe.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    in_time(early.read_exact(&mut answer)).await.unwrap();
    let mut connections = Vec::new();
    for _ in 0..100 {
        connections.push(TcpStream::connect(program.address).await.unwrap());
    }
    // It tries a hundred times a second.
    let mut errors = BufReader::new(program.process.stderr.take().unwrap()).lines();
    let warning = in_time(async {
        loop {
            let line = errors.next_line().await.unwrap().unwrap();
            if line.contains("cannot accept a connection") {
                break line;
            }
        }
    })
    .await;
    assert!(warning.contains("Too many open files"), "{warning}");
    assert!(warning.contains("ulimit -n"), "{warning}");
    let second = tokio::time::timeout(std::time::Duration::from_secs(1), async {
        loop {
            let line = errors.next_line().await.unwrap().unwrap();
            if line.contains("cannot accept a connection") {
                break line;
            }
        }
    });
    assert!(second.await.is_err(), "it is said again and again");
    // A call says what is wrong, and not to look at the endpoint.
    let body = json!({ "messages": [{ "role": "user", "content": "Hi" }] }).to_string();
    let head = format!(
        "POST /v1/complete HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    early.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    in_time(early.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.contains("no file descriptor left"), "{answer}");
    assert!(!answer.contains("check the endpoint"), "{answer}");
    drop(connections);
    assert_eq!(get(program.address, "/health").await.status, 200);
}

/// Sends a request, and returns the head of its answer.
async fn request(address: SocketAddr, path: &str, body: Arc<str>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, _) = answer.split_once("\r\n\r\n").unwrap();
    format!("{head}\r\n")
}

/// `host-harness serve`, with one request at a time.
struct Program {
    process: Child,
    address: SocketAddr,
    _config: tempfile::NamedTempFile,
}

impl Program {
    async fn serve(mock: &MockAzure) -> Self {
        Self::limited(mock, None).await
    }

    /// The same, with so many file descriptors.
    async fn limited(mock: &MockAzure, descriptors: Option<u32>) -> Self {
        let settings = json!({
            "azure_endpoint": mock.endpoint(),
            "api_key": mock.api_key(),
            "max_concurrent_requests": 1,
            "max_retries": 0,
        });
        let providers = json!([{ "module": "provider-azure-openai", "config": settings }]);
        let config = file(".json", &json!({ "providers": providers }).to_string());
        let mut command = match descriptors {
            Some(count) => {
                let mut shell = Command::new("sh");
                let script = format!("ulimit -n {count}; exec \"$@\"");
                shell.args(["-c", &script, "sh"]).arg(host_harness());
                shell
            }
            None => Command::new(host_harness()),
        };
        let mut process = command
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--component"])
            .arg(component())
            .arg("--config")
            .arg(config.path())
            .env_remove("HOST_HARNESS_KEY")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = in_time(lines.next_line()).await.unwrap().unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let url = ready["url"].as_str().unwrap();
        Self {
            address: url.strip_prefix("http://").unwrap().parse().unwrap(),
            process,
            _config: config,
        }
    }

    /// By what the system counted.
    fn assert_peak_below_limit(&self) {
        let status = format!("/proc/{}/status", self.process.id().unwrap());
        let status = std::fs::read_to_string(status).unwrap();
        let peak = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kilobytes = peak.unwrap().split_whitespace().nth(1).unwrap();
        let peak = kilobytes.parse::<usize>().unwrap() * 1024;
        assert!(peak < LIMIT, "{} MiB", peak / MIB);
    }
}
