//! What the component makes of requests: the files in `golden/requests`, each a request in the kernel's form and what came
//! of it, and requests that are too large for a file.

use std::fs;

use azure_openai_mock::MockAzure;
use provider_host::contract::types::ErrorKind;
use provider_host::kernel_json::chat_request;
use serde_json::{Value, json};

use crate::golden::{compare, folder, readable};
use crate::support::{Setup, provider_error};

/// `UPDATE_GOLDEN=1` writes what came of each request into its file; `about`, `settings` and `request` are the author's.
#[tokio::test]
async fn requests_become_what_their_golden_files_say() {
    let mut paths: Vec<_> = fs::read_dir(folder("requests"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 70, "there are {} files", paths.len());
    let mut differences = Vec::new();
    for path in &paths {
        let case: Value = serde_json::from_slice(&fs::read(path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (about, settings, request) = (&case["about"], &case["settings"], &case["request"]);
        let mut members = vec![
            ("about", about.clone()),
            ("settings", settings.clone()),
            ("request", request.clone()),
        ];
        match sent(settings, request).await {
            Ok(came_of_it) => members.extend(came_of_it),
            Err(refusal) => {
                differences.push(format!("{}: {refusal}", path.display()));
                continue;
            }
        }
        let members: Vec<String> = members
            .iter()
            .map(|(key, value)| format!("  \"{key}\": {}", readable(value, 2)))
            .collect();
        let text = format!("{{\n{}\n}}\n", members.join(",\n"));
        differences.extend(compare(path, &text).err());
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What came of a request: the body and the events of what is changed, or the error.
async fn sent(settings: &Value, document: &Value) -> Result<Vec<(&'static str, Value)>, String> {
    let request = match chat_request::from_value(document.clone()) {
        Ok(request) => request,
        Err(error) => return Err(format!("the request is none: {error}")),
    };
    let setup = Setup::with(mock().await, settings.clone()).await;
    let answer = setup.provider.complete(&request).await;
    let requests = setup.mock.requests();
    match (requests.as_slice(), answer) {
        ([only], Ok(_)) => {
            let mut events = Vec::new();
            for name in [
                "provider:tool_sequence_repaired",
                "provider:parameter_changed",
                "provider:parameter_dropped",
            ] {
                for mut payload in setup.events.of(name) {
                    // It is another for each call.
                    payload.as_object_mut().unwrap().remove("request_id");
                    events.push(json!({ "name": name, "payload": payload }));
                }
            }
            Ok(vec![
                ("body", only.body.clone()),
                ("events", Value::Array(events)),
            ])
        }
        ([], answer) => {
            let error = provider_error(answer);
            assert_eq!(error.kind, ErrorKind::InvalidRequest, "{error:?}");
            let error = json!({ "kind": "invalid-request", "message": error.message });
            Ok(vec![("error", error)])
        }
        (requests, answer) => Err(format!("{} requests were sent: {answer:?}", requests.len())),
    }
}

/// A mock with deployments of each kind of model, also of one whose name says nothing.
async fn mock() -> MockAzure {
    let mut builder = MockAzure::builder();
    for (name, model) in [
        ("gpt-5-codex", "gpt-5-codex-2025-09-15"),
        ("gpt-5-pro", "gpt-5-pro-2025-10-06"),
        ("gpt-5.5", "gpt-5.5-2026-04-24"),
        ("gpt-5.1-codex", "gpt-5.1-codex-2025-11-13"),
        ("gpt-5.2", "gpt-5.2-2025-12-11"),
        ("o3-mini", "o3-mini-2025-01-31"),
        ("plain", "gpt-4.1-2025-04-14"),
        ("thinker", "gpt-5.1-2025-11-13"),
    ] {
        builder = builder.deployment(name, model);
    }
    builder.start().await.unwrap()
}
