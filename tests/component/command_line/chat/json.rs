//! `chat --json`.

use azure_openai_mock::MockAzure;
use provider_host::kernel_json::chat_response;
use serde_json::{Value, json};

use super::{all, chat, tool, tools};
use crate::command_line::variables;

#[tokio::test]
async fn every_response_is_a_line_and_everything_else_is_json_on_standard_error() {
    let mock = MockAzure::builder().start().await.unwrap();
    let tools = tools(&[tool("weather", &["printf", "sunny"])]);
    let output = chat(
        &variables(&mock),
        &["--json", "--tools", tools.path().to_str().unwrap(), "--yes"],
        &["Use the tool weather in Bern", "Hello"],
    )
    .await;
    assert_eq!(output.code, 0, "{output:?}");
    let responses = lines(&output.stdout);
    let reasons: Vec<&Value> = responses
        .iter()
        .map(|response| &response["finish_reason"])
        .collect();
    assert_eq!(reasons, ["tool_calls", "stop", "stop"]);
    for response in responses {
        let read = chat_response::from_value(response.clone()).unwrap();
        assert_eq!(chat_response::to_value(&read), Ok(response));
    }

    let told = lines(&output.stderr);
    let names: Vec<&String> = told
        .iter()
        .flat_map(|line| line.as_object().unwrap().keys())
        .collect();
    assert_eq!(names, ["tool_call", "tool_result", "totals"]);
    assert_eq!(told[0]["tool_call"]["arguments"], json!({ "city": "Bern" }));
    assert_eq!(told[1]["tool_result"]["role"], "tool");
    assert_eq!(told[1]["tool_result"]["content"], "sunny");
    assert_eq!(
        told[1]["tool_result"]["tool_call_id"],
        told[0]["tool_call"]["id"]
    );
}

#[tokio::test]
async fn a_failed_turn_is_an_error_in_the_kernels_form() {
    let output = chat(&[], &["--json", "--model", "nope"], &["Hello"]).await;
    assert_eq!(output.code, 1, "{output:?}");
    assert_eq!(output.stdout, "");
    let told = lines(&output.stderr);
    assert_eq!(all(&json!(told), "kind"), ["", "not_found", "", ""]);
    assert!(told[0]["notice"].is_string(), "the mock answers");
    assert!(told[2]["notice"].is_string(), "it is taken back");
    assert_eq!(
        told[3]["totals"]["cost_usd"], "0",
        "a refusal costs nothing"
    );
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
