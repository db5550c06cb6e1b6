//! The form of the answer: `response_format` in the service's form.

use serde_json::{Map, Value};

use super::place::{Invalid, invalid};
use crate::contract::types::{JsonSchema, ResponseFormat};
use crate::core::json;

/// The `text.format` of the request.
pub(super) fn translate(format: &ResponseFormat) -> Result<Value, Invalid> {
    let kind = match format {
        ResponseFormat::Text => "text",
        ResponseFormat::Json => "json_object",
        ResponseFormat::JsonSchema(schema) => return json_schema(schema),
    };
    Ok(json::object_of(vec![("type", kind.into())]))
}

/// The kernel hands over the schema itself, or wrapped with its name; the service wants it flat, with a name. A wrapper is
/// told by its member `schema`, which is no keyword of JSON Schema, where `type` says nothing else. What stands beside the
/// wrapper comes before what is in it.
fn json_schema(format: &JsonSchema) -> Result<Value, Invalid> {
    const PLACE: &str = "response_format.schema";
    let Some(mut schema) = json::object(&format.schema) else {
        return Err(invalid(
            PLACE,
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
            _ => return Err(invalid(PLACE, "expected a JSON object as `schema`")),
        };
    }
    // The service requires a name; the kernel does not.
    let named = flat.remove("name").filter(Value::is_string);
    let name = format.name.as_deref().map(Value::from).or(named);
    let description = format.description.as_deref().map(Value::from);
    for (key, value) in [
        ("type", Some("json_schema".into())),
        ("schema", Some(Value::Object(schema))),
        ("name", Some(name.unwrap_or("response".into()))),
        ("description", description),
        ("strict", format.strict.map(Value::Bool)),
    ] {
        if let Some(value) = value {
            flat.insert(key.to_owned(), value);
        }
    }
    Ok(Value::Object(flat))
}
