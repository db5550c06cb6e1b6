//! What goes wrong, and how a command says so.

use std::path::Path;
use std::process::Command;

use azure_openai_mock::{Fault, MockAzure};
use serde_json::Value;

use super::{file, run};
use crate::support::{component, host_harness};

#[tokio::test]
async fn with_json_every_line_of_standard_error_is_json_and_the_error_is_the_last() {
    for (arguments, lines) in [
        (&["--model", "nope", "Hi"][..], 3),
        (&["--no-such-option"], 1),
    ] {
        let environment = [("AZURE_OPENAI_API_VERSION", "2024-10-21")];
        let output = run(&environment, &[&["--json"], arguments].concat()).await;
        let errors: Vec<Value> = output
            .stderr
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(errors.len(), lines, "{errors:?}");
        assert!(errors.last().unwrap()["kind"].is_string(), "{errors:?}");
        assert_eq!(output.stdout, "");
    }
}

#[tokio::test]
async fn events_that_cannot_be_written_are_not_lost_silently() {
    let full = Path::new("/dev/full");
    if full.exists() {
        let output = run(&[], &["--event-log", "/dev/full", "Say hello"]).await;
        assert_eq!(output.code, 2, "{output:?}");
        assert!(
            output.stderr.contains("cannot write /dev/full"),
            "{}",
            output.stderr
        );
    }
}

#[tokio::test]
async fn what_is_wrong_has_its_exit_code_and_its_words() {
    let mock = MockAzure::builder().start().await.unwrap();
    let endpoint = mock.endpoint();
    let key = mock.api_key();
    let not_json = file(".json", "{\"messages\": [");
    let not_a_request = file(".json", r#"{"messages":[{"role":"robot","content":"Hi"}]}"#);
    let not_a_component = file(".wasm", "not wasm");
    let bad_toml = file(".toml", "[[providers]\n");
    let path = |file: &tempfile::NamedTempFile| file.path().to_str().unwrap().to_owned();
    let text = |text: &str| text.to_owned();
    let good = [
        ("AZURE_OPENAI_ENDPOINT", endpoint.as_str()),
        ("AZURE_OPENAI_API_KEY", key),
    ];

    // environment, arguments, exit code, kind in JSON, words in the message
    for (environment, arguments, code, kind, words) in [
        (
            vec![("AZURE_OPENAI_ENDPOINT", "nonsense")],
            vec![text("Hi")],
            2,
            "configuration",
            "`azure_endpoint` (from AZURE_OPENAI_ENDPOINT)",
        ),
        (
            vec![("AZURE_OPENAI_ENDPOINT", "http://example.com")],
            vec![text("Hi")],
            2,
            "configuration",
            "https://",
        ),
        (
            vec![("AZURE_OPENAI_ENDPOINT", endpoint.as_str())],
            vec![text("Hi")],
            2,
            "configuration",
            "AZURE_OPENAI_API_KEY",
        ),
        (
            vec![
                ("AZURE_OPENAI_ENDPOINT", endpoint.as_str()),
                ("AZURE_OPENAI_API_KEY", "wrong"),
            ],
            vec![text("Hi")],
            1,
            "authentication",
            "(401)",
        ),
        (
            good.to_vec(),
            vec![text("--model"), text("nope"), text("Hi")],
            1,
            "not_found",
            "deployment `nope`",
        ),
        (
            good.to_vec(),
            vec![text("--request"), path(&not_json)],
            2,
            "invalid_request",
            "line 1",
        ),
        (
            good.to_vec(),
            vec![text("--request"), path(&not_a_request)],
            2,
            "invalid_request",
            "messages[0].role",
        ),
        (
            good.to_vec(),
            vec![text("--request"), text("nowhere.json")],
            2,
            "configuration",
            "cannot read nowhere.json",
        ),
        (
            good.to_vec(),
            vec![text("--config"), path(&bad_toml), text("Hi")],
            2,
            "configuration",
            ".toml:1:",
        ),
        (
            good.to_vec(),
            vec![text("--config"), text("nowhere.toml"), text("Hi")],
            2,
            "configuration",
            "nowhere.toml",
        ),
        (
            good.to_vec(),
            vec![text("--component"), path(&not_a_component), text("Hi")],
            2,
            "configuration",
            "is not a WebAssembly component",
        ),
        (
            good.to_vec(),
            vec![text("--component"), text("nowhere.wasm"), text("Hi")],
            2,
            "configuration",
            "cargo xtask build",
        ),
        (
            good.to_vec(),
            vec![text("")],
            2,
            "configuration",
            "there is nothing to ask",
        ),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = run(&environment, &arguments).await;
        assert_eq!(output.code, code, "{arguments:?}: {output:?}");
        assert_eq!(output.stdout, "", "{arguments:?}");
        assert!(
            output.stderr.contains(words),
            "{arguments:?}: {}",
            output.stderr
        );
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);

        let output = run(&environment, &[&["--json"], &arguments[..]].concat()).await;
        assert_eq!(output.code, code, "--json {arguments:?}: {output:?}");
        assert_eq!(output.stdout, "", "--json {arguments:?}");
        let error: Value = serde_json::from_str(&output.stderr).unwrap();
        assert_eq!(error["kind"], kind, "{error}");
        assert_eq!(error["provider"], "azure-openai");
        assert!(
            error["message"].as_str().unwrap().contains(words),
            "{error}"
        );
    }

    mock.push_fault(Fault::CloseAfterEvents(6));
    let output = run(&good, &["Say hello"]).await;
    assert_eq!(output.code, 0, "{output:?}");
    let answer = "Hello from\nHello from the mock of Azure OpenAI";
    assert!(output.stdout.starts_with(answer), "{}", output.stdout);
    assert!(
        output.stderr.contains("the response broke off")
            && output.stderr.contains("the answer starts again")
            && output.stderr.contains("; trying again in ")
            && output.stderr.contains(" seconds (1 of 5)"),
        "{}",
        output.stderr
    );
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text_are_an_error_like_others() {
    use std::os::unix::ffi::OsStrExt;
    let argument = std::ffi::OsStr::from_bytes(b"--model=\xff");
    let output = Command::new(host_harness())
        .args(["run", "--json"])
        .arg(argument)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["kind"], "configuration");
}

#[cfg(unix)]
#[test]
fn who_cannot_be_told_anything_gets_the_answer() {
    for json in [&[][..], &["--json"]] {
        let (closed, errors) = std::io::pipe().unwrap();
        drop(closed);
        let mut command = Command::new(host_harness());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AZURE_") {
                command.env_remove(name);
            }
        }
        // Notices and log lines, which have nowhere to go: the embedded mock, and a warning about its endpoint.
        let output = command
            .args(["run", "--component"])
            .arg(component())
            .args(json)
            .arg("Say hello")
            .env("RUST_LOG", "debug")
            .stderr(errors)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(answer.contains("Hello from the mock"), "{answer}");
    }
}
