//! From the service's response object to the kernel's chat response.

mod call;
mod continuation;
mod event;
mod items;
mod members;
mod metadata;
mod object;
pub mod stream;
mod usage;

use serde_json::{Map, Value};

use self::call::Call;
use self::items::Items;
pub use self::object::{Response, Served};
pub(in crate::core) use self::usage::{tokens as priced_tokens, translate as translated_usage};
use crate::contract::types::{
    BlockContent, ChatResponse, ContentBlock, ErrorKind, FileSource, FinishReason, Image,
    ProviderError, Thinking, ToolCall, Visibility,
};
use crate::core::item::{self, OutputKind};
use crate::core::json::ObjectWriter;
use crate::core::{classify, json};

/// Translates a response object that has come to its end.
///
/// # Errors
///
/// When the response failed or was cancelled, and when a tool call's arguments are not a JSON object although nothing cut
/// them off: an agent would run the tool with arguments that the model never gave.
pub fn translate(response: Response) -> Result<ChatResponse, ProviderError> {
    if let Some(error) = response.failure() {
        return Err(classify::reported(&error));
    }
    let read = &response.read;
    let is_cut = match json::text(read, "status") {
        Some("completed") => false,
        Some("incomplete") => true,
        Some("failed") => return Err(classify::reported(&Value::Null)),
        Some("cancelled") => {
            return Err(ProviderError::new(
                ErrorKind::Aborted,
                "the response was cancelled at the service",
            ));
        }
        // Some gateways leave the status out of what is a response otherwise.
        None if read.get("output").is_some_and(Value::is_array) => false,
        Some(other) => return Err(not_a_response(&format!("its status is `{other}`"))),
        None => return Err(not_a_response("it has neither status nor output")),
    };
    let incomplete_reason = incomplete_reason(read);

    let mut output = Output {
        is_cut,
        ..Output::default()
    };
    let items = json::items(read, "output");
    for index in 0..items.len() {
        output.item(index, items)?;
    }

    let finish_reason = if incomplete_reason == Some("content_filter") || output.refused {
        FinishReason::ContentFilter
    } else if output.is_cut {
        FinishReason::Length
    } else if !output.tool_calls.is_empty() {
        FinishReason::ToolCalls
    } else {
        FinishReason::Stop
    };
    Ok(ChatResponse {
        metadata: Some(metadata::of(read, output.items)),
        content: output.content,
        tool_calls: output.tool_calls,
        usage: read.get("usage").and_then(usage::translate),
        degradation: None,
        finish_reason,
        extensions: None,
    })
}

/// Why a response is incomplete, in the service's words.
fn incomplete_reason(response: &Value) -> Option<&str> {
    json::text(response.get("incomplete_details")?, "reason")
}

/// The text of a reasoning item: the parts of its summary, and of its content where the service shows that, a line each.
fn reasoning_text(item: &Value) -> String {
    let mut text = String::new();
    for part in [json::items(item, "summary"), json::items(item, "content")].concat() {
        if let Some(part) = json::text(&part, "text") {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(part);
        }
    }
    text
}

/// What the items of a response come to.
#[derive(Default)]
struct Output {
    /// The response was cut off, so that the last tool call may be too.
    is_cut: bool,
    refused: bool,
    content: Vec<ContentBlock>,
    tool_calls: Vec<ToolCall>,
    items: Items,
}

impl Output {
    /// Takes the item with this index.
    fn item(&mut self, index: usize, all: &[Value]) -> Result<(), ProviderError> {
        let item = &all[index];
        match OutputKind::of(item) {
            OutputKind::Message => self.message(item),
            OutputKind::Reasoning => self.reasoning(item),
            OutputKind::Image => self.image(item),
            OutputKind::Call(kind) => self.call(&Call::read(kind, item), item)?,
            OutputKind::Other => self.items.add(index, all),
        }
        Ok(())
    }

    fn message(&mut self, item: &Value) {
        for part in json::items(item, "content") {
            // What the item says of all of its parts, such as its `phase`, each block says.
            let mut extensions = Map::new();
            rest(
                item,
                &["type", "id", "role", "status", "content"],
                &mut extensions,
            );
            let content = if let Some(text) = json::text(part, "text") {
                rest(part, &["type", "text"], &mut extensions);
                BlockContent::Text(text.to_owned())
            } else if let Some(refusal) = json::text(part, "refusal") {
                self.refused = true;
                rest(part, &["type", "refusal"], &mut extensions);
                BlockContent::Refusal(refusal.to_owned())
            } else {
                // A part that nobody knows yet: the kernel has no block for it, and the service would not take it back.
                continue;
            };
            self.items.block(item::TEXT);
            self.block(content, None, &extensions);
        }
    }

