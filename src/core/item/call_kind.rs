//! The kinds of calls that the kernel answers: those of functions, and those of the service's own tools that run on the caller's
//! side.

use serde_json::{Map, Value};

use crate::core::json;

/// A kind of calls that the kernel answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// `apply_patch_call`: the arguments are its operation.
    ApplyPatch,
    /// `computer_call`: the arguments are its actions and what must be confirmed before them.
    Computer,
    /// `custom_tool_call`: the arguments are `{"input": "…"}`.
    Custom,
    /// `function_call`.
    Function,
    /// `local_shell_call`: the arguments are its action.
    LocalShell,
    /// `mcp_approval_request`: whether a tool of an MCP server may run, by server, name and arguments.
    McpApproval,
    /// `shell_call` for the caller's machine: the arguments are its action.
    Shell,
    /// `tool_search_call` that the caller executes.
    ToolSearch,
}

/// What sets a kind apart.
struct Row {
    kind: CallKind,
    /// The type of its items.
    item: &'static str,
    /// The tool's name, where items have none.
    name: &'static str,
    /// The members that a call's id, name and arguments are made of, or that nobody needs. The API requires the `id` of some
    /// kinds, so that it is kept for them.
    read: &'static [&'static str],
}

const ROWS: [Row; 8] = [
    Row {
        kind: CallKind::ApplyPatch,
        item: "apply_patch_call",
        name: "apply_patch",
        read: &["id", "operation"],
    },
    Row {
        kind: CallKind::Computer,
        item: "computer_call",
        name: "computer",
        read: &[ACTION, ACTIONS, SAFETY_CHECKS],
    },
    Row {
        kind: CallKind::Custom,
        item: "custom_tool_call",
        name: "",
        read: &["id", "input", "name"],
    },
    Row {
        kind: CallKind::Function,
        item: "function_call",
        name: "",
        read: &["arguments", "id", "input", "name"],
    },
    Row {
        kind: CallKind::LocalShell,
        item: "local_shell_call",
        name: "local_shell",
        read: &[ACTION],
    },
    Row {
        kind: CallKind::McpApproval,
        item: "mcp_approval_request",
        name: "mcp_approval_request",
        read: &["arguments", "id", "name", "server_label"],
    },
    Row {
        kind: CallKind::Shell,
        item: "shell_call",
        name: "shell",
        read: &[ACTION, "id"],
    },
    Row {
        kind: CallKind::ToolSearch,
        item: "tool_search_call",
        name: "tool_search",
        read: &["arguments", "id"],
    },
];

impl CallKind {
    /// The kind of call that an item of a response is. None for other items, those of tools that the service runs itself
    /// included, and for a call with nothing to do.
    pub fn of(item: &Value) -> Option<Self> {
        let has = |key, is_right: fn(&Value) -> bool| item.get(key).is_some_and(is_right);
        match Self::of_details(item)? {
            Self::Computer | Self::LocalShell | Self::Shell
                if !has(ACTION, Value::is_object) && !has(ACTIONS, Value::is_array) =>
            {
                None
            }
            kind => Some(kind),
        }
    }

    /// The kind of the call whose [`Self::details`] these are.
    pub fn of_details(details: &Value) -> Option<Self> {
        match Self::of_type(json::text(details, "type")?)? {
            Self::Shell if is_in_container(details) => None,
            Self::ToolSearch if json::text(details, EXECUTION) != Some(CLIENT) => None,
            kind => Some(kind),
        }
    }

    /// The kind whose items have this type.
    pub fn of_type(item: &str) -> Option<Self> {
        // Not of the API, but what some gateways send.
        if item == "tool_call" {
            return Some(Self::Function);
        }
        let row = ROWS.iter().find(|row| row.item == item)?;
        Some(row.kind)
    }

    /// The type of its items.
    pub fn item_type(self) -> &'static str {
        self.row().item
    }

    /// The name of the tool, for kinds whose items have none.
    pub fn tool_name(self) -> &'static str {
        self.row().name
    }

    /// Whether items of this kind are recognised without their type: by their name, among the tools of the request.
    pub fn is_declared(self) -> bool {
        matches!(self, Self::ApplyPatch | Self::Custom | Self::Function)
    }

    /// What an item of this kind has beside the id, the name and the arguments of its call; its type too, unless it is a function.
    pub fn details(self, item: &Value) -> Map<String, Value> {
        let read = self.row().read;
        let mut details = Map::new();
        for (key, value) in item.as_object().into_iter().flatten() {
            let is_read = COMMON.contains(&key.as_str()) || read.contains(&key.as_str());
            if !is_read && !json::says_nothing(value) {
                details.insert(key.clone(), value.clone());
            }
        }
        if self != Self::Function {
            json::set_text(&mut details, "type", self.row().item);
        }
        details
    }

    fn row(self) -> &'static Row {
        let row = ROWS.iter().find(|row| row.kind == self);
        // Each kind has one; a test says so.
        row.unwrap_or(&ROWS[0])
    }
}

/// Whether the service runs the commands. It names where they run only since it has several places.
fn is_in_container(shell_call: &Value) -> bool {
    let environment = shell_call.get("environment").unwrap_or(&Value::Null);
    json::text(environment, "type").is_some_and(|kind| kind != "local")
}

/// The members of every call that say nothing beside it.
const COMMON: [&str; 4] = ["call_id", "created_by", "status", "type"];

/// The member of calls for a machine that says what to do.
pub const ACTION: &str = "action";

/// The member of a `computer_call` with several actions.
pub const ACTIONS: &str = "actions";

/// The member of a `computer_call` with what a person must confirm before it.
pub const SAFETY_CHECKS: &str = "pending_safety_checks";

/// The member that says who runs a search for tools.
pub(super) const EXECUTION: &str = "execution";

/// The caller runs it.
pub(super) const CLIENT: &str = "client";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_row() {
        for row in &ROWS {
            assert_eq!(row.kind.item_type(), row.item);
            assert_eq!(CallKind::of_type(row.item), Some(row.kind));
        }
    }
}
