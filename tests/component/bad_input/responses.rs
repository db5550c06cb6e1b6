//! Answers of the service that are no JSON for us, or too deep.

use azure_openai_mock::{Fault, MockAzure, Scripted};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use provider_host::contract::types::{BlockContent, ErrorKind};
use serde_json::json;

use super::{nested, outcome};
use crate::support::{Setup, ask};

#[tokio::test]
async fn what_is_too_deep_is_passed_over_and_the_answer_stays() {
    for depth in [1_000, 1_000_000] {
        for use_streaming in [true, false] {
            let setup = setup(use_streaming).await;
            let message =
                json!({"type": "message", "content": [{"type": "output_text", "text": "Hello"}]});
            let output = format!("[{},{message}]", nested(depth));
            let response = format!(r#"{{"status":"completed","output":{output}}}"#);
            setup.mock.push_fault(answer(&response, use_streaming));
            let answered = outcome(&setup, &ask("Hi")).await.unwrap();
            assert!(
                matches!(&answered.content[..], [block] if matches!(&block.content, BlockContent::Text(text) if text == "Hello")),
                "{depth}: {answered:?}"
            );
        }
    }
}

#[tokio::test]
async fn arguments_that_are_too_deep_are_no_call() {
    for use_streaming in [true, false] {
        let setup = setup(use_streaming).await;
        let call = json!({"type": "function_call", "call_id": "a", "name": "f", "arguments": nested(1_000)});
        let response = json!({"status": "completed", "output": [call]});
        setup.mock.push_answer(Scripted::Response(response));
        let error = outcome(&setup, &ask("Hi")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidToolCall, "{error:?}");
    }
}

#[tokio::test]
async fn half_a_character_is_not_the_end_of_an_answer() {
    for use_streaming in [true, false] {
        let setup = setup(use_streaming).await;
        let response = r#"{"status":"completed","output":[{"type":"message","content":[
            {"type":"output_text","text":"Half: \ud83d."}]}]}"#;
        let response = response.replace('\n', "");
        setup.mock.push_fault(answer(&response, use_streaming));
        match outcome(&setup, &ask("Hi")).await {
            Ok(response) => {
                let text = BlockContent::Text("Half: \u{fffd}.".to_owned());
                assert_eq!(response.content[0].content, text);
            }
            Err(error) => assert_eq!(error.kind, ErrorKind::Stream, "{error:?}"),
        }
    }
}

#[tokio::test]
async fn arguments_with_half_a_character_are_no_call() {
    let setup = setup(true).await;
    let call = json!({"type": "function_call", "call_id": "a", "name": "f", "arguments": r#"{"a":"\ud83d"}"#});
    setup.mock.push_answer(Scripted::Response(
        json!({"status": "completed", "output": [call]}),
    ));
    let error = outcome(&setup, &ask("Hi")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidToolCall, "{error:?}");
}

async fn setup(use_streaming: bool) -> Setup {
    let mock = MockAzure::builder().start().await.unwrap();
    Setup::with(
        mock,
        json!({ "use_streaming": use_streaming, "max_retries": 0 }),
    )
    .await
}

/// This response, as text, because it is none that the mock could write.
fn answer(response: &str, is_streamed: bool) -> Fault {
    match is_streamed {
        true => Fault::RawStream(Bytes::from(format!(
            "data: {{\"type\":\"response.completed\",\"response\":{response}}}\n\n"
        ))),
        false => Fault::Status {
            status: StatusCode::OK,
            headers: HeaderMap::from_iter([(
                http::header::CONTENT_TYPE,
                http::HeaderValue::from_static("application/json"),
            )]),
            body: Bytes::from(response.to_owned()),
        },
    }
}
