//! From messages to input items.

use serde_json::{Value, json};

use super::{Dropped, invalid};
use crate::contract::types::{
    BlockContent, ContentBlock, Message, MessageContent, ProviderError, Role, Thinking, ToolCall,
    ToolResult,
};
use crate::core::json;
use crate::core::repair::Items;

/// The conversation in the service's form.
pub(super) struct Input {
    /// The system messages, a blank line between them.
    pub(super) instructions: Option<String>,
    /// Everything else, in order.
    pub(super) items: Items,
}

/// Translates the conversation.
pub(super) fn translate(
    messages: &[Message],
    dropped: &mut Vec<Dropped>,
) -> Result<Input, ProviderError> {
    let mut instructions = Vec::new();
    let mut items = Vec::new();
    let mut origins = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let place = format!("messages[{index}]");
        match message.role {
            Role::System => instructions.push(plain_text(&message.content, &place)?),
            Role::Developer => items.push(developer(&plain_text(&message.content, &place)?)),
            Role::User => Turn::new("user", &mut items, dropped).translate(message, &place)?,
            Role::Assistant => {
                Turn::new("assistant", &mut items, dropped).translate(message, &place)?;
            }
            Role::Function | Role::Tool => items.extend(tool_results(message, &place)?),
        }
        while origins.len() < items.len() {
            origins.push(index);
        }
    }
    Ok(Input {
        instructions: (!instructions.is_empty()).then(|| instructions.join("\n\n")),
        items: Items {
            values: items,
            messages: origins,
        },
    })
}

/// Context from the application: a user item in its place, marked as context.
fn developer(text: &str) -> Value {
    let text = format!("<context_file>\n{text}\n</context_file>");
    json!({ "role": "user", "content": [{ "type": "input_text", "text": text }] })
}

/// The text of a message that can hold nothing else.
fn plain_text(content: &MessageContent, place: &str) -> Result<String, ProviderError> {
    match content {
        MessageContent::Text(text) => Ok(text.clone()),
        MessageContent::Blocks(blocks) => {
            let texts: Result<Vec<&str>, ProviderError> = blocks
                .iter()
                .enumerate()
                .map(|(index, block)| match &block.content {
                    BlockContent::Text(text) => Ok(text.as_str()),
                    other => Err(not_here(&format!("{place}.content[{index}]"), other)),
                })
                .collect();
            Ok(texts?.join("\n\n"))
        }
    }
}

/// One message of the user or the assistant. Text and tool calls keep their order: text that goes together is one item,
/// and whatever is not text ends it.
struct Turn<'a> {
    role: &'static str,
    parts: Vec<Value>,
    /// Reasoning that waits for the item that it led to. The service refuses it alone.
    reasoning: Vec<Value>,
    items: &'a mut Vec<Value>,
    dropped: &'a mut Vec<Dropped>,
}

impl<'a> Turn<'a> {
    fn new(role: &'static str, items: &'a mut Vec<Value>, dropped: &'a mut Vec<Dropped>) -> Self {
        Self {
            role,
            parts: Vec::new(),
            reasoning: Vec::new(),
            items,
            dropped,
        }
    }

    fn translate(mut self, message: &Message, place: &str) -> Result<(), ProviderError> {
        match &message.content {
            MessageContent::Text(text) => self.text(text),
            MessageContent::Blocks(blocks) => {
                for (index, block) in blocks.iter().enumerate() {
                    self.block(block, &format!("{place}.content[{index}]"))?;
                }
            }
        }
        self.end_item();
        if !self.reasoning.is_empty() {
            self.dropped.push(Dropped {
                parameter: place.to_owned(),
                reason: "its reasoning led to nothing, and the service refuses reasoning alone"
                    .to_owned(),
            });
        }
        Ok(())
    }

