//! The input of a request: a string, or the items of a conversation.

use serde_json::{Map, Value};

use super::pairs;
use super::shape::{Field, Shape, Variant, opaque, optional, required, variant};
use crate::mock::error::ApiError;

/// A conversation that holds together.
pub(super) enum Input<'a> {
    Text(&'a str),
    Items(&'a [Value]),
}

impl<'a> Input<'a> {
    pub(super) fn parse(input: &'a Value) -> Result<Self, ApiError> {
        match input {
            Value::String(text) => Ok(Self::Text(text)),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    check_item(item, &format!("input[{index}]"))?;
                }
                pairs::check(items)?;
                Ok(Self::Items(items))
            }
            other => Err(ApiError::wrong_type("input", "a string or an array", other)),
        }
    }

    /// The conversation without the assistant's message at its end, and that message: a client that was cut off sends
    /// it to have it continued.
    pub(super) fn split_unfinished(&self) -> (Self, Option<String>) {
        match *self {
            Self::Text(text) => (Self::Text(text), None),
            Self::Items(items) => match items.split_last() {
                Some((last, before)) if role(last) == Some("assistant") => {
                    (Self::Items(before), Some(text_of(&last["content"], "")))
                }
                _ => (Self::Items(items), None),
            },
        }
    }

    /// The text of the last message from the user.
    pub(super) fn prompt(&self) -> String {
        match self {
            Self::Text(text) => (*text).to_owned(),
            Self::Items(items) => {
                let last = items.iter().rfind(|item| role(item) == Some("user"));
                last.map(|item| text_of(&item["content"], "\n"))
                    .unwrap_or_default()
            }
        }
    }

    /// What tools have answered since anyone else spoke: their names and texts.
    pub(super) fn tool_answers(&self) -> Vec<(&'a str, String)> {
        let Self::Items(items) = *self else {
            return Vec::new();
        };
        let is_answer =
            |item: &Value| kind(item).is_some_and(|kind| kind.ends_with("_call_output"));
        let start = items
            .iter()
            .rposition(|item| !is_answer(item))
            .map_or(0, |index| index + 1);
        let (before, answers) = items.split_at(start);
        let answer = |item: &'a Value| {
            let call = before
                .iter()
                .find(|call| call["call_id"] == item["call_id"] && !is_answer(call));
            let name = call.and_then(|call| call["name"].as_str());
            (
                name.or_else(|| kind(call?)).unwrap_or_default(),
                text_of(&item["output"], " "),
            )
        };
        answers.iter().map(answer).collect()
    }

    /// All text, for counting.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![(*text).to_owned()],
            Self::Items(items) => items
                .iter()
                .flat_map(|item| {
                    ["content", "arguments", "input", "output"].map(|name| &item[name])
                })
                .map(|value| text_of(value, " "))
                .collect(),
        }
    }
}

/// The kind of an item; the short form of a message does not say it.
pub(super) fn kind(item: &Value) -> Option<&str> {
    match item.get("type") {
        None => item.get("role").map(|_| "message"),
        Some(kind) => kind.as_str(),
    }
}

/// Who wrote a message; nobody, for other items.
pub(super) fn role(item: &Value) -> Option<&str> {
    (kind(item) == Some("message")).then(|| item["role"].as_str())?
}

/// The text of a string or of content parts; parts without text are named.
fn text_of(content: &Value, separator: &str) -> String {
    let part = |part: &Value| match part["text"].as_str().or_else(|| part["refusal"].as_str()) {
        Some(text) => text.to_owned(),
        None => format!("[{}]", part["type"].as_str().unwrap_or_default()),
    };
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(part).collect::<Vec<_>>().join(separator),
        _ => String::new(),
    }
}

