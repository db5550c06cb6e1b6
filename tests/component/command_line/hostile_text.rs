//! What services, components and files could do to whoever runs the program.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use azure_openai_mock::{Fault, MockAzure, Scripted};
use http::StatusCode;
use serde_json::{Value, json};

use super::chat::{tool, tools};
use super::{borrowed, execute, file, run, variables};
use crate::support::{component, host_harness, hostile_component, in_time};

/// Clears the screen, in two spellings, turns text around, says something that nobody sees, and looks like a line of the report.
const COMMANDS: &str = "gpt\u{1b}[2J\u{9b}2J\u{202e}\u{e0041}\u{3164}\nProbe\n  all is well";

#[tokio::test]
async fn what_a_service_says_is_no_command_to_a_terminal() {
    let answered = || async {
        let mock = MockAzure::builder().start().await.unwrap();
        mock.push_answer(Scripted::Response(response(COMMANDS)));
        mock
    };
    let refused = || async {
        let mock = MockAzure::builder().start().await.unwrap();
        let error = json!({ "error": { "code": "x", "message": COMMANDS } });
        mock.push_fault(Fault::json(StatusCode::BAD_REQUEST, &error));
        mock
    };
    let component = component();
    for json in [false, true] {
        for mock in [answered().await, refused().await] {
            let mut arguments = vec!["doctor", "--component", component.to_str().unwrap()];
            arguments.extend(json.then_some("--json"));
            let finished = execute(&variables(&mock), &arguments, "").await;
            assert_is_harmless(&finished.stdout);
            assert_is_harmless(&finished.stderr);
            match json {
                true => drop(serde_json::from_str::<Value>(&finished.stdout).unwrap()),
                false => {
                    let probes = finished.stdout.lines().filter(|line| *line == "Probe");
                    assert_eq!(probes.count(), 1, "{}", finished.stdout);
                }
            }
        }
        for mock in [answered().await, refused().await] {
            let finished = run(&variables(&mock), &["--json", "Hi"]).await;
            assert_is_harmless(&finished.stdout);
            assert_is_harmless(&finished.stderr);
        }
    }
}

#[tokio::test]
async fn a_key_that_a_service_echoes_is_not_printed() {
    let key = "a-key-that-is-nobodys-model";
    let mock = || async {
        let mock = MockAzure::builder().api_key(key).start().await.unwrap();
        mock.push_answer(Scripted::Response(response(key)));
        mock
    };
    let component = component();
    let doctor = ["doctor", "--component", component.to_str().unwrap()];
    for json in [&[][..], &["--json"]] {
        let arguments = [&doctor, json].concat();
        let finished = execute(&variables(&mock().await), &arguments, "").await;
        assert_eq!(finished.code, 0, "{finished:?}");
        assert!(finished.stdout.contains("[REDACTED]"), "{finished:?}");
        assert!(!finished.stdout.contains(key), "{finished:?}");
    }
    let finished = run(&variables(&mock().await), &["--json", "Hi"]).await;
    assert_eq!(finished.code, 0, "{finished:?}");
    let answer: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(answer["metadata"]["openai:model"], "[REDACTED]", "{answer}");
    assert!(!finished.stdout.contains(key), "{finished:?}");
}

