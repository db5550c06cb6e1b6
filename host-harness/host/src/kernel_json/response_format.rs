//! The form of the answer.

use serde_json::Value;

use crate::contract::types::{JsonSchema, ResponseFormat};

use super::JsonError;
use super::reader::{Object, Place, one_of};
use super::writer::ObjectWriter;

pub(crate) fn read(value: Value, place: Place<'_>) -> Result<ResponseFormat, JsonError> {
    let mut object = Object::new(value, place)?;
    let kind = object.string("type")?;
    match kind.as_str() {
        "text" => Ok(ResponseFormat::Text),
        "json" | "json_object" => Ok(ResponseFormat::Json),
        "json_schema" => read_schema(object).map(ResponseFormat::JsonSchema),
        _ => Err(JsonError::unexpected(
            place.key("type"),
            &one_of(&["text", "json", "json_object", "json_schema"]),
            &Value::String(kind),
        )),
    }
}

pub(super) fn write(format: &ResponseFormat, place: Place<'_>) -> Result<Value, JsonError> {
    let mut object = ObjectWriter::new(place);
    match format {
        ResponseFormat::Text => object.put("type", "text"),
        ResponseFormat::Json => object.put("type", "json"),
        ResponseFormat::JsonSchema(schema) => {
            object.put("type", "json_schema");
            object.put_object("schema", &schema.schema)?;
            object.put_some("name", schema.name.as_deref());
            object.put_some("description", schema.description.as_deref());
            object.put_some("strict", schema.strict);
            object.extend(schema.extensions.as_deref())?;
        }
    }
    Ok(object.finish())
}

fn read_schema(mut object: Object<'_>) -> Result<JsonSchema, JsonError> {
    let schema = object.optional_object_text("schema")?;
    let json_schema = object.optional_object_text("json_schema")?;
    let Some(schema) = schema.or(json_schema) else {
        return Err(JsonError::missing(
            object.place().key("schema"),
            "an object, the JSON Schema of the answer",
        ));
    };
    Ok(JsonSchema {
        schema,
        name: object.optional_string("name")?,
        description: object.optional_string("description")?,
        strict: object.optional_boolean("strict")?,
        extensions: object.extensions(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_format_survives_a_round_trip() {
        for (value, format) in [
            (json!({"type": "text"}), ResponseFormat::Text),
            (json!({"type": "json"}), ResponseFormat::Json),
            (
                json!({"type": "json_schema", "schema": {"type": "object"}}),
                ResponseFormat::JsonSchema(JsonSchema {
                    schema: r#"{"type":"object"}"#.into(),
                    name: None,
                    description: None,
                    strict: None,
                    extensions: None,
                }),
            ),
            (
                json!({"type": "json_schema", "schema": {"schema": {}, "name": "inner"},
                    "name": "answer", "description": "d", "strict": true, "x": 1}),
                ResponseFormat::JsonSchema(JsonSchema {
                    schema: r#"{"name":"inner","schema":{}}"#.into(),
                    name: Some("answer".into()),
                    description: Some("d".into()),
                    strict: Some(true),
                    extensions: Some(r#"{"x":1}"#.into()),
                }),
            ),
        ] {
            assert_eq!(read(value.clone(), Place::Root).as_ref(), Ok(&format));
            assert_eq!(write(&format, Place::Root), Ok(value));
        }
    }

    #[test]
    fn other_spellings_are_accepted() {
        for (value, expected) in [
            (json!({"type": "json_object"}), json!({"type": "json"})),
            (
                json!({"type": "text", "dropped": 1}),
                json!({"type": "text"}),
            ),
            (
                json!({"type": "json_schema", "json_schema": {"a": 1}, "strict": null}),
                json!({"type": "json_schema", "schema": {"a": 1}}),
            ),
            (
                json!({"type": "json_schema", "json_schema": {"b": 1}, "schema": {"a": 1}}),
                json!({"type": "json_schema", "schema": {"a": 1}}),
            ),
        ] {
            let format = read(value, Place::Root).unwrap();
            assert_eq!(write(&format, Place::Root), Ok(expected));
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (value, expected) in [
            (json!("json"), "f: expected an object, found \"json\""),
            (
                json!({}),
                "f.type: expected a string, but the key is missing",
            ),
            (
                json!({"type": "xml"}),
                "f.type: expected one of text, json, json_object, json_schema, found \"xml\"",
            ),
            (
                json!({"type": "json_schema"}),
                "f.schema: expected an object, the JSON Schema of the answer, but the key is missing",
            ),
            (
                json!({"type": "json_schema", "json_schema": "{}"}),
                "f.json_schema: expected an object, found \"{}\"",
            ),
            (
                json!({"type": "json_schema", "schema": {}, "strict": 1}),
                "f.strict: expected true or false, found 1",
            ),
        ] {
            let error = read(value, Place::Root.key("f")).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let format = ResponseFormat::JsonSchema(JsonSchema {
            schema: "[]".into(),
            name: None,
            description: None,
            strict: None,
            extensions: None,
        });
        let error = write(&format, Place::Root.key("f")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "f.schema: expected an object, found an array"
        );
    }
}
