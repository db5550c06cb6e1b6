//! From input items to messages.

use serde_json::{Value, json};

use super::content;
use crate::contract::types::{
    BlockContent, ContentBlock, Message, MessageContent, Role, Thinking, ToolCall,
};
use crate::kernel_json::JsonError;
use crate::kernel_json::reader::{self, Object, Place};

/// What an error calls the input.
pub(super) const INPUT: &str = "a string or an array of items";

/// Reads the input: text, or items.
pub(super) fn read(value: Value, place: Place<'_>) -> Result<Vec<Message>, JsonError> {
    match value {
        Value::String(text) => Ok(vec![Message::of(Role::User, MessageContent::Text(text))]),
        Value::Array(items) => {
            let mut conversation = Conversation::default();
            for (index, item) in items.into_iter().enumerate() {
                conversation.item(item, place.index(index))?;
            }
            Ok(conversation.messages)
        }
        other => Err(JsonError::unexpected(place, INPUT, &other)),
    }
}

#[derive(Default)]
struct Conversation {
    messages: Vec<Message>,
}

impl Conversation {
    fn item(&mut self, value: Value, place: Place<'_>) -> Result<(), JsonError> {
        let mut object = Object::new(value, place)?;
        // A message may come without its type.
        let kind = object.optional_string("type")?;
        match kind.as_deref().unwrap_or("message") {
            "message" => self.message(object)?,
            "function_call" => {
                let arguments = object.required("arguments", "a string", arguments)?;
                self.call(object, arguments)?;
            }
            "custom_tool_call" => {
                let input = object.string("input")?;
                self.call(object, json!({ "input": input }).to_string())?;
            }
            "apply_patch_call" => {
                let id = object.string("call_id")?;
                let operation = object.object_text("operation")?;
                self.say(tool_call(id, "apply_patch".to_owned(), operation));
            }
            "apply_patch_call_output" | "custom_tool_call_output" | "function_call_output" => {
                self.output(object)?;
            }
            "reasoning" => self.reasoning(object)?,
            kind if DONE_BY_THE_SERVICE.contains(&kind) => {}
            _ => {
                let reason = "items of this type cannot be sent from here; send messages, reasoning, and calls of \
                              tools with their outputs";
                return Err(JsonError::not_allowed(place.key("type"), reason));
            }
        }
        Ok(())
    }

    fn message(&mut self, mut object: Object<'_>) -> Result<(), JsonError> {
        let role = object.required("role", ROLE, role)?;
        let phase = object.optional_string("phase")?;
        let content = object.required("content", content::CONTENT, |value, place| {
            content::read(value, place, role)
        })?;
        match role {
            Role::Assistant => {
                let blocks = match content {
                    MessageContent::Text(text) => vec![ContentBlock::of(BlockContent::Text(text))],
                    MessageContent::Blocks(blocks) => blocks,
                };
                let extensions = phase.map(|phase| json!({ "phase": phase }).to_string());
                for mut block in blocks {
                    if extensions.is_some() && matches!(block.content, BlockContent::Text(_)) {
                        block.extensions.clone_from(&extensions);
                    }
                    self.say(block);
                }
            }
            _ => self.messages.push(Message::of(role, content)),
        }
        Ok(())
    }

    fn call(&mut self, mut object: Object<'_>, arguments: String) -> Result<(), JsonError> {
        let (id, name) = (object.string("call_id")?, object.string("name")?);
        self.say(tool_call(id, name, arguments));
        Ok(())
    }

    fn output(&mut self, mut object: Object<'_>) -> Result<(), JsonError> {
        let id = object.string("call_id")?;
        // A patch may come without one.
        let output = object.optional("output", |value, place| {
            content::read(value, place, Role::Tool)
        })?;
        let output = output.unwrap_or(MessageContent::Text(String::new()));
        self.messages.push(Message {
            tool_call_id: Some(id),
            ..Message::of(Role::Tool, output)
        });
        Ok(())
    }

    fn reasoning(&mut self, mut object: Object<'_>) -> Result<(), JsonError> {
        let id = object.optional_string("id")?;
        let encrypted_content = object.optional_string("encrypted_content")?;
        let summary = object.optional("summary", |value, place| {
            reader::list(value, place, "an array", |value, place| {
                Object::new(value, place)?.string("text")
            })
        })?;
        let thinking = Thinking {
            text: summary.unwrap_or_default().join("\n"),
            signature: None,
            content: Some(json!([encrypted_content, id]).to_string()),
        };
        self.say(ContentBlock::of(BlockContent::Thinking(thinking)));
        Ok(())
    }

    /// The assistant says something, in the message in which it spoke last if nobody has spoken since: reasoning must stay
    /// with what it led to.
    fn say(&mut self, block: ContentBlock) {
        match self.messages.last_mut() {
            Some(Message {
                role: Role::Assistant,
                content: MessageContent::Blocks(blocks),
                ..
            }) => blocks.push(block),
            _ => {
                let content = MessageContent::Blocks(vec![block]);
                self.messages.push(Message::of(Role::Assistant, content));
            }
        }
    }
}

fn tool_call(id: String, name: String, arguments: String) -> ContentBlock {
    ContentBlock::of(BlockContent::ToolCall(ToolCall {
        id,
        name,
        arguments,
        extensions: None,
    }))
}

/// The API's instructions in the conversation are the kernel's system messages. The kernel's `developer` is something
/// else: context for the model, in the name of the user.
fn role(value: Value, place: Place<'_>) -> Result<Role, JsonError> {
    match value.as_str() {
        Some("user") => Ok(Role::User),
        Some("assistant") => Ok(Role::Assistant),
        Some("developer" | "system") => Ok(Role::System),
        _ => Err(JsonError::unexpected(place, ROLE, &value)),
    }
}

/// Arguments are JSON in a string. The text itself stays as the model wrote it.
fn arguments(value: Value, place: Place<'_>) -> Result<String, JsonError> {
    let text = reader::string(value, place)?;
    match reader::parse(&text, place)? {
        Value::Object(_) => Ok(text),
        other => Err(JsonError::unexpected(
            place,
            "the text of a JSON object",
            &other,
        )),
    }
}

/// What an error says that a role may be.
const ROLE: &str = "one of user, assistant, system, developer";

/// What the service's own tools have done. What came of it is in the text, and a chat request has no place for it.
const DONE_BY_THE_SERVICE: [&str; 6] = [
    "code_interpreter_call",
    "file_search_call",
    "image_generation_call",
    "mcp_call",
    "mcp_list_tools",
    "web_search_call",
];
