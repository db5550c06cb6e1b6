//! `host-harness serve`.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

use super::client::send;
use crate::command_line::execute;
use crate::support::{component, host_harness, in_time};

#[cfg(unix)]
#[tokio::test]
async fn the_command_serves_until_it_is_told_to_stop() {
    let mut command = Command::new(host_harness());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AZURE_") {
            command.env_remove(name);
        }
    }
    let component = component();
    let mut process = command
        .args(["serve", "--json", "--listen", "127.0.0.1:0", "--component"])
        .arg(&component)
        .env("HOST_HARNESS_KEY", "key-of-the-test")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let line = in_time(lines.next_line()).await.unwrap().unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["key_required"], true);
    let url = ready["url"].as_str().unwrap();
    assert_eq!(ready["openai_base_url"], format!("{url}/v1"));
    let address = url.strip_prefix("http://").unwrap().parse().unwrap();

    let body = json!({ "input": "Say hello" }).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("authorization", "Bearer key-of-the-test"),
    ];
    let answer = send(address, "POST", "/v1/responses", &headers, &body).await;
    let text = answer.json()["output"][0]["content"][0]["text"].clone();
    assert!(
        text.as_str().unwrap().contains("Hello from the mock"),
        "{answer:?}"
    );
    let answer = send(address, "POST", "/v1/responses", &headers[..1], &body).await;
    assert_eq!(answer.status, 401);

    let id = process.id().unwrap().to_string();
    let told = Command::new("kill")
        .args(["-TERM", &id])
        .status()
        .await
        .unwrap();
    assert!(told.success());
    assert_eq!(in_time(process.wait()).await.unwrap().code(), Some(0));
    let mut errors = String::new();
    process
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut errors)
        .await
        .unwrap();
    assert!(errors.contains("the embedded mock"), "{errors}");
    assert!(errors.contains("stopping"), "{errors}");
    assert!(!errors.contains("key-of-the-test"), "{errors}");
}

#[tokio::test]
async fn it_does_not_start_for_other_machines_without_a_key() {
    let component = component();
    let arguments = [
        "serve",
        "--listen",
        "0.0.0.0:0",
        "--component",
        component.to_str().unwrap(),
    ];
    let finished = execute(&[], &arguments, "").await;
    assert_eq!(finished.code, 2, "{finished:?}");
    assert!(
        finished
            .stderr
            .contains("set HOST_HARNESS_KEY, or listen on 127.0.0.1"),
        "{finished:?}"
    );
    assert_eq!(finished.stdout, "");
}

/// Shells set what is written there, and SDKs send it.
#[tokio::test]
async fn what_it_prints_can_be_typed() {
    for (arguments, key) in [
        (&[][..], "any"),
        (&["--key", "key-of-the-test"], "\"$HOST_HARNESS_KEY\""),
    ] {
        let mut process = Command::new(host_harness())
            .args(["serve", "--listen", "127.0.0.1:0", "--component"])
            .arg(component())
            .args(arguments)
            .env_remove("HOST_HARNESS_KEY")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut printed = Vec::new();
        for _ in 0..3 {
            printed.push(in_time(lines.next_line()).await.unwrap().unwrap());
        }
        assert!(printed[1].starts_with("  export OPENAI_BASE_URL=http://127.0.0.1:"));
        assert_eq!(printed[2], format!("  export OPENAI_API_KEY={key}"));
    }
}
