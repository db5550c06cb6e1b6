//! From the kernel's chat request to the body of a Responses API request.

mod input;
mod tools;

use serde_json::{Map, Value, json};

use crate::contract::types::{ChatRequest, ErrorKind, JsonSchema, ProviderError, ResponseFormat};
use crate::core::config::Configuration;
use crate::core::deployment::Deployment;
use crate::core::json;
use crate::core::model::{self, Capabilities};
use crate::core::repair::{self, Repairs};

/// A chat request in the service's form.
#[derive(Clone, Debug, PartialEq)]
pub struct Translated {
    /// The request's body. Its keys are sorted, so that equal requests are equal bytes and the service's prompt cache
    /// recognises them.
    pub body: Map<String, Value>,
    /// What was asked for and is not sent.
    pub dropped: Vec<Dropped>,
    /// What was done to the conversation, so that the service accepts it.
    pub repairs: Repairs,
}

impl Translated {
    /// Whether the service is asked for a stream.
    pub fn is_streaming(&self) -> bool {
        self.body.get("stream") == Some(&Value::Bool(true))
    }

    /// Takes a parameter out that the model does not support. None when it was not sent, or when the answer would not be
    /// what was asked for without it.
    pub fn drop_parameter(&mut self, name: &str) -> Option<Dropped> {
        let names: &[&str] = match name {
            "reasoning.summary" => {
                self.body
                    .get_mut("reasoning")?
                    .as_object_mut()?
                    .remove("summary")?;
                return Some(Dropped::unsupported(name.to_owned()));
            }
            // They go together: a model that refuses one of them does not reason, and would refuse the other next.
            "include" | "reasoning" | "reasoning.effort" => &["include", "reasoning"],
            "text.verbosity" => {
                self.body
                    .get_mut("text")?
                    .as_object_mut()?
                    .remove("verbosity")?;
                return Some(Dropped::unsupported(name.to_owned()));
            }
            _ => {
                let optional = OPTIONAL.iter().find(|optional| **optional == name)?;
                std::slice::from_ref(optional)
            }
        };
        let mut sent = names
            .iter()
            .filter(|name| self.body.remove(**name).is_some());
        let first = *sent.next()?;
        let all = sent.fold(first.to_owned(), |all, name| format!("{all}, {name}"));
        Some(Dropped::unsupported(all))
    }
}

/// Parameters without which the answer is still what was asked for.
const OPTIONAL: [&str; 8] = [
    "parallel_tool_calls",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "temperature",
    "top_p",
    "truncation",
];

/// Something that was asked for and is not sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Dropped {
    /// Its name or its place in the request.
    pub parameter: String,
    /// Why it is not sent.
    pub reason: String,
}

impl Dropped {
    fn unsupported(parameter: String) -> Self {
        Self {
            parameter,
            reason: "the service says that the model does not support it".to_owned(),
        }
    }
}

