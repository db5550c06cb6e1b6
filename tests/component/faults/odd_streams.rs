//! Streams as gateways make them, byte by byte: what the component makes of each over HTTP.

use std::sync::Arc;

use provider_host::contract::types::{BlockContent, ProviderError, StreamEvent};
use provider_host::{NoSubscriber, Provider};
use serde_json::json;

use super::replay::End;
use super::wire::{Wire, told_of};
use crate::support::azure;

#[tokio::test]
async fn an_answer_is_what_was_said_whatever_the_stream_is_like() {
    const STREAM: &str = "content-type: text/event-stream\r\n";
    let delta = |text: &str| {
        format!(
            r#"data: {{"type":"response.output_text.delta","output_index":0,"delta":"{text}"}}"#
        ) + "\n\n"
    };
    let completed = |output: &str| {
        format!(
            r#"data: {{"type":"response.completed","response":{{"status":"completed","output":[{output}]}}}}"#
        ) + "\n\n"
    };
    let message = |text: &str| {
        format!(r#"{{"type":"message","content":[{{"type":"output_text","text":"{text}"}}]}}"#)
    };
    let hi = [delta("Hi"), completed("")].concat();
    let crab = [
        delta(r"\ud83e"),
        delta(r"\udd80"),
        completed(&message("🦀")),
    ]
    .concat();
    let indexed = |index: &str| {
        format!(
            r#"data: {{"type":"response.output_text.delta","output_index":{index},"delta":"Hi"}}"#
        ) + "\n\n"
    };
    let unknown = |value: &str| {
        format!(
            r#"data: {{"type":"response.output_text.delta","output_index":0,"delta":"Hi","new":{value}}}"#
        ) + "\n\n"
    };
    let deep = ["[".repeat(300), "]".repeat(300)].concat();
    let invalid = [
        &b"data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"H\xff\"}\n\n"[..],
        completed(&message("H\u{fffd}")).as_bytes(),
    ]
    .concat();
    // headers, body → what the caller sees
    for (headers, body, expected) in [
        ("", hi.clone().into_bytes(), "start Hi end | Hi"),
        ("content-type: application/octet-stream\r\n", hi.clone().into_bytes(), "start Hi end | Hi"),
        ("content-type: text/plain\r\n", hi.into_bytes(), "start Hi end | Hi"),
        (STREAM, crab.into_bytes(), "start 🦀 end | 🦀"),
        (STREAM, invalid, "start H\u{fffd} end | H\u{fffd}"),
        (STREAM, [indexed("\"0\""), completed("")].concat().into_bytes(), "start Hi end | Hi"),
        (STREAM, [unknown("1e999"), completed(&message("Hi"))].concat().into_bytes(), "start Hi end | Hi"),
        (STREAM, [unknown(&deep), completed(&message("Hi"))].concat().into_bytes(), "start Hi end | Hi"),
        (
            STREAM,
            [delta("He"), delta("o"), completed(&message("Hello"))].concat().into_bytes(),
            "start He o end restarted start Hello end | Hello",
        ),
        (
            STREAM,
            b"event: error\ndata: {\"type\":\"too_many_requests\",\"code\":\"429\",\"message\":\"m\"}\n\n".to_vec(),
            "RateLimit",
        ),
        (STREAM, b"data: {\"error\":{\"code\":\"429\",\"message\":\"m\"}}\n\n".to_vec(), "RateLimit"),
    ] {
        let (wire, provider) = service().await;
        let (events, error) = told_of(&provider, &wire, headers, &[&body], End::Proper).await;
        let shown = shown(&events, error.as_ref());
        assert_eq!(shown, expected, "{headers}{}: {error:?}", body.escape_ascii());
    }
}

async fn service() -> (Wire, Provider) {
    let wire = Wire::start().await;
    let host = azure().events(Arc::new(NoSubscriber));
    let provider = wire.provider(host, json!({ "max_retries": 0 })).await;
    (wire, provider)
}

fn shown(events: &[StreamEvent], error: Option<&ProviderError>) -> String {
    let mut shown: Vec<String> = Vec::new();
    for event in events {
        shown.push(match event {
            StreamEvent::BlockStart(_) => "start".to_owned(),
            StreamEvent::BlockDelta(delta) => delta.text.clone(),
            StreamEvent::BlockEnd(_) => "end".to_owned(),
            StreamEvent::Restarted(_) => "restarted".to_owned(),
            StreamEvent::Completed(response) => {
                let texts = response.content.iter().map(|block| match &block.content {
                    BlockContent::Text(text) => text.as_str(),
                    other => panic!("text, found {other:?}"),
                });
                format!("| {}", texts.collect::<String>())
            }
        });
    }
    if let Some(error) = error {
        let kind = format!("{:?}", error.kind);
        shown.push(kind.rsplit("::").next().unwrap_or_default().to_owned());
    }
    shown.join(" ")
}
