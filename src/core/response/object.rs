//! The service's response object, as far as it is read.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess};
use serde_json::{Map, Value};

use super::members::{Lenient, Reader, Scalar};
use super::usage;
use crate::core::json;
use crate::core::pricing::Tokens;

/// A response object. What is translated of it is a tree, and what is passed on is written while it is read: the content
/// filters alone are half of a short response. What a service repeats of the request, which can be of any length, is not kept.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The members that are translated; `Null` when it is no object.
    pub(super) read: Value,
    /// Those that are passed on, as members of the metadata.
    pub(super) passed_on: json::ObjectWriter,
}

impl Response {
    pub(super) fn is_object(&self) -> bool {
        self.read.is_object()
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
            self.read[key] = map.next_value()?;
        } else if SAID_ELSEWHERE.binary_search(&key).is_ok() {
            map.next_value::<IgnoredAny>()?;
        } else {
            self.passed_on.copied(&[PREFIX, key].concat(), map)?;
        }
        Ok(())
    }
}

/// What the keys of metadata begin with, as those of the Python provider do.
const PREFIX: &str = "openai:";

/// The members that are translated.
const READ: [&str; 8] = [
    "error",
    "id",
    "incomplete_details",
    "model",
    "output",
    "service_tier",
    "status",
    "usage",
];

/// The members that are not kept: they say what the caller knows, or their names in the metadata are those of something else.
/// In the order in which they are searched.
const SAID_ELSEWHERE: &[&str] = &[
    "background",
    "completed_at",
    "continuation_count",
    "conversation",
    "created_at",
    "frequency_penalty",
    "incomplete_reason",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "moderation",
    "object",
    "output_items",
    "output_text",
    "parallel_tool_calls",
    "presence_penalty",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "rate_limits",
    "reasoning",
    "reasoning_items",
    "request_id",
    "response_id",
    "safety_identifier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched() {
        assert!(SAID_ELSEWHERE.is_sorted());
    }

    #[test]
    fn what_is_not_translated_is_passed_on_or_not_kept() {
        let text = r#"{
            "status": "completed", "instructions": "secret", "content_filters": [ {"a": 1.10} ],
            "nothing": null, "none": [ ], "a \"key\"": "\n"
        }"#;
        let response: Response = serde_json::from_str(text).unwrap();
        assert_eq!(response.read, serde_json::json!({ "status": "completed" }));
        assert_eq!(
            response.passed_on.finish(),
            r#"{"openai:content_filters":[{"a":1.1}],"openai:a \"key\"":"\n"}"#
        );
    }
}
