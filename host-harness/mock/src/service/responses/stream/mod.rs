//! A response told event by event, in the orders that the service is known for.

mod item;

use serde_json::{Value, json};

/// All events of a response, from `response.created` to its end.
pub(super) fn events(response: &Value, is_obfuscated: bool) -> Vec<Value> {
    let mut writer = Writer {
        events: Vec::new(),
        is_obfuscated,
    };
    let begun = json!({"response": begun(response)});
    writer.event("response.created", begun.clone());
    writer.event("response.in_progress", begun);
    let output = response["output"].as_array().map(Vec::as_slice);
    for (index, item) in output.unwrap_or_default().iter().enumerate() {
        item::tell(item, index, &mut writer);
    }
    let end = match response["status"].as_str() {
        Some("failed") => "response.failed",
        Some("incomplete") => "response.incomplete",
        // A stream has no other end.
        _ => "response.completed",
    };
    writer.event(end, json!({"response": response}));
    writer.events
}

/// The response before there is anything of it.
fn begun(response: &Value) -> Value {
    let mut response = response.clone();
    if let Some(members) = response.as_object_mut() {
        members.insert("status".to_owned(), json!("in_progress"));
        members.insert("output".to_owned(), json!([]));
        for name in ["content_filters", "error", "incomplete_details", "usage"] {
            members.insert(name.to_owned(), Value::Null);
        }
    }
    response
}

struct Writer {
    events: Vec<Value>,
    is_obfuscated: bool,
}

impl Writer {
    /// A delta is padded to a length that tells nothing about it.
    fn delta(&mut self, kind: &str, place: &Value, delta: &str) {
        let mut data = with(place, json!({"delta": delta}));
        if self.is_obfuscated {
            let length = PADDED - delta.len() % PADDED;
            let start = self.events.len() % PADDING.len();
            let letters = PADDING.chars().cycle().skip(start);
            data["obfuscation"] = json!(letters.take(length).collect::<String>());
        }
        self.event(kind, data);
    }

    fn event(&mut self, kind: &str, mut data: Value) {
        data["type"] = json!(kind);
        data["sequence_number"] = json!(self.events.len());
        self.events.push(data);
    }
}

/// The members of both objects.
fn with(base: &Value, more: Value) -> Value {
    let mut both = base.clone();
    if let (Value::Object(members), Value::Object(more)) = (&mut both, more) {
        members.extend(more);
    }
    both
}

/// Deltas and their padding have a multiple of this length together.
const PADDED: usize = 16;

/// Random in the real service; here the same in each run.
const PADDING: &str = "k3VxQ9bLrT2mZ7sWfH";
