//! From the kernel's chat request to the body of a Responses API request.

mod body;
mod content;
mod format;
mod input;
mod kept;
mod location;
mod options;
mod pending_calls;
mod reasoning;
mod remedy;
pub mod repair;
mod results;
mod sampling;
mod settle;
mod stored_calls;
mod tools;

use serde_json::{Map, Value};

pub use self::body::{Body, Summary};
use self::location::{Drops, Invalid, invalid};
use self::options::Options;
pub use self::reasoning::Thinking;
use self::reasoning::{EFFORT, Reasoning};
pub(in crate::core) use self::remedy::KEPT_AT_ENDPOINTS;
use self::remedy::{REASONING_CONTENT, Remedies};
use self::repair::Repairs;
use self::sampling::Sampling;
use self::tools::Declared;
use crate::contract::types::{ChatRequest, ErrorKind, ProviderError};
use crate::core::config::{Configuration, settings};
use crate::core::deployment::Candidate;
use crate::core::item::Item;
use crate::core::json;
use crate::core::model;

/// A chat request in the service's form.
#[derive(Clone, Debug, PartialEq)]
pub struct Translated {
    /// The request's body.
    pub body: Body,
    /// Whether an answer that is cut off at its limit is continued.
    pub auto_continue: bool,
    /// What the request has and is not sent.
    pub dropped: Vec<Dropped>,
    /// What was done to the conversation, so that the service accepts it.
    pub repairs: Repairs,
    /// Extended thinking, if that is wanted.
    pub thinking: Option<Thinking>,
    remedies: Remedies,
}

impl Translated {
    /// Whether the answer is to come as a stream.
    pub fn is_streaming(&self) -> bool {
        self.body.parameters.get("stream") == Some(&Value::Bool(true))
    }
}

/// Something that the request has and is not sent, or not as it is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Dropped {
    /// Its name or its location in the request.
    pub parameter: String,
    /// Why it is not sent.
    pub reason: String,
    /// The value that the request has, and the one that is sent instead, if one is.
    pub changed: Option<(String, String)>,
}

