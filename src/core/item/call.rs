//! Calls that the kernel answers: those of functions, and those of the service's own tools that run on the caller's side.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::core::json::{self, ObjectWriter};

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

/// A kind, the type of its items, the tool's name where items have none, and the members that a call's id, name and arguments
/// are made of, or that nobody needs. The API requires the `id` of some kinds, so that it is kept for them.
struct Row {
    kind: CallKind,
    item: &'static str,
    name: &'static str,
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
        read: &[ACTION, "actions", SAFETY_CHECKS],
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
    /// The kind of call that an item is. None for other items, those of tools that the service runs itself included, and for a
    /// call with nothing to do.
    pub fn of(item: &Value) -> Option<Self> {
        let has = |key, is_right: fn(&Value) -> bool| item.get(key).is_some_and(is_right);
        match Self::of_details(item)? {
            Self::Computer | Self::LocalShell | Self::Shell
                if !has(ACTION, Value::is_object) && !has("actions", Value::is_array) =>
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
        // Not of the API, but what some gateways say.
        if item == "tool_call" {
            return Some(Self::Function);
        }
        let row = ROWS.iter().find(|row| row.item == item)?;
        Some(row.kind)
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

    /// The item of a call, in which its id is `call_id` whatever the kind. A call whose arguments are not those of the kind is one
    /// of a function.
    pub fn item(
        self,
        id: &str,
        name: &str,
        mut arguments: Map<String, Value>,
        details: Map<String, Value>,
    ) -> Value {
        if !self.is_called_with(&arguments) {
            return Self::Function.item(id, name, arguments, Map::new());
        }
        let mut item = details;
        json::set_text(&mut item, "type", self.row().item);
        json::set_text(&mut item, "call_id", id);
        match self {
            Self::ApplyPatch => {
                if arguments
                    .get("type")
                    .is_some_and(|kind| kind == "delete_file")
                {
                    arguments.remove("diff");
                }
                json::set_text(&mut item, "status", "completed");
                json::set(&mut item, "operation", Value::Object(arguments));
            }
            Self::Computer => {
                item.append(&mut arguments);
                item.entry(SAFETY_CHECKS)
                    .or_insert(Value::Array(Vec::new()));
                json::set_text(&mut item, "status", "completed");
            }
            Self::Custom => {
                let only = arguments.len() == 1;
                let input = match arguments.get("input") {
                    Some(Value::String(input)) if only => input.clone(),
                    // Nothing of other arguments is lost.
                    _ => json::written(&Value::Object(arguments)),
                };
                json::set_text(&mut item, "name", name);
                json::set_text(&mut item, "input", &input);
            }
            Self::Function => {
                let arguments = json::written(&Value::Object(arguments));
                json::set_text(&mut item, "name", name);
                json::set_text(&mut item, "arguments", &arguments);
            }
            Self::LocalShell => {
                json::set_text(&mut item, "status", "completed");
                json::set(&mut item, ACTION, Value::Object(arguments));
            }
            Self::McpApproval => {
                item.append(&mut arguments);
                if let Some(arguments) = item.get("arguments").filter(|value| !value.is_string()) {
                    let arguments = json::written(arguments);
                    json::set_text(&mut item, "arguments", &arguments);
                }
            }
            Self::Shell => json::set(&mut item, ACTION, Value::Object(arguments)),
            Self::ToolSearch => {
                json::set_text(&mut item, EXECUTION, CLIENT);
                json::set(&mut item, "arguments", Value::Object(arguments));
            }
        }
        Value::Object(item)
    }

    /// Whether these are the arguments of such a call. Others are those of a function with the same name, from before the tool was
    /// declared, or were changed by the agent.
    fn is_called_with(self, arguments: &Map<String, Value>) -> bool {
        let is_list = |key| arguments.get(key).is_some_and(Value::is_array);
        let is_text = |key| arguments.get(key).is_some_and(Value::is_string);
        match self {
            Self::ApplyPatch => matches!(
                arguments.get("type").and_then(Value::as_str),
                Some("create_file" | "update_file" | "delete_file")
            ),
            Self::Computer => arguments.contains_key(ACTION) || is_list("actions"),
            Self::LocalShell => is_list("command"),
            Self::McpApproval => {
                is_text("server_label") && is_text("name") && arguments.contains_key("arguments")
            }
            Self::Shell => is_list("commands"),
            Self::Custom | Self::Function | Self::ToolSearch => true,
        }
    }

    fn row(self) -> &'static Row {
        let row = ROWS.iter().find(|row| row.kind == self);
        // Each kind has one; a test says so.
        row.unwrap_or(&ROWS[0])
    }
}

/// A call that the kernel has to answer, read from its item.
pub struct Call<'a> {
    /// What it is to the service.
    pub kind: CallKind,
    /// Its id, which the result repeats.
    pub id: &'a str,
    /// The tool.
    pub name: &'a str,
    /// As the model wrote them, where it did: written again, numbers might lose digits. Not always a JSON object.
    pub arguments: Cow<'a, str>,
}

