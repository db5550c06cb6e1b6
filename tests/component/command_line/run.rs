//! `host-harness run`: where a request comes from, and where its answer goes.

use std::fs;

use azure_openai_mock::MockAzure;
use serde_json::{Value, json};

use super::{borrowed, file, run, run_with_input, variables};

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
    // With the mark that some editors begin a file with.
    let file = file(".json", &format!("\u{feff}{document}"));
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
    assert_eq!(events[1]["event"], "llm:request");
    assert_eq!(events.last().unwrap()["event"], "llm:response");
    assert!(events.iter().all(|event| event["data"].is_object()));
    assert!(
        text.starts_with(r#"{"event":"provider:concurrency","call":1,"data":{"#),
        "{text}"
    );
}

#[tokio::test]
async fn what_a_model_writes_is_the_same_in_a_pipe() {
    let mock = MockAzure::builder().start().await.unwrap();
    let text = "# Title\n\n* one `two`\t**three**\r\n```sh\nls | wc\n```\n| a | b |\n\u{1b}[1m";
    for arguments in [&[][..], &["--no-stream"]] {
        let output = run(&variables(&mock), &[arguments, &[text]].concat()).await;
        assert_eq!(output.code, 0, "{output:?}");
        let (_, said) = output.stdout.split_once("You said: ").unwrap();
        assert_eq!(said, format!("\"{text}\"\n"));
    }
}
