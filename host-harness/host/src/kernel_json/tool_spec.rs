//! Tools that the model may call.

use serde_json::Value;

use crate::contract::types::{FunctionTool, ToolSpec};

use super::JsonError;
use super::reader::{Object, Place};
use super::writer::{ObjectWriter, stored_object};

pub(crate) fn read(value: Value, place: Place<'_>) -> Result<ToolSpec, JsonError> {
    let object = Object::new(value, place)?;
    match object.peek("type") {
        None | Some(Value::Null) => read_function(object).map(ToolSpec::Function),
        Some(Value::String(kind)) if kind == "function" => {
            read_function(object).map(ToolSpec::Function)
        }
        Some(Value::String(_)) => Ok(ToolSpec::Hosted(object.into_text())),
        Some(other) => Err(JsonError::unexpected(
            place.key("type"),
            "\"function\" or the type of a hosted tool",
            other,
        )),
    }
}

pub(super) fn write(tool: &ToolSpec, place: Place<'_>) -> Result<Value, JsonError> {
    let function = match tool {
        ToolSpec::Hosted(text) => return stored_object(text, place),
        ToolSpec::Function(function) => function,
    };
    let mut object = ObjectWriter::new(place);
    object.put("name", function.name.as_str());
    object.put_some("description", function.description.as_deref());
    object.put_object("parameters", &function.parameters)?;
    object.put_some("strict", function.strict);
    // Not names of the kernel's, but an extension that bears them would be read back as something else.
    object.put_some("type", None::<&str>);
    object.put_some("input_schema", None::<&str>);
    object.extend(function.extensions.as_deref())?;
    Ok(object.finish())
}

fn read_function(mut object: Object<'_>) -> Result<FunctionTool, JsonError> {
    // The form of chat completions is common enough to deserve more than "the key is missing".
    if object.peek("name").is_none() && object.peek("function").is_some_and(Value::is_object) {
        return Err(JsonError::not_allowed(
            object.place().key("function"),
            "the nested form of a tool is not accepted; move what is in `function` up into the tool, as in \
             {\"name\": …, \"description\": …, \"parameters\": …}",
        ));
    }
    object.forget("type");
    let name = object.string("name")?;
    let parameters = object.optional_object_text("parameters")?;
    let input_schema = object.optional_object_text("input_schema")?;
    let Some(parameters) = parameters.or(input_schema) else {
        return Err(JsonError::missing(
            object.place().key("parameters"),
            "an object, the JSON Schema of the arguments",
        ));
    };
    Ok(FunctionTool {
        name,
        description: object.optional_string("description")?,
        parameters,
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
    fn tools_survive_a_round_trip() {
        for (value, tool) in [
            (
                json!({"name": "add", "parameters": {"type": "object", "properties": {}}}),
                ToolSpec::Function(FunctionTool {
                    name: "add".into(),
                    description: None,
                    parameters: r#"{"properties":{},"type":"object"}"#.into(),
                    strict: None,
                    extensions: None,
                }),
            ),
            (
                json!({"name": "add", "parameters": {}, "description": "Adds.", "strict": false, "x": null}),
                ToolSpec::Function(FunctionTool {
                    name: "add".into(),
                    description: Some("Adds.".into()),
                    parameters: "{}".into(),
                    strict: Some(false),
                    extensions: Some(r#"{"x":null}"#.into()),
                }),
            ),
            (
                json!({"type": "web_search", "filters": {"z": 1, "a": 2}, "name": 7}),
                ToolSpec::Hosted(
                    r#"{"filters":{"a":2,"z":1},"name":7,"type":"web_search"}"#.into(),
                ),
            ),
        ] {
            assert_eq!(read(value.clone(), Place::Root).as_ref(), Ok(&tool));
            assert_eq!(write(&tool, Place::Root), Ok(value));
        }
    }

    #[test]
    fn other_spellings_are_accepted() {
        for value in [
            json!({"name": "n", "input_schema": {"a": 1}}),
            json!({"name": "n", "parameters": null, "input_schema": {"a": 1}}),
            json!({"name": "n", "parameters": {"a": 1}, "input_schema": {"b": 2}}),
            json!({"name": "n", "parameters": {"a": 1}, "description": null, "strict": null}),
            json!({"type": "function", "name": "n", "parameters": {"a": 1}}),
            json!({"type": null, "name": "n", "parameters": {"a": 1}}),
        ] {
            let tool = read(value, Place::Root).unwrap();
            assert_eq!(
                write(&tool, Place::Root),
                Ok(json!({"name": "n", "parameters": {"a": 1}}))
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (value, expected) in [
            (json!("add"), "[1]: expected an object, found \"add\""),
            (
                json!({"parameters": {}}),
                "[1].name: expected a string, but the key is missing",
            ),
            (
                json!({"name": "n"}),
                "[1].parameters: expected an object, the JSON Schema of the arguments, but the key is missing",
            ),
            (
                json!({"name": "n", "parameters": "{}"}),
                "[1].parameters: expected an object, found \"{}\"",
            ),
            (
                json!({"name": "n", "input_schema": []}),
                "[1].input_schema: expected an object, found an array",
            ),
            (
                json!({"name": "n", "parameters": {}, "strict": "yes"}),
                "[1].strict: expected true or false, found \"yes\"",
            ),
            (
                json!({"type": 1, "name": "n", "parameters": {}}),
                "[1].type: expected \"function\" or the type of a hosted tool, found 1",
            ),
            (
                json!({"type": "function", "function": {"name": "n", "parameters": {}}}),
                "[1].function: the nested form of a tool is not accepted; move what is in `function` up into the \
                 tool, as in {\"name\": …, \"description\": …, \"parameters\": …}",
            ),
        ] {
            let error = read(value, Place::Root.index(1)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn text_of_a_hostile_component_is_an_error() {
        let error = write(&ToolSpec::Hosted("[]".into()), Place::Root.index(1)).unwrap_err();
        assert_eq!(error.to_string(), "[1]: expected an object, found an array");
    }

    #[test]
    fn extensions_cannot_turn_a_function_into_something_else() {
        let tool = ToolSpec::Function(FunctionTool {
            name: "n".into(),
            description: None,
            parameters: "{}".into(),
            strict: None,
            extensions: Some(r#"{"type":"web_search","input_schema":1,"x":1}"#.into()),
        });
        assert_eq!(
            write(&tool, Place::Root),
            Ok(json!({"name": "n", "parameters": {}, "x": 1}))
        );
    }
}
