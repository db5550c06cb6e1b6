//! Results of tools: messages of their own, or blocks of a message.

use serde_json::Value;

use super::Translator;
use crate::contract::types::{BlockContent, Message, MessageContent, ToolResult};
use crate::core::item::{ItemKind, Output, Part, ResultItem};
use crate::core::json;
use crate::core::request::content;
use crate::core::request::location::{Invalid, Location};

impl Translator<'_> {
    /// The results in a message of a tool: those among its blocks, and the message itself if it has anything else, or
    /// nothing.
    pub(super) fn results(&mut self, message: &Message, location: Location) -> Result<(), Invalid> {
        let mut output = Output::Text(String::new());
        let mut has_results = false;
        match &message.content {
            MessageContent::Text(text) => output = Output::Text(text.clone()),
            MessageContent::Blocks(blocks) => {
                let mut parts = Vec::new();
                for (index, block) in blocks.iter().enumerate() {
                    let location = location.element("content", index);
                    match &block.content {
                        BlockContent::ToolResult(result) => {
                            self.result(result, message.name.as_deref(), location)?;
                            has_results = true;
                        }
                        _ => parts.extend(content::part(block, location, self.drops)?),
                    }
                }
                if !parts.is_empty() {
                    output = Output::Parts(parts);
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
            location,
        );
        Ok(())
    }

    /// A block that is a result, of a tool with this name if that is known.
    pub(super) fn result(
        &mut self,
        result: &ToolResult,
        name: Option<&str>,
        location: Location,
    ) -> Result<(), Invalid> {
        let output = match serde_json::from_slice(result.output.as_bytes()) {
            Ok(Value::String(text)) => Output::Text(text),
            Ok(Value::Array(elements))
                if !elements.is_empty() && elements.iter().all(content::is_block) =>
            {
                let mut parts = Vec::new();
                for (index, element) in elements.iter().enumerate() {
                    let location = location.output(index);
                    parts.push(match content::part_of_value(element, location) {
                        Ok(part) => part,
                        // Tools answer with anything, and what one has answered stays in the conversation.
                        Err(Invalid(problem)) => {
                            let reason = "a tool has answered with what cannot be sent; the model is told so";
                            self.drops.add(location, "", reason);
                            Part::input_text(&["[", &problem, "]"].concat())
                        }
                    });
                }
                Output::Parts(parts)
            }
            // Any other value is text in JSON, which the model reads well.
            Ok(other) => Output::Text(json::written(&other)),
            Err(_) => {
                return Err(location.invalid("", "the output of a tool result must be JSON"));
            }
        };
        self.add_result(&result.tool_call_id, name, output, location);
        Ok(())
    }

    /// Adds a result. One without an id answers the call of its tool that waits; if there is none, it is text of the user.
    fn add_result(&mut self, id: &str, name: Option<&str>, output: Output, location: Location) {
        let found = match id {
            "" => self.pending_calls.call_id(name, &self.items),
            id => Some(id.to_owned()),
        };
        if let Some(id) = found {
            return self.push_apart(ItemKind::Result(ResultItem::new(id, output)));
        }
        let reason =
            "this result has no id, and no call waits for it; it is sent as what the user says";
        self.drops.add(location, ".tool_call_id", reason);
        let name = name
            .filter(|name| !name.is_empty())
            .unwrap_or("tool result");
        let mut parts = vec![Part::input_text(&["[", name, "]"].concat())];
        match output {
            Output::Parts(more) => parts.extend(more),
            Output::Text(text) => parts.push(Part::input_text(&text)),
        }
        self.user_message(parts);
    }
}
