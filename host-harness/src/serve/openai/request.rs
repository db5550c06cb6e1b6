//! From a request to create a response to the kernel's chat request.

use serde_json::{Map, Value};

use super::echo::Echo;
use super::{Invalid, input};
use crate::contract::types::{
    ChatRequest, Message, MessageContent, ResponseFormat, Role, ToolChoice, ToolSpec,
};
use crate::kernel_json::reader::{self, Object, Place};
use crate::kernel_json::{JsonError, response_format, tool_choice, tool_spec};

/// A request to create a response.
pub(in crate::serve) struct CreateRequest {
    /// What the provider is asked.
    pub(in crate::serve) chat: ChatRequest,
    /// Whether the answer is to be told as it arrives.
    pub(in crate::serve) is_streamed: bool,
    /// What the response repeats of it.
    pub(in crate::serve) echo: Echo,
}

/// Reads a request.
///
/// # Errors
///
/// It is none, or asks for what cannot be had here.
pub(in crate::serve) fn parse(body: Value) -> Result<CreateRequest, Invalid> {
    let echo = Echo::of(&body);
    let mut object = Object::new(body, Place::Root)?;
    refuse(&mut object)?;
    let mut messages = Vec::new();
    if let Some(instructions) = object.optional_string("instructions")? {
        messages.push(Message::of(
            Role::System,
            MessageContent::Text(instructions),
        ));
    }
    messages.extend(object.required("input", input::INPUT, input::read)?);

    let mut extensions = Map::new();
    for name in PASSED_ON {
        if let Some(value) = object.optional(name, |value, _| Ok(value))? {
            extensions.insert(name.to_owned(), value);
        }
    }
    let text = object.optional("text", text)?.unwrap_or_default();
    if let Some(verbosity) = text.verbosity {
        extensions.insert("text_verbosity".to_owned(), verbosity.into());
    }
    let reasoning = object.optional("reasoning", reasoning)?.unwrap_or_default();
    if !reasoning.rest.is_empty() {
        extensions.insert("reasoning".to_owned(), Value::Object(reasoning.rest));
    }
    // Whatever is configured: nothing is kept here, and whoever counts tokens wants no more of them than it said.
    extensions.insert("store".to_owned(), false.into());
    let max_output_tokens = object.optional_integer("max_output_tokens")?;
    if max_output_tokens.is_some() {
        extensions.insert("auto_continue".to_owned(), false.into());
    }
    let chat = ChatRequest {
        messages,
        tools: object
            .optional("tools", |tools, place| {
                reader::list(tools, place, "an array of tools", tool)
            })?
            .unwrap_or_default(),
        tool_choice: object.optional("tool_choice", choice)?,
        response_format: text.format,
        model: object.optional_string("model")?,
        temperature: object.optional_float("temperature")?,
        top_p: object.optional_float("top_p")?,
        max_output_tokens,
        stop: Vec::new(),
        reasoning_effort: reasoning.effort,
        conversation_id: None,
        stream: None,
        timeout: None,
        metadata: object.optional("metadata", metadata)?,
        extensions: Some(Value::Object(extensions).to_string()),
    };
    let is_streamed = object.optional_boolean("stream")?.unwrap_or(false);
    for name in IGNORED {
        object.forget(name);
    }
    match object.rest_key() {
        None => Ok(CreateRequest {
            chat,
            is_streamed,
            echo,
        }),
        Some(name) => Err(Invalid::unknown(name)),
    }
}

/// Refuses what this service cannot do, and takes out what asks for what it does anyway.
fn refuse(object: &mut Object<'_>) -> Result<(), Invalid> {
    for (name, harmless, why) in REFUSED {
        let is_harmless = match object.peek(name) {
            None | Some(Value::Null) => true,
            Some(value) => harmless.is_some_and(|harmless| *value == harmless.value()),
        };
        if !is_harmless {
            return Err(Invalid::unsupported(name, why));
        }
        object.forget(name);
    }
    Ok(())
}

/// What `text` says.
#[derive(Default)]
struct Text {
    format: Option<ResponseFormat>,
    verbosity: Option<String>,
}

fn text(value: Value, place: Place<'_>) -> Result<Text, JsonError> {
    let mut object = Object::new(value, place)?;
    let text = Text {
        format: object.optional("format", response_format::read)?,
        verbosity: object.optional_string("verbosity")?,
    };
    no_rest(object)?;
    Ok(text)
}