    fn reasoning(&mut self, item: &Value) {
        const READ: &[&str] = &[
            "type",
            "id",
            "summary",
            "content",
            "encrypted_content",
            "status",
        ];
        let id = json::text(item, "id");
        let encrypted_content = json::text(item, "encrypted_content");
        let text = reasoning_text(item);
        if text.is_empty() && encrypted_content.is_none() {
            return;
        }
        let state = Value::Array(vec![encrypted_content.into(), id.into()]);
        let thinking = Thinking {
            text,
            signature: None,
            content: Some(json::written(&state)),
        };
        let mut extensions = Map::new();
        rest(item, READ, &mut extensions);
        let content = BlockContent::Thinking(thinking);
        self.items.block(item::THINKING);
        self.block(content, Some(Visibility::Internal), &extensions);
    }

    /// An image that the service generated. Stored nowhere, it is here or lost.
    fn image(&mut self, item: &Value) {
        let Some(data) = json::text(item, "result").filter(|data| !data.is_empty()) else {
            return;
        };
        let media_type = match json::text(item, "output_format") {
            Some("svg") => "image/svg+xml".to_owned(),
            Some(format) => ["image/", format].concat(),
            None => "image/png".to_owned(),
        };
        let image = Image {
            source: Some(FileSource::Base64(data.to_owned())),
            media_type: Some(media_type),
            detail: None,
            extensions: None,
        };
        self.block(BlockContent::Image(image), None, &Map::new());
    }

    fn call(&mut self, call: &Call<'_>, item: &Value) -> Result<(), ProviderError> {
        if json::object(&call.arguments).is_none() {
            // Cut off in the middle of its arguments: there is no call to make, and the finish reason says why.
            if self.is_cut {
                return Ok(());
            }
            return Err(invalid_tool_call(call.name, &call.arguments));
        }
        let details = call.kind.details(item);
        let mut extensions = Map::new();
        for (key, value) in &details {
            extensions.insert([item::PREFIX, key].concat(), value.clone());
        }
        self.items.call(call, details);
        let call = ToolCall {
            id: call.id.to_owned(),
            name: call.name.to_owned(),
            arguments: call.arguments.clone().into_owned(),
            extensions: None,
        };
        self.tool_calls.push(ToolCall {
            extensions: written_unless_empty(&extensions),
            ..call.clone()
        });
        self.block(BlockContent::ToolCall(call), None, &extensions);
        Ok(())
    }

    fn block(
        &mut self,
        content: BlockContent,
        visibility: Option<Visibility>,
        extensions: &Map<String, Value>,
    ) {
        self.content.push(ContentBlock {
            content,
            visibility,
            extensions: written_unless_empty(extensions),
        });
    }
}

/// Copies the members of an object that were not `read` and that say something: what the service adds one day is kept.
fn rest(object: &Value, read: &[&str], rest: &mut Map<String, Value>) {
    for (key, value) in object.as_object().into_iter().flatten() {
        if !json::says_nothing(value) && !read.contains(&key.as_str()) {
            rest.insert(key.clone(), value.clone());
        }
    }
}

/// Members as the contract has them: none when there are none.
fn written_unless_empty(members: &Map<String, Value>) -> Option<String> {
    match members.is_empty() {
        true => None,
        false => serde_json::to_string(members).ok(),
    }
}

fn not_a_response(found: &str) -> ProviderError {
    ProviderError {
        // It would come again, and might cost again.
        retryable: false,
        ..ProviderError::new(
            ErrorKind::Stream,
            format!(
                "the answer is no finished response: {found}; check that `azure_endpoint` is the service, or try again"
            ),
        )
    }
}

fn invalid_tool_call(name: &str, arguments: &str) -> ProviderError {
    ProviderError {
        details: Some(
            ObjectWriter::new()
                .member("tool_name", name)
                .member("raw_arguments", arguments)
                .finish(),
        ),
        ..ProviderError::new(
            ErrorKind::InvalidToolCall,
            format!(
                "the model called the tool `{name}` with arguments that are not a JSON object; they are in the error's \
                 details. Ask again, or give the tool a schema with `strict`"
            ),
        )
    }
}

#[cfg(test)]
mod tests;
