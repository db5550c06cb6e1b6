//! Messages of the assistant: what the model wrote, thought and called goes back as it came.

use serde_json::{Map, Value};

use super::Translator;
use crate::contract::types::{BlockContent, ContentBlock, Message, Role, Thinking};
use crate::core::item::{CallItem, CallKind, Content, ItemKind, PREFIX, Part, ReasoningItem};
use crate::core::json;
use crate::core::request::content;
use crate::core::request::kept::Block;
use crate::core::request::location::{Invalid, Location};
use crate::core::request::pending_calls::PendingCalls;
use crate::core::request::stored_calls;

impl Translator<'_> {
    pub(super) fn block_of_assistant(
        &mut self,
        block: &ContentBlock,
        location: Location,
    ) -> Result<(), Invalid> {
        match &block.content {
            BlockContent::Text(text) => {
                let extensions = content::extensions(block.extensions.as_deref(), location)?;
                // Other values are not the service's, and so are the agent's own.
                let phase = match json::text(&extensions, "phase") {
                    Some("commentary") => Some("commentary"),
                    Some("final_answer") => Some("final_answer"),
                    _ => None,
                };
                self.text(text, phase);
            }
            BlockContent::Refusal(refusal) => {
                self.replay_before(Block::Text);
                self.parts
                    .push(Part::new(Content::Refusal(refusal.clone())));
            }
            // Agents change the model in the middle of a conversation.
            BlockContent::Thinking(_) if !self.reasons => {
                self.replay_before(Block::Thinking);
                let reason = "the model does not reason";
                self.drops.add(location, "", reason);
            }
            BlockContent::Thinking(_) if self.kept.is_foreign => {
                self.replay_before(Block::Thinking);
                let reason =
                    "another endpoint has encrypted this thinking, and no other can read it";
                self.drops.add(location, "", reason);
            }
            BlockContent::Thinking(thinking) => match reasoning(thinking) {
                Some(item) => {
                    self.replay_before(Block::Thinking);
                    self.end_message(Role::Assistant);
                    self.reasoning.push(item);
                }
                None => {
                    let reason =
                        "this thinking was not encrypted by the service, which refuses any other";
                    self.drops.add(location, "", reason);
                }
            },
            BlockContent::RedactedThinking(_) | BlockContent::Reasoning(_) => {
                self.drops.add(location, "", "only its author can read it");
            }
            BlockContent::ToolCall(call) => {
                let arguments = match call.arguments.trim_ascii() {
                    "" => Some(Map::new()),
                    arguments => json::object(arguments),
                };
                let Some(arguments) = arguments else {
                    let problem = "the arguments of a tool call must be a JSON object";
                    return Err(location.invalid("", problem));
                };
                let mut details = Map::new();
                let extensions = content::extensions(block.extensions.as_deref(), location)?;
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

    /// What comes after the blocks: calls that are stored beside them, and items that the metadata has kept.
    pub(super) fn rest_of_assistant(
        &mut self,
        message: &Message,
        location: Location,
    ) -> Result<(), Invalid> {
        for call in stored_calls::of(message, location, self.drops)? {
            self.call(&call.id, &call.name, call.arguments, Map::new());
        }
        let rest = std::mem::take(&mut self.kept).rest();
        self.replay(rest);
        Ok(())
    }

    /// Adds a text; one of another phase than the text before it is an item of its own.
    pub(super) fn text(&mut self, text: &str, phase: Option<&'static str>) {
        self.replay_before(Block::Text);
        // Between a tool's call and its result there is no text; agents store that as an empty one.
        if text.is_empty() {
            return;
        }
        if self.phase != phase {
            self.end_message(Role::Assistant);
        }
        self.phase = phase;
        self.parts.push(Part::output_text(text));
    }

    /// Adds a call. What its item had beside the block is in the block, or else in the metadata. So is its kind, or else it is that
    /// of the tool that the request declares.
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
        self.end_message(Role::Assistant);
        let item_type = details.get("type").and_then(Value::as_str);
        let kind = item_type
            .and_then(CallKind::of_type)
            .unwrap_or_else(|| self.declared.call_kind(name));
        let call = CallItem::new(kind, id, name, arguments, details);
        self.push(ItemKind::Call(call));
    }

    /// Replays what came before a block and is none.
    fn replay_before(&mut self, block: Block<'_>) {
        let items = self.kept.before(block);
        self.replay(items);
    }

    fn replay(&mut self, items: Vec<ItemKind>) {
        for item in items {
            self.end_message(Role::Assistant);
            // It holds what came before it, in a form that only the service can read.
            if let ItemKind::Compaction(_) = item {
                self.items.clear();
                self.pending_calls = PendingCalls::default();
                self.reasoning.clear();
            }
            self.push(item);
        }
    }
}

/// The reasoning that a thinking block came from: its state is the encrypted content and the id. None when it did not come from
/// this service.
fn reasoning(thinking: &Thinking) -> Option<ReasoningItem> {
    let state: Value = serde_json::from_slice(thinking.content.as_deref()?.as_bytes()).ok()?;
    let encrypted_content = state.get(0)?.as_str().filter(|text| !text.is_empty())?;
    let id = state.get(1).and_then(Value::as_str);
    Some(ReasoningItem::of_thinking(
        encrypted_content,
        id,
        &thinking.text,
    ))
}