impl<'a> Call<'a> {
    /// The call that an item is. None for other items, those of tools that the service runs itself included.
    pub fn of(item: &'a Value) -> Option<Self> {
        let kind = CallKind::of(item)?;
        let text = |key| json::text(item, key).unwrap_or_default();
        let object = |key| {
            let value = item.get(key).unwrap_or(&Value::Null);
            Cow::Owned(json::written(value))
        };
        let arguments = match kind {
            CallKind::ApplyPatch => object("operation"),
            CallKind::Computer => members(item, &[ACTION, "actions", SAFETY_CHECKS]),
            CallKind::Custom => {
                let arguments = ObjectWriter::new().member("input", text("input"));
                Cow::Owned(arguments.finish())
            }
            CallKind::Function | CallKind::ToolSearch => Self::arguments(item),
            CallKind::LocalShell | CallKind::Shell => object(ACTION),
            CallKind::McpApproval => {
                // What is asked for is read by a person, who should not have to read JSON in JSON.
                let arguments = match json::object(text("arguments")) {
                    Some(arguments) => Value::Object(arguments),
                    None => text("arguments").into(),
                };
                let request = ObjectWriter::new()
                    .member("server_label", text("server_label"))
                    .member("name", text("name"))
                    .member("arguments", &arguments);
                Cow::Owned(request.finish())
            }
        };
        let id = match text("call_id") {
            "" => text("id"),
            id => id,
        };
        let name = match kind.tool_name() {
            "" => text("name"),
            name => name,
        };
        Some(Self {
            kind,
            id,
            name,
            arguments,
        })
    }

    /// Arguments as text or as an object, under one of two names. None at all are those of a tool without parameters, unless the
    /// call was cut off before them.
    fn arguments(item: &'a Value) -> Cow<'a, str> {
        let found = item.get("arguments").or(item.get("input"));
        match found.unwrap_or(&Value::Null) {
            Value::Null => Cow::Borrowed(no_arguments(item)),
            Value::String(text) if text.trim_ascii().is_empty() => {
                Cow::Borrowed(no_arguments(item))
            }
            Value::String(text) => Cow::Borrowed(text),
            other => Cow::Owned(json::written(other)),
        }
    }
}

/// Whether the service runs the commands. It names the place where they run only since it has several.
fn is_in_container(shell_call: &Value) -> bool {
    let environment = shell_call.get("environment").unwrap_or(&Value::Null);
    json::text(environment, "type").is_some_and(|kind| kind != "local")
}

fn no_arguments(item: &Value) -> &'static str {
    if json::text(item, "status") == Some("incomplete") {
        ""
    } else {
        "{}"
    }
}

/// Those of an item's members that are there, as an object.
fn members<'a>(item: &Value, keys: &[&str]) -> Cow<'a, str> {
    let mut members = Map::new();
    for key in keys {
        if let Some(value) = item.get(*key).filter(|value| !json::says_nothing(value)) {
            members.insert((*key).to_owned(), value.clone());
        }
    }
    Cow::Owned(json::written(&Value::Object(members)))
}

/// The members of every call that say nothing beside it.
const COMMON: [&str; 4] = ["call_id", "created_by", "status", "type"];

const ACTION: &str = "action";

const SAFETY_CHECKS: &str = "pending_safety_checks";

const EXECUTION: &str = "execution";

