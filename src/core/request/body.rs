//! The body of a request.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::core::item::ItemKind;
use crate::core::json;

/// The body of a request, until it is written. Its keys are written in their order, so that equal requests are equal bytes and
/// the service's prompt cache recognises them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// All parameters but the input.
    pub(super) parameters: Map<String, Value>,
    /// The conversation.
    pub(super) input: Vec<ItemKind>,
    /// What a setting has in the place of a conversation: a text, which is short for a message of the user, or anything else.
    given: Option<Value>,
    /// The answer so far, which the model is to continue. It is at the end of the input.
    pub(super) answer: Vec<ItemKind>,
}

/// What events report of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// There are instructions.
    pub has_instructions: bool,
    /// It says how the model reasons.
    pub has_reasoning: bool,
    /// How many items the input has.
    pub item_count: usize,
    /// How many tools there are.
    pub tool_count: usize,
}

impl Body {
    /// Writes the body.
    pub fn write(&self) -> Vec<u8> {
        json::bytes(self)
    }

    /// The body as JSON, for an event that shows it.
    pub fn to_value(&self) -> Value {
        serde_json::from_slice(&self.write()).unwrap_or_default()
    }

    /// The conversation.
    pub fn items(&self) -> &[ItemKind] {
        &self.input
    }

    /// What events report of it.
    pub fn summary(&self) -> Summary {
        let tools = self.parameters.get("tools").and_then(Value::as_array);
        Summary {
            has_instructions: self.parameters.contains_key("instructions"),
            has_reasoning: self.parameters.contains_key("reasoning"),
            item_count: self.input.len() + self.answer.len(),
            tool_count: tools.map_or(0, Vec::len),
        }
    }

    /// Sets a parameter. Another input takes the place of the conversation.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        match (name, value) {
            (INPUT, Value::Array(items)) => {
                self.input = items.into_iter().map(ItemKind::in_service_form).collect();
            }
            (INPUT, value) => {
                self.input = Vec::new();
                self.given = Some(value);
            }
            (_, value) => json::set(&mut self.parameters, name, value),
        }
    }

    /// Sets a parameter to a text.
    pub(super) fn set_text(&mut self, name: &str, text: &str) {
        json::set_text(&mut self.parameters, name, text);
    }

    /// Whether it has a parameter.
    pub(super) fn has(&self, name: &str) -> bool {
        name == INPUT || self.parameters.contains_key(name)
    }

    /// The index of the first item of the answer so far.
    pub(super) fn answer_index(&self) -> usize {
        self.input.len() + usize::from(self.given.is_some())
    }

    /// Whether the item of the input with this index is reasoning.
    pub(super) fn is_reasoning(&self, index: usize) -> bool {
        let item = match index.checked_sub(self.answer_index()) {
            Some(index) => self.answer.get(index),
            None => self.input.get(index),
        };
        matches!(item, Some(ItemKind::Reasoning(_)))
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        let mut input = Some(WholeInput(self));
        for (name, value) in &self.parameters {
            if name.as_str() > INPUT
                && let Some(input) = input.take()
            {
                body.serialize_entry(INPUT, &input)?;
            }
            body.serialize_entry(name, value)?;
        }
        if let Some(input) = input {
            body.serialize_entry(INPUT, &input)?;
        }
        body.end()
    }
}

/// The input with the answer so far.
struct WholeInput<'a>(&'a Body);

impl Serialize for WholeInput<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Body {
            input,
            given,
            answer,
            ..
        } = self.0;
        let first = match given {
            None => None,
            Some(Value::String(text)) if !answer.is_empty() => Some(json::object_of(vec![
                ("type", "message".into()),
                ("role", "user".into()),
                ("content", text.as_str().into()),
            ])),
            // Nothing can be added to it, or nothing is.
            Some(given) => return given.serialize(serializer),
        };
        let mut items = serializer.serialize_seq(None)?;
        if let Some(message) = first {
            items.serialize_element(&message)?;
        }
        for item in input.iter().chain(answer) {
            items.serialize_element(item)?;
        }
        items.end()
    }
}

const INPUT: &str = "input";
