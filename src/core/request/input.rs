//! From messages to input items.
//!
//! * `system`: text, which becomes the instructions, all of it joined by blank lines. What is empty adds nothing.
//! * `developer`: a user's item in its place, between lines that mark it as context.
//! * `user`: a user's item; results of tools among its blocks are items of their own, in their place.
//! * `assistant`: text and refusals that go together are one item; reasoning and calls between them keep their place, and so
//!   does what the metadata has kept of the response. Annotations are not replayed: the service wrote them for the reader.
//! * `tool`, `function`: results.
//!
//! What the service has no place for does not end a conversation: an image or a file of the assistant goes as the user's, a result
//! without a call as what the user says, and anything else is left out, which is told. The keys of messages and blocks that are
//! not named in this folder are the agent's own, and are not sent.

use serde_json::{Map, Value};

use super::calls::{self, Native, Waiting};
use super::content;
use super::kept::{self, Block, Kept};
use super::place::{Drops, Invalid, Place};
use super::stored_calls;
use crate::contract::types::{
    BlockContent, ContentBlock, Message, MessageContent, Role, Thinking, ToolResult,
};
use crate::core::item::PREFIX;
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
        kept: Kept::default(),
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
    /// What the present message has kept of its response.
    kept: Kept,
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
        if message.role == Role::Assistant {
            self.kept = Kept::of(message);
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
                for call in stored_calls::of(message, place, self.drops)? {
                    self.call(&call.id, &call.name, call.arguments, Map::new());
                }
                let rest = std::mem::take(&mut self.kept).rest();
                self.replay(rest);
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
            (Role::System, BlockContent::Text(text) | BlockContent::Refusal(text)) => {
                self.instruct(text);
            }
            (_, BlockContent::ToolResult(result)) => {
                if role == Role::Developer {
                    mark_as_context(&mut self.parts);
                }
                self.end_item(role);
                self.result(result, None, place)?;
            }
            (Role::Assistant | Role::System, BlockContent::Image(_) | BlockContent::File(_)) => {
                self.end_item(role);
                self.move_to_user(block, place);
            }
            (Role::Assistant, _) => self.block_of_assistant(block, place)?,
            _ => {
                if let Some(part) = content::part(block, place, self.drops)? {
                    self.parts.push(part);
                }
            }
        }
        Ok(())
    }

    /// Lets the user say what only the user can.
    fn move_to_user(&mut self, block: &ContentBlock, place: Place) {
        let part = match content::is_readable(block) {
            true => content::part(block, place, self.drops),
            false => Ok(None),
        };
        let Ok(Some(part)) = part else {
            let reason = "the model cannot read images and files like this one of its own";
            self.drops.add(place, "", reason);
            return;
        };
        let reason =
            "the service takes images and files from the user only; it is sent as the user's";
        self.drops.add(place, "", reason);
        // Not through `item`: it does not come of the reasoning that waits.
        self.items.values.push(message_item("user", vec![part]));
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
                self.replay_before(Block::Text);
                let mut part = json::typed("refusal");
                json::set_text(&mut part, "refusal", refusal);
                self.parts.push(Value::Object(part));
            }
            // Agents change the model in the middle of a conversation.
            BlockContent::Thinking(_) if !self.reasons => {
                self.replay_before(Block::Thinking);
                let reason = "the model does not reason";
                self.drops.add(place, "", reason);
            }
            BlockContent::Thinking(thinking) => match replayed(thinking) {
                Some(item) => {
                    self.replay_before(Block::Thinking);
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
                let arguments = match call.arguments.trim_ascii() {
                    "" => Some(Map::new()),
                    arguments => json::object(arguments),
                };
                let Some(arguments) = arguments else {
                    let problem = "the arguments of a tool call must be a JSON object";
                    return Err(place.invalid("", problem));
                };
                let mut details = Map::new();
                let extensions = content::extensions(block.extensions.as_deref(), place)?;
                for (key, value) in extensions.as_object().into_iter().flatten() {
                    if let Some(key) = key.strip_prefix(PREFIX) {
                        details.insert(key.to_owned(), value.clone());
                    }
                }
                self.call(&call.id, &call.name, arguments, details);
            }
            // They were handled before.
            BlockContent::File(_) | BlockContent::Image(_) | BlockContent::ToolResult(_) => {}
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
        self.replay_before(Block::Text);
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

    /// The assistant calls a tool. What its item had beside the block, the block says, or else the metadata.
    fn call(
        &mut self,
        id: &str,
        name: &str,
        arguments: Map<String, Value>,
        mut details: Map<String, Value>,
    ) {
        self.replay_before(Block::Call(id));
        if details.is_empty() {
            details = self.kept.details(id).cloned().unwrap_or_default();
        }
        self.end_item(Role::Assistant);
        let item = calls::call(id, name, arguments, details, self.native);
        self.item(item);
    }

    /// Sends back what came before a block and is none.
    fn replay_before(&mut self, block: Block<'_>) {
        let items = self.kept.before(block);
        self.replay(items);
    }

    fn replay(&mut self, items: Vec<Value>) {
        for item in items {
            self.end_item(Role::Assistant);
            // It holds what came before it, in a form that only the service can read.
            if kept::is_compaction(&item) {
                self.items = Items::default();
                self.waiting = Waiting::default();
                self.reasoning.clear();
            }
            self.item(item);
        }
    }

    /// The results in a message of a tool: those among its blocks, and the message itself if it has anything else, or
    /// nothing.
    fn results(&mut self, message: &Message, place: Place) -> Result<(), Invalid> {
        let mut output = Value::from("");
        let mut has_results = false;
        match &message.content {
            MessageContent::Text(text) => output = text.as_str().into(),
            MessageContent::Blocks(blocks) => {
                let mut parts = Vec::new();
                for (index, block) in blocks.iter().enumerate() {
                    let place = place.element("content", index);
                    match &block.content {
                        BlockContent::ToolResult(result) => {
                            self.result(result, message.name.as_deref(), place)?;
                            has_results = true;
                        }
                        _ => parts.extend(content::part(block, place, self.drops)?),
                    }
                }
                if !parts.is_empty() {
                    output = Value::Array(parts);
                } else if has_results {
                    return Ok(());
                }
            }
        }
        let id = message.tool_call_id.as_deref();
        self.add_result(
            id.unwrap_or_default(),
            message.name.as_deref(),
            output,
            place,
        );
        Ok(())
    }

    fn result(
        &mut self,
        result: &ToolResult,
        name: Option<&str>,
        place: Place,
    ) -> Result<(), Invalid> {
        let output = match serde_json::from_slice(result.output.as_bytes()) {
            Ok(Value::String(text)) => text.into(),
            Ok(Value::Array(elements))
                if !elements.is_empty() && elements.iter().all(content::is_block) =>
            {
                let mut parts = Vec::new();
                for (index, element) in elements.iter().enumerate() {
                    parts.push(match content::part_of_value(element, place.output(index)) {
                        Ok(part) => part,
                        // Tools answer with anything, and what one has answered stays in the conversation.
                        Err(Invalid(problem)) => {
                            let reason = "a tool has answered with what cannot be sent; the model is told so";
                            self.drops.add(place.output(index), "", reason);
                            content::text("input_text", &["[", &problem, "]"].concat())
                        }
                    });
                }
                Value::Array(parts)
            }
            // Any other value is text in JSON, which the model reads well.
            Ok(other) => json::written(&other).into(),
            Err(_) => {
                return Err(place.invalid("", "the output of a tool result must be JSON"));
            }
        };
        self.add_result(&result.tool_call_id, name, output, place);
        Ok(())
    }

    /// Adds a result. One without an id answers the call of its tool that waits; if there is none, the user says it.
    fn add_result(&mut self, id: &str, name: Option<&str>, output: Value, place: Place) {
        let found = match id {
            "" => self.waiting.call_id(name, &self.items),
            id => Some(id.to_owned()),
        };
        if let Some(id) = found {
            self.items.values.push(calls::result(&id, output));
            return;
        }
        let reason =
            "this result has no id, and no call waits for it; it is sent as what the user says";
        self.drops.add(place, ".tool_call_id", reason);
        let name = name
            .filter(|name| !name.is_empty())
            .unwrap_or("tool result");
        let mut parts = vec![content::text("input_text", &["[", name, "]"].concat())];
        match output {
            Value::Array(more) => parts.extend(more),
            text => parts.push(content::text(
                "input_text",
                text.as_str().unwrap_or_default(),
            )),
        }
        self.items.values.push(message_item("user", parts));
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
        let mut item = message_item(role, std::mem::take(&mut self.parts));
        if let Some(phase) = phase {
            item["phase"] = phase.into();
        }
        self.item(item);
    }
}

fn message_item(role: &str, parts: Vec<Value>) -> Value {
    // Foundry projects refuse a message without its type, which other endpoints take for granted.
    let mut item = json::typed("message");
    json::set_text(&mut item, "role", role);
    json::set(&mut item, "content", Value::Array(parts));
    Value::Object(item)
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
