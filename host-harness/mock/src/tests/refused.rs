//! Requests that get no answer, and what they are told.

use serde_json::{Value, json};

use super::client::{ask, json_of, post, weather};
use crate::MockAzure;

/// A request, the parameter that is at fault, and a piece of the message.
pub(super) type Refused = (Value, Option<&'static str>, &'static str);

pub(super) async fn check_refusals(table: Vec<Refused>) {
    let mock = MockAzure::builder().start().await.unwrap();
    for (body, param, message) in table {
        let (status, answer) = json_of(post(&mock, &body).await).await;
        assert_eq!(status, 400, "{body}: {answer}");
        let error = &answer["error"];
        assert_eq!(error["type"], "invalid_request_error", "{body}: {answer}");
        assert_eq!(error["param"].as_str(), param, "{body}: {answer}");
        assert!(
            error["message"].as_str().unwrap().contains(message),
            "{body}: {answer}"
        );
    }
}

#[tokio::test]
async fn parameters_are_checked() {
    let on = |model: &str, more: Value| {
        let mut body = ask("hi", more);
        body["model"] = json!(model);
        body
    };
    let with = |more| on("gpt-4.1", more);
    check_refusals(vec![
        (json!([]), None, "could not parse"),
        (json!("no JSON"), None, "could not parse"),
        (
            json!({"input": "hi"}),
            Some("model"),
            "Missing required parameter: 'model'.",
        ),
        (
            json!({"model": 1}),
            Some("model"),
            "expected a string, but got an integer",
        ),
        (
            json!({"model": "gpt-4.1"}),
            Some("input"),
            "Missing required parameter: 'input'.",
        ),
        (
            json!({"model": "gpt-4.1", "input": 1.5}),
            Some("input"),
            "but got a decimal",
        ),
        (
            json!({"model": "gpt-4.1", "messages": []}),
            Some("messages"),
            "has moved to 'input'",
        ),
        (
            with(json!({"max_tokens": 1})),
            Some("max_tokens"),
            "has moved to 'max_output_tokens'",
        ),
        (
            with(json!({"stop": "x"})),
            Some("stop"),
            "Unknown parameter: 'stop'.",
        ),
        (
            with(json!({"stream": "yes"})),
            Some("stream"),
            "expected a boolean, but got a string",
        ),
        (
            with(json!({"max_output_tokens": 15})),
            Some("max_output_tokens"),
            ">= 16, but got 15",
        ),
        (
            with(json!({"temperature": 2.5})),
            Some("temperature"),
            "<= 2, but got 2.5",
        ),
        (
            with(json!({"top_p": -1})),
            Some("top_p"),
            ">= 0, but got -1",
        ),
        (
            with(json!({"truncation": "on"})),
            Some("truncation"),
            "Supported values are: 'auto' and 'disabled'.",
        ),
        (
            with(json!({"include": ["x"]})),
            Some("include[0]"),
            "Invalid value: 'x'",
        ),
        (
            with(json!({"text": {"format": {"type": "json_schema"}}})),
            Some("text.format.name"),
            "Missing",
        ),
        (
            with(json!({"text": {"format": {"type": "json_schema", "name": "a b", "schema": {}}}})),
            Some("text.format.name"),
            "does not match pattern",
        ),
        (
            with(json!({"reasoning": {"effort": "low"}})),
            Some("reasoning.effort"),
            "not supported with this model",
        ),
        (
            with(json!({"include": ["reasoning.encrypted_content"]})),
            Some("include"),
            "not supported with this model",
        ),
        (
            with(json!({"previous_response_id": "resp_1"})),
            Some("previous_response_id"),
            "'resp_1' not found",
        ),
        (
            with(json!({"background": true})),
            Some("background"),
            "background",
        ),
        (
            with(json!({"prompt_cache_key": "x".repeat(65)})),
            Some("prompt_cache_key"),
            "maximum length 64",
        ),
        (
            on("gpt-5", json!({"temperature": 0.7})),
            Some("temperature"),
            "Unsupported parameter: 'temperature' is not supported with this model.",
        ),
        (
            on("o3", json!({"top_p": 1})),
            Some("top_p"),
            "Unsupported parameter: 'top_p'",
        ),
    ])
    .await;
}

#[tokio::test]
async fn tools_are_checked() {
    let tool = |tool: Value| ask("hi", json!({"tools": [tool]}));
    let named = |name: &str| tool(json!({"type": "function", "name": name}));
    let choice = |choice: Value| ask("hi", json!({"tools": [weather()], "tool_choice": choice}));
    let schema = |schema: Value, strict: bool| {
        tool(json!({"type": "function", "name": "f", "parameters": schema, "strict": strict}))
    };
    let name = Some("tools[0].name");
    let parameters = Some("tools[0].parameters");
    let tool_choice = Some("tool_choice");
    let properties = json!({"a": {}});
    check_refusals(vec![
        (
            tool(json!({"type": "function", "function": {"name": "f"}})),
            name,
            "Missing required parameter: 'tools[0].name'.",
        ),
        (named("no spaces"), name, "does not match pattern"),
        (named(""), name, "does not match pattern"),
        (named(&"x".repeat(65)), name, "maximum length 64"),
        (
            tool(json!({"type": "hammer"})),
            Some("tools[0]"),
            "Invalid value: 'hammer'",
        ),
        (
            ask("hi", json!({"tools": [weather(), weather()]})),
            Some("tools[1].name"),
            "must be unique",
        ),
        (
            ask(
                "hi",
                json!({"tools": [weather(), {"type": "custom", "name": "get_weather"}]}),
            ),
            Some("tools[1].name"),
            "must be unique",
        ),
        (
            tool(json!({"type": "custom", "name": "a.b"})),
            name,
            "does not match pattern",
        ),
        (
            schema(json!({"type": "string"}), false),
            parameters,
            "Invalid schema for function 'f'",
        ),
        (
            schema(json!({"type": "object"}), true),
            parameters,
            "'additionalProperties' is required",
        ),
        (
            schema(
                json!({"properties": properties, "additionalProperties": false}),
                true,
            ),
            parameters,
            "Missing 'a'.",
        ),
        (
            choice(json!("always")),
            tool_choice,
            "Invalid value: 'always'",
        ),
        (
            choice(json!({"type": "function", "name": "x"})),
            tool_choice,
            "Tool choice 'x' not found",
        ),
        (
            choice(json!({"type": "function"})),
            Some("tool_choice.name"),
            "Missing",
        ),
        (
            choice(json!({"type": "web_search"})),
            tool_choice,
            "Tool choice 'web_search' not found",
        ),
        (
            ask("hi", json!({"tool_choice": "required"})),
            tool_choice,
            "must be specified with 'tools'",
        ),
    ])
    .await;
}
