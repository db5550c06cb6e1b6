//! [`ProviderInfo`]: what a provider says of itself. Only written: it comes from the component.

use serde_json::{Map, Value};

use crate::contract::types::{ConfigField, FieldType, ProviderInfo};

use super::JsonError;
use super::reader::Place;
use super::writer::{self, ObjectWriter};

/// Writes what a provider says of itself. `version` is ours; the kernel drops it.
///
/// # Errors
///
/// The defaults are not the text of a JSON object.
pub fn to_value(info: &ProviderInfo) -> Result<Value, JsonError> {
    let mut object = ObjectWriter::new(Place::Root);
    object.put("id", info.id.as_str());
    object.put("display_name", info.display_name.as_str());
    object.put("version", info.version.as_str());
    object.put("credential_env_vars", info.credential_env_vars.as_slice());
    object.put("capabilities", info.capabilities.as_slice());
    object.put_object("defaults", &info.defaults)?;
    let fields = writer::array(
        &info.config_fields,
        Place::Root.key("config_fields"),
        config_field,
    )?;
    object.put("config_fields", fields);
    object.extend(info.extensions.as_deref())?;
    Ok(object.finish())
}

fn config_field(field: &ConfigField, place: Place<'_>) -> Result<Value, JsonError> {
    let mut object = ObjectWriter::new(place);
    object.put("id", field.id.as_str());
    object.put("display_name", field.display_name.as_str());
    object.put("prompt", field.prompt.as_str());
    object.put("field_type", field_type_name(field.field_type));
    object.put_some("env_var", field.env_var.as_deref());
    object.put_some("choices", some_items(&field.choices));
    object.put("required", field.required);
    object.put_some("default", field.default.as_deref());
    let conditions = field.show_when.iter();
    let conditions: Map<String, Value> = conditions
        .map(|(key, value)| (key.clone(), value.as_str().into()))
        .collect();
    object.put_some("show_when", (!conditions.is_empty()).then_some(conditions));
    object.put("requires_model", field.requires_model);
    object.extend(field.extensions.as_deref())?;
    Ok(object.finish())
}

fn some_items(items: &[String]) -> Option<&[String]> {
    (!items.is_empty()).then_some(items)
}

fn field_type_name(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text => "text",
        FieldType::Secret => "secret",
        FieldType::Choice => "choice",
        FieldType::Boolean => "boolean",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(kind: FieldType) -> ConfigField {
        ConfigField {
            id: "f".into(),
            display_name: "F".into(),
            prompt: "F?".into(),
            field_type: kind,
            env_var: None,
            choices: Vec::new(),
            required: true,
            default: None,
            show_when: Vec::new(),
            requires_model: false,
            extensions: None,
        }
    }

    fn info(config_fields: Vec<ConfigField>, defaults: &str) -> ProviderInfo {
        ProviderInfo {
            id: "acme".into(),
            display_name: "Acme".into(),
            version: "0.1.0".into(),
            credential_env_vars: vec!["ACME_KEY".into()],
            capabilities: Vec::new(),
            defaults: defaults.into(),
            config_fields,
            extensions: None,
        }
    }

    #[test]
    fn info_has_every_key() {
        assert_eq!(
            to_value(&info(Vec::new(), r#"{"max_tokens":4096}"#)),
            Ok(
                json!({"id": "acme", "display_name": "Acme", "version": "0.1.0",
                "credential_env_vars": ["ACME_KEY"], "capabilities": [],
                "defaults": {"max_tokens": 4096}, "config_fields": []})
            )
        );
    }

    #[test]
    fn fields_leave_out_what_they_do_not_have() {
        let full = ConfigField {
            env_var: Some("V".into()),
            choices: vec!["a".into(), "b".into()],
            required: false,
            default: Some("a".into()),
            show_when: vec![("k".into(), "v".into()), ("j".into(), "w".into())],
            requires_model: true,
            ..field(FieldType::Choice)
        };
        let value = to_value(&info(vec![full, field(FieldType::Secret)], "{}")).unwrap();
        assert_eq!(
            value["config_fields"],
            json!([
                {"id": "f", "display_name": "F", "prompt": "F?", "field_type": "choice", "env_var": "V",
                    "choices": ["a", "b"], "required": false, "default": "a",
                    "show_when": {"j": "w", "k": "v"}, "requires_model": true},
                {"id": "f", "display_name": "F", "prompt": "F?", "field_type": "secret", "required": true,
                    "requires_model": false},
            ])
        );
    }

    #[test]
    fn field_types_have_the_kernels_names() {
        for (kind, name) in [
            (FieldType::Text, "text"),
            (FieldType::Secret, "secret"),
            (FieldType::Choice, "choice"),
            (FieldType::Boolean, "boolean"),
        ] {
            let value = to_value(&info(vec![field(kind)], "{}")).unwrap();
            assert_eq!(value["config_fields"][0]["field_type"], name);
        }
    }

    #[test]
    fn defaults_that_are_no_object_are_an_error() {
        assert_eq!(
            to_value(&info(Vec::new(), "")).unwrap_err().to_string(),
            "defaults: not valid JSON, line 1, column 0: EOF while parsing a value"
        );
    }
}
