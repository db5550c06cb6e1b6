//! `/v1/responses` and `/v1/models`: what is asked in the API of OpenAI arrives at Azure, and what is answered comes back.

use host_harness::mock::{Fault, MockAzure};
use host_harness::serve::Service;
use http::StatusCode;
use serde_json::{Value, json};

use super::Served;
use super::client::get;

#[tokio::test]
async fn what_is_asked_arrives_at_the_service() {
    let served = Served::new().await;
    let user = |text: &str| json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": text }] });
    let weather = json!({
        "type": "function",
        "name": "weather",
        "description": "Tells it",
        "parameters": { "type": "object", "properties": {} },
        "strict": false,
    });
    let pixel = "data:image/png;base64,iVBORw0KGgo=";
    let schema = json!({
        "type": "json_schema",
        "name": "city",
        "schema": { "type": "object", "properties": {}, "additionalProperties": false },
        "strict": true,
    });
    let mut bare = weather.clone();
    bare["parameters"].take();
    let table = [
        (
            json!({ "input": "Hi" }),
            json!({ "input": [user("Hi")], "store": false }),
        ),
        (
            json!({ "input": [{ "role": "user", "content": "Hi" }], "instructions": "Be brief", "store": false }),
            json!({ "input": [user("Hi")], "instructions": "Be brief" }),
        ),
        (
            json!({ "instructions": "One", "input": [
                { "role": "developer", "content": "Two" },
                { "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "Hi" }] },
                { "role": "system", "content": [{ "type": "input_text", "text": "Three" }] },
            ] }),
            json!({ "input": [user("Hi")], "instructions": "One\n\nTwo\n\nThree" }),
        ),
        (
            json!({ "input": [{ "role": "user", "content": [
                { "type": "input_image", "image_url": pixel, "detail": "low" },
                { "type": "input_file", "file_data": "data:text/plain;base64,SGk=", "filename": "hi.txt" },
                { "type": "input_file", "file_url": "https://files.example/a.pdf" },
                { "type": "input_file", "file_id": "file-1" },
            ] }] }),
            json!({ "input": [{ "type": "message", "role": "user", "content": [
                { "type": "input_image", "image_url": pixel, "detail": "low" },
                { "type": "input_file", "file_data": "data:text/plain;base64,SGk=", "filename": "hi.txt" },
                { "type": "input_file", "file_url": "https://files.example/a.pdf" },
                { "type": "input_file", "file_id": "file-1" },
            ] }] }),
        ),
        (
            json!({
                "input": [
                    { "role": "user", "content": "Weather?" },
                    { "type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [
                        { "type": "output_text", "text": "I look.", "annotations": [], "logprobs": [] },
                    ] },
                    { "type": "web_search_call", "id": "ws_1", "status": "completed" },
                    { "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather",
                      "arguments": "{\"city\":\"Bern\"}", "status": "completed" },
                    { "type": "function_call", "call_id": "c2", "name": "weather", "arguments": "{}" },
                    { "type": "function_call_output", "call_id": "c1", "output": "sunny" },
                    { "type": "function_call_output", "call_id": "c2",
                      "output": [{ "type": "input_image", "image_url": pixel }] },
                ],
                "tools": [weather, { "type": "web_search" }],
                "tool_choice": { "type": "function", "name": "weather" },
                "parallel_tool_calls": false,
            }),
            json!({
                "input": [
                    user("Weather?"),
                    { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "I look." }] },
                    { "type": "function_call", "call_id": "c1", "name": "weather",
                      "arguments": "{\"city\":\"Bern\"}" },
                    { "type": "function_call", "call_id": "c2", "name": "weather", "arguments": "{}" },
                    { "type": "function_call_output", "call_id": "c1", "output": "sunny" },
                    { "type": "function_call_output", "call_id": "c2",
                      "output": [{ "type": "input_image", "image_url": pixel }] },
                ],
                "tools": [weather, { "type": "web_search" }],
                "tool_choice": { "type": "function", "name": "weather" },
                "parallel_tool_calls": false,
            }),
        ),
        (
            json!({ "input": "Hi", "tools": [bare], "tool_choice": "required" }),
            json!({ "tools": [weather], "tool_choice": "required" }),
        ),
        (
            json!({
                "model": "gpt-4.1", "input": "Hi", "text": { "format": schema }, "temperature": 0.5, "top_p": 0.9,
                "max_output_tokens": 50, "truncation": "auto", "user": "me", "prompt_cache_key": "k",
                "safety_identifier": "s", "service_tier": "flex", "metadata": { "stream": "false" },
                "stream_options": { "include_obfuscation": false }, "background": false, "top_logprobs": 0,
                "previous_response_id": null,
            }),
            json!({
                "model": "gpt-4.1", "text": { "format": schema }, "temperature": 0.5, "top_p": 0.9,
                "max_output_tokens": 50, "truncation": "auto", "prompt_cache_key": "k", "safety_identifier": "s",
                "service_tier": "flex", "stream": true,
            }),
        ),
        (
            json!({ "model": "gpt-5.1", "input": "Hi in JSON", "reasoning": { "effort": "low", "summary": "concise" },
                    "text": { "format": { "type": "json_object" }, "verbosity": "low" } }),
            json!({ "reasoning": { "effort": "low", "summary": "concise" },
                    "text": { "format": { "type": "json_object" }, "verbosity": "low" } }),
        ),
    ];
    for (request, expected) in table {
        let answer = served.post("/v1/responses", &request).await;
        assert_eq!(answer.status, 200, "{request}: {answer:?}");
        let asked = served.asked();
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(asked[name], *value, "{name} of {request}");
        }
        let response = answer.json();
        for name in [
            "instructions",
            "tools",
            "tool_choice",
            "temperature",
            "max_output_tokens",
            "metadata",
        ] {
            if let Some(value) = request.get(name) {
                assert_eq!(response[name], *value, "{name} is repeated");
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_kept_whatever_is_configured() {
    let mock = MockAzure::builder().start().await.unwrap();
    let served = Served::with(mock, json!({ "store": true }), Service::builder()).await;
    for request in [
        json!({ "input": "Hi" }),
        json!({ "input": "Hi", "store": false }),
        json!({ "input": "Hi", "store": null, "stream": true }),
    ] {
        let answer = served.post("/v1/responses", &request).await;
        assert_eq!(answer.status, 200, "{request}: {answer:?}");
        assert_eq!(served.asked()["store"], false, "{request}");
    }
}

#[tokio::test]
async fn an_answer_goes_on_over_the_configured_limit_but_not_over_the_callers() {
    let mock = MockAzure::builder().start().await.unwrap();
    let served = Served::with(mock, json!({ "max_tokens": 16 }), Service::builder()).await;
    let words = "snow ".repeat(40);
    for (limit, status, reason) in [
        (Value::Null, "completed", Value::Null),
        (json!(16), "incomplete", json!("max_output_tokens")),
    ] {
        let before = served.mock.requests().len();
        let request = json!({ "model": "gpt-4.1", "input": words, "max_output_tokens": limit });
        let response = served.post("/v1/responses", &request).await.json();
        assert_eq!(response["status"], status, "{response}");
        assert_eq!(response["incomplete_details"]["reason"], reason);
        let asked = served.mock.requests().len() - before;
        assert_eq!(asked > 1, limit.is_null(), "{asked} requests");
    }
}

#[tokio::test]
async fn what_cannot_be_had_is_refused_with_its_name() {
    let served = Served::new().await;
    let table = [
        (json!([]), Value::Null, "invalid_type"),
        (json!({}), json!("input"), "missing_required_parameter"),
        (json!({ "input": 5 }), json!("input"), "invalid_type"),
        (
            json!({ "messages": [], "input": "Hi" }),
            json!("messages"),
            "unknown_parameter",
        ),
        (
            json!({ "previous_response_id": "resp_1" }),
            json!("previous_response_id"),
            "unsupported_parameter",
        ),
        (
            json!({ "conversation": "conv_1" }),
            json!("conversation"),
            "unsupported_parameter",
        ),
        (
            json!({ "prompt": { "id": "pmpt_1" } }),
            json!("prompt"),
            "unsupported_parameter",
        ),
        (
            json!({ "store": true }),
            json!("store"),
            "unsupported_parameter",
        ),
        (
            json!({ "background": true }),
            json!("background"),
            "unsupported_parameter",
        ),
        (
            json!({ "top_logprobs": 3 }),
            json!("top_logprobs"),
            "unsupported_parameter",
        ),
        (
            json!({ "input": "Hi", "temperature": "hot" }),
            json!("temperature"),
            "invalid_type",
        ),
        (
            json!({ "input": "Hi", "tool_choice": "weather" }),
            json!("tool_choice"),
            "invalid_type",
        ),
        (
            json!({ "input": "Hi", "tools": [{ "name": "x" }] }),
            json!("tools[0].type"),
            "missing_required_parameter",
        ),
        (
            json!({ "input": "Hi", "text": { "format": { "type": "yaml" } } }),
            json!("text.format.type"),
            "invalid_type",
        ),
        (
            json!({ "input": "Hi", "reasoning": { "depth": 1 } }),
            json!("reasoning.depth"),
            "invalid_value",
        ),
        (
            json!({ "input": "Hi", "metadata": { "a": 1 } }),
            json!("metadata.a"),
            "invalid_type",
        ),
        (
            json!({ "input": [{ "type": "item_reference", "id": "rs_1" }] }),
            json!("input[0].type"),
            "invalid_value",
        ),
        (
            json!({ "input": [{ "role": "robot", "content": "" }] }),
            json!("input[0].role"),
            "invalid_type",
        ),
        (
            json!({ "input": [{ "role": "user", "content": [{ "type": "input_audio" }] }] }),
            json!("input[0].content[0].type"),
            "invalid_type",
        ),
        (
            json!({ "input": [{ "type": "function_call", "call_id": "c", "name": "n", "arguments": "[]" }] }),
            json!("input[0].arguments"),
            "invalid_type",
        ),
    ];
    for (request, param, code) in table {
        let answer = served.post("/v1/responses", &request).await;
        assert_eq!(answer.status, 400, "{request}: {answer:?}");
        let error = answer.json()["error"].clone();
        assert_eq!(
            (&error["param"], &error["code"]),
            (&param, &json!(code)),
            "{request}: {error}"
        );
        assert_eq!(error["type"], "invalid_request_error");
    }
    assert!(served.mock.requests().is_empty());
}

#[tokio::test]
async fn answers_are_response_objects() {
    let served = Served::new().await;
    let answer = served
        .post(
            "/v1/responses",
            &json!({ "model": "gpt-4.1", "input": "Say hello" }),
        )
        .await;
    let response = answer.json();
    assert_eq!(response["object"], "response");
    assert_eq!(response["status"], "completed");
    assert_eq!(response["model"], "gpt-4.1-2025-04-14");
    assert!(response["id"].as_str().unwrap().starts_with("resp_"));
    let message = &response["output"][0];
    assert_eq!(
        (&message["type"], &message["role"]),
        (&json!("message"), &json!("assistant"))
    );
    let part = &message["content"][0];
    assert_eq!(
        (&part["type"], &part["annotations"]),
        (&json!("output_text"), &json!([]))
    );
    let usage = &response["usage"];
    let sum = usage["input_tokens"].as_u64().unwrap() + usage["output_tokens"].as_u64().unwrap();
    assert_eq!(usage["total_tokens"], sum);

    let refused = served
        .post("/v1/responses", &json!({ "input": "Please refuse" }))
        .await
        .json();
    assert_eq!(refused["status"], "completed");
    assert_eq!(refused["output"][0]["content"][0]["type"], "refusal");

    let tools =
        json!([{ "type": "function", "name": "weather", "parameters": { "type": "object" } }]);
    let called = json!({ "input": "Call the tool weather", "tools": tools });
    let called = served.post("/v1/responses", &called).await.json();
    let call = &called["output"][0];
    assert_eq!(
        (&call["type"], &call["name"]),
        (&json!("function_call"), &json!("weather"))
    );
    assert!(
        call["call_id"].is_string() && call["arguments"].is_string(),
        "{call}"
    );
}

#[tokio::test]
async fn reasoning_goes_back_as_it_came() {
    let served = Served::new().await;
    let reasoning = json!({ "effort": "low", "summary": "auto" });
    let first = json!({ "model": "gpt-5.1", "input": "Think", "reasoning": reasoning });
    let first = served.post("/v1/responses", &first).await.json();
    let output = first["output"].as_array().unwrap();
    assert_eq!(
        (&output[0]["type"], &output[1]["type"]),
        (&json!("reasoning"), &json!("message"))
    );
    assert_eq!(
        output[0]["summary"][0]["text"],
        "Thinking about the question."
    );
    let encrypted = &output[0]["encrypted_content"];
    assert!(encrypted.is_string(), "{first}");

    let mut input = vec![json!({ "role": "user", "content": "Think" })];
    input.extend(output.clone());
    input.push(json!({ "role": "user", "content": "Again" }));
    let second = json!({ "model": "gpt-5.1", "input": input, "reasoning": reasoning });
    let answer = served.post("/v1/responses", &second).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let asked = served.asked();
    assert_eq!(asked["input"][1]["type"], "reasoning");
    assert_eq!(&asked["input"][1]["encrypted_content"], encrypted);
}

#[tokio::test]
async fn errors_have_the_shape_of_the_api() {
    let served = Served::new().await;
    let body = json!({ "error": { "code": "429", "message": "Too many requests." } });
    let busy = Fault::json(StatusCode::TOO_MANY_REQUESTS, &body);
    served
        .mock
        .push_fault(busy.header("retry-after-ms", "1500"));
    let answer = served
        .post("/v1/responses", &json!({ "input": "Hi" }))
        .await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("2"))
    );
    let error = answer.json()["error"].clone();
    assert_eq!(
        (&error["type"], &error["code"]),
        (&json!("rate_limit_error"), &json!("429"))
    );

    let answer = served
        .post(
            "/v1/responses",
            &json!({ "model": "nowhere", "input": "Hi" }),
        )
        .await;
    assert_eq!(answer.status, 404, "{answer:?}");
    let error = answer.json()["error"].clone();
    assert_eq!(
        (&error["type"], &error["code"]),
        (
            &json!("invalid_request_error"),
            &json!("DeploymentNotFound")
        )
    );
}

#[tokio::test]
async fn models_are_those_of_the_configuration() {
    let served = Served::new().await;
    let list = get(served.address(), "/v1/models").await.json();
    assert_eq!(list["object"], "list");
    let expected = served.provider.models().await.unwrap();
    let ids: Vec<&str> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect();
    let expected: Vec<&str> = expected.iter().map(|model| model.id.as_str()).collect();
    assert_eq!(ids, expected);
    assert!(!ids.is_empty());

    let one = get(served.address(), &format!("/v1/models/{}", ids[0]))
        .await
        .json();
    assert_eq!(
        (&one["id"], &one["object"]),
        (&json!(ids[0]), &json!("model"))
    );
    let answer = get(served.address(), "/v1/models/no%2Fsuch").await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (404, &json!("model_not_found"))
    );
}
