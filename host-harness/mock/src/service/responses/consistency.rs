//! Whether the items of an input belong together: calls and their outputs, requests for approval and what became of them,
//! programs and their calls, functions and their namespaces, reasoning and what it led to.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::input::{kind, role};
use crate::service::error::ApiError;

/// Checks items whose shape is checked.
pub(super) fn check(items: &[Value]) -> Result<(), ApiError> {
    check_ids(items)?;
    check_calls(items)?;
    check_approvals(items)?;
    check_programs(items)?;
    check_reasoning(items)
}

/// A function that was searched for, or is declared in a namespace, is called with that namespace.
pub(super) fn check_namespaces(items: &[Value], tools: &[Value]) -> Result<(), ApiError> {
    let (mut outside, mut inside) = (HashSet::new(), HashSet::new());
    let mut declare = |tool: &'_ Value, is_found: bool| {
        let members = tool["tools"].as_array().map_or(&[][..], Vec::as_slice);
        inside.extend(
            members
                .iter()
                .filter_map(|tool| tool["name"].as_str())
                .map(str::to_owned),
        );
        if let (Some(name), false) = (tool["name"].as_str(), tool["type"] == "namespace") {
            match is_found || tool["defer_loading"] == true {
                true => inside.insert(name.to_owned()),
                false => outside.insert(name.to_owned()),
            };
        }
    };
    tools.iter().for_each(|tool| declare(tool, false));
    for item in items
        .iter()
        .filter(|item| kind(item) == Some("tool_search_output"))
    {
        let found = item["tools"].as_array().map_or(&[][..], Vec::as_slice);
        found.iter().for_each(|tool| declare(tool, true));
    }
    for (index, item) in items.iter().enumerate() {
        let name = item["name"].as_str().unwrap_or_default();
        if kind(item) == Some("function_call")
            && item["namespace"].is_null()
            && inside.contains(name)
            && !outside.contains(name)
        {
            let message = format!(
                "Missing namespace for function_call '{name}'. It does not exist in the default namespace. \
                 Round-trip the model's function_call item with its namespace field included."
            );
            let path = format!("input[{index}].namespace");
            return Err(ApiError::invalid_request(Some(&path), None, &message));
        }
    }
    Ok(())
}

