//! The request that the arguments describe.

use std::path::Path;

use provider_host::contract::types::{
    BlockContent, ChatRequest, ContentBlock, Message, MessageContent, ResponseFormat, Role,
    ToolSpec,
};
use provider_host::kernel_json::{JsonError, chat_request};
use serde_json::{Value, json};

use super::args::RequestArguments;
use super::failure::Failure;
use super::files;

/// A request without messages.
pub(super) fn empty() -> Result<ChatRequest, Failure> {
    Ok(chat_request::from_value(json!({ "messages": [] }))?)
}

/// Reads a whole request; `-` is standard input.
pub(super) fn read(path: &Path) -> Result<ChatRequest, Failure> {
    chat_request::parse(&files::text(path)?).map_err(wrong(path))
}

/// Puts what the arguments say into a request, where they win; images and documents are not among it.
pub(super) fn set(
    request: &mut ChatRequest,
    arguments: &RequestArguments,
    tools: &[ToolSpec],
) -> Result<(), Failure> {
    if let Some(system) = &arguments.system {
        let content = MessageContent::Text(system.clone());
        request
            .messages
            .insert(0, Message::new(Role::System, content));
    }
    if let Some(path) = &arguments.schema {
        request.response_format = Some(schema(path)?);
    }
    for tool in tools {
        declare(&mut request.tools, tool);
    }
    let RequestArguments {
        model,
        reasoning_effort,
        max_output_tokens,
        temperature,
        ..
    } = arguments;
    if model.is_some() {
        request.model.clone_from(model);
    }
    if reasoning_effort.is_some() {
        request.reasoning_effort.clone_from(reasoning_effort);
    }
    request.max_output_tokens = max_output_tokens.or(request.max_output_tokens);
    request.temperature = temperature.or(request.temperature);
    Ok(())
}

/// Adds blocks to the user's last message, or makes them one if there is none.
pub(super) fn attach(request: &mut ChatRequest, blocks: Vec<ContentBlock>) {
    if blocks.is_empty() {
        return;
    }
    let mut messages = request.messages.iter_mut();
    match messages.rfind(|message| message.role == Role::User) {
        Some(last) => {
            let text = MessageContent::Text(String::new());
            last.content = with(std::mem::replace(&mut last.content, text), blocks);
        }
        None => {
            let content = MessageContent::Blocks(blocks);
            request.messages.push(Message::new(Role::User, content));
        }
    }
}

/// Content with more blocks at its end. Text that is empty is left out then.
pub(super) fn with(content: MessageContent, more: Vec<ContentBlock>) -> MessageContent {
    let mut blocks = match content {
        MessageContent::Text(text) if more.is_empty() => return MessageContent::Text(text),
        MessageContent::Text(text) if text.trim().is_empty() => Vec::new(),
        MessageContent::Text(text) => vec![ContentBlock::new(BlockContent::Text(text))],
        MessageContent::Blocks(blocks) => blocks,
    };
    blocks.extend(more);
    MessageContent::Blocks(blocks)
}

/// Adds a tool, in the place of the function of the same name if there is one.
fn declare(tools: &mut Vec<ToolSpec>, tool: &ToolSpec) {
    let same = tools.iter_mut().find(|other| match (other, tool) {
        (ToolSpec::Function(other), ToolSpec::Function(tool)) => other.name == tool.name,
        _ => false,
    });
    match same {
        Some(same) => same.clone_from(tool),
        None => tools.push(tool.clone()),
    }
}

/// The form of the answer: a file's JSON Schema, or the one in its wrapper.
fn schema(path: &Path) -> Result<ResponseFormat, Failure> {
    let text = files::text(path)?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::Usage(format!("{}: not valid JSON: {error}", path.display())))?;
    response_format(value).map_err(wrong(path))
}

/// A schema has no key `schema`, so that an object with one is a wrapper.
fn response_format(value: Value) -> Result<ResponseFormat, JsonError> {
    let is_wrapper = |value: &Value| {
        ["schema", "json_schema"]
            .iter()
            .any(|key| value[key].is_object())
    };
    let mut format = match is_wrapper(&value) {
        true => value,
        false => json!({ "schema": value }),
    };
    format["type"] = json!("json_schema");
    let request = json!({ "messages": [], "response_format": format });
    let format = chat_request::from_value(request)?.response_format;
    Ok(format.unwrap_or(ResponseFormat::Json))
}

