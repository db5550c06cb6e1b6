//! Calls that the caller answers, on their way back to the service.

use serde_json::{Map, Value};

use super::CallKind;
use super::call_kind::{ACTION, ACTIONS, CLIENT, EXECUTION, SAFETY_CHECKS};
use super::members::{Member, Members};
use crate::core::json;

/// A call that the caller answers.
#[derive(Clone, Debug, PartialEq)]
pub struct CallItem {
    /// What it is to the service.
    pub kind: CallKind,
    /// Its id, which its result repeats.
    pub id: String,
    /// The tool, as the service knows it: for an approval, the one at the MCP server.
    pub name: String,
    /// Its arguments, as the kernel has them.
    arguments: Map<String, Value>,
    /// What its item has beside these.
    details: Map<String, Value>,
}

impl CallItem {
    /// A call of this kind. `details` is what its item had beside the kernel's block. A call whose arguments are not those of the
    /// kind is one of a function: it is from before the tool was declared, or the agent has changed it.
    pub fn new(
        kind: CallKind,
        id: &str,
        name: &str,
        mut arguments: Map<String, Value>,
        mut details: Map<String, Value>,
    ) -> Self {
        if !is_called_with(kind, &arguments) {
            return Self::function(id, name, arguments);
        }
        details.remove("type");
        details.remove("call_id");
        let name = match kind {
            CallKind::Custom | CallKind::Function => name.to_owned(),
            CallKind::McpApproval => {
                // The service has them as JSON in a text.
                if let Some(tool_arguments) = arguments.get_mut("arguments")
                    && !tool_arguments.is_string()
                {
                    *tool_arguments = json::written(tool_arguments).into();
                }
                let name = arguments.get("name").and_then(Value::as_str);
                name.unwrap_or_default().to_owned()
            }
            CallKind::ApplyPatch => {
                if arguments.get("type").is_some_and(|kind| kind == DELETE) {
                    arguments.remove("diff");
                }
                kind.tool_name().to_owned()
            }
            CallKind::Computer | CallKind::LocalShell | CallKind::Shell | CallKind::ToolSearch => {
                kind.tool_name().to_owned()
            }
        };
        Self {
            kind,
            id: id.to_owned(),
            name,
            arguments,
            details,
        }
    }

    fn function(id: &str, name: &str, arguments: Map<String, Value>) -> Self {
        Self {
            kind: CallKind::Function,
            id: id.to_owned(),
            name: name.to_owned(),
            arguments,
            details: Map::new(),
        }
    }

    /// The same call as one of a function, which takes any result.
    pub fn as_function(&self) -> Self {
        Self::function(&self.id, &self.name, self.arguments.clone())
    }

    /// What called the tool, where it is not the model itself. Its result repeats it.
    pub fn caller(&self) -> Option<&Value> {
        self.details.get(CALLER)
    }

    /// Where the service cuts what a command prints, which the result repeats.
    pub fn max_output_length(&self) -> Option<u64> {
        self.arguments.get(MAX_LENGTH).and_then(Value::as_u64)
    }

    pub(super) fn members(&self) -> Members<'_> {
        let Self {
            kind, arguments, ..
        } = self;
        let mut members = Members::default();
        members.all_of(&self.details);
        if matches!(kind, CallKind::Computer | CallKind::McpApproval) {
            members.all_of(arguments);
        }
        members.text("type", kind.item_type());
        // An approval is told apart by the id of its item, which no other kind of call goes by.
        let id = match kind {
            CallKind::McpApproval => "id",
            _ => "call_id",
        };
        members.text(id, &self.id);
        match kind {
            CallKind::ApplyPatch => {
                members.text("status", "completed");
                members.set("operation", Member::Object(arguments));
            }
            CallKind::Computer => {
                if !arguments.contains_key(SAFETY_CHECKS)
                    && !self.details.contains_key(SAFETY_CHECKS)
                {
                    members.set(SAFETY_CHECKS, Member::List(&[]));
                }
                members.text("status", "completed");
            }
            CallKind::Custom => {
                members.text("name", &self.name);
                match arguments.get("input") {
                    Some(Value::String(input)) if arguments.len() == 1 => {
                        members.text("input", input);
                    }
                    // Nothing of other arguments is lost.
                    _ => members.written("input", arguments),
                }
            }
            CallKind::Function => {
                members.text("name", &self.name);
                members.written("arguments", arguments);
            }
            CallKind::LocalShell => {
                members.text("status", "completed");
                members.set(ACTION, Member::Object(arguments));
            }
            CallKind::McpApproval => {}
            CallKind::Shell => members.set(ACTION, Member::Object(arguments)),
            CallKind::ToolSearch => {
                members.text(EXECUTION, CLIENT);
                members.set("arguments", Member::Object(arguments));
            }
        }
        members
    }
}

/// Whether these are the arguments of a call of this kind.
fn is_called_with(kind: CallKind, arguments: &Map<String, Value>) -> bool {
    let is_list = |key| arguments.get(key).is_some_and(Value::is_array);
    let is_text = |key| arguments.get(key).is_some_and(Value::is_string);
    match kind {
        CallKind::ApplyPatch => matches!(
            arguments.get("type").and_then(Value::as_str),
            Some("create_file" | "update_file" | DELETE)
        ),
        CallKind::Computer => {
            arguments.get(ACTION).is_some_and(Value::is_object) || is_list(ACTIONS)
        }
        CallKind::LocalShell => is_list("command"),
        CallKind::McpApproval => {
            is_text("server_label") && is_text("name") && arguments.contains_key("arguments")
        }
        CallKind::Shell => is_list("commands"),
        CallKind::Custom | CallKind::Function | CallKind::ToolSearch => true,
    }
}

const DELETE: &str = "delete_file";

pub(super) const CALLER: &str = "caller";

pub(super) const MAX_LENGTH: &str = "max_output_length";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_with_other_arguments_is_one_of_a_function() {
        for (kind, arguments) in [
            (CallKind::ApplyPatch, json!({ "type": "rename_file" })),
            (CallKind::Computer, json!({ "action": "click" })),
            (CallKind::LocalShell, json!({ "command": "ls" })),
            (CallKind::McpApproval, json!({ "server_label": "s" })),
            (CallKind::Shell, json!({ "x": 1 })),
        ] {
            let members = arguments.as_object().unwrap().clone();
            let details = kind.details(&json!({ "id": "x" }));
            let call = CallItem::new(kind, "c", "f", members, details);
            let expected = json!({ "type": "function_call", "call_id": "c", "name": "f",
                "arguments": arguments.to_string() });
            let call = super::super::ItemKind::Call(call);
            assert_eq!(serde_json::to_value(&call).unwrap(), expected, "{kind:?}");
        }
    }
}
