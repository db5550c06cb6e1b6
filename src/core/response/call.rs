//! Calls that the kernel answers, as a response has them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::core::item::{ACTION, ACTIONS, CallKind, SAFETY_CHECKS};
use crate::core::json::{self, ObjectWriter};

/// A call that the kernel answers, read from its item.
pub(super) struct Call<'a> {
    /// What it is to the service.
    pub(super) kind: CallKind,
    /// Its id, which the result repeats.
    pub(super) id: &'a str,
    /// The tool.
    pub(super) name: &'a str,
    /// As the model wrote them, where it did: written again, numbers might lose digits. Not always a JSON object.
    pub(super) arguments: Cow<'a, str>,
}

impl<'a> Call<'a> {
    /// The call that an item is. None for other items, those of tools that the service runs itself included.
    pub(super) fn of(item: &'a Value) -> Option<Self> {
        Some(Self::read(CallKind::of(item)?, item))
    }

    /// A call of this kind.
    pub(super) fn read(kind: CallKind, item: &'a Value) -> Self {
        let text = |key| json::text(item, key).unwrap_or_default();
        let object = |key| {
            let value = item.get(key).unwrap_or(&Value::Null);
            Cow::Owned(json::written(value))
        };
        let arguments = match kind {
            CallKind::ApplyPatch => object("operation"),
            CallKind::Computer => members(item, &[ACTION, ACTIONS, SAFETY_CHECKS]),
            CallKind::Custom => {
                let arguments = ObjectWriter::new().member("input", text("input"));
                Cow::Owned(arguments.finish())
            }
            CallKind::Function | CallKind::ToolSearch => Self::arguments(item),
            CallKind::LocalShell | CallKind::Shell => object(ACTION),
            CallKind::McpApproval => {
                // A person reads it, who should not have to read JSON in JSON.
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
        Self {
            kind,
            id,
            name,
            arguments,
        }
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::core::item::{CallItem, ItemKind};

    /// The item of a call that comes back.
    fn written(
        kind: CallKind,
        id: &str,
        name: &str,
        arguments: Map<String, Value>,
        details: Map<String, Value>,
    ) -> Value {
        let call = CallItem::new(kind, id, name, arguments, details);
        serde_json::to_value(ItemKind::Call(call)).unwrap()
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
            assert_eq!(written(call.kind, "c", name, found, details), item);
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
        let details = call.kind.details(&item);
        assert_eq!(written(call.kind, "mcpr_1", "", arguments, details), item);
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
}
