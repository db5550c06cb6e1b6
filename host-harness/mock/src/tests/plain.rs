//! Answers in one piece.

use serde_json::{Value, json};

use super::client::{ask, object, weather};
use crate::MockAzure;

async fn mock() -> MockAzure {
    MockAzure::builder().start().await.unwrap()
}

fn text(object: &Value) -> &str {
    object["output"][0]["content"][0]["text"].as_str().unwrap()
}

/// Names and arguments of the calls in an answer.
fn calls(object: &Value) -> Vec<(&str, Value)> {
    let output = object["output"].as_array().unwrap().iter();
    let is_call = |item: &&Value| item["type"] == "function_call";
    output
        .filter(is_call)
        .map(|item| {
            let arguments = serde_json::from_str(item["arguments"].as_str().unwrap()).unwrap();
            (item["name"].as_str().unwrap(), arguments)
        })
        .collect()
}

#[tokio::test]
async fn the_object_has_all_its_fields() {
    let body = ask(
        "say hello 🌍",
        json!({"instructions": "be brief", "metadata": {"a": "b"}}),
    );
    let object = object(&mock().await, &body).await;
    assert_eq!(
        object,
        json!({
            "id": "resp_000000000000000000000001",
            "object": "response",
            "created_at": 1_763_000_000,
            "status": "completed",
            "background": false,
            "content_filters": object["content_filters"],
            "error": null,
            "incomplete_details": null,
            "instructions": "be brief",
            "max_output_tokens": null,
            "max_tool_calls": null,
            "metadata": {"a": "b"},
            "model": "gpt-4.1-2025-04-14",
            "output": [{
                "id": "msg_000000000000000000000002",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [{
                    "type": "output_text",
                    "annotations": [],
                    "logprobs": [],
                    "text": "Hello from the mock of Azure OpenAI (deployment gpt-4.1). You said: \"say hello 🌍\"",
                }],
            }],
            "parallel_tool_calls": true,
            "previous_response_id": null,
            "prompt_cache_key": null,
            "prompt_cache_retention": null,
            "reasoning": {"effort": null, "summary": null},
            "safety_identifier": null,
            "service_tier": "default",
            "store": true,
            "temperature": 1.0,
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_logprobs": 0,
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": {
                "input_tokens": 5,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 14,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 19,
            },
            "user": null,
        })
    );
    assert_eq!(object["content_filters"][1]["source_type"], "completion");
}

#[tokio::test]
async fn tools_are_called_when_the_prompt_or_the_request_says_so() {
    let mock = mock().await;
    let now = json!({"type": "function", "name": "now"});
    let tools = json!([weather(), now, {"type": "web_search"}]);
    let paris = || ("get_weather", json!({"city": "Paris"}));
    let now = || ("now", json!({}));
    let table = [
        ("GET_WEATHER in Paris?", json!({}), vec![paris()]),
        ("use the tool for Paris", json!({}), vec![paris()]),
        (
            "call get_weather in Paris, now",
            json!({}),
            vec![paris(), now()],
        ),
        (
            "get_weather in Paris, now",
            json!({"parallel_tool_calls": false}),
            vec![paris()],
        ),
        (
            "get_weather in Paris",
            json!({"tool_choice": "none"}),
            vec![],
        ),
        (
            "in Paris.",
            json!({"tool_choice": "required"}),
            vec![("get_weather", json!({"city": "in Paris."}))],
        ),
        (
            "get_weather",
            json!({"tool_choice": {"type": "function", "name": "now"}}),
            vec![now()],
        ),
        (
            "use the tool",
            json!({"tool_choice": {"type": "web_search"}}),
            vec![],
        ),
        (
            "get_weather",
            json!({"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [
                {"type": "function", "name": "now"},
            ]}}),
            vec![],
        ),
        ("hi", json!({}), vec![]),
    ];
    for (prompt, more, expected) in table {
        let mut body = ask(prompt, more);
        body["tools"] = tools.clone();
        let object = object(&mock, &body).await;
        assert_eq!(calls(&object), expected, "{body}");
    }
}

#[tokio::test]
async fn the_output_of_tools_is_quoted() {
    let call = |id: &str, name: &str| json!({"type": "function_call", "call_id": id, "name": name, "arguments": "{}"});
    let output = |id: &str, output: Value| json!({"type": "function_call_output", "call_id": id, "output": output});
    let body = json!({"model": "gpt-4.1", "tools": [weather()], "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "get_weather"}]},
        call("1", "get_weather"),
        call("2", "now"),
        output("1", json!("21 °C")),
        output("2", json!([{"type": "input_text", "text": "noon"}, {"type": "input_image", "image_url": "https://x"}])),
    ]});
    let object = object(&mock().await, &body).await;
    assert_eq!(
        text(&object),
        "The tool get_weather answered: 21 °C The tool now answered: noon [input_image]"
    );
}

