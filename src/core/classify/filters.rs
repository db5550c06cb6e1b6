//! The content filters that stopped something.

use std::fmt;

use serde_json::{Map, Value};

use crate::core::json::{self, ObjectWriter};

/// The results of the content filters that stopped something, by the filters' names.
#[derive(Debug, Default)]
pub(super) struct Filters(Map<String, Value>);

impl Filters {
    /// Those that an error names: in its inner object, in itself, or, in responses, in a list with an entry for the prompt and
    /// for what the model said.
    pub(super) fn of(error: &Value) -> Self {
        let of_lists = json::items(error, "content_filters")
            .iter()
            .filter_map(results);
        let mut filters = Map::new();
        for results in results(error).into_iter().chain(of_lists) {
            for (name, result) in results {
                if has_stopped(result) {
                    filters.insert(name.clone(), result.clone());
                }
            }
        }
        Self(filters)
    }

    /// The details of an error that they are the reason for.
    pub(super) fn details(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let details = ObjectWriter::new().member("content_filter_result", &self.0);
        Some(details.finish())
    }
}

/// The names and severities, in parentheses; nothing when there are none.
impl fmt::Display for Filters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, result)) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { " (" } else { "; " })?;
            f.write_str(name)?;
            if let Some(severity) = json::text(result, "severity") {
                write!(f, ", severity {severity}")?;
            }
        }
        f.write_str(if self.0.is_empty() { "" } else { ")" })
    }
}

/// What a filter found, in each of the spellings.
fn results(object: &Value) -> Option<&Map<String, Value>> {
    ["content_filter_result", "content_filter_results"]
        .into_iter()
        .find_map(|key| object.get(key)?.as_object())
}

fn has_stopped(result: &Value) -> bool {
    let flag = |key| result.get(key).and_then(Value::as_bool);
    flag("filtered").or(flag("detected")).unwrap_or(false)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_filters_that_stopped_something_are_named() {
        let hate = json!({ "filtered": true, "severity": "high" });
        let results = json!({
            "hate": hate,
            "jailbreak": { "detected": true, "filtered": true },
            "protected_material_text": { "detected": true, "filtered": false },
            "violence": { "filtered": false, "severity": "low" },
            "new": "anything",
        });
        let both = " (hate, severity high; jailbreak)";
        for (error, expected) in [
            (json!({ "content_filter_result": results }), both),
            (json!({ "content_filter_results": results }), both),
            (
                json!({ "content_filters": [
                    { "blocked": false, "content_filter_results": { "violence": { "filtered": false } } },
                    { "blocked": true, "content_filter_results": { "hate": hate } },
                ] }),
                " (hate, severity high)",
            ),
            (
                json!({ "content_filter_result": { "profanity": { "detected": true } } }),
                " (profanity)",
            ),
            (
                json!({ "content_filter_result": null, "content_filters": null }),
                "",
            ),
            (
                json!({ "content_filter_result": [], "content_filters": [1, {}] }),
                "",
            ),
            (json!("no object"), ""),
        ] {
            assert_eq!(Filters::of(&error).to_string(), expected, "{error}");
        }
        let details = Filters::of(&json!({ "content_filter_result": results })).details();
        let details: Value = serde_json::from_str(&details.unwrap()).unwrap();
        let expected = json!({ "content_filter_result": {
            "hate": hate,
            "jailbreak": { "detected": true, "filtered": true },
        } });
        assert_eq!(details, expected);
        assert_eq!(Filters::of(&json!({})).details(), None);
    }
}
