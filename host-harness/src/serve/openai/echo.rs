//! What a response repeats of its request.

use serde_json::{Map, Value, json};

/// The members of a response that are its request's, and the tools whose calls have items of their own.
#[derive(Clone)]
pub(in crate::serve) struct Echo {
    members: Map<String, Value>,
    native: Vec<(String, Native)>,
}

/// A tool that is no function.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Native {
    ApplyPatch,
    Custom,
}

impl Echo {
    /// Takes it from the body of a request, right or wrong.
    pub(super) fn of(body: &Value) -> Self {
        let mut members = Map::new();
        for (name, default) in MEMBERS {
            let given = body.get(name).filter(|value| !value.is_null()).cloned();
            members.insert(name.to_owned(), given.unwrap_or_else(default));
        }
        let given =
            |group: &str, name: &str| body.get(group).and_then(|group| group.get(name)).cloned();
        members.insert(
            "reasoning".to_owned(),
            json!({ "effort": given("reasoning", "effort"), "summary": given("reasoning", "summary") }),
        );
        let mut text =
            json!({ "format": given("text", "format").unwrap_or(json!({ "type": "text" })) });
        if let Some(verbosity) = given("text", "verbosity") {
            text["verbosity"] = verbosity;
        }
        members.insert("text".to_owned(), text);
        let tools = body.get("tools").and_then(Value::as_array);
        Self {
            members,
            native: tools.into_iter().flatten().filter_map(native).collect(),
        }
    }

    /// The members of the response.
    pub(super) fn members(&self) -> Map<String, Value> {
        self.members.clone()
    }

    /// What a tool is, if it is no function.
    pub(super) fn native(&self, name: &str) -> Option<Native> {
        let mut native = self.native.iter();
        native
            .find(|(other, _)| other == name)
            .map(|(_, kind)| *kind)
    }
}

fn native(tool: &Value) -> Option<(String, Native)> {
    match tool["type"].as_str()? {
        "apply_patch" => Some(("apply_patch".to_owned(), Native::ApplyPatch)),
        "custom" => Some((tool["name"].as_str()?.to_owned(), Native::Custom)),
        _ => None,
    }
}

type Default = fn() -> Value;

const NULL: Default = || Value::Null;

/// What is repeated, and what is said in its place when the request does not say.
const MEMBERS: [(&str, Default); 16] = [
    ("instructions", NULL),
    ("max_output_tokens", NULL),
    ("max_tool_calls", NULL),
    ("metadata", || json!({})),
    // The provider's default model has a name, which comes with its answer.
    ("model", || json!("default")),
    ("parallel_tool_calls", || json!(true)),
    ("prompt_cache_key", NULL),
    ("prompt_cache_retention", NULL),
    ("safety_identifier", NULL),
    ("service_tier", NULL),
    ("temperature", NULL),
    ("tool_choice", || json!("auto")),
    ("tools", || json!([])),
    ("top_p", NULL),
    ("truncation", NULL),
    ("user", NULL),
];
