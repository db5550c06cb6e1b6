//! From messages to input items.
//!
//! * `system`: text, which becomes the instructions, all of it joined by blank lines. What is empty adds nothing.
//! * `developer`: a user's item in its place, between lines that mark it as context.
//! * `user`: a user's item; results of tools among its blocks are items of their own, in their place.
//! * `assistant`: text and refusals that go together are one item; reasoning and calls between them keep their place.
//!   Annotations are not replayed: the service wrote them for the reader.
//! * `tool`, `function`: results.
//!
//! A block that has no place in its message is an error. The keys of messages and blocks that are not named in this folder
//! are the agent's own, and are not sent.

use serde_json::{Map, Value};

use super::calls::{self, Native, Waiting};
use super::content::{self, not_here};
use super::place::{Drops, Invalid, Place};
use super::stored_calls;
use crate::contract::types::{
    BlockContent, ContentBlock, Message, MessageContent, Role, Thinking, ToolResult,
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

/// Translates the conversation. `reasons` is false for a model that is known not to.
pub(super) fn translate(
    messages: &[Message],
    native: &Native<'_>,
    reasons: bool,
    drops: &mut Drops,
) -> Result<Input, Invalid> {
    let mut translator = Translator {
        native,
        reasons,
        drops,
        instructions: Vec::new(),
        items: Items::default(),
        waiting: Waiting::default(),
        parts: Vec::new(),
        phase: None,
        reasoning: Vec::new(),
    };
    for (index, message) in messages.iter().enumerate() {
        translator.message(message, Place::message(index))?;
        let Items { values, messages } = &mut translator.items;
        messages.resize(values.len(), index);
    }
    let Translator {
        instructions,
        items,
        ..
    } = translator;
    Ok(Input {
        instructions: (!instructions.is_empty()).then(|| instructions.join("\n\n")),
        items,
    })
}

struct Translator<'a> {
    native: &'a Native<'a>,
    reasons: bool,
    drops: &'a mut Drops,
    instructions: Vec<String>,
    items: Items,
    waiting: Waiting,
    /// The parts of the item that is being made.
    parts: Vec<Value>,
    /// Its phase.
    phase: Option<&'static str>,
    /// Reasoning that waits for the item that it led to. The service refuses it alone.
    reasoning: Vec<Value>,
}