#[tokio::test]
async fn a_component_forges_no_line_of_the_event_log() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let forged = "{\"a\":1,\n\"b\":\r\n2}\n";
    let more = "{\"x\":[\n{\"event\":\"llm:request\",\"data\":{}}\n]}";
    for payload in [forged, more] {
        let emit = json!({ "do": "emit", "name": "hostile:said\n", "payload": payload });
        let component = hostile_component();
        let mock = MockAzure::builder().start().await.unwrap();
        let arguments = [
            "--component",
            component.to_str().unwrap(),
            "--event-log",
            log.path().to_str().unwrap(),
            &emit.to_string(),
        ];
        let finished = run(&variables(&mock), &arguments).await;
        assert_eq!(finished.code, 0, "{finished:?}");
        let text = fs::read_to_string(log.path()).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}: {text}")))
            .collect();
        let names: Vec<&str> = lines
            .iter()
            .map(|line| line["event"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["provider:concurrency", "hostile:said\n"]);
        let payload: Value = serde_json::from_str(payload).unwrap();
        assert_eq!(lines[1]["data"], payload);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn tools_find_no_copy_of_a_secret_in_their_environment() {
    let (key, token) = ("key-of-the-resource", "token-of-the-gateway");
    let mock = MockAzure::builder().api_key(key).start().await.unwrap();
    let settings = json!({ "extra_headers": { "x-gateway": "Bearer ${GATEWAY}" } });
    let providers = json!([{ "module": "provider-azure-openai", "config": settings }]);
    let config = file(".json", &json!({ "providers": providers }).to_string());
    let tools = tools(&[tool("weather", &["sh", "-c", "env"])]);
    let copy = format!("Endpoint=https://r.example/;Key={key}");
    let variables = [
        ("AZURE_OPENAI_ENDPOINT", mock.endpoint()),
        ("AZURE_OPENAI_API_KEY", key.to_owned()),
        ("CONNECTION", copy),
        ("GATEWAY", token.to_owned()),
        ("MY_COPY", key.to_owned()),
        ("UNITS", "metric".to_owned()),
    ];
    let component = component();
    let chat = [
        "chat",
        "--component",
        component.to_str().unwrap(),
        "--config",
        config.path().to_str().unwrap(),
        "--tools",
        tools.path().to_str().unwrap(),
        "--yes",
    ];
    let finished = execute(&borrowed(&variables), &chat, "Use the tool weather in Bern").await;
    assert_eq!(finished.code, 0, "{finished:?}");
    let requests = mock.requests();
    assert_eq!(requests[0].headers["x-gateway"], format!("Bearer {token}"));
    let said = requests.last().unwrap().body.to_string();
    assert!(said.contains("UNITS=metric"), "{said}");
    for secret in [key, token] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn files_without_an_end_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = |name: &str| {
        let path = folder.path().join(name);
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        path.to_str().unwrap().to_owned()
    };
    let pipes = ["a.toml", "a.json", "a.png"].map(pipe);
    let [toml, json, png] = &pipes;
    let mock = MockAzure::builder().start().await.unwrap();
    for arguments in [
        &["inspect", "--component", "/dev/zero"][..],
        &["run", "--component", "/dev/zero", "Hi"],
        &["run", "--component", json, "Hi"],
        &["run", "--config", toml, "Hi"],
        &["run", "--request", json],
        &["run", "--request", "/dev/zero"],
        &["run", "--tools", toml, "Hi"],
        &["run", "--schema", json, "Hi"],
        &["run", "--image", png, "Hi"],
        &["run", "--file", "/dev/zero", "Hi"],
        &["chat", "--resume", json],
        &["mock", "--script", toml],
    ] {
        let finished = in_time(execute(&variables(&mock), arguments, "")).await;
        assert_eq!(finished.code, 2, "{arguments:?}: {finished:?}");
        let expected = "it is a device or a pipe, and must be a regular file";
        assert!(
            finished.stderr.contains(expected),
            "{arguments:?}: {finished:?}"
        );
    }
    assert!(mock.requests().is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn what_was_asked_and_answered_is_nobody_elses_to_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (log, saved) = (path("events.jsonl"), path("conversation.json"));
    let mock = MockAzure::builder().start().await.unwrap();
    let component = component();
    let chat = [
        "chat",
        "--component",
        component.to_str().unwrap(),
        "--event-log",
        &log,
    ];
    let finished = execute(&variables(&mock), &chat, &format!("Hi\n/save {saved}\n")).await;
    assert_eq!(finished.code, 0, "{finished:?}");
    for path in [log, saved] {
        let metadata = Path::new(&path).metadata().unwrap();
        assert!(metadata.len() > 0, "{path}");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{path}");
    }
}

#[cfg(unix)]
#[test]
fn an_answer_that_nobody_reads_is_no_success() {
    for json in [&[][..], &["--json"]] {
        let (closed, output) = std::io::pipe().unwrap();
        drop(closed);
        let mut command = Command::new(host_harness());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AZURE_") {
                command.env_remove(name);
            }
        }
        let status = command
            .args(["run", "--component"])
            .arg(component())
            .args(json)
            .arg("Say hello")
            .stdout(output)
            .stderr(Stdio::null())
            .status()
            .unwrap();
        // As a shell says of a program that SIGPIPE ended.
        assert_eq!(status.code(), Some(141));
    }
}

/// A response of a model with this name, which says it too.
fn response(model: &str) -> Value {
    json!({
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "model": model,
        "output": [{
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{ "type": "output_text", "text": "ready", "annotations": [] }],
        }],
        "usage": { "input_tokens": 1, "output_tokens": 1, "total_tokens": 2 },
    })
}

fn assert_is_harmless(text: &str) {
    let harmful = |character: char| {
        (character.is_control() && character != '\n')
            || ['\u{202e}', '\u{e0041}', '\u{3164}'].contains(&character)
    };
    assert!(!text.contains(harmful), "{text:?}");
}
