//! The form of the answer: `response_format` in the service's form.

use serde_json::{Map, Value};

use super::location::{Invalid, invalid};
use crate::contract::types::{JsonSchema, ResponseFormat};
use crate::core::json;

/// The `text.format` of the request.
pub(super) fn translate(format: &ResponseFormat) -> Result<Value, Invalid> {
    let kind = match format {
        ResponseFormat::Text => "text",
        ResponseFormat::Json => "json_object",
        ResponseFormat::JsonSchema(schema) => return json_schema(schema),
    };
    Ok(Value::Object(json::typed(kind)))
}

/// The kernel hands over the schema itself, or wrapped with its name; the service wants it flat, with a name. A wrapper is
/// told by its member `schema`, which is no keyword of JSON Schema, where `type` says nothing else. What stands beside the
/// wrapper comes before what is in it.
fn json_schema(format: &JsonSchema) -> Result<Value, Invalid> {
    const LOCATION: &str = "response_format.schema";
    let Some(mut schema) = json::object(&format.schema) else {
        return Err(invalid(
            LOCATION,
            "expected a JSON Schema, which is a JSON object",
        ));
    };
    let mut flat = Map::new();
    let kind = schema.get("type").and_then(Value::as_str);
    if (kind == Some("json_schema") || !schema.contains_key("type"))
        && let Some(inner) = schema.remove("schema")
    {
        flat = schema;
        schema = match inner {
            Value::Object(inner) => inner,
            _ => return Err(invalid(LOCATION, "expected a JSON object as `schema`")),
        };
    }
    // The service requires a name; the kernel does not.
    let is_named = flat.get("name").is_some_and(Value::is_string);
    match &format.name {
        Some(name) => json::set_text(&mut flat, "name", name),
        None if is_named => {}
        None => json::set_text(&mut flat, "name", "response"),
    }
    if let Some(description) = &format.description {
        json::set_text(&mut flat, "description", description);
    }
    if let Some(strict) = format.strict {
        json::set(&mut flat, "strict", Value::Bool(strict));
    }
    json::set_text(&mut flat, "type", "json_schema");
    json::set(&mut flat, "schema", Value::Object(schema));
    Ok(Value::Object(flat))
}
