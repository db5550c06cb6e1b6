//! Tools and which of them the model calls.

use serde_json::Value;

use super::location::{Invalid, invalid};
use crate::contract::types::{FunctionTool, ToolChoice, ToolSpec};
use crate::core::item::CallKind;
use crate::core::json;

/// The declared tools whose calls are no function calls: `apply_patch` and custom ones.
pub(super) struct Declared<'a>(Vec<(&'a str, CallKind)>);

impl<'a> Declared<'a> {
    pub(super) fn of(tools: &'a [Value]) -> Self {
        let mut declared = Vec::new();
        for tool in tools {
            let (tool_type, kind) = match json::text(tool, "type") {
                Some(tool_type @ "apply_patch") => (tool_type, CallKind::ApplyPatch),
                Some(tool_type @ "custom") => (tool_type, CallKind::Custom),
                _ => continue,
            };
            let name = json::text(tool, "name").unwrap_or(tool_type);
            declared.push((name, kind));
        }
        Self(declared)
    }

    /// What a call of the tool with this name is.
    pub(super) fn call_kind(&self, name: &str) -> CallKind {
        let found = self.0.iter().find(|(declared, _)| *declared == name);
        found.map_or(CallKind::Function, |(_, kind)| *kind)
    }
}

/// The `tools` of the request.
pub(super) fn translate(tools: &[ToolSpec]) -> Result<Vec<Value>, Invalid> {
    let mut translated = Vec::new();
    for (index, tool) in tools.iter().enumerate() {
        let location = format!("tools[{index}]");
        translated.push(match tool {
            ToolSpec::Function(function) => self::function(function, &location)?,
            ToolSpec::Hosted(tool) => object(&location, tool)?,
        });
    }
    Ok(translated)
}

/// The `tool_choice` of a request with these tools. None when there is nothing to choose.
pub(super) fn choice(
    choice: &ToolChoice,
    tools: &[Value],
    has_tools: bool,
) -> Result<Option<Value>, Invalid> {
    let chosen = match choice {
        ToolChoice::Auto | ToolChoice::None if !has_tools => return Ok(None),
        ToolChoice::Auto => Value::from("auto"),
        ToolChoice::None => Value::from("none"),
        ToolChoice::Required => Value::from("required"),
        ToolChoice::Function(name) => by_name(name, tools),
        ToolChoice::Custom(choice) => object("tool_choice", choice)?,
    };
    if has_tools {
        Ok(Some(chosen))
    } else {
        let problem = "the model must call a tool, but `tools` has none";
        Err(invalid("tool_choice", problem))
    }
}

/// The choice of the tool with this name: of a function, of a custom tool, or of one of the service's own, whose name is its
/// type.
fn by_name(name: &str, tools: &[Value]) -> Value {
    let mut kind = "function";
    for tool in tools {
        let is_named = json::text(tool, "name") == Some(name);
        match json::text(tool, "type").unwrap_or_default() {
            "function" if is_named => {
                kind = "function";
                break;
            }
            "custom" if is_named => kind = "custom",
            other if other == name => kind = other,
            _ => {}
        }
    }
    let mut choice = json::typed(kind);
    if matches!(kind, "function" | "custom") {
        json::set_text(&mut choice, "name", name);
    }
    Value::Object(choice)
}

/// A function. Of its extensions those are sent that the service knows; others are the agent's own.
fn function(tool: &FunctionTool, location: &str) -> Result<Value, Invalid> {
    let parameters = object(&[location, ".parameters"].concat(), &tool.parameters)?;
    let mut function = json::typed("function");
    json::set_text(&mut function, "name", &tool.name);
    json::set(&mut function, "parameters", parameters);
    // Left out, the Responses API would make every argument required where it can, and the model invent values.
    let strict = Value::Bool(tool.strict.unwrap_or(false));
    json::set(&mut function, "strict", strict);
    if let Some(description) = &tool.description {
        json::set_text(&mut function, "description", description);
    }
    let extensions = match &tool.extensions {
        None => Value::Null,
        Some(extensions) => object(&[location, ".extensions"].concat(), extensions)?,
    };
    for key in ["allowed_callers", "defer_loading", "output_schema"] {
        match extensions.get(key) {
            None | Some(Value::Null) => {}
            Some(value) => json::set(&mut function, key, value.clone()),
        }
    }
    Ok(Value::Object(function))
}

fn object(location: &str, text: &str) -> Result<Value, Invalid> {
    match json::object(text) {
        Some(object) => Ok(Value::Object(object)),
        None => Err(invalid(location, "expected a JSON object")),
    }
}