fn wrong(path: &Path) -> impl FnOnce(JsonError) -> Failure {
    move |source| Failure::Request {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::attachments;
    use super::*;

    fn read(value: Value) -> ChatRequest {
        chat_request::from_value(value).unwrap()
    }

    fn written(request: &ChatRequest) -> Value {
        chat_request::to_value(request).unwrap()
    }

    #[test]
    fn what_the_arguments_say_comes_before_what_the_request_says() {
        let mut request = read(json!({
            "messages": [{ "role": "system", "content": "Be kind." }, { "role": "user", "content": "Hi" }],
            "tools": [
                { "name": "a", "parameters": { "old": true } },
                { "name": "b", "parameters": {} },
            ],
            "model": "old",
            "reasoning_effort": "high",
            "temperature": 0.1,
            "max_output_tokens": 5,
            "top_p": 0.5,
        }));
        let arguments = RequestArguments {
            model: Some("new".into()),
            system: Some("Be brief.".into()),
            reasoning_effort: Some("low".into()),
            max_output_tokens: Some(7),
            ..RequestArguments::default()
        };
        let tools = read(json!({
            "messages": [],
            "tools": [{ "type": "web_search" }, { "name": "a", "parameters": { "new": true } }],
        }));
        set(&mut request, &arguments, &tools.tools).unwrap();
        assert_eq!(
            written(&request),
            json!({
                "messages": [
                    { "role": "system", "content": "Be brief." },
                    { "role": "system", "content": "Be kind." },
                    { "role": "user", "content": "Hi" },
                ],
                "tools": [
                    { "name": "a", "parameters": { "new": true } },
                    { "name": "b", "parameters": {} },
                    { "type": "web_search" },
                ],
                "model": "new",
                "reasoning_effort": "low",
                "temperature": 0.1,
                "max_output_tokens": 7,
                "top_p": 0.5,
            })
        );
    }

    #[test]
    fn attachments_go_to_the_users_last_message() {
        let image =
            json!({ "type": "image", "source": { "type": "url", "url": "https://a.example/b" } });
        let text = |text: &str| json!({ "type": "text", "text": text });
        let user = |content: Value| json!({ "role": "user", "content": content });
        let assistant = json!({ "role": "assistant", "content": "" });
        for (before, after) in [
            (json!([]), json!([user(json!([image]))])),
            (
                json!([user(json!("1")), user(json!("2")), assistant]),
                json!([user(json!("1")), user(json!([text("2"), image])), assistant]),
            ),
            (
                json!([user(json!([text("1")]))]),
                json!([user(json!([text("1"), image]))]),
            ),
            (json!([user(json!(" "))]), json!([user(json!([image]))])),
        ] {
            let mut request = read(json!({ "messages": before }));
            attach(
                &mut request,
                vec![attachments::image("https://a.example/b").unwrap()],
            );
            assert_eq!(written(&request)["messages"], after);
        }
        let mut request = read(json!({ "messages": [user(json!("1"))] }));
        attach(&mut request, Vec::new());
        assert_eq!(written(&request)["messages"], json!([user(json!("1"))]));
    }

    #[test]
    fn a_schema_may_come_in_its_wrapper() {
        let schema = json!({ "type": "object", "properties": { "schema": { "type": "string" } } });
        for (value, expected) in [
            (
                schema.clone(),
                json!({ "type": "json_schema", "schema": schema }),
            ),
            (
                json!({ "name": "n", "schema": schema, "strict": true }),
                json!({ "type": "json_schema", "name": "n", "schema": schema, "strict": true }),
            ),
            (
                json!({ "type": "json_schema", "json_schema": schema }),
                json!({ "type": "json_schema", "schema": schema }),
            ),
        ] {
            let mut request = empty().unwrap();
            request.response_format = Some(response_format(value).unwrap());
            assert_eq!(written(&request)["response_format"], expected);
        }
        for (value, expected) in [
            (
                json!([1]),
                "response_format.schema: expected an object, found an array",
            ),
            (
                json!({ "schema": {}, "strict": 1 }),
                "response_format.strict: expected true or false, found 1",
            ),
        ] {
            assert_eq!(response_format(value).unwrap_err().to_string(), expected);
        }
    }
}
