//! Whatever the service answers, it is understood, and is the same whole and streamed.

use azure_openai_mock::response_events;
use azure_openai_provider::contract::types::{
    BlockContent, BlockKind, ChatResponse, ErrorKind, ProviderError, StreamEvent,
};
use azure_openai_provider::core::response::{self, stream::Translator};
use azure_openai_provider::core::sse;
use serde_json::{Map, Value, json};

use super::generator::Generator;
use super::values;

#[test]
fn every_response_is_understood_whole_and_streamed() {
    for seed in 0..RESPONSES {
        let generator = &mut Generator::new(seed);
        let status = generator.pick(&["completed", "completed", "incomplete"]);
        let response = response(status, generator);
        let whole =
            translate(&response).unwrap_or_else(|error| panic!("{seed}: {error:?}\n{response:#}"));
        let streamed = streamed(events(&response, generator))
            .unwrap_or_else(|error| panic!("{seed}: {error:?}\n{response:#}"));
        assert_eq!(streamed.response, whole, "{seed}: {response:#}");
        let arrived: Vec<Block> = streamed.blocks.into_iter().filter(is_whole).collect();
        assert_eq!(arrived, blocks(&whole), "{seed}: {response:#}");
    }
}

#[test]
fn only_what_has_no_meaning_is_an_error() {
    for seed in 0..RESPONSES {
        let generator = &mut Generator::new(seed);
        let status = generator.pick(&["completed", "failed", "cancelled", "queued"]);
        let mut response = response(status, generator);
        let arguments = generator.pick(&["[]", "7", "\"\"", "{\"a\":", "null"]);
        let call =
            json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": arguments});
        response["output"].as_array_mut().unwrap().push(call);
        if status == "failed" {
            response["error"] = values::any(generator, 2);
        }
        let whole = translate(&response).unwrap_err();
        let streamed = streamed(events(&response, generator)).err().unwrap();
        if status == "completed" {
            assert_eq!(whole.kind, ErrorKind::InvalidToolCall, "{seed}: {whole:?}");
        }
        assert_eq!(streamed, whole, "{seed}: {response:#}");
    }
}

#[test]
fn no_answer_and_no_event_is_too_odd() {
    for seed in 0..RESPONSES {
        let generator = &mut Generator::new(seed);
        let mut response = response("completed", generator);
        break_up(&mut response, generator);
        // It does not matter what comes of it, but that something does.
        let _ = translate(&response);
        let mut events = events(&response, generator);
        for event in &mut events {
            if generator.once_in(8) {
                break_up(event, generator);
            }
        }
        if generator.once_in(2) {
            let (one, other) = (generator.below(events.len()), generator.below(events.len()));
            events.swap(one, other);
        }
        let _ = streamed(events);
        let _ = translate(&values::any(generator, 3));
    }
}

fn translate(response: &Value) -> Result<ChatResponse, ProviderError> {
    response::translate(serde_json::from_slice(response.to_string().as_bytes()).unwrap())
}

/// Enough to meet every rule many times over, in about a second each.
const RESPONSES: u64 = 5_000;

/// A response with items of all kinds, and members that nobody knows anywhere.
fn response(status: &str, generator: &mut Generator) -> Value {
    let output: Vec<Value> = (0..generator.below(6))
        .map(|_| item(status, generator))
        .collect();
    let mut response = json!({
        "id": "resp_1",
        "object": "response",
        "status": status,
        "model": generator.pick(&["gpt-5.1-2025-11-13", "unheard-of"]),
        "output": output,
        "error": null,
        "usage": {"input_tokens": generator.below(9), "output_tokens": 1, "input_tokens_details": {"cached_tokens": 1}},
    });
    if status == "incomplete" {
        let reason = generator.pick(&["max_output_tokens", "content_filter", "boredom"]);
        response["incomplete_details"] = json!({"reason": reason});
    }
    values::add_unknown(&mut response, generator);
    response
}

fn item(status: &str, generator: &mut Generator) -> Value {
    let id = format!("item_{}", generator.below(5));
    let kind = generator.pick(KINDS);
    let mut item = Value::Object(match generator.once_in(2) {
        true => values::object(generator, 2),
        false => Map::new(),
    });
    let more = match kind {
        "message" => {
            let parts: Vec<Value> = (0..generator.below(4)).map(|_| part(generator)).collect();
            json!({"role": "assistant", "content": parts, "phase": generator.pick(&["commentary", "final_answer", "new"])})
        }
        "reasoning" => {
            let summary: Vec<Value> = (0..generator.below(3))
                .map(|_| json!({"type": "summary_text", "text": generator.word()}))
                .collect();
            json!({"summary": summary, "encrypted_content": generator.pick(&[json!("gAAAA"), Value::Null]), "content": null})
        }
        "function_call" | "mcp_call" => {
            let arguments = match status == "incomplete" && generator.once_in(3) {
                true => "{\"cut".to_owned(),
                false => Value::Object(values::object(generator, 2)).to_string(),
            };
            json!({"call_id": format!("call_{}", generator.below(99)), "name": "f", "arguments": arguments})
        }
        "custom_tool_call" => json!({"call_id": "call_c", "name": "f", "input": generator.word()}),
        "apply_patch_call" => {
            let operation = generator.pick(&["create_file", "delete_file", "update_file"]);
            json!({"call_id": "call_p", "operation": {"type": operation, "path": "a", "diff": generator.word()}})
        }
        _ => json!({}),
    };
    let members = item.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    members.insert("type".to_owned(), json!(kind));
    members.insert("id".to_owned(), json!(id));
    item
}

