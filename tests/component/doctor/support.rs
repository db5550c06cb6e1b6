//! Running `doctor`, and comparing its report with a golden file.

use azure_openai_mock::MockAzure;
use serde_json::{Value, json};

use crate::command_line::{Finished, execute};
use crate::golden;
use crate::support::component;

pub(super) async fn mock() -> MockAzure {
    MockAzure::builder().start().await.unwrap()
}

pub(super) fn endpoint(mock: &MockAzure) -> (&'static str, String) {
    ("AZURE_OPENAI_ENDPOINT", mock.endpoint())
}

/// An address where nobody listens: the port was free a moment ago, and is not given out again so soon.
pub(super) fn closed_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Runs `doctor --json`.
pub(super) async fn examine(
    mock: &MockAzure,
    variables: &[(&str, String)],
    arguments: &[&str],
) -> Examined {
    let component = component();
    let component = component.to_str().unwrap();
    let arguments = [&["doctor", "--json", "--component", component], arguments].concat();
    Examined {
        finished: execute(&borrowed(variables), &arguments, "").await,
        endpoint: mock.endpoint(),
    }
}

pub(super) struct Examined {
    pub(super) finished: Finished,
    endpoint: String,
}

impl Examined {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.finished.stdout).unwrap()
    }

    /// Compares the report with the golden file of this name.
    pub(super) fn is(&self, name: &str, code: i32) {
        let Finished {
            code: found,
            stderr,
            ..
        } = &self.finished;
        assert_eq!(*found, code, "{:?}", self.finished);
        assert_eq!(stderr, "");
        let mut report = self.json();
        steady(&mut report, self.endpoint.trim_start_matches("http://"));
        let text = serde_json::to_string_pretty(&report).unwrap() + "\n";
        assert!(!text.contains("canary"), "{text}");
        let path = golden::folder("doctor").join(format!("{name}.json"));
        let compared = golden::compare(&path, &text);
        assert!(compared.is_ok(), "{}", compared.unwrap_err());
    }
}

/// Replaces what differs from run to run, and from one operating system to another.
fn steady(report: &mut Value, mock: &str) {
    match report {
        Value::Object(members) => {
            for (key, value) in members {
                match key.as_str() {
                    "duration_ms" => *value = json!("MILLISECONDS"),
                    // Which models are close to their end is a matter of the day.
                    "retirements" => *value = json!("RETIREMENTS"),
                    "expires_on" if value.is_string() => *value = json!("TIME"),
                    _ => steady(value, mock),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|value| steady(value, mock)),
        Value::String(text) => {
            *text = text.replace(mock, "mock.example");
            // Of the ports of the system's choice, only closed ones are left.
            replace(text, "127.0.0.1:", "closed.example", |rest| {
                rest.find(|character: char| !character.is_ascii_digit())
            });
            // The system's own words.
            replace(text, "error sending request", "REASON", |rest| {
                rest.find("): this")
            });
        }
        _ => {}
    }
}

/// Puts other words in the place of `begin` and what follows it, up to an end.
fn replace(text: &mut String, begin: &str, with: &str, end: impl Fn(&str) -> Option<usize>) {
    if let Some(start) = text.find(begin) {
        let rest = &text[start + begin.len()..];
        let length = end(rest).unwrap_or(rest.len());
        text.replace_range(start..start + begin.len() + length, with);
    }
}

pub(super) fn borrowed<'a>(variables: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

/// A `PATH` without programs.
pub(super) const NO_PROGRAMS: &str = "/nowhere";

/// Its `exp` is 1700000000.
pub(super) const EXPIRED_TOKEN: &str = "e30.eyJleHAiOjE3MDAwMDAwMDB9.signature";