    fn block(&mut self, block: &ContentBlock, place: &str) -> Result<(), ProviderError> {
        match (&block.content, self.role) {
            (BlockContent::Text(text), _) => self.text(text),
            (BlockContent::Refusal(refusal), "assistant") => {
                self.parts
                    .push(json!({ "type": "refusal", "refusal": refusal }));
            }
            (BlockContent::Thinking(thinking), "assistant") => match replayed(thinking) {
                Some(item) => {
                    self.end_item();
                    self.reasoning.push(item);
                }
                None => self.dropped.push(Dropped {
                    parameter: place.to_owned(),
                    reason:
                        "this thinking was not encrypted by the service, which refuses any other"
                            .to_owned(),
                }),
            },
            (BlockContent::RedactedThinking(_) | BlockContent::Reasoning(_), "assistant") => {
                self.dropped.push(Dropped {
                    parameter: place.to_owned(),
                    reason: "only its author can read it".to_owned(),
                });
            }
            (BlockContent::ToolCall(call), "assistant") => {
                self.end_item();
                let item = tool_call(call, place)?;
                self.item(item);
            }
            (BlockContent::ToolResult(result), "user") => {
                self.end_item();
                self.item(tool_result(result, place)?);
            }
            (other, _) => return Err(not_here(place, other)),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        let kind = match self.role {
            "assistant" => "output_text",
            _ => "input_text",
        };
        // The assistant says nothing between a tool's call and its result; agents store that as an empty text.
        if self.role != "assistant" || !text.is_empty() {
            self.parts.push(json!({ "type": kind, "text": text }));
        }
    }

    fn item(&mut self, item: Value) {
        self.items.append(&mut self.reasoning);
        self.items.push(item);
    }

    fn end_item(&mut self) {
        if !self.parts.is_empty() {
            let content = std::mem::take(&mut self.parts);
            self.item(json!({ "role": self.role, "content": content }));
        }
    }
}

fn tool_call(call: &ToolCall, place: &str) -> Result<Value, ProviderError> {
    let arguments = json::object(&call.arguments)
        .ok_or_else(|| invalid(place, "the arguments of a tool call must be a JSON object"))?;
    Ok(json!({
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": Value::Object(arguments).to_string(),
    }))
}

/// The results in a message of the role `tool`: the message itself is one, or its blocks are.
fn tool_results(message: &Message, place: &str) -> Result<Vec<Value>, ProviderError> {
    if let MessageContent::Blocks(blocks) = &message.content {
        let results: Option<Vec<&ToolResult>> = blocks
            .iter()
            .map(|block| match &block.content {
                BlockContent::ToolResult(result) => Some(result),
                _ => None,
            })
            .collect();
        if let Some(results) = results.filter(|results| !results.is_empty()) {
            return results
                .into_iter()
                .map(|result| tool_result(result, place))
                .collect();
        }
    }
    let call_id = message
        .tool_call_id
        .as_deref()
        .filter(|id| !id.is_empty())
        .ok_or_else(|| {
            invalid(
                place,
                "a tool's result needs the `tool_call_id` of its call",
            )
        })?;
    let output = match &message.content {
        MessageContent::Text(text) => json!(text),
        MessageContent::Blocks(blocks) => output_parts(blocks, place)?,
    };
    Ok(vec![
        json!({ "type": "function_call_output", "call_id": call_id, "output": output }),
    ])
}

fn tool_result(result: &ToolResult, place: &str) -> Result<Value, ProviderError> {
    // Text stays as it is; any other value is text in JSON, which the model reads well.
    let output = match serde_json::from_slice(result.output.as_bytes()) {
        Ok(Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => return Err(invalid(place, "the output of a tool result must be JSON")),
    };
    Ok(json!({
        "type": "function_call_output",
        "call_id": result.tool_call_id,
        "output": output,
    }))
}

fn output_parts(blocks: &[ContentBlock], place: &str) -> Result<Value, ProviderError> {
    blocks
        .iter()
        .enumerate()
        .map(|(index, block)| match &block.content {
            BlockContent::Text(text) => Ok(json!({ "type": "input_text", "text": text })),
            other => Err(not_here(&format!("{place}.content[{index}]"), other)),
        })
        .collect()
}

/// The reasoning item that a thinking block came from: its encrypted content, without the id, which the service does not
/// hold. None when it did not come from this service.
fn replayed(thinking: &Thinking) -> Option<Value> {
    let state: Value = serde_json::from_slice(thinking.content.as_deref()?.as_bytes()).ok()?;
    let encrypted_content = state.get(0)?.as_str().filter(|text| !text.is_empty())?;
    let summary = match thinking.text.as_str() {
        "" => json!([]),
        text => json!([{ "type": "summary_text", "text": text }]),
    };
    Some(json!({
        "type": "reasoning",
        "encrypted_content": encrypted_content,
        "summary": summary,
    }))
}

fn not_here(place: &str, content: &BlockContent) -> ProviderError {
    let kind = match content {
        BlockContent::File(_) => "file",
        BlockContent::Image(_) => "image",
        BlockContent::Reasoning(_) => "reasoning",
        BlockContent::RedactedThinking(_) => "redacted_thinking",
        BlockContent::Refusal(_) => "refusal",
        BlockContent::Text(_) => "text",
        BlockContent::Thinking(_) => "thinking",
        BlockContent::ToolCall(_) => "tool_call",
        BlockContent::ToolResult(_) => "tool_result",
    };
    invalid(
        place,
        format!("a block of the type `{kind}` cannot be sent in this message"),
    )
}
