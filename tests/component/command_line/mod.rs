//! `host-harness` as a person or a script uses it.

mod chat;
mod embedded_mock;
mod failures;
mod hostile_text;
mod other_commands;
mod run;
mod run_parts;
#[cfg(unix)]
mod terminal;

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use azure_openai_mock::MockAzure;

use crate::support::{component, host_harness};

#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) async fn run(environment: &[(&str, &str)], arguments: &[&str]) -> Finished {
    run_with_input(environment, arguments, "").await
}

async fn run_with_input(environment: &[(&str, &str)], arguments: &[&str], input: &str) -> Finished {
    let component = component();
    let mut all = vec!["run"];
    if !arguments.contains(&"--component") {
        all.extend(["--component", component.to_str().unwrap()]);
    }
    all.extend(arguments);
    execute(environment, &all, input).await
}

/// Runs the program with these variables and no others of its own, off the test's thread: the mock answers on it.
pub(crate) async fn execute(
    environment: &[(&str, &str)],
    arguments: &[&str],
    input: &str,
) -> Finished {
    let mut command = Command::new(host_harness());
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("AZURE_") || name_text == "OPENAI_API_VERSION" {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let input = input.to_owned();
    let finished = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A program that fails early does not read its input.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().unwrap()
    });
    let Output {
        status,
        stdout,
        stderr,
    } = finished.await.unwrap();
    Finished {
        code: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// The variables that lead to a mock.
fn variables(mock: &MockAzure) -> Vec<(&'static str, &str)> {
    // Leaked: some bytes for the life of a test program.
    let endpoint: &'static str = mock.endpoint().leak();
    vec![
        ("AZURE_OPENAI_ENDPOINT", endpoint),
        ("AZURE_OPENAI_API_KEY", mock.api_key()),
    ]
}

fn borrowed<'a>(variables: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

pub(crate) fn file(extension: &str, text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new()
        .suffix(extension)
        .tempfile()
        .unwrap();
    fs::write(file.path(), text).unwrap();
    file
}