fn check_item(item: &Value, path: &str) -> Result<(), ApiError> {
    match (kind(item), item.as_object()) {
        (Some("message"), Some(message)) => check_message(message, item, path)?,
        _ => Shape::Tagged(ITEMS).check(item, path)?,
    }
    check_id(item, path)?;
    if kind(item) == Some("function_call") {
        let arguments = item["arguments"].as_str().unwrap_or_default();
        if serde_json::from_str::<Value>(arguments).is_err() {
            let path = format!("{path}.arguments");
            return Err(ApiError::invalid(
                &path,
                &format!("Invalid '{path}': the string is not valid JSON."),
            ));
        }
    }
    Ok(())
}

fn check_message(message: &Map<String, Value>, item: &Value, path: &str) -> Result<(), ApiError> {
    let role_path = format!("{path}.role");
    let shape = match message.get("role") {
        None => return Err(ApiError::missing(&role_path)),
        Some(Value::String(role)) => match role.as_str() {
            "assistant" => ASSISTANT_MESSAGE,
            "developer" | "system" | "user" => MESSAGE,
            _ => {
                let roles = ["assistant", "system", "developer", "user"];
                return Err(ApiError::wrong_value(&role_path, role, &roles));
            }
        },
        Some(other) => return Err(ApiError::wrong_type(&role_path, "a string", other)),
    };
    shape.check(item, path)?;
    check_images(message, path)
}

/// Images come by URL or inside the request.
fn check_images(message: &Map<String, Value>, path: &str) -> Result<(), ApiError> {
    let parts = message.get("content").and_then(Value::as_array);
    for (index, part) in parts.into_iter().flatten().enumerate() {
        let Some(url) = part["image_url"].as_str() else {
            continue;
        };
        let is_inline = url.starts_with("data:image/") && url.contains(";base64,");
        if !is_inline && !url.starts_with("https://") && !url.starts_with("http://") {
            let path = format!("{path}.content[{index}].image_url");
            let message = format!(
                "Invalid '{path}'. Expected a valid URL, but got a value with an invalid format."
            );
            return Err(ApiError::invalid(&path, &message));
        }
    }
    Ok(())
}

/// The service's ids tell what they are for: the id of a call is not that of its item.
fn check_id(item: &Value, path: &str) -> Result<(), ApiError> {
    let prefix = match kind(item) {
        Some("message") => "msg",
        Some("function_call") => "fc",
        Some("reasoning") => "rs",
        _ => return Ok(()),
    };
    match item["id"].as_str() {
        Some(id) if !id.starts_with(prefix) => Err(ApiError::invalid(
            &format!("{path}.id"),
            &format!("Invalid '{path}.id': '{id}'. Expected an ID that begins with '{prefix}'."),
        )),
        _ => Ok(()),
    }
}

const MESSAGE: Shape = Shape::Object(&[
    required("role", Shape::Text),
    required(
        "content",
        Shape::TextOr(&Shape::Array(&Shape::Tagged(INPUT_PARTS))),
    ),
    optional("id", Shape::Text),
    optional("phase", PHASE),
    optional("status", STATUS),
    optional("type", Shape::Text),
]);

const ASSISTANT_MESSAGE: Shape = Shape::Object(&[
    required("role", Shape::Text),
    required(
        "content",
        Shape::TextOr(&Shape::Array(&Shape::Tagged(OUTPUT_PARTS))),
    ),
    optional("id", Shape::Text),
    optional("phase", PHASE),
    optional("status", STATUS),
    optional("type", Shape::Text),
]);

const INPUT_PARTS: &[Variant] = &[
    variant(
        "input_text",
        &[
            required("text", Shape::Text),
            optional("prompt_cache_breakpoint", Shape::Open),
        ],
    ),
    variant(
        "input_image",
        &[
            optional("detail", Shape::OneOf(&["low", "high", "auto", "original"])),
            optional("file_id", Shape::Text),
            optional("image_url", Shape::Text),
            optional("prompt_cache_breakpoint", Shape::Open),
        ],
    ),
    variant(
        "input_file",
        &[
            optional("detail", Shape::Text),
            optional("file_data", Shape::Text),
            optional("file_id", Shape::Text),
            optional("file_url", Shape::Text),
            optional("filename", Shape::Text),
            optional("prompt_cache_breakpoint", Shape::Open),
        ],
    ),
    opaque("input_audio"),
];

