//! From messages to the items of the input.
//!
//! * `system`: text, which becomes the instructions, all of it joined by blank lines. What is empty adds nothing.
//! * `developer`: a user's item in its place, between lines that mark it as context.
//! * `user`: a user's item; results of tools among its blocks are items of their own, in their place.
//! * `assistant`: text and refusals that belong together are one item; reasoning and calls between them keep their place, and so
//!   does what the metadata has kept of the response. Annotations are not replayed: the service wrote them for the reader.
//! * `tool`, `function`: results.
//!
//! What the service has no room for does not end a conversation: an image or a file of the assistant is sent as the user's, a
//! result without a call as text of the user, and anything else is left out, which is reported. The keys of messages and blocks
//! that are not named in this folder are the agent's own, and are not sent.

mod assistant;
mod context;
mod results;

use super::content;
use super::kept::Kept;
use super::location::{Drops, Invalid, Location};
use super::pending_calls::PendingCalls;
use super::tools::Declared;
use crate::contract::types::{self, BlockContent, ContentBlock, Message, MessageContent};
use crate::core::item::{Item, ItemKind, MessageItem, Part, ReasoningItem, Role};

/// The conversation in the service's form.
pub(super) struct Input {
    /// The system messages, a blank line between them.
    pub(super) instructions: Option<String>,
    /// Everything else, in order.
    pub(super) items: Vec<Item>,
}

/// Translates the conversation. `reasons` is false for a model that is known not to; `is_foreign` says whether what was encrypted
/// at an endpoint, which the metadata of a message may name, means nothing where the request is sent.
pub(super) fn translate(
    messages: &[Message],
    declared: &Declared<'_>,
    reasons: bool,
    is_foreign: &dyn Fn(Option<&str>) -> bool,
    drops: &mut Drops,
) -> Result<Input, Invalid> {
    let mut translator = Translator {
        declared,
        reasons,
        is_foreign,
        drops,
        instructions: Vec::new(),
        items: Vec::new(),
        origin: 0,
        pending_calls: PendingCalls::default(),
        parts: Vec::new(),
        phase: None,
        reasoning: Vec::new(),
        kept: Kept::default(),
    };
    for (index, message) in messages.iter().enumerate() {
        translator.origin = index;
        translator.message(message, Location::message(index))?;
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
    declared: &'a Declared<'a>,
    reasons: bool,
    is_foreign: &'a dyn Fn(Option<&str>) -> bool,
    drops: &'a mut Drops,
    instructions: Vec<String>,
    items: Vec<Item>,
    /// The index of the present message.
    origin: usize,
    pending_calls: PendingCalls,
    /// The parts of the message item that is being made.
    parts: Vec<Part>,
    /// Its phase.
    phase: Option<&'static str>,
    /// Reasoning that waits for the item that it led to. The service refuses it alone.
    reasoning: Vec<ReasoningItem>,
    /// What the present message has kept of its response.
    kept: Kept,
}

impl Translator<'_> {
    fn message(&mut self, message: &Message, location: Location) -> Result<(), Invalid> {
        if matches!(message.role, types::Role::Function | types::Role::Tool) {
            return self.results(message, location);
        }
        if message.name.as_deref().is_some_and(|name| !name.is_empty()) {
            let reason = "the Responses API has no names of authors";
            self.drops.add(location, ".name", reason);
        }
        if message.role == types::Role::Assistant {
            self.kept = Kept::of(message, self.is_foreign);
        }
        match &message.content {
            MessageContent::Text(text) => match message.role {
                types::Role::System => self.instruct(text),
                types::Role::Assistant => self.text(text, None),
                _ => self.parts.push(Part::input_text(text)),
            },
            MessageContent::Blocks(blocks) => {
                for (index, block) in blocks.iter().enumerate() {
                    self.block(message.role, block, location.element("content", index))?;
                }
            }
        }
        match message.role {
            types::Role::Developer => context::mark(&mut self.parts),
            types::Role::Assistant => self.rest_of_assistant(message, location)?,
            _ => {}
        }
        self.end_message(message.role);
        if !self.reasoning.is_empty() {
            self.reasoning.clear();
            let reason = "its reasoning led to nothing, and the service refuses reasoning alone";
            self.drops.add(location, "", reason);
        }
        Ok(())
    }

    fn block(
        &mut self,
        role: types::Role,
        block: &ContentBlock,
        location: Location,
    ) -> Result<(), Invalid> {
        match (role, &block.content) {
            (types::Role::System, BlockContent::Text(text) | BlockContent::Refusal(text)) => {
                self.instruct(text);
            }
            (_, BlockContent::ToolResult(result)) => {
                if role == types::Role::Developer {
                    context::mark(&mut self.parts);
                }
                self.end_message(role);
                self.result(result, None, location)?;
            }
            (
                types::Role::Assistant | types::Role::System,
                BlockContent::Image(_) | BlockContent::File(_),
            ) => {
                self.end_message(role);
                self.move_to_user(block, location);
            }
            (types::Role::Assistant, _) => self.block_of_assistant(block, location)?,
            _ => {
                if let Some(part) = content::part(block, location, self.drops)? {
                    self.parts.push(part);
                }
            }
        }
        Ok(())
    }

    /// Sends as the user's what only the user can send.
    fn move_to_user(&mut self, block: &ContentBlock, location: Location) {
        let part = if content::is_readable(block) {
            content::part(block, location, self.drops)
        } else {
            Ok(None)
        };
        let Ok(Some(part)) = part else {
            let reason = "the model cannot read images and files like this one of its own";
            self.drops.add(location, "", reason);
            return;
        };
        let reason =
            "the service takes images and files from the user only; it is sent as the user's";
        self.drops.add(location, "", reason);
        self.user_message(vec![part]);
    }

    fn instruct(&mut self, text: &str) {
        if !text.is_empty() {
            self.instructions.push(text.to_owned());
        }
    }

    /// Ends the message item that is being made.
    fn end_message(&mut self, role: types::Role) {
        let phase = self.phase.take();
        if self.parts.is_empty() {
            return;
        }
        let role = match role {
            types::Role::Assistant => Role::Assistant,
            _ => Role::User,
        };
        let message = MessageItem {
            role,
            parts: std::mem::take(&mut self.parts),
            phase: phase.map(str::to_owned),
        };
        self.push(ItemKind::Message(message));
    }

    /// Adds an item, after the reasoning that led to it.
    fn push(&mut self, kind: ItemKind) {
        for reasoning in std::mem::take(&mut self.reasoning) {
            self.push_apart(ItemKind::Reasoning(reasoning));
        }
        self.push_apart(kind);
    }

    /// Adds a message of the user. It does not come of the reasoning that waits.
    fn user_message(&mut self, parts: Vec<Part>) {
        self.push_apart(ItemKind::Message(MessageItem::new(Role::User, parts)));
    }

    /// Adds an item that does not come of the reasoning that waits.
    fn push_apart(&mut self, kind: ItemKind) {
        let origin = self.origin;
        self.items.push(Item { origin, kind });
    }
}
