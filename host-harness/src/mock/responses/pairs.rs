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
            return Err(ApiError::broken_input(&format!(
                "Item with id '{id}' not found. Items are not persisted when `store` is set to false."
            )));
        }
        if !seen.insert(id) {
            return Err(ApiError::broken_input(&format!(
                "Duplicate item found with id {id}. Remove duplicate items from your input and try again."
            )));
        }
    }
    Ok(())
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

/// Reasoning is followed by what the model did next.
fn check_reasoning(items: &[Value]) -> Result<(), ApiError> {
    let is_reasoning = |item: &Value| kind(item) == Some("reasoning");
    for (index, item) in items.iter().enumerate() {
        if !is_reasoning(item) {
            continue;
        }
        let next = items[index..].iter().find(|item| !is_reasoning(item));
        if !next.is_some_and(is_by_the_model) {
            let name = match item["id"].as_str() {
                Some(id) => format!("'{id}'"),
                None => format!("input[{index}]"),
            };
            return Err(ApiError::broken_input(&format!(
                "Item {name} of type 'reasoning' was provided without its required following item."
            )));
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
        let reasoning = |id: &str| json!({"type": "reasoning", "id": id, "summary": []});
        let custom = json!({"type": "custom_tool_call", "call_id": "c", "name": "f", "input": ""});
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
                vec![custom, output("c")],
                "No tool call found for function call output with call_id c.",
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
