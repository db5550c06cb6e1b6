//! The service's response object, as far as it is read.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess};
use serde_json::{Map, Value};

use super::members::{Lenient, Reader, Scalar};
use super::usage;
use crate::core::json;
use crate::core::pricing::Tokens;

/// A response object: the members that are translated or are metadata. What the service repeats of the request, which can be
/// of any length, and what nobody needs, is not kept.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The members; `Null` when it is no object.
    pub(super) read: Value,
}

impl Response {
    /// Reads a response that came whole.
    ///
    /// # Errors
    ///
    /// When it is no JSON.
    pub fn parse(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes).or_else(|_| serde_json::from_slice(&json::mended(bytes).json))
    }

    /// The error that it failed with, and what the content filters found, if they did not let it pass.
    pub(super) fn failure(&self) -> Option<Value> {
        let mut error = self
            .read
            .get("error")
            .filter(|error| !error.is_null())?
            .clone();
        if let Some(error) = error.as_object_mut()
            && let Some(filters) = self.read.get("content_filters")
        {
            error
                .entry("content_filters")
                .or_insert_with(|| filters.clone());
        }
        Some(error)
    }

    /// The service's id for it.
    pub fn id(&self) -> Option<&str> {
        json::text(&self.read, "id")
    }

    /// The model that answered, in the service's words.
    pub fn model(&self) -> Option<&str> {
        json::text(&self.read, "model")
    }

    /// What decides on what the response costs.
    pub(super) fn served(&self) -> Served {
        let text = |key| json::text(&self.read, key).map(str::to_owned);
        Served {
            model: text("model"),
            service_tier: text("service_tier"),
            tokens: self.read.get("usage").and_then(usage::tokens),
        }
    }
}

/// What a response says of itself that decides on what it costs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Served {
    /// The model that answered.
    pub model: Option<String>,
    /// The tier that served.
    pub service_tier: Option<String>,
    /// What was used, if the service says.
    pub tokens: Option<Tokens>,
}

impl<'de> Deserialize<'de> for Response {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient(Self::default()))
    }
}

impl<'de> Reader<'de> for Response {
    fn scalar(self, _: Scalar<'de>) -> Self {
        self
    }

    fn object(&mut self) {
        self.read = Value::Object(Map::new());
    }

    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        if READ.contains(&key) {
            let mut value: Value = map.next_value()?;
            if let Value::Array(items) = &mut value {
                items.iter_mut().for_each(spread);
            }
            self.read[key] = value;
        } else {
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Gives a message whose content is plain text, as some gateways send it, the usual form.
pub(super) fn spread(item: &mut Value) {
    if json::text(item, "type") == Some("message")
        && let Some(content @ Value::String(_)) = item.get_mut("content")
    {
        let text = content.take();
        *content = Value::Array(vec![json::object_of(vec![
            ("type", "output_text".into()),
            ("text", text),
        ])]);
    }
}

/// The members that are kept.
const READ: [&str; 12] = [
    "content_filters",
    "error",
    "id",
    "incomplete_details",
    "input_transformations",
    "model",
    "output",
    "prompt_cache_diagnostics",
    "service_tier",
    "status",
    "tool_usage",
    "usage",
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_needs_is_not_kept_whatever_it_is() {
        let text = r#"{
            "status": "completed", "instructions": "secret", "content_filters": [ {"a": 1} ],
            "a \"key\"": [1e400, {"b": null}], "metadata": 1e400
        }"#;
        let response: Response = serde_json::from_str(text).unwrap();
        assert_eq!(
            response.read,
            serde_json::json!({ "status": "completed", "content_filters": [{ "a": 1 }] })
        );
    }
}
