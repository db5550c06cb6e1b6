//! Tools and which of them the model calls.

use serde_json::{Value, json};

use super::invalid;
use crate::contract::types::{FunctionTool, ProviderError, ToolChoice, ToolSpec};
use crate::core::json;

/// The `tools` of the request.
pub(super) fn translate(tools: &[ToolSpec]) -> Result<Value, ProviderError> {
    tools
        .iter()
        .enumerate()
        .map(|(index, tool)| match tool {
            ToolSpec::Function(function) => self::function(index, function),
            ToolSpec::Hosted(tool) => object(&format!("tools[{index}]"), tool),
        })
        .collect()
}

/// The `tool_choice` of the request.
pub(super) fn choice(choice: &ToolChoice) -> Result<Value, ProviderError> {
    match choice {
        ToolChoice::Auto => Ok(json!("auto")),
        ToolChoice::None => Ok(json!("none")),
        ToolChoice::Required => Ok(json!("required")),
        ToolChoice::Function(name) => Ok(json!({ "type": "function", "name": name })),
        ToolChoice::Custom(choice) => object("tool_choice", choice),
    }
}

fn function(index: usize, tool: &FunctionTool) -> Result<Value, ProviderError> {
    let mut translated = json!({
        "type": "function",
        "name": tool.name,
        // Left out, the Responses API would make every argument required where it can, and the model invent values.
        "strict": tool.strict.unwrap_or(false),
        "parameters": object(&format!("tools[{index}].parameters"), &tool.parameters)?,
    });
    if let Some(description) = &tool.description {
        translated["description"] = json!(description);
    }
    Ok(translated)
}

fn object(place: &str, text: &str) -> Result<Value, ProviderError> {
    json::object(text)
        .map(Value::Object)
        .ok_or_else(|| invalid(place, "expected a JSON object"))
}
