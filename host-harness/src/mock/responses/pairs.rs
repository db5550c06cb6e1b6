//! Whether the items of an input belong together: calls and their outputs, reasoning and what it led to.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::input::{kind, role};
use crate::mock::error::ApiError;

/// Checks items whose shape is checked.
pub(super) fn check(items: &[Value]) -> Result<(), ApiError> {
    check_ids(items)?;
    check_calls(items)?;
    check_reasoning(items)
}

/// No item twice, and none that the service would have to know from before: the mock keeps nothing.
fn check_ids(items: &[Value]) -> Result<(), ApiError> {
    let mut seen = HashSet::new();
    for item in items {
        let Some(id) = item["id"].as_str() else {
            continue;
        };
        if kind(item) == Some("item_reference") {
            return Err(not_found(id));
        }
        if !seen.insert(id) {
            return Err(ApiError::broken_input(&format!(
                "Duplicate item found with id {id}. Remove duplicate items from your input and try again."
            )));
        }
    }
    Ok(())
}

fn not_found(id: &str) -> ApiError {
    ApiError::broken_input(&format!(
        "Item with id '{id}' not found. Items are not persisted when `store` is set to false."
    ))
}

/// Each call has one output after it, and each output a call before it.
fn check_calls(items: &[Value]) -> Result<(), ApiError> {
    let mut answered: HashMap<(&str, &str), bool> = HashMap::new();
    let paired = || {
        items
            .iter()
            .filter_map(|item| Some((kind(item)?, item["call_id"].as_str()?)))
    };
    for (kind, id) in paired() {
        if CALLS.contains(&kind) {
            if answered.insert((kind, id), false).is_some() {
                return Err(duplicate(kind, id));
            }
            continue;
        }
        let Some(call) = kind
            .strip_suffix("_output")
            .filter(|call| CALLS.contains(call))
        else {
            continue;
        };
        match answered.get_mut(&(call, id)) {
            None => {
                let kind = kind.replace('_', " ");
                let message = format!("No tool call found for {kind} with call_id {id}.");
                return Err(ApiError::broken_input(&message));
            }
            Some(true) => return Err(duplicate(kind, id)),
            Some(unanswered) => *unanswered = true,
        }
    }
    // In the order of the input, so that the same input gets the same text.
    for (kind, id) in paired() {
        if answered.get(&(kind, id)) == Some(&false) {
            return Err(ApiError::broken_input(&format!(
                "No tool output found for {} {id}.",
                kind.replace('_', " ")
            )));
        }
    }
    Ok(())
}

fn duplicate(kind: &str, id: &str) -> ApiError {
    ApiError::broken_input(&format!(
        "Duplicate {} found with call_id {id}. Remove duplicate items from your input and try again.",
        kind.replace('_', " ")
    ))
}

/// Reasoning is followed by what the model did next, and brings what the service does not keep.
fn check_reasoning(items: &[Value]) -> Result<(), ApiError> {
    for (index, item) in items.iter().enumerate() {
        if kind(item) != Some("reasoning") {
            continue;
        }
        let id = item["id"].as_str();
        if !items.get(index + 1).is_some_and(is_by_the_model) {
            let name = id.map_or_else(|| format!("input[{index}]"), |id| format!("'{id}'"));
            return Err(ApiError::broken_input(&format!(
                "Item {name} of type 'reasoning' was provided without its required following item."
            )));
        }
        if let Some(id) = id
            && item["encrypted_content"].is_null()
        {
            return Err(not_found(id));
        }
    }
    Ok(())
}

fn is_by_the_model(item: &Value) -> bool {
    match kind(item) {
        Some("message") => role(item) == Some("assistant"),
        Some(kind) => !kind.ends_with("_output") && kind != "mcp_approval_response",
        None => false,
    }
}

/// The calls whose output is the client's to send.
const CALLS: &[&str] = &[
    "apply_patch_call",
    "computer_call",
    "custom_tool_call",
    "function_call",
    "shell_call",
];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_belong_together() {
        let user = json!({"role": "user", "content": "hi"});
        let assistant = json!({"role": "assistant", "content": "hello"});
        let call = |id: &str| json!({"type": "function_call", "call_id": id, "name": "f", "arguments": "{}"});
        let output =
            |id: &str| json!({"type": "function_call_output", "call_id": id, "output": "1"});
        let reasoning = |id: &str| json!({"type": "reasoning", "id": id, "summary": [], "encrypted_content": "gAAA"});
        let custom = json!({"type": "custom_tool_call", "call_id": "c", "name": "f", "input": ""});
        let patch = json!({"type": "apply_patch_call", "call_id": "p", "status": "completed", "operation": {}});
        let output_of =
            |kind: &str, id: &str| json!({"type": format!("{kind}_output"), "call_id": id});
        let pending = "without its required following item";
        let table = [
            (vec![call("a"), call("b"), output("b"), output("a")], ""),
            (
                vec![output("a")],
                "No tool call found for function call output with call_id a.",
            ),
            (
                vec![output("a"), call("a")],
                "No tool call found for function call output with call_id a.",
            ),
            (
                vec![call("a"), call("b"), output("b")],
                "No tool output found for function call a.",
            ),
            (
                vec![custom.clone()],
                "No tool output found for custom tool call c.",
            ),
            (
                vec![custom.clone(), output("c")],
                "No tool call found for function call output with call_id c.",
            ),
            (vec![custom.clone(), output_of("custom_tool_call", "c")], ""),
            (
                vec![custom, output_of("apply_patch_call", "c")],
                "No tool call found for apply patch call output with call_id c.",
            ),
            (vec![patch.clone(), output_of("apply_patch_call", "p")], ""),
            (
                vec![patch.clone(), output("p")],
                "No tool call found for function call output with call_id p.",
            ),
            (
                vec![patch.clone()],
                "No tool output found for apply patch call p.",
            ),
            (
                vec![patch.clone(), patch, output_of("apply_patch_call", "p")],
                "Duplicate apply patch call found with call_id p.",
            ),
            (
                vec![call("a"), call("a"), output("a")],
                "Duplicate function call found with call_id a.",
            ),
            (
                vec![call("a"), output("a"), output("a")],
                "Duplicate function call output found",
            ),
            (vec![reasoning("rs_1"), call("a"), output("a")], ""),
            (
                vec![reasoning("rs_1"), reasoning("rs_2"), assistant.clone()],
                "",
            ),
            (vec![reasoning("rs_1"), user.clone()], pending),
            (
                vec![reasoning("rs_1"), reasoning("rs_2"), user.clone()],
                pending,
            ),
            (vec![reasoning("rs_1"), output("a")], "No tool call found"),
            (
                vec![
                    json!({"type": "reasoning", "id": "rs_1"}),
                    assistant.clone(),
                ],
                "Item with id 'rs_1' not found",
            ),
            (vec![json!({"type": "reasoning"}), assistant.clone()], ""),
            (vec![user.clone(), reasoning("rs_1")], pending),
            (
                vec![
                    reasoning("rs_1"),
                    assistant.clone(),
                    reasoning("rs_1"),
                    assistant,
                ],
                "id rs_1",
            ),
            (
                vec![user, json!({"type": "item_reference", "id": "msg_1"})],
                "'msg_1' not found",
            ),
        ];
        for (items, expected) in table {
            match check(&items) {
                Ok(()) => assert_eq!(expected, "", "{items:?}"),
                Err(error) => assert!(
                    !expected.is_empty() && error.message().contains(expected),
                    "{items:?}: {}",
                    error.message()
                ),
            }
        }
    }
}