impl Dropped {
    fn new(parameter: &str, reason: &str) -> Self {
        Self {
            parameter: parameter.to_owned(),
            reason: reason.to_owned(),
            changed: None,
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
/// What cannot be sent is an error of the kind `invalid-request` that names its location, never left out silently.
pub fn translate(
    request: &ChatRequest,
    candidate: &Candidate,
    configuration: &Configuration,
) -> Result<Translated, ProviderError> {
    translated(request, candidate, configuration)
        .map_err(|Invalid(message)| ProviderError::new(ErrorKind::InvalidRequest, message))
}

fn translated(
    request: &ChatRequest,
    candidate: &Candidate,
    configuration: &Configuration,
) -> Result<Translated, Invalid> {
    let deployment = &candidate.deployment;
    let model = model::capabilities(&deployment.logical_model);
    // A model that is not known may reason.
    let may_reason = model.reasoning || !model.is_known;
    let defaults = &configuration.defaults;
    let options = Options::of(request)?;
    let mut dropped = Vec::new();
    let mut body = Body::default();

    let tools = tools::translate(&request.tools)?;
    let mut drops = Drops::default();
    let declared = Declared::of(&tools);
    let is_foreign = |origin: Option<&str>| configuration.is_foreign(origin, candidate.resource);
    let mut input = input::translate(
        &request.messages,
        &declared,
        may_reason,
        &is_foreign,
        &mut drops,
    )?;
    drops.report(&mut dropped);
    let repairs = repair::repair(&mut input.items, &request.messages);
    settle::settle(&mut input.items);
    if input.items.is_empty() {
        return Err(invalid(
            "messages",
            "there is nothing to answer; add a message with the role `user`",
        ));
    }
    let kind = |item: Item| item.kind;
    body.input = input.items.into_iter().map(kind).collect();
    body.set_text("model", &deployment.name);
    let store = options.flag("store")?.unwrap_or(defaults.store);
    body.set("store", Value::Bool(store));
    if let Some(instructions) = input.instructions {
        body.set("instructions", Value::String(instructions));
    }
    let limit = request.max_output_tokens.or(defaults.max_output_tokens);
    let auto_continue = options.flag("auto_continue")?;
    let auto_continue = auto_continue.unwrap_or(configuration.auto_continue);
    // The configuration decides, and `metadata.stream: false` for one request. The request's own `stream` says what the
    // caller wants from the kernel: Python callers send `false` with every request.
    if configuration.use_streaming && options.stream() != Some(false) {
        body.set("stream", Value::Bool(true));
    }

    let reasoning = Reasoning::of(request, &options, &model, defaults, &mut dropped)?;
    let sampling = Sampling {
        model: &model,
        name: &deployment.logical_model,
        effort: reasoning.members.get(EFFORT).and_then(Value::as_str),
    };
    sampling.translate(request, defaults, &mut body.parameters, &mut dropped)?;
    if !request.stop.is_empty() {
        let reason = "the Responses API has no such parameter";
        dropped.push(Dropped::new("stop", reason));
    }

    // Thinking comes on top of the answer, up to the model's own limit.
    let budget = reasoning.thinking.and_then(|thinking| thinking.budget);
    // A limit of 0 is none.
    if let Some(limit) = limit.filter(|limit| *limit > 0) {
        let with_budget = limit.saturating_add(budget.unwrap_or_default());
        let limit = if model.is_known {
            with_budget.min(model.max_output_tokens).max(limit)
        } else {
            with_budget
        };
        body.set("max_output_tokens", limit.into());
    }
    let mut remedies = Remedies::new(model.max_output_tokens);
    let mut include = options.include()?;
    if reasoning.is_included && !include.iter().any(|entry| entry == REASONING_CONTENT) {
        include.insert(0, REASONING_CONTENT.into());
        remedies.includes_reasoning = !configuration.extra_request_params.contains_key("include");
    }
    if !include.is_empty() {
        body.set("include", Value::Array(include));
    }
    if !reasoning.members.is_empty() {
        body.set("reasoning", Value::Object(reasoning.members));
    }
    let mut text = Map::new();
    if let Some(format) = &request.response_format {
        json::set(&mut text, "format", format::translate(format)?);
    }
    if let Some(verbosity) = options.text("text_verbosity", defaults.text_verbosity)? {
        json::set_text(&mut text, "verbosity", verbosity);
    }
    if !text.is_empty() {
        body.set("text", Value::Object(text));
    }
    for (name, setting) in [
        ("prompt_cache_key", defaults.prompt_cache_key.as_deref()),
        ("prompt_cache_retention", defaults.prompt_cache_retention),
        ("safety_identifier", defaults.safety_identifier.as_deref()),
        ("service_tier", defaults.service_tier),
        ("truncation", defaults.truncation),
    ] {
        let Some(value) = options.text(name, setting)? else {
            continue;
        };
        if name == "prompt_cache_retention" && !model.takes_retention(value) {
            let reason = format!(
                "the model {} does not take {value}",
                deployment.logical_model
            );
            dropped.push(Dropped::new(name, &reason));
        } else {
            body.set_text(name, value);
        }
    }
    for setting in settings::PASSED_THROUGH {
        if let Some(value) = options.passed_through(setting, &defaults.passed_through)? {
            body.set(setting.row.key, value);
        }
    }

    // Parameters of tools mean nothing without any, and the service would refuse them.
    let extra = &configuration.extra_request_params;
    let has_tools = !tools.is_empty() || extra.contains_key("tools");
    let parallel = options.flag("parallel_tool_calls")?.map(Value::from);
    let max_calls = options.count("max_tool_calls")?.map(Value::from);
    let choice = match &request.tool_choice {
        Some(choice) => tools::choice(choice, &tools, has_tools)?,
        None => None,
    };
    for (name, value) in [
        ("parallel_tool_calls", parallel),
        ("max_tool_calls", max_calls),
        ("tool_choice", choice),
    ] {
        match value {
            Some(value) if has_tools => body.set(name, value),
            _ => {}
        }
    }
    if !tools.is_empty() {
        body.set("tools", Value::Array(tools));
    }
    for (name, value) in extra {
        body.set(name, value.clone());
    }
    Ok(Translated {
        body,
        auto_continue,
        dropped,
        repairs,
        thinking: reasoning.thinking,
        remedies,
    })
}

#[cfg(test)]
pub(crate) mod tests;
