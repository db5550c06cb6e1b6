//! Answers that are cut off by the output limit go on, through the component over HTTP.

use azure_openai_mock::MockAzure;
use provider_host::contract::types::{BlockContent, BlockKind, ChatResponse, FinishReason};
use serde_json::{Value, json};

use crate::support::{Setup, ask, read, request};

#[tokio::test]
async fn a_cut_answer_is_the_whole_answer_streamed_and_not() {
    let whole = Setup::new().await.provider.complete(&ask(LONG)).await;
    let whole = text(&whole.unwrap());
    for use_streaming in [true, false] {
        let setup = setup(json!({ "use_streaming": use_streaming, "max_tokens": 16 })).await;
        let read = read(setup.provider.stream(&ask(LONG)).await.unwrap()).await;
        // One block, whose deltas are the whole text.
        assert_eq!(read.blocks, [(BlockKind::Text, whole.clone())]);
        let response = read.response.unwrap();
        assert_eq!(text(&response), whole);
        assert_eq!(response.finish_reason, FinishReason::Stop);

        let continuations = setup.events.of("provider:incomplete_continuation");
        assert!(continuations.len() >= 2, "{continuations:?}");
        let requests = setup.mock.requests();
        assert_eq!(requests.len(), continuations.len() + 1);
        let mut tokens = 0;
        for (number, event) in (1..).zip(&continuations) {
            assert_eq!(event["continuation_number"], number);
            assert_eq!(event["reason"], "max_output_tokens");
            assert_eq!(event["max_attempts"], 5);
            tokens += 16;
        }
        let usage = response.usage.unwrap();
        assert!(usage.output_tokens > tokens, "{usage:?}");
        assert_eq!(usage.total_tokens, usage.input_tokens + usage.output_tokens);
        let llm_response = &setup.events.of("llm:response")[0];
        assert_eq!(llm_response["continuation_count"], continuations.len());
        assert_eq!(
            llm_response["usage"]["output_tokens"],
            json!(usage.output_tokens)
        );
    }
}

#[tokio::test]
async fn reasoning_is_sent_with_what_it_led_to() {
    let setup = setup(json!({ "max_tokens": 24, "reasoning_effort": "low" })).await;
    let response = setup.provider.complete(&ask(LONG)).await.unwrap();
    assert_eq!(response.finish_reason, FinishReason::Stop);
    let requests = setup.mock.requests();
    assert!(requests.len() > 1);
    let input = requests[1].body["input"].as_array().unwrap();
    let kinds: Vec<&Value> = input
        .iter()
        .map(|item| item.get("role").unwrap_or(&item["type"]))
        .collect();
    assert_eq!(kinds, ["user", "reasoning", "assistant"]);
}

#[tokio::test]
async fn a_cut_tool_call_does_not_go_on_but_is_made_anew_with_more_room() {
    let name = "a".repeat(40);
    let properties = (0..30).map(|number| {
        (
            format!("argument_{number}"),
            json!({ "type": "string", "enum": [name] }),
        )
    });
    let parameters = json!({ "type": "object", "properties": Value::Object(properties.collect()) });
    let request = request(json!({
        "messages": [{ "role": "user", "content": "Call the tool." }],
        "tools": [{ "name": "long", "parameters": parameters }],
    }));
    // whether answers may take more than one response → what comes of the call
    for (auto_continue, reason, calls, requests) in [
        (true, FinishReason::ToolCalls, 1, 2),
        (false, FinishReason::Length, 0, 1),
    ] {
        let setup = setup(json!({ "max_tokens": 16, "auto_continue": auto_continue })).await;
        let response = setup.provider.complete(&request).await.unwrap();
        assert_eq!(response.finish_reason, reason);
        assert_eq!(response.tool_calls.len(), calls);
        assert_eq!(response.degradation.is_some(), calls == 0);
        assert_eq!(setup.mock.requests().len(), requests);
    }
}

const LONG: &str = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
    seventeen eighteen nineteen twenty and so on, and on, and on";

async fn setup(settings: Value) -> Setup {
    Setup::with(MockAzure::builder().start().await.unwrap(), settings).await
}

fn text(response: &ChatResponse) -> String {
    let texts = response
        .content
        .iter()
        .filter_map(|block| match &block.content {
            BlockContent::Text(text) => Some(text.as_str()),
            _ => None,
        });
    texts.collect()
}
