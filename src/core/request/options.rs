//! What a request says beside the kernel's fields: a component gets no keyword arguments, so that the settings of one call
//! are keys of the request. Each beats the configuration's setting. `null` and an empty text say that nothing is sent,
//! whatever the setting. All other keys are the agent's own, and are not sent.

use serde_json::{Map, Value};

use super::place::{Invalid, invalid};
use crate::contract::types::ChatRequest;
use crate::core::json;

/// The extensions of a request.
pub(super) struct Options(Map<String, Value>);

impl Options {
    pub(super) fn of(request: &ChatRequest) -> Result<Self, Invalid> {
        match request.extensions.as_deref().map(json::object) {
            None => Ok(Self(Map::new())),
            Some(Some(extensions)) => Ok(Self(extensions)),
            Some(None) => Err(invalid("extensions", "expected a JSON object")),
        }
    }

    /// A value of any type that is not null.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A text, or the setting where the request does not say.
    pub(super) fn text<'a>(
        &'a self,
        key: &str,
        setting: Option<&'a str>,
    ) -> Result<Option<&'a str>, Invalid> {
        match self.0.get(key) {
            None => Ok(setting),
            Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(invalid(key, "expected text")),
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

    /// What answers hold beside themselves: what is needed, and what the request asks for.
    pub(super) fn include(&self, mut include: Vec<Value>) -> Result<Vec<Value>, Invalid> {
        const KEY: &str = "include";
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
