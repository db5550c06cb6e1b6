//! Reasoning of earlier answers.

use serde_json::{Map, Value};

use super::members::Members;
use crate::core::json;

/// The model's reasoning, encrypted. The service takes it back with what it led to, and refuses it alone.
#[derive(Clone, Debug, PartialEq)]
pub struct ReasoningItem {
    /// Its members without the id.
    members: Map<String, Value>,
    /// Its id.
    id: Option<String>,
    /// Whether the id is sent.
    sends_id: bool,
}

impl ReasoningItem {
    /// Reasoning of an earlier answer, from what its thinking block holds of it.
    pub fn of_thinking(encrypted_content: &str, id: Option<&str>, text: &str) -> Self {
        let mut summary = Vec::new();
        if !text.is_empty() {
            let mut part = json::typed("summary_text");
            json::set_text(&mut part, "text", text);
            summary.push(Value::Object(part));
        }
        Self::new(encrypted_content, id, summary)
    }

    /// Reasoning of the answer so far, from the item of a response. None when it is not encrypted.
    pub fn of_output(item: &Value) -> Option<Self> {
        let encrypted_content = json::text(item, "encrypted_content")?;
        let summary = json::items(item, "summary").to_vec();
        Some(Self::new(encrypted_content, json::text(item, ID), summary))
    }

    /// The id is held back: the service keeps nothing (`store: false`), and most endpoints refuse ids that they do not know. An
    /// empty one is none.
    fn new(encrypted_content: &str, id: Option<&str>, summary: Vec<Value>) -> Self {
        let mut members = json::typed("reasoning");
        json::set_text(&mut members, "encrypted_content", encrypted_content);
        json::set(&mut members, "summary", Value::Array(summary));
        Self {
            members,
            id: id.filter(|id| !id.is_empty()).map(str::to_owned),
            sends_id: false,
        }
    }

    /// Reasoning that is in the service's form already.
    pub(super) fn in_service_form(item: Value) -> Self {
        let mut members = match item {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        let id = match members.remove(ID) {
            Some(Value::String(id)) => Some(id),
            // It is none, and stays as it came.
            Some(other) => {
                json::set(&mut members, ID, other);
                None
            }
            None => None,
        };
        Self {
            sends_id: id.is_some(),
            members,
            id,
        }
    }

    /// Whether it has an id that is held back.
    pub fn holds_id_back(&self) -> bool {
        self.id.is_some() && !self.sends_id
    }

    /// Sends its id, from now on. Whether it has one.
    pub fn send_id(&mut self) -> bool {
        self.sends_id = self.id.is_some();
        self.sends_id
    }

    pub(super) fn members(&self) -> Members<'_> {
        let mut members = Members::default();
        members.all_of(&self.members);
        if let Some(id) = self.id.as_deref().filter(|_| self.sends_id) {
            members.text(ID, id);
        }
        members
    }
}

const ID: &str = "id";
