//! What becomes of the service's responses. Each file in `golden/responses` is a case:
//!
//! * `about`: what it shows;
//! * `settings` and `request`: what the provider is opened with and asked, where that matters;
//! * `service`: the response object, which the provider gets whole and streamed, and makes the same of; or `events`: a
//!   stream of exactly these;
//! * what comes of it: `response` in the kernel's JSON form, or `error`. `UPDATE_GOLDEN=1` writes it.

use std::fs;
use std::path::Path;

use azure_openai_mock::{MockAzure, Scripted};
use provider_host::contract::types::{
    BlockContent, BlockKind, ChatResponse, FinishReason, ProviderError,
};
use provider_host::kernel_json::{chat_response, provider_error};
use serde_json::{Value, json};

use crate::golden::{compare, folder, readable};
use crate::support::{Read, Setup, ask, read, request};

#[tokio::test]
async fn responses_become_what_their_golden_files_say() {
    let entries = fs::read_dir(folder("responses")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 100, "there are {} files", paths.len());
    let mut differences = Vec::new();
    for path in &paths {
        if let Err(difference) = check(path).await {
            differences.push(format!("{}: {difference}", path.display()));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

async fn check(path: &Path) -> Result<(), String> {
    let case: Value = serde_json::from_slice(&fs::read(path).unwrap())
        .map_err(|error| format!("it is no JSON: {error}"))?;
    let came_of_it = run(&case, true).await?;
    if case["events"].is_null() {
        let whole = run(&case, false).await?;
        if whole != came_of_it {
            let [whole, streamed] = [whole, came_of_it].map(|(_, value)| readable(&value, 0));
            return Err(format!("whole\n{whole}\nstreamed\n{streamed}"));
        }
    }
    let authors = ["about", "settings", "request", "service", "events"];
    let members = authors.map(|key| (key, case[key].clone()));
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    let members: Vec<String> = members
        .chain([came_of_it])
        .map(|(key, value)| format!("  \"{key}\": {}", readable(&value, 2)))
        .collect();
    compare(path, &format!("{{\n{}\n}}\n", members.join(",\n")))
}

/// The response or the error that a provider makes of a case.
async fn run(case: &Value, use_streaming: bool) -> Result<(&'static str, Value), String> {
    let mut settings = json!({ "use_streaming": use_streaming, "max_retries": 0 });
    if let Value::Object(more) = &case["settings"] {
        settings.as_object_mut().unwrap().extend(more.clone());
    }
    let setup = Setup::with(MockAzure::builder().start().await.unwrap(), settings).await;
    setup.mock.push_answer(match &case["events"] {
        Value::Array(events) => Scripted::Events(events.clone()),
        _ => Scripted::Response(case["service"].clone()),
    });
    let request = match &case["request"] {
        Value::Null => ask("Hi"),
        document => request(document.clone()),
    };
    let read = read(setup.provider.stream(&request).await.unwrap()).await;
    let requests = setup.mock.requests().len();
    if requests != 1 {
        return Err(format!("{requests} requests were sent"));
    }
    match (&read.response, &read.error) {
        (Some(response), None) => {
            same_blocks(&read, response)?;
            let mut response = chat_response::to_value(response).unwrap();
            // The host's, and another with each build.
            let metadata = response["metadata"].as_object_mut().unwrap();
            metadata.remove("host:build").unwrap();
            Ok(("response", response))
        }
        (None, Some(error)) => Ok(("error", told(error))),
        _ => Err("there must be either a response or an error".to_owned()),
    }
}

/// Checks that what arrived bit by bit is what the response holds. Blocks without text may arrive or not; a call that was
/// cut off arrives as far as it goes, and the response holds none.
fn same_blocks(read: &Read, response: &ChatResponse) -> Result<(), String> {
    let arrived = read.blocks.iter().map(|(kind, text)| match kind {
        BlockKind::Refusal => ("refusal".to_owned(), text.as_str()),
        BlockKind::Text => ("text".to_owned(), text.as_str()),
        BlockKind::Thinking => ("thinking".to_owned(), text.as_str()),
        BlockKind::ToolCall(call) => (format!("call {} {}", call.id, call.name), text.as_str()),
    });
    let held = response
        .content
        .iter()
        .filter_map(|block| match &block.content {
            BlockContent::Refusal(text) => Some(("refusal".to_owned(), text.as_str())),
            BlockContent::Text(text) => Some(("text".to_owned(), text.as_str())),
            BlockContent::Thinking(thinking) => {
                Some(("thinking".to_owned(), thinking.text.as_str()))
            }
            BlockContent::ToolCall(call) => Some((
                format!("call {} {}", call.id, call.name),
                call.arguments.as_str(),
            )),
            _ => None,
        });
    let has_text = |(_, text): &(String, &str)| !text.is_empty();
    let is_cut = response.finish_reason == FinishReason::Length;
    let is_whole = |(kind, arguments): &(String, &str)| {
        !is_cut || !kind.starts_with("call") || serde_json::from_str::<Value>(arguments).is_ok()
    };
    let arrived: Vec<_> = arrived.filter(has_text).filter(is_whole).collect();
    let held: Vec<_> = held.filter(has_text).collect();
    match arrived == held {
        true => Ok(()),
        false => Err(format!(
            "{arrived:?} arrived, and the response holds {held:?}"
        )),
    }
}

/// What an error says of the response. What had arrived before it is in it only when something can arrive.
fn told(error: &ProviderError) -> Value {
    let mut error = provider_error::to_value(error).unwrap();
    let members = error.as_object_mut().unwrap();
    members.retain(|key, _| {
        matches!(
            key.as_str(),
            "code" | "details" | "kind" | "message" | "retryable"
        )
    });
    if members
        .get("details")
        .is_some_and(|details| details.get("partial_text").is_some())
    {
        members.remove("details");
    }
    error
}
