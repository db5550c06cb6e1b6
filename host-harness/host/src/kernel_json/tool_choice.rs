//! Which tool the model calls: a word, or an object.

use serde_json::{Value, json};

use crate::contract::types::ToolChoice;

use super::JsonError;
use super::reader::Place;
use super::writer::stored_object;

pub(crate) fn read(value: Value, place: Place<'_>) -> Result<ToolChoice, JsonError> {
    match value {
        Value::String(word) => Ok(match word.as_str() {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" => ToolChoice::Required,
            _ => ToolChoice::Function(word),
        }),
        Value::Object(_) => Ok(match function_name(&value) {
            Some(name) => ToolChoice::Function(name.to_owned()),
            None => ToolChoice::Custom(value.to_string()),
        }),
        other => Err(JsonError::unexpected(
            place,
            "a string or an object",
            &other,
        )),
    }
}

pub(super) fn write(choice: &ToolChoice, place: Place<'_>) -> Result<Value, JsonError> {
    match choice {
        ToolChoice::Auto => Ok("auto".into()),
        ToolChoice::None => Ok("none".into()),
        ToolChoice::Required => Ok("required".into()),
        // Not as a bare string: a function may be called `auto`.
        ToolChoice::Function(name) => Ok(json!({"type": "function", "name": name})),
        ToolChoice::Custom(text) => stored_object(text, place),
    }
}

/// The name in `{"type":"function","name":…}`, or in the form of chat completions with `function` around the name. An
/// object with more keys than these says more than a name can hold.
fn function_name(value: &Value) -> Option<&str> {
    let object = value.as_object()?;
    if object.len() != 2 || object.get("type")? != "function" {
        return None;
    }
    match (object.get("name"), object.get("function")) {
        (Some(name), _) => name.as_str(),
        (None, Some(Value::Object(function))) if function.len() == 1 => {
            function.get("name")?.as_str()
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_choice_survives_a_round_trip() {
        for (value, choice) in [
            (json!("auto"), ToolChoice::Auto),
            (json!("none"), ToolChoice::None),
            (json!("required"), ToolChoice::Required),
            (
                json!({"type": "function", "name": "auto"}),
                ToolChoice::Function("auto".into()),
            ),
            (
                json!({"type": "web_search"}),
                ToolChoice::Custom(r#"{"type":"web_search"}"#.into()),
            ),
            (
                json!({"type": "function", "name": "add", "x": 1}),
                ToolChoice::Custom(r#"{"name":"add","type":"function","x":1}"#.into()),
            ),
            (
                json!({"type": "function", "function": {"name": "add", "x": 1}}),
                ToolChoice::Custom(r#"{"function":{"name":"add","x":1},"type":"function"}"#.into()),
            ),
            (
                json!({"type": "mcp", "name": "add"}),
                ToolChoice::Custom(r#"{"name":"add","type":"mcp"}"#.into()),
            ),
            (
                json!({"type": "function", "name": 1}),
                ToolChoice::Custom(r#"{"name":1,"type":"function"}"#.into()),
            ),
            (json!({}), ToolChoice::Custom("{}".into())),
        ] {
            assert_eq!(read(value.clone(), Place::Root).as_ref(), Ok(&choice));
            assert_eq!(write(&choice, Place::Root), Ok(value));
        }
    }

    #[test]
    fn other_spellings_are_accepted() {
        for value in [
            json!("add"),
            json!({"type": "function", "name": "add"}),
            json!({"type": "function", "function": {"name": "add"}}),
        ] {
            assert_eq!(
                read(value, Place::Root),
                Ok(ToolChoice::Function("add".into()))
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (value, expected) in [
            (
                json!(1),
                "tool_choice: expected a string or an object, found 1",
            ),
            (
                json!([]),
                "tool_choice: expected a string or an object, found an array",
            ),
        ] {
            let error = read(value, Place::Root.key("tool_choice")).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let error = write(
            &ToolChoice::Custom("x".into()),
            Place::Root.key("tool_choice"),
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "tool_choice: not valid JSON, line 1, column 1: expected value"
        );
    }
}