/// What `reasoning` says.
#[derive(Default)]
struct Reasoning {
    effort: Option<String>,
    rest: Map<String, Value>,
}

fn reasoning(value: Value, place: Place<'_>) -> Result<Reasoning, JsonError> {
    let mut object = Object::new(value, place)?;
    let effort = object.optional_string("effort")?;
    let mut rest = Map::new();
    // The second is the first under its older name.
    for name in ["summary", "generate_summary"] {
        if let Some(summary) = object.optional_string(name)? {
            rest.entry("summary").or_insert(summary.into());
        }
    }
    for name in ["context", "mode"] {
        if let Some(value) = object.optional_string(name)? {
            rest.insert(name.to_owned(), value.into());
        }
    }
    no_rest(object)?;
    Ok(Reasoning { effort, rest })
}

fn no_rest(object: Object<'_>) -> Result<(), JsonError> {
    match object.rest_key() {
        None => Ok(()),
        Some(key) => {
            let place = object.place();
            let reason = "there is no such parameter";
            Err(JsonError::not_allowed(place.key(key), reason))
        }
    }
}

/// A tool. A function without parameters takes none.
fn tool(mut value: Value, place: Place<'_>) -> Result<ToolSpec, JsonError> {
    if value["type"] == "function" && value["parameters"].is_null() {
        value["parameters"] = serde_json::json!({ "type": "object", "properties": {} });
    }
    match value.get("type") {
        Some(Value::String(_)) => tool_spec::read(value, place),
        _ if !value.is_object() => Err(JsonError::unexpected(place, "an object", &value)),
        _ => Err(JsonError::missing(
            place.key("type"),
            "\"function\" or another type of a tool",
        )),
    }
}

fn choice(value: Value, place: Place<'_>) -> Result<ToolChoice, JsonError> {
    match value.as_str() {
        None | Some("auto" | "none" | "required") => tool_choice::read(value, place),
        Some(_) => Err(JsonError::unexpected(
            place,
            "auto, none, required or an object",
            &value,
        )),
    }
}

/// The API's metadata are texts only, which keeps them apart from what a chat request's metadata may ask of the provider.
fn metadata(value: Value, place: Place<'_>) -> Result<String, JsonError> {
    let wrong = value.as_object().map(|metadata| {
        let mut members = metadata.iter();
        members.find(|(_, value)| !value.is_string())
    });
    match wrong {
        Some(None) => Ok(value.to_string()),
        Some(Some((key, value))) => Err(JsonError::unexpected(place.key(key), "a string", value)),
        None => Err(JsonError::unexpected(place, "an object", &value)),
    }
}

/// A value that asks for what is done anyway.
#[derive(Clone, Copy)]
enum Harmless {
    False,
    Zero,
}

impl Harmless {
    fn value(self) -> Value {
        match self {
            Self::False => Value::Bool(false),
            Self::Zero => 0.into(),
        }
    }
}

/// Parameters that the provider knows by the same names.
const PASSED_ON: [&str; 8] = [
    "include",
    "max_tool_calls",
    "parallel_tool_calls",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "truncation",
];

/// Parameters that change nothing about the answer: how deltas are padded, and who asks, in its older form.
const IGNORED: [&str; 2] = ["stream_options", "user"];

/// Parameters that are refused, but for the value that asks for nothing.
const REFUSED: [(&str, Option<Harmless>, &str); 9] = [
    (
        "background",
        Some(Harmless::False),
        "nothing runs in the background here; leave it out and wait, or ask for a stream",
    ),
    (
        "context_management",
        None,
        "conversations are not compacted here; shorten the input",
    ),
    ("conversation", None, NOTHING_KEPT),
    ("moderation", None, "a chat request has no place for it"),
    ("previous_response_id", None, NOTHING_KEPT),
    ("prompt", None, NOTHING_KEPT),
    (
        "prompt_cache_options",
        None,
        "a chat request has no place for it; `prompt_cache_key` and `prompt_cache_retention` are there",
    ),
    (
        "store",
        Some(Harmless::False),
        "responses are not kept here; leave it out, and send the whole conversation with each request",
    ),
    (
        "top_logprobs",
        Some(Harmless::Zero),
        "a chat request has no place for it",
    ),
];

const NOTHING_KEPT: &str =
    "nothing is kept here from one request to the next; send the whole conversation in `input`";
