//! `cargo bench --workspace --bench pure`: how long the pure parts take on this machine, without WebAssembly and
//! without a network. `cargo xtask bench` measures all of it together.

#![allow(clippy::unwrap_used, reason = "measures what tests have shown to work")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use azure_openai_provider::contract::types::{
    ChatRequest, Message, MessageContent, Role, StreamEvent,
};
use azure_openai_provider::core::config::{Configuration, Environment};
use azure_openai_provider::core::response::stream::Translator;
use azure_openai_provider::core::{request, response, sse};
use serde_json::{Value, json};

fn main() {
    // `cargo test --benches` runs this too, to see that it works.
    let rounds = match std::env::args().any(|argument| argument == "--bench") {
        true => ROUNDS,
        false => 1,
    };
    let stream = stream(EVENTS);
    measure(rounds, "decoder, for an event", EVENTS, || decode(&stream));
    measure(
        rounds,
        "decoder and translator, for an event",
        EVENTS,
        || translate_stream(&stream),
    );
    let whole = response_of(&"word ".repeat(EVENTS)).to_string();
    measure(rounds, "response of 500 words", 1, || {
        response::translate(serde_json::from_slice(whole.as_bytes()).unwrap()).unwrap()
    });
    let document = r#"{"azure_endpoint":"https://r.openai.azure.com","api_key":"secret-key"}"#;
    let configuration = Configuration::resolve(document, &Environment::default()).unwrap();
    for messages in [10, 100, 1_000] {
        let request = request_of(messages);
        let deployment = configuration.deployments.resolve(None);
        let what = format!("request of {messages} messages, for a message");
        measure(rounds, &what, messages, || {
            request::translate(&request, &deployment, &configuration).unwrap()
        });
    }
}

/// Prints the median of many rounds, in parts of so many.
fn measure<T>(rounds: usize, what: &str, parts: usize, work: impl Fn() -> T) {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let begin = Instant::now();
            black_box(work());
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    let median = times[times.len() / 2].as_secs_f64() * 1e6;
    println!("{what:45} {:10.3} µs", median / parts as f64);
}

fn decode(stream: &[u8]) -> usize {
    let mut count = 0;
    each_event(stream, |_| count += 1);
    count
}

fn translate_stream(stream: &[u8]) -> Vec<StreamEvent> {
    let mut translator = Translator::default();
    let mut events = Vec::new();
    each_event(stream, |event| {
        translator.apply(event, &mut events).unwrap()
    });
    translator.finish(&mut events).unwrap();
    events
}

/// In pieces, as a network brings them.
fn each_event(stream: &[u8], mut work: impl FnMut(sse::Event<'_>)) {
    let mut decoder = sse::Decoder::new();
    for piece in stream.chunks(PIECE) {
        decoder.feed(piece.to_vec());
        while let Some(event) = decoder.next_event().unwrap() {
            work(event);
        }
    }
}

fn stream(events: usize) -> Vec<u8> {
    let mut stream = String::new();
    let mut tell = |event: Value| {
        let name = event["type"].as_str().unwrap();
        write!(stream, "event: {name}\ndata: {event}\n\n").unwrap();
    };
    for number in 0..events {
        tell(json!({
            "type": "response.output_text.delta",
            "item_id": "msg_68d3a0f1",
            "output_index": 0,
            "content_index": 0,
            "delta": "word ",
            "logprobs": [],
            "obfuscation": "aX3kP9",
            "sequence_number": number,
        }));
    }
    let response = response_of(&"word ".repeat(events));
    tell(json!({ "type": "response.completed", "response": response }));
    stream.into_bytes()
}

fn response_of(text: &str) -> Value {
    let part = json!({ "type": "output_text", "text": text, "annotations": [] });
    json!({
        "id": "resp_68d3a0f0",
        "status": "completed",
        "model": "gpt-5.1-2025-11-13",
        "output": [{ "type": "message", "id": "msg_68d3a0f1", "role": "assistant", "content": [part] }],
        "usage": { "input_tokens": 10, "output_tokens": 500, "total_tokens": 510 },
    })
}

fn request_of(messages: usize) -> ChatRequest {
    let message = |number: usize| Message {
        role: match number % 2 {
            0 => Role::User,
            _ => Role::Assistant,
        },
        content: MessageContent::Text("The quick brown fox jumps over the lazy dog. ".repeat(5)),
        name: None,
        tool_call_id: None,
        metadata: None,
        extensions: None,
    };
    ChatRequest {
        messages: (0..messages).map(message).collect(),
        tools: Vec::new(),
        tool_choice: None,
        response_format: None,
        model: None,
        temperature: None,
        top_p: None,
        max_output_tokens: None,
        stop: Vec::new(),
        reasoning_effort: None,
        conversation_id: None,
        stream: None,
        timeout: None,
        metadata: None,
        extensions: None,
    }
}

/// Enough for a median that stays where it is.
const ROUNDS: usize = 500;

const EVENTS: usize = 500;

/// What a read from a connection gives, about.
const PIECE: usize = 1_400;
