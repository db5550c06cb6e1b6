//! `host-harness chat`, through a pipe as a script uses it.

mod agent;
mod commands;
mod consent;
mod failures;
mod json;
mod totals;

use serde_json::{Value, json};

use super::{Finished, execute, file};
use crate::support::component;

/// Says these lines to a chat.
async fn chat(environment: &[(&str, &str)], arguments: &[&str], lines: &[&str]) -> Finished {
    let component = component();
    let arguments = [
        &["chat", "--component", component.to_str().unwrap()],
        arguments,
    ]
    .concat();
    execute(environment, &arguments, &lines.join("\n")).await
}

/// A tools file.
pub(super) fn tools(tools: &[Value]) -> tempfile::NamedTempFile {
    file(".json", &json!({ "tools": tools }).to_string())
}

/// A tool with a city as its argument.
pub(super) fn tool(name: &str, command: &[&str]) -> Value {
    json!({
        "name": name,
        "description": format!("The {name} of a city."),
        "parameters": {
            "type": "object",
            "properties": { "city": { "type": "string" } },
            "required": ["city"],
        },
        "command": command,
    })
}

/// The values in a list of objects under a key.
fn all<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    let items = list.as_array().into_iter().flatten();
    items
        .map(|item| item[key].as_str().unwrap_or_default())
        .collect()
}
