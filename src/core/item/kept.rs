//! Items that are no block of the kernel's: what of them goes back.

use serde_json::{Map, Value};

use super::call_kind::{CLIENT, EXECUTION};

/// What of an item goes back to the service. None when nothing does: it was cut off, or the service would look for it by its id
/// where nothing was stored.
pub fn kept(item: &Value) -> Option<Value> {
    let item = item.as_object()?;
    let kind = item.get("type")?.as_str()?;
    let status = item.get("status").and_then(Value::as_str);
    if matches!(status, Some("in_progress" | "incomplete")) {
        return None;
    }
    // Answers to calls are the caller's to send. The output of a search that the service has run is none.
    if kind == "tool_search_output" && item.get(EXECUTION).is_some_and(|who| who == CLIENT) {
        return None;
    }
    let without = match RULES.iter().find(|(known, _)| *known == kind) {
        Some((_, without)) => (*without)?,
        // What is not known goes back as it came.
        None => &[],
    };
    let mut kept = Map::new();
    for (key, value) in item {
        if !value.is_null() && !ALWAYS_WITHOUT.contains(&key.as_str()) {
            kept.insert(key.clone(), value.clone());
        }
    }
    for path in without {
        match path.split_once('.') {
            None => drop(kept.remove(*path)),
            Some((key, member)) => remove_in(kept.get_mut(key), member),
        }
    }
    Some(Value::Object(kept))
}

/// Removes a member of an object, or of each object of a list.
fn remove_in(value: Option<&mut Value>, member: &str) {
    match value {
        Some(Value::Object(object)) => drop(object.remove(member)),
        Some(Value::Array(elements)) => {
            for element in elements {
                if let Value::Object(object) = element {
                    object.remove(member);
                }
            }
        }
        _ => {}
    }
}

/// Types of items, and the members that do not go back; for none the item itself does not.
///
/// An `id` goes where the API requires it: one that it does not need is looked for where nothing was stored. A `status` goes
/// where the API requires it, too. Sources: the parameter types of `openai` 3.57.0 for Python, and how `@ai-sdk/openai` 4.0.118,
/// `pydantic-ai` 2.68.0 and `codex` send items back with `store: false`, all of November 2026.
const RULES: &[(&str, Option<&[&str]>)] = &[
    ("additional_tools", Some(&["id"])),
    // Answers to calls are the caller's to send.
    ("apply_patch_call_output", None),
    // The container with its state is at the service and gone after 20 minutes; what came of it is in the text.
    ("code_interpreter_call", None),
    ("compaction", Some(&["id"])),
    // Where they are no calls, they are nothing.
    ("computer_call", None),
    ("computer_call_output", None),
    ("custom_tool_call_output", None),
    // The results are not sent without `include`; what was found is in the text and its annotations.
    ("file_search_call", None),
    ("function_call_output", None),
    // The service looks for it by its id even when the image is there. The image is a block.
    ("image_generation_call", None),
    ("local_shell_call", None),
    ("local_shell_call_output", None),
    ("mcp_call", Some(&["status"])),
    ("mcp_list_tools", Some(&[])),
    ("program", Some(&["status"])),
    ("program_output", Some(&[])),
    ("shell_call", Some(&["id", "status"])),
    (
        "shell_call_output",
        Some(&["id", "status", "output.created_by"]),
    ),
    ("tool_search_call", Some(&["id", "status"])),
    ("tool_search_output", Some(&["id", "status"])),
    // The sources are refused: "Unknown parameter: 'input[2].action.sources'".
    ("web_search_call", Some(&["action.sources"])),
];

/// Members that no input item has.
const ALWAYS_WITHOUT: [&str; 1] = ["created_by"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_go_back_with_what_the_service_takes() {
        for (item, expected) in [
            (
                json!({ "type": "tool_search_call", "id": "ts_1", "call_id": null, "execution": "server",
                    "status": "completed", "arguments": { "paths": ["crm"] }, "created_by": "x" }),
                Some(
                    json!({ "type": "tool_search_call", "execution": "server", "arguments": { "paths": ["crm"] } }),
                ),
            ),
            (
                json!({ "type": "tool_search_output", "id": "tso_1", "execution": "server", "status": "completed",
                    "tools": [] }),
                Some(json!({ "type": "tool_search_output", "execution": "server", "tools": [] })),
            ),
            (
                json!({ "type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA" }),
                Some(json!({ "type": "compaction", "encrypted_content": "gAAA" })),
            ),
            (
                json!({ "type": "mcp_list_tools", "id": "mcpl_1", "server_label": "s", "tools": [], "error": null }),
                Some(
                    json!({ "type": "mcp_list_tools", "id": "mcpl_1", "server_label": "s", "tools": [] }),
                ),
            ),
            (
                json!({ "type": "mcp_call", "id": "mcp_1", "server_label": "s", "name": "n", "arguments": "{}",
                    "output": "1", "error": null, "approval_request_id": "mcpr_1", "status": "completed" }),
                Some(
                    json!({ "type": "mcp_call", "id": "mcp_1", "server_label": "s", "name": "n", "arguments": "{}",
                    "output": "1", "approval_request_id": "mcpr_1" }),
                ),
            ),
            (
                json!({ "type": "web_search_call", "id": "ws_1", "status": "completed",
                    "action": { "type": "search", "query": "rain", "sources": [{ "type": "url", "url": "u" }] } }),
                Some(
                    json!({ "type": "web_search_call", "id": "ws_1", "status": "completed",
                    "action": { "type": "search", "query": "rain" } }),
                ),
            ),
            (
                json!({ "type": "program", "id": "cm_1", "call_id": "p", "code": "f()", "fingerprint": "x" }),
                Some(
                    json!({ "type": "program", "id": "cm_1", "call_id": "p", "code": "f()", "fingerprint": "x" }),
                ),
            ),
            (
                json!({ "type": "shell_call_output", "id": "sho_1", "call_id": "s", "status": "completed",
                    "max_output_length": null,
                    "output": [{ "stdout": "a", "stderr": "", "outcome": { "type": "exit", "exit_code": 0 }, "created_by": "x" }] }),
                Some(json!({ "type": "shell_call_output", "call_id": "s",
                    "output": [{ "stdout": "a", "stderr": "", "outcome": { "type": "exit", "exit_code": 0 } }] })),
            ),
            (
                json!({ "type": "agent_message", "id": "am_1", "status": "completed", "content": [], "created_by": "x" }),
                Some(
                    json!({ "type": "agent_message", "id": "am_1", "status": "completed", "content": [] }),
                ),
            ),
            (
                json!({ "type": "web_search_call", "id": "ws_1", "status": "incomplete" }),
                None,
            ),
            (
                json!({ "type": "mcp_call", "id": "mcp_1", "status": "in_progress" }),
                None,
            ),
            (
                json!({ "type": "image_generation_call", "id": "ig_1", "result": "QUJD" }),
                None,
            ),
            (
                json!({ "type": "code_interpreter_call", "id": "ci_1" }),
                None,
            ),
            (json!({ "type": "file_search_call", "id": "fs_1" }), None),
            (
                json!({ "type": "tool_search_output", "call_id": "c", "execution": "client", "tools": [] }),
                None,
            ),
            (
                json!({ "type": "custom_tool_call_output", "call_id": "c", "output": "1" }),
                None,
            ),
            (json!({ "id": "x" }), None),
            (json!({ "type": 1 }), None),
            (json!("text"), None),
        ] {
            assert_eq!(kept(&item), expected, "{item}");
        }
    }
}
