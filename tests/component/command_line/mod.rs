//! `host-harness` as a person or a script uses it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use host_harness::mock::{Fault, MockAzure};
use serde_json::{Value, json};

use crate::support::{component, host_harness};

#[tokio::test]
async fn without_an_endpoint_the_embedded_mock_answers_and_says_so() {
    let output = run(&[], &["Say hello from the sandbox"]).await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(
        output.stdout,
        "Hello from the mock of Azure OpenAI (deployment gpt-5.1). You said: \"Say hello from the sandbox\"\n"
    );
    assert!(
        output
            .stderr
            .contains("the embedded mock of Azure OpenAI answers"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn a_configuration_can_be_tried_before_it_has_an_endpoint() {
    let config = file(
        ".yaml",
        "providers: [{module: provider-azure-openai, config: {deployment_mapping: {gpt-5.1: production-gpt5}}}]",
    );
    for (environment, arguments, deployment) in [
        (
            vec![("AZURE_OPENAI_DEFAULT_DEPLOYMENT", "mine")],
            vec!["Hi"],
            "mine",
        ),
        (
            vec![],
            vec!["--config", config.path().to_str().unwrap(), "Hi"],
            "production-gpt5",
        ),
    ] {
        let output = run(&environment, &arguments).await;
        assert!(
            output
                .stdout
                .contains(&format!("(deployment {deployment})")),
            "{output:?}"
        );
    }
}

#[tokio::test]
async fn an_endpoint_that_is_no_text_is_an_error_and_not_the_mocks_answer() {
    let config = file(
        ".yaml",
        "providers: [{module: provider-azure-openai, config: {azure_endpoint: 5, api_key: k}}]",
    );
    let output = run(&[], &["--config", config.path().to_str().unwrap(), "Hi"]).await;
    assert_eq!(output.code, 2, "{output:?}");
    assert!(
        output
            .stderr
            .contains("`azure_endpoint`: expected an address"),
        "{}",
        output.stderr
    );
}

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
async fn the_embedded_mock_never_gets_a_real_key() {
    let output = run(&[("AZURE_OPENAI_API_KEY", "canary")], &["Say hello"]).await;
    assert_eq!(
        output.code, 0,
        "the mock accepts only its own key: {output:?}"
    );
}

#[tokio::test]
async fn other_ways_to_authenticate_do_not_matter_to_the_embedded_mock() {
    let config = file(
        ".yaml",
        "providers: [{module: provider-azure-openai, config: {use_default_credential: true}}]",
    );
    let variables = [
        ("AZURE_USE_DEFAULT_CREDENTIAL", "true"),
        ("AZURE_USE_MANAGED_IDENTITY", "true"),
        ("AZURE_MANAGED_IDENTITY_CLIENT_ID", "id"),
        ("AZURE_OPENAI_AD_TOKEN", "canary"),
    ];
    let path = config.path().to_str().unwrap();
    let output = run(&variables, &["--config", path, "Say hello"]).await;
    assert_eq!(output.code, 0, "{output:?}");
    assert!(!output.stderr.contains("warning"), "{output:?}");
}

#[tokio::test]
async fn json_is_the_response_in_the_kernels_form_and_nothing_else() {
    for arguments in [
        &["--json", "Say hello"][..],
        &["--json", "--no-stream", "Say hello"],
    ] {
        let output = run(&[], arguments).await;
        assert_eq!(output.code, 0, "{output:?}");
        let response: Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!(response["content"][0]["type"], "text");
        assert_eq!(response["finish_reason"], "stop");
        assert!(response["usage"]["input_tokens"].is_u64());
        assert_eq!(response["metadata"]["openai:status"], "completed");
    }
}

#[tokio::test]
async fn a_whole_request_comes_from_a_file_or_from_standard_input() {
    let mock = MockAzure::builder().start().await.unwrap();
    let document = json!({
        "messages": [{ "role": "user", "content": "Use get_weather in Paris" }],
        "tools": [{ "name": "get_weather", "parameters": { "type": "object", "properties": { "city": { "type": "string" } } } }],
    });
    let file = file(".json", &document.to_string());
    let path = file.path().to_str().unwrap();
    let from_file = run(
        &variables(&mock),
        &[
            "--json",
            "--request",
            path,
            "--model",
            "gpt-4.1",
            "--system",
            "Be brief.",
        ],
    )
    .await;
    let response: Value = serde_json::from_str(&from_file.stdout).unwrap();
    assert_eq!(response["finish_reason"], "tool_calls");
    assert_eq!(response["tool_calls"][0]["name"], "get_weather");
    assert_eq!(
        response["tool_calls"][0]["arguments"],
        json!({ "city": "Paris" })
    );
    let body = &mock.requests()[0].body;
    assert_eq!(body["model"], "gpt-4.1");
    assert_eq!(body["instructions"], "Be brief.");

    let from_input = run_with_input(
        &variables(&mock),
        &["--request", "-"],
        &document.to_string(),
    )
    .await;
    assert_eq!(from_input.code, 0, "{from_input:?}");
    assert!(
        from_input.stdout.starts_with("tool call call_"),
        "{}",
        from_input.stdout
    );
    assert!(
        from_input
            .stdout
            .ends_with("get_weather {\"city\":\"Paris\"}\n"),
        "{}",
        from_input.stdout
    );
}

#[tokio::test]
async fn a_prompt_may_come_through_a_pipe() {
    let output = run_with_input(&[], &[], "Say hello through a pipe").await;
    assert!(
        output.stdout.contains("Say hello through a pipe"),
        "{output:?}"
    );
}

#[tokio::test]
async fn configuration_files_are_toml_or_yaml_and_come_before_the_environment() {
    let mock = MockAzure::builder()
        .deployment("production-gpt5", "gpt-5.1")
        .start()
        .await
        .unwrap();
    let toml = r#"
        [[providers]]
        module = "provider-azure-openai"

        [providers.config]
        azure_endpoint = "${ENDPOINT_OF_TEST}"
        api_key = "${KEY_OF_TEST}"
        deployment_mapping = { "gpt-5.1" = "production-gpt5" }
    "#;
    let yaml = "
providers:
  - module: provider-azure-openai
    config:
      azure_endpoint: ${ENDPOINT_OF_TEST}
      api_key: ${KEY_OF_TEST}
      deployment_mapping:
        gpt-5.1: production-gpt5
";
    for (extension, text) in [(".toml", toml), (".yaml", yaml)] {
        let file = file(extension, text);
        let variables = [
            ("ENDPOINT_OF_TEST", mock.endpoint()),
            ("KEY_OF_TEST", mock.api_key().to_owned()),
            (
                "AZURE_OPENAI_ENDPOINT",
                "https://nowhere.invalid".to_owned(),
            ),
            ("AZURE_OPENAI_API_KEY", "wrong".to_owned()),
        ];
        let arguments = ["--config", file.path().to_str().unwrap(), "Say hello"];
        let output = run(&borrowed(&variables), &arguments).await;
        assert_eq!(output.code, 0, "{output:?}");
        assert_eq!(
            mock.requests().last().unwrap().body["model"],
            "production-gpt5"
        );
    }
}

#[tokio::test]
async fn the_event_log_has_a_json_line_for_each_event() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let output = run(
        &[],
        &["--event-log", log.path().to_str().unwrap(), "Say hello"],
    )
    .await;
    assert_eq!(output.code, 0, "{output:?}");
    let text = fs::read_to_string(log.path()).unwrap();
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.first().unwrap()["event"], "llm:request");
    assert_eq!(events.last().unwrap()["event"], "llm:response");
    assert!(events.iter().all(|event| event["data"].is_object()));
    assert!(
        text.starts_with(r#"{"event":"llm:request","data":{"#),
        "{text}"
    );
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
    assert_eq!(output.code, 1, "{output:?}");
    assert_eq!(output.stdout, "Hello from\n", "what arrived was shown");
    assert!(
        output.stderr.contains("the response broke off"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn inspect_shows_what_a_component_can_do() {
    let component = component();
    let component = component.to_str().unwrap();
    let output = execute(&[], &["inspect", "--json", "--component", component], "").await;
    assert_eq!(output.code, 0, "{output:?}");
    let inspection: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(inspection["contract_version"], "0.1.0");
    assert_eq!(
        inspection["size"],
        json!(Path::new(component).metadata().unwrap().len())
    );
    assert_eq!(
        inspection["exports"],
        json!(["amplifier:provider/provider@0.1.0"])
    );
    assert!(
        inspection["imports"]
            .as_array()
            .unwrap()
            .contains(&json!("wasi:http/types@0.2.12"))
    );

    let output = execute(&[], &["inspect", "--component", component], "").await;
    assert!(
        output.stdout.contains("\ncontract: 0.1.0\nimports:\n  "),
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

#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

async fn run(environment: &[(&str, &str)], arguments: &[&str]) -> Finished {
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
        if name.to_string_lossy().starts_with("AZURE_") {
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