fn part(generator: &mut Generator) -> Value {
    match generator.below(5) {
        0 => json!({"type": "refusal", "refusal": generator.word()}),
        1 => json!({"type": "hologram", "cube": values::any(generator, 2)}),
        _ => {
            let annotation =
                json!({"type": generator.pick(&["url_citation", "new"]), "url": generator.word()});
            let annotations = vec![annotation; generator.below(3)];
            json!({"type": "output_text", "text": generator.word(), "annotations": annotations})
        }
    }
}

/// The events of a response, with some between them that nobody knows.
fn events(response: &Value, generator: &mut Generator) -> Vec<Value> {
    let mut events = Vec::new();
    for mut event in response_events(response) {
        if generator.once_in(4) {
            let mut unknown = values::object(generator, 2);
            let kind = generator.pick(&["keepalive", "response.new.delta", "response.queued"]);
            unknown.insert("type".to_owned(), json!(kind));
            events.push(Value::Object(unknown));
        }
        if generator.once_in(2) {
            event["unknown"] = values::any(generator, 2);
        }
        events.push(event);
    }
    events
}

/// Replaces something in a value by anything.
fn break_up(value: &mut Value, generator: &mut Generator) {
    match value {
        Value::Array(elements) if !elements.is_empty() && !generator.once_in(4) => {
            let index = generator.below(elements.len());
            break_up(&mut elements[index], generator);
        }
        Value::Object(members) if !members.is_empty() && !generator.once_in(4) => {
            let index = generator.below(members.len());
            let member = members.values_mut().nth(index);
            break_up(member.unwrap(), generator);
        }
        other => *other = values::any(generator, 2),
    }
}

/// The kind of a block, and its text.
type Block = (String, String);

#[derive(Debug)]
struct Streamed {
    response: ChatResponse,
    blocks: Vec<Block>,
}

/// What a stream of these events comes to.
fn streamed(events: Vec<Value>) -> Result<Streamed, ProviderError> {
    let mut translator = Translator::default();
    let mut told = Vec::new();
    for event in events {
        let data = event.to_string();
        let event = sse::Event {
            data: data.as_bytes(),
            is_error: false,
        };
        translator.apply(event, &mut told)?;
        if translator.received().is_some() {
            translator.finish(&mut told)?;
            break;
        }
    }
    let Some(StreamEvent::Completed(response)) = told.pop() else {
        return Err(translator.ended_early());
    };
    let mut blocks: Vec<(u32, Block)> = Vec::new();
    let mut ended = Vec::new();
    for event in told {
        match event {
            StreamEvent::BlockStart(start) => {
                let kind = match start.block {
                    BlockKind::Refusal => "refusal".to_owned(),
                    BlockKind::Text => "text".to_owned(),
                    BlockKind::Thinking => "thinking".to_owned(),
                    BlockKind::ToolCall(call) => format!("call {} {}", call.id, call.name),
                };
                blocks.push((start.index, (kind, String::new())));
            }
            StreamEvent::BlockDelta(delta) => {
                assert!(!ended.contains(&delta.index), "a delta after the end");
                let block = blocks.iter_mut().find(|(index, _)| *index == delta.index);
                let (_, (_, text)) = block.unwrap();
                *text += &delta.text;
            }
            StreamEvent::BlockEnd(index) => ended.push(index),
            // What was delivered was not what the response says; it comes again.
            StreamEvent::Restarted(_) => {
                blocks.clear();
                ended.clear();
            }
            StreamEvent::Completed(_) => panic!("{event:?}"),
        }
    }
    assert_eq!(ended.len(), blocks.len(), "each block has one end");
    let blocks = blocks.into_iter().map(|(_, block)| block);
    Ok(Streamed {
        response,
        blocks: blocks.filter(|(_, text)| !text.is_empty()).collect(),
    })
}

/// Not so a call that was cut off: it arrives as far as it goes, and the response holds none.
fn is_whole((kind, text): &Block) -> bool {
    !kind.starts_with("call") || serde_json::from_str::<Value>(text).is_ok()
}

/// The blocks of a response that have text.
fn blocks(response: &ChatResponse) -> Vec<Block> {
    let block = |content: &BlockContent| match content {
        BlockContent::Refusal(text) => ("refusal".to_owned(), text.clone()),
        BlockContent::Text(text) => ("text".to_owned(), text.clone()),
        BlockContent::Thinking(thinking) => ("thinking".to_owned(), thinking.text.clone()),
        BlockContent::ToolCall(call) => (
            format!("call {} {}", call.id, call.name),
            call.arguments.clone(),
        ),
        other => panic!("{other:?}"),
    };
    let blocks = response
        .content
        .iter()
        .map(|content| block(&content.content));
    blocks.filter(|(_, text)| !text.is_empty()).collect()
}

const KINDS: &[&str] = &[
    "message",
    "message",
    "reasoning",
    "function_call",
    "custom_tool_call",
    "apply_patch_call",
    "file_search_call",
    "web_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "computer_call",
    "local_shell_call",
    "shell_call",
    "mcp_call",
    "mcp_list_tools",
    "mcp_approval_request",
    "compaction",
    "telepathy",
];