const CLIENT: &str = "client";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_has_its_row() {
        for row in &ROWS {
            assert_eq!(row.kind.row().item, row.item);
            assert_eq!(CallKind::of_type(row.item), Some(row.kind));
        }
    }

    /// Items, and the name and the arguments that the kernel gets for each.
    #[test]
    fn calls_survive_the_way_through_the_kernel() {
        for (item, name, arguments) in [
            (
                json!({ "type": "function_call", "call_id": "c", "name": "f", "arguments": r#"{"a":1}"#, "namespace": "n",
                    "caller": { "type": "program", "caller_id": "p" }, "async": true, "new": [1] }),
                "f",
                json!({ "a": 1 }),
            ),
            (
                json!({ "type": "custom_tool_call", "call_id": "c", "name": "t", "input": "x", "namespace": "n" }),
                "t",
                json!({ "input": "x" }),
            ),
            (
                json!({ "type": "apply_patch_call", "call_id": "c", "status": "completed",
                    "operation": { "type": "delete_file", "path": "a" } }),
                "apply_patch",
                json!({ "type": "delete_file", "path": "a" }),
            ),
            (
                json!({ "type": "local_shell_call", "id": "lsh_1", "call_id": "c", "status": "completed",
                    "action": { "type": "exec", "command": ["ls"], "env": {} } }),
                "local_shell",
                json!({ "type": "exec", "command": ["ls"], "env": {} }),
            ),
            (
                json!({ "type": "shell_call", "call_id": "c", "environment": { "type": "local" },
                    "action": { "commands": ["ls"] } }),
                "shell",
                json!({ "commands": ["ls"] }),
            ),
            (
                json!({ "type": "tool_search_call", "call_id": "c", "execution": "client", "arguments": { "goal": "x" } }),
                "tool_search",
                json!({ "goal": "x" }),
            ),
            (
                json!({ "type": "computer_call", "id": "cu_1", "call_id": "c", "status": "completed",
                    "pending_safety_checks": [{ "id": "sc_1" }], "action": { "type": "screenshot" } }),
                "computer",
                json!({ "action": { "type": "screenshot" }, "pending_safety_checks": [{ "id": "sc_1" }] }),
            ),
            (
                json!({ "type": "computer_call", "id": "cu_1", "call_id": "c", "status": "completed",
                    "pending_safety_checks": [], "actions": [{ "type": "wait" }] }),
                "computer",
                json!({ "actions": [{ "type": "wait" }] }),
            ),
        ] {
            let call = Call::of(&item).unwrap();
            assert_eq!((call.id, call.name), ("c", name), "{item}");
            let found: Map<String, Value> = serde_json::from_str(&call.arguments).unwrap();
            assert_eq!(Value::Object(found.clone()), arguments, "{item}");
            let details = call.kind.details(&item);
            assert_eq!(call.kind.item("c", name, found, details), item);
        }
    }

    #[test]
    fn an_approval_is_asked_for_by_server_name_and_arguments() {
        let item = json!({ "type": "mcp_approval_request", "id": "mcpr_1", "server_label": "docs", "name": "x.delete",
            "arguments": r#"{"all":true}"# });
        let call = Call::of(&item).unwrap();
        assert_eq!((call.id, call.name), ("mcpr_1", "mcp_approval_request"));
        let arguments: Map<String, Value> = serde_json::from_str(&call.arguments).unwrap();
        let expected =
            json!({ "server_label": "docs", "name": "x.delete", "arguments": { "all": true } });
        assert_eq!(Value::Object(arguments.clone()), expected);
        let mut expected = item.clone();
        expected["call_id"] = expected["id"].take();
        expected.as_object_mut().unwrap().remove("id");
        let details = call.kind.details(&item);
        assert_eq!(call.kind.item("mcpr_1", "", arguments, details), expected);
    }

    #[test]
    fn tools_that_the_service_runs_are_no_calls() {
        for item in [
            json!({ "type": "shell_call", "call_id": "c", "environment": { "type": "container_reference", "container_id": "x" } }),
            json!({ "type": "tool_search_call", "execution": "server", "call_id": null }),
            json!({ "type": "tool_search_call" }),
            json!({ "type": "web_search_call", "id": "ws_1" }),
            json!({ "type": "something_new", "call_id": "c" }),
            json!({ "type": "local_shell_call", "call_id": "c", "action": null }),
            json!({ "type": "computer_call", "call_id": "c" }),
            json!({ "call_id": "c" }),
            json!([]),
        ] {
            assert!(Call::of(&item).is_none(), "{item}");
        }
    }

    #[test]
    fn arguments_come_as_text_as_an_object_or_not_at_all() {
        for (member, arguments) in [
            (json!({ "arguments": r#"{"a": 1.10}"# }), r#"{"a": 1.10}"#),
            (json!({ "arguments": { "a": 1 } }), r#"{"a":1}"#),
            (json!({ "input": { "a": 1 } }), r#"{"a":1}"#),
            (json!({ "arguments": "" }), "{}"),
            (json!({ "arguments": "\n" }), "{}"),
            (json!({ "arguments": null }), "{}"),
            (json!({}), "{}"),
            (json!({ "arguments": "", "status": "incomplete" }), ""),
            (json!({ "arguments": [1] }), "[1]"),
        ] {
            for kind in ["function_call", "tool_call"] {
                let mut item = member.clone();
                item["type"] = kind.into();
                assert_eq!(Call::of(&item).unwrap().arguments, arguments, "{item}");
            }
        }
    }

    #[test]
    fn a_call_with_other_arguments_is_one_of_a_function() {
        for kind in [
            CallKind::ApplyPatch,
            CallKind::Computer,
            CallKind::LocalShell,
            CallKind::McpApproval,
            CallKind::Shell,
        ] {
            let arguments = json!({ "x": 1 }).as_object().unwrap().clone();
            let item = kind.item("c", "f", arguments, kind.details(&json!({ "id": "x" })));
            let expected = json!({ "type": "function_call", "call_id": "c", "name": "f", "arguments": r#"{"x":1}"# });
            assert_eq!(item, expected, "{kind:?}");
        }
    }
}
