//! `host-harness mock`, which runs until it is stopped.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

use super::{CLIENT_SECRET, KEY, TOKEN, assert_without_canary};
use crate::command_line::execute;
use crate::support::{host_harness, in_time};

#[tokio::test]
async fn it_says_nothing_of_the_secrets_around_it_and_of_those_it_is_sent() {
    let mut mock = Command::new(host_harness())
        .args(["mock", "--json", "--pause", "0"])
        .envs([
            ("AZURE_OPENAI_API_KEY", KEY),
            ("AZURE_OPENAI_AD_TOKEN", TOKEN),
            ("AZURE_CLIENT_SECRET", CLIENT_SECRET),
            ("RUST_LOG", "trace"),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(mock.stdout.take().unwrap());
    let mut stderr = mock.stderr.take().unwrap();
    // Read all the time: a full pipe would hold the mock up.
    let said = tokio::spawn(async move {
        let mut said = String::new();
        stderr.read_to_string(&mut said).await.map(|_| said)
    });
    let mut line = String::new();
    in_time(stdout.read_line(&mut line)).await.unwrap();
    assert_without_canary("standard output", &line);
    let ready: Value = serde_json::from_str(&line).unwrap();
    let endpoint = ready["endpoint"].as_str().unwrap();

    for (name, value) in [
        ("AZURE_OPENAI_API_KEY", KEY),
        ("AZURE_OPENAI_AD_TOKEN", TOKEN),
    ] {
        let variables = [("AZURE_OPENAI_ENDPOINT", endpoint), (name, value)];
        let output = execute(&variables, &["run", "Say hello"], "").await;
        assert_eq!(output.code, 1, "the mock has another key: {output:?}");
    }

    mock.kill().await.unwrap();
    let said = in_time(said).await.unwrap().unwrap();
    assert!(said.contains("the mock answered"), "{said}");
    assert_without_canary("standard error", &said);
    let mut rest = String::new();
    in_time(stdout.read_to_string(&mut rest)).await.unwrap();
    assert_without_canary("standard output", &rest);
}