#[tokio::test]
async fn a_cut_answer_is_continued_where_it_stopped() {
    let mock = mock().await;
    let prompt = "one two three four five six seven eight nine ten";
    let whole = object(&mock, &ask(prompt, json!({}))).await;
    let limit = json!({"max_output_tokens": 16});
    let first = object(&mock, &ask(prompt, limit.clone())).await;
    assert_eq!(first["status"], "incomplete");
    assert_eq!(first["incomplete_details"]["reason"], "max_output_tokens");
    assert_eq!(first["output"][0]["status"], "incomplete");
    assert_eq!(first["usage"]["output_tokens"], 16);

    let mut body = ask("", limit);
    body["input"] = json!([
        {"role": "user", "content": prompt},
        {"role": "assistant", "content": [{"type": "output_text", "text": text(&first)}]},
    ]);
    let second = object(&mock, &body).await;
    assert_eq!(second["status"], "completed");
    assert_eq!(format!("{}{}", text(&first), text(&second)), text(&whole));
}

#[tokio::test]
async fn continuing_comes_to_an_end_with_reasoning_and_after_tools_too() {
    let mock = mock().await;
    let call = json!({"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"});
    let output =
        json!({"type": "function_call_output", "call_id": "1", "output": "word ".repeat(60)});
    let question = json!({"role": "user", "content": "f ".repeat(60)});
    for conversation in [vec![question.clone()], vec![question, call, output]] {
        let mut body = ask(
            "",
            json!({
                "model": "gpt-5.1",
                "reasoning": {"effort": "low"},
                "include": ["reasoning.encrypted_content"],
            }),
        );
        body["input"] = json!(conversation);
        let whole = object(&mock, &body).await;
        let whole = whole["output"][1]["content"][0]["text"].as_str().unwrap();

        body["max_output_tokens"] = json!(16);
        let (mut said, mut rounds) = (String::new(), 0);
        loop {
            rounds += 1;
            assert!(rounds < 10, "{said}");
            let part = object(&mock, &body).await;
            said += part["output"][1]["content"][0]["text"].as_str().unwrap();
            if part["status"] == "completed" {
                break;
            }
            // The items as they came, but for what is not sent back.
            let mut sent = conversation.clone();
            let reasoning = &part["output"][0];
            sent.push(json!({"type": "reasoning", "summary": [], "encrypted_content": reasoning["encrypted_content"]}));
            sent.push(
                json!({"role": "assistant", "content": [{"type": "output_text", "text": said}]}),
            );
            body["input"] = json!(sent);
        }
        assert_eq!(said, whole);
        assert!(rounds > 4, "{rounds}");
    }
}

#[tokio::test]
async fn a_cut_call_has_arguments_that_break_off() {
    let tool = json!({"type": "function", "name": "echo", "parameters": {
        "type": "object", "properties": {"text": {"type": "string"}},
    }});
    let prompt = format!("echo {}", "x".repeat(200));
    let body = ask(&prompt, json!({"tools": [tool], "max_output_tokens": 16}));
    let object = object(&mock().await, &body).await;
    assert_eq!(object["status"], "incomplete");
    assert_eq!(object["output"][0]["status"], "incomplete");
    let arguments = object["output"][0]["arguments"].as_str().unwrap();
    assert_eq!(arguments.len(), 16 * 8);
    assert!(serde_json::from_str::<Value>(arguments).is_err());
}

#[tokio::test]
async fn structured_output_satisfies_its_schema() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}, "ok": {"type": "boolean"}}});
    let format = json!({"type": "json_schema", "name": "answer", "schema": schema});
    let body = ask("give me 7", json!({"text": {"format": format}}));
    assert_eq!(
        text(&object(&mock().await, &body).await),
        r#"{"n":7,"ok":true}"#
    );
}

#[tokio::test]
async fn reasoning_is_for_models_that_reason() {
    let mock = mock().await;
    let encrypted = "reasoning.encrypted_content";
    let table = [
        (json!({}), None),
        (json!({"reasoning": {"effort": "none"}}), None),
        (
            json!({"reasoning": {"effort": "low"}}),
            Some((json!([]), false)),
        ),
        (
            json!({"reasoning": {"summary": "auto"}, "include": [encrypted]}),
            Some((
                json!([{"type": "summary_text", "text": "Thinking about the question."}]),
                true,
            )),
        ),
    ];
    for (more, expected) in table {
        let mut body = ask("hi", more);
        body["model"] = json!("gpt-5.1");
        let object = object(&mock, &body).await;
        let first = &object["output"][0];
        let tokens = &object["usage"]["output_tokens_details"]["reasoning_tokens"];
        match expected {
            None => assert_eq!(
                (first["type"].as_str(), tokens),
                (Some("message"), &json!(0)),
                "{body}"
            ),
            Some((summary, is_encrypted)) => {
                assert_eq!(first["type"], "reasoning", "{body}");
                assert_eq!(first["summary"], summary, "{body}");
                assert_eq!(
                    first["encrypted_content"].is_string(),
                    is_encrypted,
                    "{body}"
                );
                assert_eq!(tokens, 4, "{body}");
                assert_eq!(object["output"][1]["type"], "message", "{body}");
            }
        }
    }
}
