//! Text as it arrives.

use std::sync::Arc;

use azure_openai_mock::{DeltaGate, Fault, MockAzure};
use bytes::Bytes;
use provider_host::Environment;
use provider_host::contract::types::{BlockContent, BlockKind, FinishReason, StreamEvent};
use serde_json::{Value, json};

use crate::support::{Setup, ask, in_time, open, read};

#[tokio::test]
async fn the_first_delta_is_there_before_the_server_sends_the_last() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder()
        .gate(gate.clone())
        .start()
        .await
        .unwrap();
    let setup = Setup::with(mock, json!({})).await;

    // created, in_progress, output_item.added, content_part.added, and one delta; the server holds everything else.
    gate.release(5);
    let mut stream = setup.provider.stream(&ask("Say hello")).await.unwrap();
    assert!(matches!(
        stream.next().await.unwrap(),
        Some(StreamEvent::BlockStart(_))
    ));
    let Some(StreamEvent::BlockDelta(first)) = stream.next().await.unwrap() else {
        panic!("the second event is the first delta");
    };
    assert_eq!(first.text, "Hello");

    gate.open();
    let mut text = first.text;
    while let Some(event) = stream.next().await.unwrap() {
        if let StreamEvent::BlockDelta(delta) = event {
            text += &delta.text;
        }
    }
    assert!(
        text.starts_with("Hello from the mock of Azure OpenAI"),
        "{text}"
    );
}

#[tokio::test]
async fn deltas_add_up_to_the_response() {
    let setup = Setup::new().await;
    let read = read(
        setup
            .provider
            .stream(&ask("Grüße an 🦀 und 世界"))
            .await
            .unwrap(),
    )
    .await;
    let response = read.response.unwrap();
    assert!(read.deltas > 5, "{} deltas", read.deltas);
    let [(BlockKind::Text, text)] = read.blocks.as_slice() else {
        panic!("one text block, found {:?}", read.blocks);
    };
    assert!(text.contains("Grüße an 🦀 und 世界"), "{text}");
    let [block] = response.content.as_slice() else {
        panic!("one text block, found {:?}", response.content);
    };
    assert_eq!(block.content, BlockContent::Text(text.clone()));
    assert_eq!(response.finish_reason, FinishReason::Stop);
    let usage = response.usage.unwrap();
    assert_eq!(usage.total_tokens, usage.input_tokens + usage.output_tokens);
    assert!(usage.output_tokens > 0);
}

#[tokio::test]
async fn a_plain_answer_is_the_same_as_a_streamed_one() {
    let streamed = Setup::new().await;
    let plain = Setup::with(
        MockAzure::builder().start().await.unwrap(),
        json!({ "use_streaming": false }),
    )
    .await;
    let request = ask("Say the same");
    let responses = [
        streamed.provider.complete(&request).await.unwrap(),
        plain.provider.complete(&request).await.unwrap(),
    ];
    assert_eq!(responses[0], responses[1]);
    assert_eq!(streamed.last_body()["stream"], json!(true));
    assert_eq!(plain.last_body().get("stream"), None);

    let read = read(plain.provider.stream(&request).await.unwrap()).await;
    assert_eq!(read.response.unwrap().content, responses[1].content);
    assert_eq!(read.deltas, 1);
}

#[tokio::test]
async fn metadata_can_ask_for_a_plain_answer_and_the_kernels_own_stream_cannot() {
    let setup = Setup::new().await;
    let mut request = ask("Say hello");
    request.stream = Some(false);
    setup.provider.complete(&request).await.unwrap();
    assert_eq!(setup.last_body()["stream"], json!(true));
    request.metadata = Some(r#"{"stream":false}"#.to_owned());
    setup.provider.complete(&request).await.unwrap();
    assert_eq!(setup.last_body().get("stream"), None);
}

#[tokio::test]
async fn dropping_the_stream_closes_the_exchange() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder()
        .gate(gate.clone())
        .start()
        .await
        .unwrap();
    let setup = Setup::with(mock, json!({})).await;
    gate.release(5);
    let mut stream = setup.provider.stream(&ask("Say hello")).await.unwrap();
    stream.next().await.unwrap();
    drop(stream);
    in_time(setup.mock.wait_for_closed_streams(1)).await;

    gate.open();
    let response = setup.provider.complete(&ask("Say hello again")).await;
    assert!(response.is_ok(), "the provider goes on: {response:?}");
}

