//! The input of a request: a string, or the items of a conversation.

use serde_json::{Map, Value};

use super::consistency;
use super::items::{ASSISTANT_MESSAGE, ITEMS, MESSAGE};
use super::media;
use super::schema::{Shape, Variant};
use crate::service::dialect::Dialect;
use crate::service::error::ApiError;

/// A conversation that holds together.
#[derive(Clone)]
pub(super) enum Input<'a> {
    Text(&'a str),
    Items(&'a [Value]),
}

impl<'a> Input<'a> {
    /// Reads the input of a request with these tools.
    pub(super) fn parse(
        input: &'a Value,
        tools: &[Value],
        dialect: Dialect,
    ) -> Result<Self, ApiError> {
        match input {
            Value::String(text) => Ok(Self::Text(text)),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = format!("input[{index}]");
                    if dialect == Dialect::Project && item.get("type").is_none() {
                        let mut kinds: Vec<&str> = ITEMS.iter().map(Variant::tag).collect();
                        kinds.sort_unstable();
                        return Err(ApiError::wrong_value(&path, "", &kinds));
                    }
                    check_item(item, &path)?;
                }
                consistency::check(items)?;
                consistency::check_namespaces(items, tools)?;
                Ok(Self::Items(items))
            }
            other => Err(ApiError::wrong_type("input", "a string or an array", other)),
        }
    }

    /// The conversation without what the assistant says at its end, and that: a client that was cut off sends it to have
    /// it continued, with the reasoning that led to it.
    pub(super) fn split_unfinished(&self) -> (Self, String) {
        let Self::Items(items) = *self else {
            return (self.clone(), String::new());
        };
        let is_unfinished =
            |item: &Value| role(item) == Some("assistant") || kind(item) == Some("reasoning");
        let start = items
            .iter()
            .rposition(|item| !is_unfinished(item))
            .map_or(0, |index| index + 1);
        let (before, unfinished) = items.split_at(start);
        let said = unfinished
            .iter()
            .map(|item| match role(item) {
                Some(_) => text_of(&item["content"], ""),
                None => String::new(),
            })
            .collect();
        (Self::Items(before), said)
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
    for content in ["content", "output"] {
        media::check(&item[content], &format!("{path}.{content}"))?;
    }
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
    shape.check(item, path)
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
