//! What the blocks of a response do not hold of its items, for the metadata.

use serde_json::{Map, Value};

use super::call::Call;
use crate::core::item;
use crate::core::json;

/// The value of the key [`item::ITEMS`] in the making.
#[derive(Default)]
pub(super) struct Items {
    list: Vec<Value>,
    /// Whether there are items that are no blocks, so that it matters where the blocks are.
    has_items: bool,
}

impl Items {
    /// A block of this type comes next.
    pub(super) fn block(&mut self, kind: &str) {
        self.list.push(kind.into());
    }

    /// A tool call comes next, whose item has this beside its block.
    pub(super) fn call(&mut self, call: &Call<'_>, mut details: Map<String, Value>) {
        // A type alone is no news where the request declares the tool.
        let only_type = details.len() == usize::from(details.contains_key("type"));
        if only_type && call.kind.is_declared() {
            return self.block(item::TOOL_CALL);
        }
        if !details.contains_key("type") {
            json::set_text(&mut details, "type", "function_call");
        }
        json::set_text(&mut details, "call_id", call.id);
        self.list.push(Value::Object(details));
    }

    /// The item with this index comes next, which is no block; if anything of it goes back to the service.
    pub(super) fn add(&mut self, index: usize, all: &[Value]) {
        let item = &all[index];
        if let Some(kept) = item::kept(item)
            && (!wants_output(item) || has_output(item, &all[index..]))
        {
            self.list.push(kept);
            self.has_items = true;
        }
    }

    /// The list; empty when the blocks hold everything.
    pub(super) fn finish(mut self) -> Vec<Value> {
        if !self.has_items {
            // Calls are found by their ids.
            self.list.retain(Value::is_object);
        }
        self.list
    }
}

/// Whether the service refuses this call, which it has run itself, without its output.
fn wants_output(item: &Value) -> bool {
    matches!(
        json::text(item, "type"),
        Some("shell_call" | "tool_search_call")
    )
}

/// Whether the output of a call comes after it.
fn has_output(call: &Value, after: &[Value]) -> bool {
    let kind = match json::text(call, "type") {
        Some("tool_search_call") => "tool_search_output",
        _ => "shell_call_output",
    };
    let id = json::text(call, "call_id");
    after
        .iter()
        .any(|item| json::text(item, "type") == Some(kind) && json::text(item, "call_id") == id)
}