/// Each response answers a request before it, once, and what ran with an approval had it.
fn check_approvals(items: &[Value]) -> Result<(), ApiError> {
    let mut approved: HashMap<&str, Option<bool>> = HashMap::new();
    for item in items {
        let id = item["id"].as_str().unwrap_or_default();
        let of = item["approval_request_id"].as_str();
        match (kind(item), of) {
            (Some("mcp_approval_request"), _) => drop(approved.insert(id, None)),
            (Some("mcp_approval_response"), Some(of)) => match approved.get_mut(of) {
                None => {
                    let message =
                        format!("No approval request found for approval response with id {of}.");
                    return Err(ApiError::broken_input(&message));
                }
                Some(Some(_)) => return Err(duplicate("mcp_approval_response", of)),
                Some(answer) => *answer = item["approve"].as_bool(),
            },
            (Some("mcp_call"), Some(of)) if approved.get(of) != Some(&Some(true)) => {
                let message = format!("The tool call {id} ran without the approval {of}.");
                return Err(ApiError::broken_input(&message));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What a program calls, and its output, come after it.
fn check_programs(items: &[Value]) -> Result<(), ApiError> {
    let mut programs = HashSet::new();
    for item in items {
        let id = match kind(item) {
            Some("program") => {
                programs.insert(item["call_id"].as_str().unwrap_or_default());
                continue;
            }
            Some("program_output") => item["call_id"].as_str(),
            _ => item["caller"]["caller_id"].as_str(),
        };
        if let Some(id) = id
            && !programs.contains(id)
        {
            let message = format!("No program found with call_id {id}.");
            return Err(ApiError::broken_input(&message));
        }
    }
    Ok(())
}

/// No item twice, and none that the service would have to know from before: the mock keeps nothing.
fn check_ids(items: &[Value]) -> Result<(), ApiError> {
    let mut seen = HashSet::new();
    for item in items {
        let Some(id) = item["id"].as_str() else {
            continue;
        };
        // An image is looked for by its id, even where it is there.
        if matches!(kind(item), Some("item_reference" | "image_generation_call")) {
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
        let call = match kind {
            "tool_search_output" => Some("tool_search_call"),
            kind => kind.strip_suffix("_output"),
        };
        let Some(call) = call.filter(|call| CALLS.contains(call)) else {
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

/// The calls whose output must be there; those of them that the service has answered itself have it in the same response.
const CALLS: &[&str] = &[
    "apply_patch_call",
    "computer_call",
    "custom_tool_call",
    "function_call",
    "local_shell_call",
    "shell_call",
    "tool_search_call",
];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn functions_are_called_with_their_namespaces() {
        let call = |name: &str| json!({"type": "function_call", "call_id": name, "name": name, "arguments": "{}"});
        let named = |name: &str| {
            let mut call = call(name);
            call["namespace"] = json!("crm");
            call
        };
        let namespace = json!({"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "list"}]});
        let found = json!({"type": "tool_search_output", "tools": [namespace.clone()]});
        let deferred = json!({"type": "function", "name": "late", "defer_loading": true});
        let plain = json!({"type": "function", "name": "f"});
        for (tools, items, missing) in [
            (vec![], vec![call("f")], None),
            (vec![plain.clone()], vec![call("f"), call("gone")], None),
            (
                vec![namespace.clone()],
                vec![call("list")],
                Some("input[0].namespace"),
            ),
            (vec![namespace], vec![named("list")], None),
            (
                vec![],
                vec![found.clone(), call("list")],
                Some("input[1].namespace"),
            ),
            (vec![], vec![found, named("list")], None),
            (
                vec![deferred, plain],
                vec![call("f"), call("late")],
                Some("input[1].namespace"),
            ),
        ] {
            let checked = check_namespaces(&items, &tools);
            let path = checked
                .as_ref()
                .err()
                .map(|error| error.body["error"]["param"].clone());
            assert_eq!(path, missing.map(Value::from), "{items:?}");
        }
    }

    #[test]
    fn approvals_and_programs_come_before_what_they_allow() {
        let request = json!({"type": "mcp_approval_request", "id": "mcpr_1"});
        let response = |approve: bool| json!({"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": approve});
        let ran = json!({"type": "mcp_call", "id": "mcp_1", "approval_request_id": "mcpr_1"});
        let program = json!({"type": "program", "id": "cm_1", "call_id": "p"});
        let output = json!({"type": "program_output", "id": "cmo_1", "call_id": "p"});
        let call = json!({"type": "function_call", "call_id": "c", "caller": {"type": "program", "caller_id": "p"}});
        let result = json!({"type": "function_call_output", "call_id": "c", "caller": {"type": "program", "caller_id": "p"}});
        let search = json!({"type": "tool_search_call", "call_id": "s", "execution": "client"});
        let found = json!({"type": "tool_search_output", "call_id": "s", "execution": "client"});
        for (items, expected) in [
            (vec![request.clone(), response(true), ran.clone()], ""),
            (vec![request.clone(), response(false)], ""),
            (vec![response(true)], "No approval request found"),
            (
                vec![request.clone(), response(true), response(true)],
                "Duplicate mcp approval response",
            ),
            (
                vec![request.clone(), response(false), ran.clone()],
                "without the approval",
            ),
            (vec![request, ran], "without the approval"),
            (
                vec![
                    program.clone(),
                    call.clone(),
                    result.clone(),
                    output.clone(),
                ],
                "",
            ),
            (vec![call, result], "No program found"),
            (vec![output], "No program found"),
            (vec![search.clone(), found.clone()], ""),
            (vec![search], "No tool output found for tool search call s."),
            (
                vec![found],
                "No tool call found for tool search output with call_id s.",
            ),
            (
                vec![json!({"type": "image_generation_call", "id": "ig_1"})],
                "'ig_1' not found",
            ),
        ] {
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