const OUTPUT_PARTS: &[Variant] = &[
    variant(
        "output_text",
        &[
            required("text", Shape::Text),
            optional("annotations", Shape::Array(&Shape::Open)),
            optional("logprobs", Shape::Array(&Shape::Open)),
        ],
    ),
    variant("refusal", &[required("refusal", Shape::Text)]),
];

const PHASE: Shape = Shape::OneOf(&["commentary", "final_answer"]);

const STATUS: Shape = Shape::OneOf(&["in_progress", "completed", "incomplete"]);

/// A tool's answer, to a function or a custom tool.
const CALL_OUTPUT: &[Field] = &[
    required("call_id", Shape::TextUpTo(64)),
    required(
        "output",
        Shape::TextOr(&Shape::Array(&Shape::Tagged(INPUT_PARTS))),
    ),
    optional("caller", Shape::Any),
    optional("id", Shape::Text),
    optional("name", Shape::Text),
    optional("namespace", Shape::Text),
    optional("status", STATUS),
];

/// The items other than messages.
const ITEMS: &[Variant] = &[
    variant(
        "function_call",
        &[
            required("call_id", Shape::TextUpTo(64)),
            required("name", Shape::Text),
            required("arguments", Shape::Text),
            optional("caller", Shape::Any),
            optional("id", Shape::Text),
            optional("namespace", Shape::Text),
            optional("status", STATUS),
        ],
    ),
    variant("function_call_output", CALL_OUTPUT),
    variant(
        "reasoning",
        // No `status`, which Azure refuses although it sends it.
        &[
            required(
                "summary",
                Shape::Array(&Shape::Tagged(&[variant(
                    "summary_text",
                    &[required("text", Shape::Text)],
                )])),
            ),
            optional(
                "content",
                Shape::Array(&Shape::Tagged(&[variant(
                    "reasoning_text",
                    &[required("text", Shape::Text)],
                )])),
            ),
            optional("encrypted_content", Shape::Text),
            optional("id", Shape::Text),
        ],
    ),
    variant(
        "custom_tool_call",
        &[
            required("call_id", Shape::TextUpTo(64)),
            required("name", Shape::Text),
            required("input", Shape::Text),
            optional("caller", Shape::Any),
            optional("id", Shape::Text),
            optional("namespace", Shape::Text),
            optional("status", STATUS),
        ],
    ),
    variant("custom_tool_call_output", CALL_OUTPUT),
    variant(
        "apply_patch_call",
        &[
            required("call_id", Shape::TextUpTo(64)),
            required("operation", Shape::Open),
            required("status", STATUS),
            optional("caller", Shape::Any),
            optional("id", Shape::Text),
        ],
    ),
    variant(
        "apply_patch_call_output",
        &[
            required("call_id", Shape::TextUpTo(64)),
            required("status", Shape::OneOf(&["completed", "failed"])),
            optional("caller", Shape::Any),
            optional("id", Shape::Text),
            optional("output", Shape::Text),
        ],
    ),
    variant("item_reference", &[required("id", Shape::Text)]),
    // A message by its kind alone lacks a role, and is told so before it comes here.
    opaque("message"),
    opaque("additional_tools"),
    opaque("code_interpreter_call"),
    opaque("compaction"),
    opaque("compaction_trigger"),
    opaque("computer_call"),
    opaque("computer_call_output"),
    opaque("file_search_call"),
    opaque("image_generation_call"),
    opaque("local_shell_call"),
    opaque("local_shell_call_output"),
    opaque("mcp_approval_request"),
    opaque("mcp_approval_response"),
    opaque("mcp_call"),
    opaque("mcp_list_tools"),
    opaque("program"),
    opaque("program_output"),
    opaque("shell_call"),
    opaque("shell_call_output"),
    opaque("tool_search_call"),
    opaque("tool_search_output"),
    opaque("web_search_call"),
];