#[tokio::test]
async fn what_a_stream_may_hold_beside_the_answer_is_passed_over() {
    let response = json!({
        "id": "resp_1",
        "status": "completed",
        "model": "gpt-5.1-2025-11-13",
        "output": [{
            "type": "message",
            "content": [{ "type": "output_text", "text": "Hi there", "annotations": [] }],
        }],
        "usage": null,
        "new_field": { "deep": [1, 2.5, null] },
    });
    let delta =
        |text| json!({ "type": "response.output_text.delta", "output_index": 0, "delta": text });
    let stream = [
        ": a comment\r\n\r\n".to_owned(),
        "event: keepalive\n\n".to_owned(),
        data(&json!({ "type": "keepalive", "sequence_number": 1 })),
        data(&json!({ "type": "response.something.new", "delta": { "not": "text" } })),
        data(&delta("Hi")),
        data(&json!({ "type": "response.shell_call_output_content.delta", "delta": { "stdout": "x" } })),
        data(&delta(" there")),
        data(&json!({ "type": "response.completed", "response": response })),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat();
    let setup = Setup::new().await;
    setup.mock.push_fault(Fault::RawStream(Bytes::from(stream)));
    let read = read(setup.provider.stream(&ask("Hi")).await.unwrap()).await;
    assert_eq!(read.blocks, [(BlockKind::Text, "Hi there".to_owned())]);
    assert_eq!(read.response.unwrap().usage, None);
}

#[tokio::test]
async fn the_host_is_told_of_every_step() {
    let setup = Setup::new().await;
    let read = read(setup.provider.stream(&ask("Hi")).await.unwrap()).await;
    let deltas = vec!["llm:stream_block_delta"; read.deltas];
    let expected = [
        &["llm:request", "llm:stream_block_start"][..],
        &deltas,
        &["llm:stream_block_end", "llm:response"],
    ];
    assert_eq!(setup.events.names(), expected.concat());

    let request = &setup.events.of("llm:request")[0];
    assert_eq!(request["model"], "gpt-5.1");
    assert_eq!(request["message_count"], 1);
    let deltas = setup.events.of("llm:stream_block_delta");
    let text: String = deltas
        .iter()
        .map(|delta| delta["text"].as_str().unwrap())
        .collect();
    assert_eq!(text, read.blocks[0].1);
    for (sequence, delta) in deltas.iter().enumerate() {
        assert_eq!(delta["sequence"], json!(sequence));
        assert_eq!(delta["request_id"], deltas[0]["request_id"]);
        assert_eq!(delta["block_type"], "text");
    }
    let response = &setup.events.of("llm:response")[0];
    assert_eq!(response["status"], "ok");
    assert_eq!(response["provider"], "azure-openai");
    let usage = response["usage"].as_object().unwrap();
    let cost = read.response.unwrap().usage.unwrap().cost_usd;
    assert!(cost.is_some());
    assert_eq!(usage["cost_usd"], json!(cost));
    assert!(usage["input_tokens"].is_u64() && usage["output_tokens"].is_u64());
    assert!(!usage.contains_key("total_tokens"));
    assert!(response["duration_ms"].is_u64());
}

#[tokio::test]
async fn a_call_that_waits_keeps_no_other_from_its_answer() {
    let setup = Setup::new().await;
    setup.mock.push_fault(Fault::NeverAnswer);
    let waiting = tokio::spawn({
        let provider = setup.provider.clone();
        async move { provider.complete(&ask("Wait for ever")).await }
    });
    setup.mock.wait_for_requests(1).await;
    let answers = tokio::join!(
        async { read(setup.provider.stream(&ask("Say one")).await.unwrap()).await },
        async { read(setup.provider.stream(&ask("Say two")).await.unwrap()).await },
    );
    assert!(answers.0.blocks[0].1.contains("Say one"));
    assert!(answers.1.blocks[0].1.contains("Say two"));

    assert_eq!(
        setup.mock.closed_streams(),
        0,
        "answers are read to their end"
    );
    waiting.abort();
    in_time(setup.mock.wait_for_closed_streams(1)).await;
}

#[tokio::test]
async fn a_long_conversation_goes_out_whole() {
    let setup = Setup::new().await;
    let prompt = "Grüße 🦀 ".repeat(300_000);
    setup.provider.complete(&ask(&prompt)).await.unwrap();
    assert_eq!(setup.last_body()["input"][0]["content"][0]["text"], prompt);
}

fn data(event: &Value) -> String {
    format!("data: {event}\n\n")
}

#[tokio::test]
async fn as_many_requests_run_at_once_as_the_configuration_allows() {
    for (limit, expected) in [(json!("2"), 2), (json!(0), 3)] {
        let gate = DeltaGate::new();
        let mock = MockAzure::builder().gate(gate.clone());
        let setup = Setup::with(
            mock.start().await.unwrap(),
            json!({ "max_concurrent_requests": limit }),
        )
        .await;
        let request = ask("Hi");
        let mut running = Vec::new();
        for _ in 0..expected {
            running.push(in_time(setup.provider.stream(&request)).await.unwrap());
        }
        // Another provider is not held up by these, and its request is over when the next one here would have begun.
        let other = crate::support::config(&setup.mock);
        let other = open(&other, Environment::default(), Arc::default()).await;
        let other = other.unwrap();
        let next = setup.provider.stream(&request);
        tokio::pin!(next);
        if expected == 2 {
            tokio::select! {
                biased;
                _ = &mut next => panic!("a third request ran"),
                stream = other.stream(&request) => drop(stream.unwrap()),
            }
            assert_eq!(setup.mock.requests().len(), 3);
            // A stream that nobody reads any more makes room, and so does one that is at its end.
            drop(running.pop());
        }
        drop(in_time(next).await.unwrap());
        gate.open();
        for mut stream in running {
            while in_time(stream.next()).await.unwrap().is_some() {}
        }
    }
}
