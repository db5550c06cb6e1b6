//! The model calls a function, gets its result, and answers.

use azure_openai_mock::{Fault, MockAzure};
use http::StatusCode;
use provider_host::contract::types::{
    BlockContent, BlockKind, ChatRequest, ChatResponse, FinishReason,
};
use provider_host::kernel_json::chat_response;
use serde_json::{Value, json};

use crate::support::{Setup, provider_error, read, request};

#[tokio::test]
async fn a_tool_call_its_result_and_the_final_answer() {
    for use_streaming in [true, false] {
        let mock = MockAzure::builder().start().await.unwrap();
        let setup = Setup::with(mock, json!({ "use_streaming": use_streaming })).await;

        let first = read(setup.provider.stream(&weather(&[])).await.unwrap()).await;
        let response = first.response.unwrap();
        let [call] = response.tool_calls.as_slice() else {
            panic!("one call, found {:?}", response.tool_calls);
        };
        assert_eq!(call.name, "get_weather");
        assert_eq!(call.arguments, r#"{"city":"Paris"}"#);
        assert_eq!(response.finish_reason, FinishReason::ToolCalls);
        let [(BlockKind::ToolCall(header), arguments)] = first.blocks.as_slice() else {
            panic!("one block, found {:?}", first.blocks);
        };
        assert_eq!((&header.id, &header.name), (&call.id, &call.name));
        assert_eq!(arguments, &call.arguments);
        assert_eq!(
            first.deltas > 1,
            use_streaming,
            "arguments arrive in pieces when streamed"
        );

        let history = [
            assistant(&response),
            tool_result(&call.id, "18 degrees, light rain"),
        ];
        let answer = setup.provider.complete(&weather(&history)).await.unwrap();
        let BlockContent::Text(text) = &answer.content[0].content else {
            panic!("text, found {:?}", answer.content);
        };
        assert_eq!(
            text,
            "The tool get_weather answered: 18 degrees, light rain"
        );
        assert_eq!(answer.finish_reason, FinishReason::Stop);

        let input = &setup.last_body()["input"];
        assert_eq!(
            input[1],
            json!({
                "type": "function_call",
                "call_id": call.id,
                "name": "get_weather",
                "arguments": r#"{"city":"Paris"}"#,
            })
        );
        assert_eq!(
            input[2],
            json!({
                "type": "function_call_output",
                "call_id": call.id,
                "output": "18 degrees, light rain",
            })
        );
    }
}

#[tokio::test]
async fn calls_in_parallel_keep_their_order_and_their_arguments() {
    let setup = Setup::new().await;
    let tool = |name| json!({ "name": name, "input_schema": { "type": "object", "properties": { "city": { "type": "string" } } } });
    let request = request(json!({
        "messages": [{ "role": "user", "content": "Use get_weather and get_time in Paris" }],
        "tools": [tool("get_weather"), tool("get_time")],
    }));
    let read = read(setup.provider.stream(&request).await.unwrap()).await;
    let response = read.response.unwrap();
    let names: Vec<&str> = response
        .tool_calls
        .iter()
        .map(|call| call.name.as_str())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(read.blocks.len(), 2);
    for (call, (block, arguments)) in response.tool_calls.iter().zip(&read.blocks) {
        let BlockKind::ToolCall(header) = block else {
            panic!("a tool call, found {block:?}");
        };
        assert_eq!(
            (&header.id, &header.name, arguments),
            (&call.id, &call.name, &call.arguments)
        );
    }
    assert_ne!(response.tool_calls[0].id, response.tool_calls[1].id);
}

#[tokio::test]
async fn arguments_that_are_no_object_never_become_an_empty_one() {
    for arguments in ["not json", "[1]", "\"text\"", r#"{"city":"#] {
        let setup = Setup::new().await;
        setup.mock.push_fault(Fault::json(
            StatusCode::OK,
            &json!({
                "id": "resp_1",
                "status": "completed",
                "output": [{ "type": "function_call", "call_id": "call_1", "name": "f", "arguments": arguments }],
            }),
        ));
        let error = provider_error(setup.provider.complete(&weather(&[])).await);
        assert_eq!(
            error.kind,
            provider_host::contract::types::ErrorKind::InvalidToolCall,
            "{arguments}"
        );
        let details: Value = serde_json::from_str(&error.details.unwrap()).unwrap();
        assert_eq!(
            details,
            json!({ "tool_name": "f", "raw_arguments": arguments })
        );
    }
}

#[tokio::test]
async fn the_tools_and_their_choice_reach_the_service() {
    let setup = Setup::new().await;
    let request = request(json!({
        "messages": [{ "role": "user", "content": "Hi" }],
        "tools": [
            {
                "name": "f",
                "description": "Does f.",
                "parameters": { "type": "object", "properties": {}, "required": [], "additionalProperties": false },
                "strict": true,
            },
        ],
        "tool_choice": "f",
        "parallel_tool_calls": false,
    }));
    setup.provider.complete(&request).await.unwrap();
    let body = setup.last_body();
    assert_eq!(
        body["tools"],
        json!([{
            "type": "function",
            "name": "f",
            "description": "Does f.",
            "parameters": { "type": "object", "properties": {}, "required": [], "additionalProperties": false },
            "strict": true,
        }])
    );
    assert_eq!(
        body["tool_choice"],
        json!({ "type": "function", "name": "f" })
    );
    assert_eq!(body["parallel_tool_calls"], json!(false));
}

/// Asks for the weather, with what came after the question.
fn weather(history: &[Value]) -> ChatRequest {
    let question =
        json!({ "role": "user", "content": "Use the tool: what is the weather in Paris" });
    let messages: Vec<Value> = [&[question], history].concat();
    request(json!({
        "messages": messages,
        "tools": [{
            "name": "get_weather",
            "description": "The weather in a city.",
            "parameters": {
                "type": "object",
                "properties": { "city": { "type": "string" } },
                "required": ["city"],
            },
        }],
    }))
}

/// The response as an agent stores it: its content, as the assistant's message.
fn assistant(response: &ChatResponse) -> Value {
    let response = chat_response::to_value(response).unwrap();
    json!({ "role": "assistant", "content": response["content"] })
}

fn tool_result(call_id: &str, text: &str) -> Value {
    json!({ "role": "tool", "tool_call_id": call_id, "name": "get_weather", "content": text })
}