impl Translator<'_> {
    fn message(&mut self, message: &Message, place: Place) -> Result<(), Invalid> {
        if matches!(message.role, Role::Function | Role::Tool) {
            return self.results(message, place);
        }
        if message.name.as_deref().is_some_and(|name| !name.is_empty()) {
            let reason = "the Responses API has no names of authors";
            self.drops.add(place, ".name", reason);
        }
        match &message.content {
            MessageContent::Text(text) => match message.role {
                Role::System => self.instruct(text),
                Role::Assistant => self.say(text, None),
                _ => self.parts.push(content::text("input_text", text)),
            },
            MessageContent::Blocks(blocks) => {
                for (index, block) in blocks.iter().enumerate() {
                    self.block(message.role, block, place.element("content", index))?;
                }
            }
        }
        match message.role {
            Role::Developer => mark_as_context(&mut self.parts),
            Role::Assistant => {
                for call in stored_calls::of(message, place)? {
                    self.call(&call.id, &call.name, call.arguments);
                }
            }
            _ => {}
        }
        self.end_item(message.role);
        if !self.reasoning.is_empty() {
            self.reasoning.clear();
            let reason = "its reasoning led to nothing, and the service refuses reasoning alone";
            self.drops.add(place, "", reason);
        }
        Ok(())
    }

    fn block(&mut self, role: Role, block: &ContentBlock, place: Place) -> Result<(), Invalid> {
        match (role, &block.content) {
            (Role::System, BlockContent::Text(text)) => self.instruct(text),
            (Role::System, other) => return Err(not_here(other, place)),
            (Role::Assistant, _) => self.block_of_assistant(block, place)?,
            (Role::User, BlockContent::ToolResult(result)) => {
                self.end_item(role);
                self.result(result, place)?;
            }
            _ => self.parts.push(content::part(block, place)?),
        }
        Ok(())
    }

    fn block_of_assistant(&mut self, block: &ContentBlock, place: Place) -> Result<(), Invalid> {
        match &block.content {
            BlockContent::Text(text) => {
                let extensions = content::extensions(block.extensions.as_deref(), place)?;
                // Other values are not the service's, and so are the agent's own.
                let phase = match json::text(&extensions, "phase") {
                    Some("commentary") => Some("commentary"),
                    Some("final_answer") => Some("final_answer"),
                    _ => None,
                };
                self.say(text, phase);
            }
            BlockContent::Refusal(refusal) => {
                let mut part = json::typed("refusal");
                json::set_text(&mut part, "refusal", refusal);
                self.parts.push(Value::Object(part));
            }
            // Agents change the model in the middle of a conversation.
            BlockContent::Thinking(_) if !self.reasons => {
                let reason = "the model does not reason";
                self.drops.add(place, "", reason);
            }
            BlockContent::Thinking(thinking) => match replayed(thinking) {
                Some(item) => {
                    self.end_item(Role::Assistant);
                    self.reasoning.push(item);
                }
                None => {
                    let reason =
                        "this thinking was not encrypted by the service, which refuses any other";
                    self.drops.add(place, "", reason);
                }
            },
            BlockContent::RedactedThinking(_) | BlockContent::Reasoning(_) => {
                self.drops.add(place, "", "only its author can read it");
            }
            BlockContent::ToolCall(call) => {
                let Some(arguments) = json::object(&call.arguments) else {
                    let problem = "the arguments of a tool call must be a JSON object";
                    return Err(place.invalid("", problem));
                };
                self.call(&call.id, &call.name, arguments);
            }
            other => return Err(not_here(other, place)),
        }
        Ok(())
    }

    fn instruct(&mut self, text: &str) {
        if !text.is_empty() {
            self.instructions.push(text.to_owned());
        }
    }

    /// The assistant says something; in another phase than before, in an item of its own.
    fn say(&mut self, text: &str, phase: Option<&'static str>) {
        // It says nothing between a tool's call and its result; agents store that as an empty text.
        if text.is_empty() {
            return;
        }
        if self.phase != phase {
            self.end_item(Role::Assistant);
        }
        self.phase = phase;
        self.parts.push(content::text("output_text", text));
    }

    fn call(&mut self, id: &str, name: &str, arguments: Map<String, Value>) {
        self.end_item(Role::Assistant);
        let item = calls::call(id, name, arguments, self.native);
        self.item(item);
    }

    /// The results in a message of a tool: those among its blocks, and the message itself if it has anything else, or
    /// nothing.
    fn results(&mut self, message: &Message, place: Place) -> Result<(), Invalid> {
        let mut output = Value::from("");
        match &message.content {
            MessageContent::Text(text) => output = text.as_str().into(),
            MessageContent::Blocks(blocks) => {
                let mut parts = Vec::new();
                for (index, block) in blocks.iter().enumerate() {
                    let place = place.element("content", index);
                    match &block.content {
                        BlockContent::ToolResult(result) => self.result(result, place)?,
                        _ => parts.push(content::part(block, place)?),
                    }
                }
                if !parts.is_empty() {
                    output = Value::Array(parts);
                } else if !blocks.is_empty() {
                    return Ok(());
                }
            }
        }
        let item = match message.tool_call_id.as_deref() {
            Some(id) if !id.is_empty() => calls::result(id, output),
            _ => {
                let id = self.waiting.call_id(message.name.as_deref(), &self.items);
                calls::result(&id, output)
            }
        };
        self.items.values.push(item);
        Ok(())
    }

    fn result(&mut self, result: &ToolResult, place: Place) -> Result<(), Invalid> {
        let output = match serde_json::from_slice(result.output.as_bytes()) {
            Ok(Value::String(text)) => text.into(),
            Ok(Value::Array(elements))
                if !elements.is_empty() && elements.iter().all(content::is_block) =>
            {
                let mut parts = Vec::new();
                for (index, element) in elements.iter().enumerate() {
                    parts.push(content::part_of_value(element, place.output(index))?);
                }
                Value::Array(parts)
            }
            // Any other value is text in JSON, which the model reads well.
            Ok(other) => json::written(&other).into(),
            Err(_) => {
                return Err(place.invalid("", "the output of a tool result must be JSON"));
            }
        };
        self.items
            .values
            .push(calls::result(&result.tool_call_id, output));
        Ok(())
    }

    fn item(&mut self, item: Value) {
        self.items.values.append(&mut self.reasoning);
        self.items.values.push(item);
    }

    fn end_item(&mut self, role: Role) {
        let phase = self.phase.take();
        if self.parts.is_empty() {
            return;
        }
        let role = match role {
            Role::Assistant => "assistant",
            _ => "user",
        };
        let content = Value::Array(std::mem::take(&mut self.parts));
        // Foundry projects refuse a message without its type, which other endpoints take for granted.
        let mut item = json::typed("message");
        json::set_text(&mut item, "role", role);
        json::set(&mut item, "content", content);
        if let Some(phase) = phase {
            json::set_text(&mut item, "phase", phase);
        }
        self.item(Value::Object(item));
    }
}

/// Puts a line before the first text and one after the last, which tell the model that this is context, not a person. What
/// is nothing but text becomes one.
fn mark_as_context(parts: &mut Vec<Value>) {
    if parts.is_empty() {
        return;
    }
    let mut texts = Vec::new();
    for part in &*parts {
        // A text with a breakpoint of the prompt cache stays apart.
        match (json::text(part, "text"), part.as_object().map(Map::len)) {
            (Some(text), Some(2)) => texts.push(text),
            _ => break,
        }
    }
    if texts.len() == parts.len() {
        *parts = vec![content::text("input_text", &texts.join("\n\n"))];
    }
    let is_text = |part: &Value| json::text(part, "text").is_some();
    let Some(first) = parts.iter().position(is_text) else {
        parts.insert(0, content::text("input_text", "<context_file>"));
        parts.push(content::text("input_text", "</context_file>"));
        return;
    };
    if let Some(Value::String(text)) = parts[first].get_mut("text") {
        text.insert_str(0, "<context_file>\n");
    }
    for part in parts.iter_mut().rev() {
        if let Some(Value::String(text)) = part.get_mut("text") {
            text.push_str("\n</context_file>");
            break;
        }
    }
}

/// The reasoning item that a thinking block came from: its encrypted content, and its id, which is held back until a service
/// wants it. None when it did not come from this service.
fn replayed(thinking: &Thinking) -> Option<Value> {
    let state: Value = serde_json::from_slice(thinking.content.as_deref()?.as_bytes()).ok()?;
    let encrypted_content = state.get(0)?.as_str().filter(|text| !text.is_empty())?;
    let mut summary = Vec::new();
    if !thinking.text.is_empty() {
        summary.push(content::text("summary_text", &thinking.text));
    }
    let mut item = json::typed("reasoning");
    if let Some(id) = state
        .get(1)
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty())
    {
        json::set_text(&mut item, "id", id);
    }
    json::set_text(&mut item, "encrypted_content", encrypted_content);
    json::set(&mut item, "summary", Value::Array(summary));
    Some(Value::Object(item))
}
