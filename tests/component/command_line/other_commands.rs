//! `host-harness inspect` and `host-harness mock`, and what all commands have in common.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{execute, run};
use crate::support::{component, host_harness};

#[tokio::test]
async fn every_command_has_examples_and_is_completed_by_every_shell() {
    let help = execute(&[], &["--help"], "").await.stdout;
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.contains(&"run"), "{help}");
    for command in &commands {
        let output = execute(&[], &[command, "--help"], "").await;
        let example = format!("host-harness {command}");
        assert!(output.stdout.contains("Examples:\n"), "{command}");
        assert!(output.stdout.contains(&example), "{command}");
    }
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let output = execute(&[], &["completions", shell], "").await;
        assert_eq!(output.code, 0, "{output:?}");
        for command in &commands {
            assert!(output.stdout.contains(command), "{command} in {shell}");
        }
    }
}

#[tokio::test]
async fn every_command_has_a_manual_page() {
    let help = execute(&[], &["--help"], "").await.stdout;
    let folder = tempfile::tempdir().unwrap();
    let output = execute(&[], &["man", folder.path().to_str().unwrap()], "").await;
    assert_eq!(output.code, 0, "{output:?}");
    let page = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(page("host-harness.1").contains(".TH host-harness 1"));
    let serve = page("host-harness-serve.1");
    assert!(serve.contains(r"\-\-listen"), "{serve}");
    let pages = std::fs::read_dir(folder.path()).unwrap();
    for entry in pages.flatten() {
        let name = entry.file_name().into_string().unwrap();
        let name = name.strip_suffix(".1").unwrap();
        let command = name.strip_prefix("host-harness-").unwrap_or(name);
        assert!(help.contains(command), "{command}");
    }

    let output = execute(&[], &["man", "nowhere/at/all"], "").await;
    assert_eq!(output.code, 2, "{output:?}");
}

#[tokio::test]
async fn inspect_shows_what_a_component_can_do() {
    let component = component();
    let component = component.to_str().unwrap();
    let output = execute(&[], &["inspect", "--json", "--component", component], "").await;
    assert_eq!(output.code, 0, "{output:?}");
    let inspection: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(inspection["contract_version"], "0.2.0");
    assert_eq!(
        inspection["size"],
        json!(Path::new(component).metadata().unwrap().len())
    );
    assert_eq!(
        inspection["exports"],
        json!([
            "amplifier:provider/provider@0.2.0",
            "amplifier:provider/gateway@0.2.0",
        ])
    );
    assert!(
        inspection["imports"]
            .as_array()
            .unwrap()
            .contains(&json!("wasi:http/types@0.2.12"))
    );

    let output = execute(&[], &["inspect", "--component", component], "").await;
    assert!(
        output.stdout.contains("\ncontract: 0.2.0\nimports:\n  "),
        "{}",
        output.stdout
    );
    let output = execute(&[], &["inspect", "--component", "nowhere.wasm"], "").await;
    assert_eq!(output.code, 2);
}

#[tokio::test]
async fn the_mock_runs_alone() {
    use tokio::io::{AsyncBufReadExt, BufReader};
    let mut mock = tokio::process::Command::new(host_harness())
        .args([
            "mock",
            "--json",
            "--deployment",
            "mine=gpt-4.1",
            "--pause",
            "0",
        ])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(mock.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let mock: Value = serde_json::from_str(&line).unwrap();
    let environment = [
        ("AZURE_OPENAI_ENDPOINT", mock["endpoint"].as_str().unwrap()),
        ("AZURE_OPENAI_API_KEY", mock["api_key"].as_str().unwrap()),
    ];
    let output = run(&environment, &["--model", "mine", "Say hello"]).await;
    assert!(output.stdout.contains("(deployment mine)"), "{output:?}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_to_be() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = execute(&[], &["mock", "--port", &port], "").await;
    assert_eq!(output.code, 2, "{output:?}");
    let expected = "host-harness: the mock of Azure OpenAI did not start: cannot listen on";
    assert!(output.stderr.starts_with(expected), "{output:?}");
}
