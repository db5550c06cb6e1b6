//! What a request says beside the kernel's fields: a component gets no keyword arguments, so that the settings of one call
//! are keys of the request. Each beats the configuration's setting. `null` and an empty text say that nothing is sent,
//! whatever the setting. All other keys are the agent's own, and are not sent.

use serde_json::{Map, Value};

use super::location::{Invalid, invalid};
use crate::contract::types::ChatRequest;
use crate::core::config::setting::Setting;
use crate::core::json;

/// The extensions of a request, and its metadata, where some callers put the settings of one call.
pub(super) struct Options {
    extensions: Map<String, Value>,
    metadata: Map<String, Value>,
}

impl Options {
    pub(super) fn of(request: &ChatRequest) -> Result<Self, Invalid> {
        let extensions = match request.extensions.as_deref().map(json::object) {
            None => Map::new(),
            Some(Some(extensions)) => extensions,
            Some(None) => return Err(invalid("extensions", "expected a JSON object")),
        };
        // The metadata is the agent's own, and may be anything.
        let metadata = request.metadata.as_deref().and_then(json::object);
        Ok(Self {
            extensions,
            metadata: metadata.unwrap_or_default(),
        })
    }

    /// Whether the metadata asks for a stream, or for none.
    pub(super) fn stream(&self) -> Option<bool> {
        self.metadata.get("stream").and_then(Value::as_bool)
    }

    /// Whether extended thinking is asked for, by the request or else by its metadata.
    pub(super) fn extended_thinking(&self) -> Result<Option<bool>, Invalid> {
        const KEY: &str = "extended_thinking";
        let flag = self.flag(KEY)?;
        Ok(flag.or_else(|| self.metadata.get(KEY).and_then(Value::as_bool)))
    }

    /// How many tokens extended thinking may take besides the answer's own; 0 says nothing of it.
    pub(super) fn thinking_budget(&self) -> Result<Option<u64>, Invalid> {
        const KEY: &str = "thinking_budget_tokens";
        match self.get(KEY) {
            None => Ok(self.metadata.get(KEY).and_then(Value::as_u64)),
            Some(value) => match value.as_u64() {
                Some(tokens) => Ok(Some(tokens)),
                None => Err(invalid(KEY, "expected a whole number, 0 or more")),
            },
        }
    }

    /// A value of any type that is not null.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.extensions.get(key).filter(|value| !value.is_null())
    }

    /// A text, or the setting where the request does not say.
    pub(super) fn text<'a>(
        &'a self,
        key: &str,
        setting: Option<&'a str>,
    ) -> Result<Option<&'a str>, Invalid> {
        match self.extensions.get(key) {
            None => Ok(setting),
            Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(invalid(key, "expected text")),
        }
    }

    /// What goes into the body as it is: the option, or the setting where the request does not say.
    pub(super) fn passed_through(
        &self,
        setting: &Setting<Value>,
        settings: &[(&str, Value)],
    ) -> Result<Option<Value>, Invalid> {
        let key = setting.row.key;
        match self.extensions.get(key) {
            None => {
                let configured = settings.iter().find(|(name, _)| *name == key);
                Ok(configured.map(|(_, value)| value.clone()))
            }
            Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(value) => match setting.read(value) {
                Ok(value) => Ok(Some(value)),
                Err(expected) => Err(invalid(key, &format!("expected {expected}"))),
            },
        }
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, Invalid> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(invalid(key, "expected true or false")),
        }
    }

    /// A whole number, 1 or more.
    pub(super) fn count(&self, key: &str) -> Result<Option<u64>, Invalid> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(count) if count > 0 => Ok(Some(count)),
                _ => Err(invalid(key, "expected a whole number, 1 or more")),
            },
        }
    }

    /// What answers hold beside themselves, as the request asks for it, each entry once.
    pub(super) fn include(&self) -> Result<Vec<Value>, Invalid> {
        const KEY: &str = "include";
        let mut include = Vec::new();
        match self.get(KEY) {
            None => {}
            Some(Value::Array(wanted)) if wanted.iter().all(Value::is_string) => {
                for name in wanted {
                    if !include.contains(name) {
                        include.push(name.clone());
                    }
                }
            }
            Some(_) => return Err(invalid(KEY, "expected a list of texts")),
        }
        Ok(include)
    }
}
