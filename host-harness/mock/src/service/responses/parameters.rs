//! The parameters of a request.

use serde_json::{Map, Value};

use super::schema::{Field, Shape, optional, required, variant};
use super::tools;
use crate::service::deployments::Deployment;
use crate::service::error::ApiError;

/// Checks everything but what is inside `input` and what tools and their choice say about each other.
pub(super) fn check(
    parameters: &Map<String, Value>,
    body: &Value,
    deployment: Deployment<'_>,
) -> Result<(), ApiError> {
    if let Some((name, moved)) = MOVED
        .iter()
        .find(|(name, _)| parameters.contains_key(*name))
    {
        return Err(ApiError::invalid_request(
            Some(name),
            Some("unsupported_parameter"),
            &format!(
                "Unsupported parameter: '{name}'. In the Responses API, this parameter has moved to '{moved}'. Try \
                 again with the new parameter."
            ),
        ));
    }
    Shape::Object(PARAMETERS).check(body, "")?;
    check_model(parameters, deployment)?;
    check_state(parameters)
}

/// What the model cannot do.
fn check_model(
    parameters: &Map<String, Value>,
    deployment: Deployment<'_>,
) -> Result<(), ApiError> {
    let is_set = |name: &str| parameters.get(name).is_some_and(|value| !value.is_null());
    let effort = parameters
        .get("reasoning")
        .and_then(|reasoning| reasoning.get("effort")?.as_str());
    let sampling = ["temperature", "top_p"];
    if deployment.refuses_sampling(effort)
        && let Some(name) = sampling.into_iter().find(|name| is_set(name))
    {
        return Err(ApiError::unsupported(name));
    }
    if deployment.reasons() {
        return Ok(());
    }
    for name in ["effort", "summary"] {
        let value = parameters
            .get("reasoning")
            .and_then(|reasoning| reasoning.get(name));
        if value.is_some_and(|value| !value.is_null()) {
            return Err(ApiError::unsupported(&format!("reasoning.{name}")));
        }
    }
    let include = parameters.get("include").and_then(Value::as_array);
    if include.is_some_and(|include| include.iter().any(|name| name == ENCRYPTED_CONTENT)) {
        return Err(ApiError::invalid_request(
            Some("include"),
            None,
            "Encrypted content is not supported with this model.",
        ));
    }
    Ok(())
}

/// What the mock would have to keep from one request to the next. It keeps nothing.
fn check_state(parameters: &Map<String, Value>) -> Result<(), ApiError> {
    if parameters.get("background") == Some(&Value::Bool(true)) {
        let message = "The mock of Azure OpenAI does not run responses in the background.";
        return Err(ApiError::invalid("background", message));
    }
    let stored = [
        ("conversation", "Conversation", "conversation_not_found"),
        (
            "previous_response_id",
            "Previous response",
            "previous_response_not_found",
        ),
        ("prompt", "Prompt", "prompt_not_found"),
    ];
    for (name, what, code) in stored {
        if let Some(value) = parameters.get(name).filter(|value| !value.is_null()) {
            let id = value
                .as_str()
                .or_else(|| value.get("id")?.as_str())
                .unwrap_or_default();
            let message = format!("{what} with id '{id}' not found.");
            return Err(ApiError::invalid_request(Some(name), Some(code), &message));
        }
    }
    Ok(())
}

/// The entry of `include` that asks for reasoning which can be sent back.
pub(super) const ENCRYPTED_CONTENT: &str = "reasoning.encrypted_content";

/// Parameters of Chat Completions that have another name here.
const MOVED: &[(&str, &str)] = &[
    ("messages", "input"),
    ("max_tokens", "max_output_tokens"),
    ("max_completion_tokens", "max_output_tokens"),
    ("response_format", "text.format"),
    ("reasoning_effort", "reasoning.effort"),
    ("verbosity", "text.verbosity"),
];

const PARAMETERS: &[Field] = &[
    required("model", Shape::Text),
    required("input", Shape::TextOr(&Shape::Array(&Shape::Open))),
    optional("background", Shape::Boolean),
    // What Codex sends for its own statistics.
    optional("client_metadata", Shape::Open),
    optional("context_management", Shape::Array(&Shape::Open)),
    optional("conversation", Shape::TextOr(&Shape::Open)),
    optional("include", Shape::Array(&Shape::OneOf(INCLUDE))),
    optional("instructions", Shape::Text),
    optional("max_output_tokens", Shape::Integer { min: 16 }),
    optional("max_tool_calls", Shape::Integer { min: 1 }),
    optional("metadata", Shape::Open),
    optional("moderation", Shape::Open),
    optional("parallel_tool_calls", Shape::Boolean),
    optional("previous_response_id", Shape::Text),
    optional("prompt", Shape::Open),
    optional("prompt_cache_key", Shape::TextUpTo(64)),
    optional("prompt_cache_options", Shape::Open),
    optional(
        "prompt_cache_retention",
        Shape::OneOf(&["in_memory", "24h"]),
    ),
    optional("reasoning", Shape::Object(REASONING)),
    optional("safety_identifier", Shape::TextUpTo(64)),
    optional("service_tier", Shape::OneOf(SERVICE_TIERS)),
    optional("store", Shape::Boolean),
    optional("stream", Shape::Boolean),
    optional("stream_options", Shape::Object(STREAM_OPTIONS)),
    optional("temperature", Shape::Number { min: 0.0, max: 2.0 }),
    optional("text", Shape::Object(TEXT)),
    optional("tool_choice", Shape::TextOr(&Shape::Open)),
    optional("tools", Shape::Array(&Shape::Tagged(tools::KINDS))),
    optional("top_logprobs", Shape::Integer { min: 0 }),
    optional("top_p", Shape::Number { min: 0.0, max: 1.0 }),
    optional("truncation", Shape::OneOf(&["auto", "disabled"])),
    optional("user", Shape::Text),
];

const INCLUDE: &[&str] = &[
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "message.input_image.image_url",
    "message.output_text.logprobs",
    ENCRYPTED_CONTENT,
    "web_search_call.action.sources",
    "web_search_call.results",
];

const REASONING: &[Field] = &[
    optional(
        "context",
        Shape::OneOf(&["auto", "current_turn", "all_turns"]),
    ),
    optional(
        "effort",
        Shape::OneOf(&["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
    ),
    optional("mode", Shape::Text),
    optional("summary", Shape::OneOf(&["auto", "concise", "detailed"])),
];

const SERVICE_TIERS: &[&str] = &[
    "auto",
    "default",
    "flex",
    "scale",
    "priority",
    "fast",
    "ultrafast",
];

const STREAM_OPTIONS: &[Field] = &[optional("include_obfuscation", Shape::Boolean)];

const TEXT: &[Field] = &[
    optional(
        "format",
        Shape::Tagged(&[
            variant("text", &[]),
            variant("json_object", &[]),
            variant(
                "json_schema",
                &[
                    required("name", Shape::Name),
                    required("schema", Shape::Open),
                    optional("description", Shape::Text),
                    optional("strict", Shape::Boolean),
                ],
            ),
        ]),
    ),
    optional("verbosity", Shape::OneOf(&["low", "medium", "high"])),
];