/// Translates a request.
///
/// The service keeps nothing (`store: false`): every request carries the whole conversation, the model's encrypted
/// reasoning included.
///
/// # Errors
///
/// What cannot be sent is an error of the kind `invalid-request` that names its place, never left out silently.
pub fn translate(
    request: &ChatRequest,
    deployment: &Deployment,
    configuration: &Configuration,
) -> Result<Translated, ProviderError> {
    let Capabilities {
        is_known,
        reasoning: reasons,
        ..
    } = model::capabilities(&deployment.logical_model);
    let defaults = &configuration.defaults;
    let mut dropped = Vec::new();
    let mut body = Map::new();
    let mut set = |key: &str, value: Value| body.insert(key.to_owned(), value);

    let mut input = input::translate(&request.messages, &mut dropped)?;
    let repairs = repair::repair(&mut input.items, &request.messages);
    if input.items.values.is_empty() {
        return Err(invalid(
            "messages",
            "there is nothing to answer; add a message with the role `user`",
        ));
    }
    set("model", json!(deployment.name));
    set("store", json!(defaults.store));
    set("input", Value::Array(input.items.values));
    if let Some(instructions) = input.instructions {
        set("instructions", json!(instructions));
    }
    let limit = request
        .max_output_tokens
        .unwrap_or(defaults.max_output_tokens);
    set("max_output_tokens", json!(limit));
    if asks_for_stream(request, configuration) {
        set("stream", json!(true));
    }

    // A model that is not known may reason, and would refuse a temperature that nobody asked for.
    let takes_default = !reasons && (is_known || defaults.temperature_is_set);
    if request.temperature.is_none() && takes_default {
        set("temperature", json!(defaults.temperature));
    }
    for (name, value) in [
        ("temperature", request.temperature),
        ("top_p", request.top_p),
    ] {
        match value {
            Some(_) if reasons => dropped.push(Dropped {
                parameter: name.to_owned(),
                reason: format!("the model {} does not accept it", deployment.logical_model),
            }),
            Some(value) => drop(set(name, finite(name, value)?)),
            None => {}
        }
    }
    if !request.stop.is_empty() {
        dropped.push(Dropped {
            parameter: "stop".to_owned(),
            reason: "the Responses API has no such parameter".to_owned(),
        });
    }

    // A model that is not known may reason; if not, the service says so, and is asked again without it.
    let default_effort = defaults.reasoning_effort.filter(|_| reasons || !is_known);
    let effort = request.reasoning_effort.as_deref().or(default_effort);
    if let Some(effort) = effort {
        let summary = defaults.reasoning_summary;
        set("reasoning", json!({ "effort": effort, "summary": summary }));
    }
    if reasons || effort.is_some_and(|effort| effort != "none") {
        set("include", json!(["reasoning.encrypted_content"]));
    }
    let mut text = Map::new();
    if let Some(format) = &request.response_format {
        text.insert("format".to_owned(), text_format(format)?);
    }
    if let Some(verbosity) = defaults.text_verbosity {
        text.insert("verbosity".to_owned(), json!(verbosity));
    }
    if !text.is_empty() {
        set("text", Value::Object(text));
    }
    for (name, value) in [
        ("prompt_cache_key", defaults.prompt_cache_key.as_deref()),
        ("prompt_cache_retention", defaults.prompt_cache_retention),
        ("safety_identifier", defaults.safety_identifier.as_deref()),
        ("service_tier", defaults.service_tier),
        ("truncation", defaults.truncation),
    ] {
        if let Some(value) = value {
            set(name, json!(value));
        }
    }
    if !request.tools.is_empty() {
        set("tools", tools::translate(&request.tools)?);
        if let Some(parallel) = extension(request, "parallel_tool_calls").filter(Value::is_boolean)
        {
            set("parallel_tool_calls", parallel);
        }
    }
    if let Some(choice) = &request.tool_choice {
        set("tool_choice", tools::choice(choice)?);
    }
    for (name, value) in &configuration.extra_request_params {
        set(name, value.clone());
    }
    Ok(Translated {
        body,
        dropped,
        repairs,
    })
}

/// An error that names its place in the request.
fn invalid(place: &str, problem: impl std::fmt::Display) -> ProviderError {
    ProviderError::new(ErrorKind::InvalidRequest, format!("{place}: {problem}"))
}

/// The configuration decides, and `metadata.stream: false` for one request. The request's own `stream` says what the
/// caller wants from the kernel: Python callers send `false` with every request.
fn asks_for_stream(request: &ChatRequest, configuration: &Configuration) -> bool {
    let metadata = request.metadata.as_deref().and_then(json::object);
    let unwanted = metadata.is_some_and(|metadata| metadata.get("stream") == Some(&json!(false)));
    configuration.use_streaming && !unwanted
}

fn extension(request: &ChatRequest, key: &str) -> Option<Value> {
    json::object(request.extensions.as_deref()?)?.remove(key)
}

fn finite(name: &str, value: f64) -> Result<Value, ProviderError> {
    match value.is_finite() {
        true => Ok(json!(value)),
        false => Err(invalid(name, "expected a finite number")),
    }
}

fn text_format(format: &ResponseFormat) -> Result<Value, ProviderError> {
    match format {
        ResponseFormat::Text => Ok(json!({ "type": "text" })),
        ResponseFormat::Json => Ok(json!({ "type": "json_object" })),
        ResponseFormat::JsonSchema(schema) => json_schema(schema),
    }
}

/// The kernel hands over the schema itself, or wrapped with its name; the service wants it flat, with a name.
fn json_schema(format: &JsonSchema) -> Result<Value, ProviderError> {
    /// The service requires a name; the kernel does not.
    const DEFAULT_NAME: &str = "response";
    let place = "response_format.schema";
    let mut schema = json::object(&format.schema)
        .ok_or_else(|| invalid(place, "expected a JSON Schema, which is a JSON object"))?;
    let mut flat = Map::new();
    if schema.get("name").is_some_and(Value::is_string)
        && let Some(inner) = schema.remove("schema")
    {
        let Value::Object(inner) = inner else {
            return Err(invalid(
                &format!("{place}.schema"),
                "expected a JSON object",
            ));
        };
        flat = std::mem::replace(&mut schema, inner);
    }
    flat.insert("type".to_owned(), json!("json_schema"));
    flat.insert("schema".to_owned(), Value::Object(schema));
    if let Some(name) = &format.name {
        flat.insert("name".to_owned(), json!(name));
    }
    if let Some(description) = &format.description {
        flat.insert("description".to_owned(), json!(description));
    }
    if let Some(strict) = format.strict {
        flat.insert("strict".to_owned(), json!(strict));
    }
    flat.entry("name").or_insert_with(|| json!(DEFAULT_NAME));
    Ok(Value::Object(flat))
}

#[cfg(test)]
pub(crate) mod tests;
