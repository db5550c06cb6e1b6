//! From the service's response object to the kernel's chat response.

mod event;
mod members;
pub mod stream;
mod usage;

use serde_json::{Map, Value, json};

use crate::contract::types::{
    BlockContent, ChatResponse, ContentBlock, ErrorKind, FinishReason, ProviderError, Thinking,
    ToolCall, Visibility,
};
use crate::core::{classify, json};

/// Translates a response object that has come to its end.
///
/// # Errors
///
/// When the response failed or was cancelled, and when a tool call's arguments are not a JSON object although nothing cut
/// them off: an agent would run the tool with arguments that the model never gave.
pub fn translate(response: &Value) -> Result<ChatResponse, ProviderError> {
    if let Some(error) = response.get("error").filter(|error| !error.is_null()) {
        return Err(classify::reported(error));
    }
    let is_cut = match json::text(response, "status") {
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
        None if response.get("output").is_some_and(Value::is_array) => false,
        other => return Err(not_a_response(other)),
    };
    let incomplete_reason = response
        .get("incomplete_details")
        .and_then(|details| json::text(details, "reason"));

    let mut output = Output {
        is_cut,
        ..Output::default()
    };
    for item in json::items(response, "output") {
        output.item(item)?;
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

    let mut metadata = Map::new();
    for (key, value) in [
        ("openai:response_id", response.get("id")),
        ("openai:status", response.get("status")),
        ("openai:model", response.get("model")),
    ] {
        if let Some(value @ Value::String(_)) = value {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(reason) = incomplete_reason {
        metadata.insert("openai:incomplete_reason".to_owned(), json!(reason));
    }
    for (key, items) in [
        ("openai:reasoning_items", output.reasoning_ids),
        ("openai:output_items", output.other_items),
    ] {
        if !items.is_empty() {
            metadata.insert(key.to_owned(), Value::Array(items));
        }
    }

    Ok(ChatResponse {
        content: output.content,
        tool_calls: output.tool_calls,
        usage: response.get("usage").and_then(usage::translate),
        degradation: None,
        finish_reason,
        metadata: Some(Value::Object(metadata).to_string()),
        extensions: None,
    })
}

/// The text of a reasoning item: its summary, or its content where the service shows that.
fn reasoning_text(item: &Value) -> String {
    let texts = |key| -> Vec<&str> {
        json::items(item, key)
            .iter()
            .filter_map(|part| json::text(part, "text"))
            .collect()
    };
    let mut parts = texts("summary");
    if parts.is_empty() {
        parts = texts("content");
    }
    parts.join("\n")
}

#[derive(Default)]
struct Output {
    /// The response was cut off, so that the last tool call may be too.
    is_cut: bool,
    refused: bool,
    content: Vec<ContentBlock>,
    tool_calls: Vec<ToolCall>,
    reasoning_ids: Vec<Value>,
    /// Items that the kernel has no block for: hosted tools and what is not known yet.
    other_items: Vec<Value>,
}

impl Output {
    fn item(&mut self, item: &Value) -> Result<(), ProviderError> {
        match json::text(item, "type") {
            Some("message") => self.message(item),
            Some("reasoning") => self.reasoning(item),
            Some("function_call") => self.function_call(item)?,
            _ => self.other_items.push(item.clone()),
        }
        Ok(())
    }

    fn message(&mut self, item: &Value) {
        for part in json::items(item, "content") {
            if let Some(text) = json::text(part, "text") {
                let annotations = part.get("annotations").filter(|a| !json::is_empty_array(a));
                let extensions = annotations.map(|a| json!({ "annotations": a }).to_string());
                self.block(BlockContent::Text(text.to_owned()), None, extensions);
            } else if let Some(refusal) = json::text(part, "refusal") {
                self.refused = true;
                self.block(BlockContent::Refusal(refusal.to_owned()), None, None);
            }
        }
    }

    fn reasoning(&mut self, item: &Value) {
        let id = json::text(item, "id");
        let encrypted_content = json::text(item, "encrypted_content");
        self.reasoning_ids.extend(id.map(|id| json!(id)));
        let text = reasoning_text(item);
        if text.is_empty() && encrypted_content.is_none() {
            return;
        }
        let thinking = Thinking {
            text,
            signature: None,
            content: Some(json!([encrypted_content, id]).to_string()),
        };
        self.block(
            BlockContent::Thinking(thinking),
            Some(Visibility::Internal),
            None,
        );
    }

    fn function_call(&mut self, item: &Value) -> Result<(), ProviderError> {
        let name = json::text(item, "name").unwrap_or_default();
        let arguments = json::text(item, "arguments").unwrap_or_default();
        if json::object(arguments).is_none() {
            // Cut off in the middle of its arguments: there is no call to make, and the finish reason says why.
            if self.is_cut {
                return Ok(());
            }
            return Err(invalid_tool_call(name, arguments));
        }
        let call = ToolCall {
            id: json::text(item, "call_id")
                .or_else(|| json::text(item, "id"))
                .unwrap_or_default()
                .to_owned(),
            name: name.to_owned(),
            // As the model wrote them: written again, numbers might lose digits.
            arguments: arguments.to_owned(),
            extensions: None,
        };
        self.block(BlockContent::ToolCall(call.clone()), None, None);
        self.tool_calls.push(call);
        Ok(())
    }

    fn block(
        &mut self,
        content: BlockContent,
        visibility: Option<Visibility>,
        extensions: Option<String>,
    ) {
        self.content.push(ContentBlock {
            content,
            visibility,
            extensions,
        });
    }
}

fn not_a_response(status: Option<&str>) -> ProviderError {
    let found = match status {
        Some(status) => format!("its status is `{status}`"),
        None => "it has neither status nor output".to_owned(),
    };
    ProviderError::new(
        ErrorKind::Stream,
        format!(
            "the answer is no finished response: {found}; check that `azure_endpoint` is the service, or try again"
        ),
    )
}

fn invalid_tool_call(name: &str, arguments: &str) -> ProviderError {
    ProviderError {
        details: Some(json!({ "tool_name": name, "raw_arguments": arguments }).to_string()),
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
