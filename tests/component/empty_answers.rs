//! Answers that use up their limit before they have anything to show: asked for once more with a higher limit, or said to
//! be no answer. Through the component over HTTP.

use azure_openai_mock::{MockAzure, Scripted};
use provider_host::contract::types::{BlockContent, ChatResponse, FinishReason, StreamEvent};
use serde_json::{Value, json};

use crate::support::{Setup, in_time, request};

#[tokio::test]
async fn an_empty_answer_is_asked_for_once_more_with_a_higher_limit() {
    // What the first answer consists of.
    for output in [
        json!([]),
        json!([reasoning(&[])]),
        json!([reasoning(&["Hm."])]),
        json!([reasoning(&[]), cut_call()]),
        json!([message("")]),
    ] {
        for use_streaming in [true, false] {
            let setup = setup(json!({ "use_streaming": use_streaming })).await;
            setup.mock.push_answer(incomplete(&output));
            let (response, restarts) = read(&setup, json!({})).await;
            let text = text(&response);
            assert!(text.ends_with("You said: \"Hi\""), "{output}: {text}");
            assert_eq!(response.finish_reason, FinishReason::Stop);
            assert_eq!(response.degradation, None);
            // What the caller has got of the first answer is taken back, the beginning of a block too.
            let output_has = |kind| output.to_string().contains(kind);
            let was_seen = output_has("reasoning") || (use_streaming && output_has("message"));
            assert_eq!(restarts, usize::from(was_seen), "{output} {use_streaming}");

            let limits = limits(&setup);
            assert_eq!(limits, [json!(4096), json!(25_000)], "{output}");
            let requests = setup.mock.requests();
            assert_eq!(requests[0].body["input"], requests[1].body["input"]);
            let events = setup.events.of("provider:incomplete_continuation");
            assert_eq!(events.len(), 1);
            assert_eq!(events[0]["reason"], "max_output_tokens");
            assert_eq!(events[0]["max_output_tokens"], 25_000);
            // Both answers were paid for.
            let usage = response.usage.unwrap();
            assert!(usage.output_tokens > 4096, "{usage:?}");
        }
    }
}

#[tokio::test]
async fn it_is_asked_for_once_and_then_the_answer_says_what_it_lacks() {
    let empty = json!([reasoning(&[])]);
    // settings, what the request says more, the model, how many empty answers → the limits of the requests, the reason
    for (settings, more, model, answers, expected, words) in [
        (
            json!({}),
            json!({}),
            "gpt-5.1",
            2,
            json!([4096, 25_000]),
            "the limit of 25000 tokens was used up",
        ),
        (
            json!({ "auto_continue": false }),
            json!({}),
            "gpt-5.1",
            1,
            json!([4096]),
            "the limit of 4096 tokens was used up",
        ),
        (
            json!({}),
            json!({ "auto_continue": false, "max_output_tokens": 100 }),
            "gpt-5.1",
            1,
            json!([100]),
            "the limit of 100 tokens was used up",
        ),
        // There is no higher limit than the model's own.
        (
            json!({ "max_tokens": 128_000 }),
            json!({}),
            "gpt-5.1",
            1,
            json!([128_000]),
            "the limit of 128000 tokens was used up",
        ),
        (
            json!({ "max_tokens": 40_000 }),
            json!({}),
            "gpt-5.1",
            2,
            json!([40_000, 128_000]),
            "the limit of 128000 tokens was used up",
        ),
    ] {
        let setup = setup(settings.clone()).await;
        for _ in 0..answers {
            setup.mock.push_answer(incomplete(&empty));
        }
        let mut more = more;
        more["model"] = json!(model);
        let (response, _) = read(&setup, more).await;
        assert_eq!(response.finish_reason, FinishReason::Length, "{settings}");
        let degradation = response.degradation.unwrap();
        assert!(degradation.reason.contains(words), "{degradation:?}");
        assert_eq!(json!(limits(&setup)), expected, "{settings}");
    }
}

#[tokio::test]
async fn an_answer_with_something_to_show_is_no_empty_one() {
    for output in [
        json!([message("Hi"), cut_call()]),
        json!([{
            "type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}",
            "status": "completed",
        }]),
    ] {
        let setup = setup(json!({})).await;
        setup.mock.push_answer(incomplete(&output));
        let (response, _) = read(&setup, json!({})).await;
        assert_eq!(limits(&setup).len(), 1, "{output}");
        assert_eq!(response.degradation, None, "{output}");
    }
}

async fn setup(settings: Value) -> Setup {
    let mock = MockAzure::builder().start().await.unwrap();
    Setup::with(mock, settings).await
}

/// The response, and how often what had arrived was taken back.
async fn read(setup: &Setup, more: Value) -> (ChatResponse, usize) {
    let mut document = json!({
        "messages": [{ "role": "user", "content": "Hi" }],
        "model": "gpt-5.1",
    });
    let members = document.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    let mut stream = setup.provider.stream(&request(document)).await.unwrap();
    let (mut response, mut restarts) = (None, 0);
    while let Some(event) = in_time(stream.next()).await.unwrap() {
        match event {
            StreamEvent::Restarted(error) => {
                assert!(error.message.contains("asked for again"), "{error:?}");
                restarts += 1;
            }
            StreamEvent::Completed(completed) => response = Some(completed),
            _ => {}
        }
    }
    (response.unwrap(), restarts)
}

fn text(response: &ChatResponse) -> &str {
    let mut texts = response
        .content
        .iter()
        .filter_map(|block| match &block.content {
            BlockContent::Text(text) => Some(text.as_str()),
            _ => None,
        });
    texts.next().unwrap_or_default()
}

/// The limits of all requests.
fn limits(setup: &Setup) -> Vec<Value> {
    let requests = setup.mock.requests();
    let limit = |body: &Value| body["max_output_tokens"].clone();
    requests
        .iter()
        .map(|request| limit(&request.body))
        .collect()
}

fn incomplete(output: &Value) -> Scripted {
    Scripted::Response(json!({
        "id": "resp_1", "object": "response", "status": "incomplete", "model": "gpt-5.1-2025-11-13",
        "incomplete_details": { "reason": "max_output_tokens" },
        "output": output,
        "usage": { "input_tokens": 10, "output_tokens": 4096, "total_tokens": 4106 },
    }))
}

fn reasoning(summary: &[&str]) -> Value {
    let part = |text: &&str| json!({ "type": "summary_text", "text": text });
    let summary: Vec<Value> = summary.iter().map(part).collect();
    json!({ "type": "reasoning", "id": "rs_1", "encrypted_content": "e", "summary": summary })
}

fn message(text: &str) -> Value {
    let part = json!({ "type": "output_text", "text": text, "annotations": [] });
    json!({ "type": "message", "id": "msg_1", "role": "assistant", "status": "incomplete", "content": [part] })
}

fn cut_call() -> Value {
    json!({
        "type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{\"a\":",
        "status": "incomplete",
    })
}
