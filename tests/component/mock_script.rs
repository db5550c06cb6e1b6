//! `host-harness mock --script`: what it tells, and what the provider makes of it.

use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::command_line::{execute, run};
use crate::support::{host_harness, in_time};

/// Too many requests, then a stream in bytes with comments in it.
const SCRIPT: &str = r#"
[[step]]
name = "no room"
status = 429
retry_after = { header = "retry-after-ms", ms = 1 }
json = { error = { code = "429", message = "Too many requests." } }

[[step]]
stream = { split_every = 1, insert = [{ every = 1, comment = "still here" }] }
"#;

/// A mock that runs until it is dropped.
struct Mock {
    lines: Lines<BufReader<ChildStdout>>,
    _folder: TempDir,
    _process: Child,
}

impl Mock {
    fn start(script: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script.toml");
        std::fs::write(&path, script).unwrap();
        let mut process = Command::new(host_harness())
            .args(["mock", "--pause", "0", "--script"])
            .arg(path)
            .args(arguments)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self {
            lines,
            _folder: folder,
            _process: process,
        }
    }

    async fn line(&mut self) -> String {
        in_time(self.lines.next_line()).await.unwrap().unwrap()
    }

    async fn json(&mut self) -> Value {
        serde_json::from_str(&self.line().await).unwrap()
    }
}

async fn ask(endpoint: &str, key: &str) {
    let environment = [
        ("AZURE_OPENAI_ENDPOINT", endpoint),
        ("AZURE_OPENAI_API_KEY", key),
    ];
    let output = run(&environment, &["Say hello"]).await;
    assert!(
        output.stdout.contains("You said: \"Say hello\""),
        "{output:?}"
    );
}

#[tokio::test]
async fn it_tells_in_json_which_step_each_request_gets() {
    let mut mock = Mock::start(SCRIPT, &["--json"]);
    let ready = mock.json().await;
    let (endpoint, key) = (
        ready["endpoint"].as_str().unwrap(),
        ready["api_key"].as_str().unwrap(),
    );
    ask(endpoint, key).await;
    ask(endpoint, key).await;
    for (request, step, name) in [
        (1, json!(1), json!("no room")),
        (2, json!(2), Value::Null),
        (3, Value::Null, Value::Null),
    ] {
        let told = mock.json().await;
        assert_eq!(
            (&told["request"], &told["step"], &told["name"]),
            (&json!(request), &step, &name)
        );
        assert_eq!(told["method"], "POST");
    }
}

#[tokio::test]
async fn it_tells_in_text_which_step_each_request_gets() {
    let mut mock = Mock::start(SCRIPT, &[]);
    let mut endpoint = String::new();
    loop {
        let line = mock.line().await;
        if let Some((_, address)) = line.split_once("AZURE_OPENAI_ENDPOINT=") {
            endpoint = address.to_owned();
        }
        if line.contains("o4-mini") {
            break;
        }
    }
    ask(&endpoint, "mock-key").await;
    let first = mock.line().await;
    assert!(first.starts_with("request 1: POST /"), "{first}");
    assert!(first.ends_with(": step 1 (no room)"), "{first}");
    assert!(mock.line().await.ends_with(": step 2"));
}

#[tokio::test]
async fn a_script_that_is_wrong_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script.toml");
    std::fs::write(&path, "[[step]]\nstatuz = 429\n").unwrap();
    let path = path.to_str().unwrap();
    for (file, expected) in [
        (path, "script.toml:2:1: unknown field `statuz`"),
        ("nowhere.toml", "cannot read nowhere.toml"),
    ] {
        let output = execute(&[], &["mock", "--script", file], "").await;
        assert_eq!(output.code, 2);
        assert!(output.stderr.contains(expected), "{output:?}");
    }
}
