//! Output items, at their start and at their end.

use serde_json::{Value, json};

use super::Ids;
use super::answer::OutputItem;
use super::parameters::ENCRYPTED_CONTENT;
use super::request::CreateRequest;

/// An output item with its ids.
pub(super) struct Item {
    pub(super) id: String,
    pub(super) output: OutputItem,
    call_id: Option<String>,
    is_complete: bool,
    is_encrypted: bool,
}

impl Item {
    pub(super) fn new(
        output: OutputItem,
        is_complete: bool,
        request: &CreateRequest<'_>,
        ids: &Ids,
    ) -> Self {
        let (prefix, is_call, is_reasoning) = match output {
            OutputItem::FunctionCall { .. } => ("fc", true, false),
            OutputItem::Reasoning { .. } => ("rs", false, true),
            OutputItem::Refusal(_) | OutputItem::Text(_) => ("msg", false, false),
        };
        Self {
            id: ids.next(prefix),
            output,
            call_id: is_call.then(|| ids.next("call")),
            is_complete,
            is_encrypted: is_reasoning && request.includes(ENCRYPTED_CONTENT),
        }
    }

    /// The item as it is announced.
    pub(super) fn started(&self) -> Value {
        match &self.output {
            OutputItem::FunctionCall { name, .. } => self.function_call(name, "", "in_progress"),
            // Azure sends the encrypted content twice, and only the second one counts.
            OutputItem::Reasoning { .. } => self.reasoning(json!([]), "draft"),
            OutputItem::Refusal(_) | OutputItem::Text(_) => self.message(json!([]), "in_progress"),
        }
    }

    /// The item with everything.
    pub(super) fn finished(&self) -> Value {
        let status = if self.is_complete {
            "completed"
        } else {
            "incomplete"
        };
        match &self.output {
            OutputItem::FunctionCall { name, arguments } => {
                self.function_call(name, arguments, status)
            }
            OutputItem::Reasoning { summary } => {
                let parts: Vec<Value> = summary.iter().map(|text| summary_text(text)).collect();
                self.reasoning(json!(parts), "final")
            }
            OutputItem::Refusal(text) => self.message(json!([refusal(text)]), status),
            OutputItem::Text(text) => self.message(json!([output_text(text)]), status),
        }
    }

    fn function_call(&self, name: &str, arguments: &str, status: &str) -> Value {
        json!({
            "id": self.id,
            "type": "function_call",
            "status": status,
            "arguments": arguments,
            "call_id": self.call_id,
            "name": name,
        })
    }

    fn message(&self, content: Value, status: &str) -> Value {
        json!({
            "id": self.id,
            "type": "message",
            "status": status,
            "content": content,
            "role": "assistant",
        })
    }

    fn reasoning(&self, summary: Value, stage: &str) -> Value {
        let mut item = json!({"id": self.id, "type": "reasoning", "summary": summary});
        if self.is_encrypted {
            item["encrypted_content"] = json!(format!("gAAAA-mock-{stage}-{}", self.id));
        }
        item
    }
}

/// A part of a message that is text.
pub(super) fn output_text(text: &str) -> Value {
    json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text})
}

/// A part of a message that is a refusal.
pub(super) fn refusal(text: &str) -> Value {
    json!({"type": "refusal", "refusal": text})
}

/// A part of a summary.
pub(super) fn summary_text(text: &str) -> Value {
    json!({"type": "summary_text", "text": text})
}
