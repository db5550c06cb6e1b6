//! `host-harness run`.

use std::io::{self, IsTerminal};

use provider_host::contract::types::{ChatRequest, ContentBlock, Message, MessageContent, Role};
use serde_json::json;

use super::answer::{self, Calls};
use super::args::RunArguments;
use super::attachments;
use super::failure::Failure;
use super::files;
use super::request;
use super::setup::Setup;
use super::tools_file::Tools;

/// Asks the model once.
pub(super) async fn run(arguments: RunArguments) -> Result<(), Failure> {
    let request = request(&arguments)?;
    let mut setup = Setup::read(&arguments.provider, arguments.json)?;
    if arguments.no_stream {
        setup
            .config
            .insert("use_streaming".to_owned(), json!(false));
    }
    let event_log = arguments.event_log.as_deref();
    let opened = setup.open(event_log, arguments.json).await?;
    let provider = &opened.provider;
    match arguments.json {
        true => drop(answer::json(provider, &request).await?),
        false => {
            let terminal = setup.terminal();
            let response = answer::stream(provider, &request, Calls::Shown, terminal);
            answer::tell_if_cut(&response.await?);
        }
    }
    opened.events.finish()
}

/// The request that the arguments describe.
fn request(arguments: &RunArguments) -> Result<ChatRequest, Failure> {
    let attachments = attachments::of(&arguments.parts)?;
    let tools = Tools::of(&arguments.parts)?;
    let mut request = match &arguments.request {
        Some(path) => request::read(path)?,
        None => {
            let content = MessageContent::Text(prompt(arguments, &attachments)?);
            let mut request = request::empty()?;
            request.messages.push(Message::new(Role::User, content));
            request
        }
    };
    request::set(&mut request, &arguments.parts, tools.specs())?;
    request::attach(&mut request, attachments);
    Ok(request)
}

/// What is asked: nothing only if an attachment speaks for itself.
fn prompt(arguments: &RunArguments, attachments: &[ContentBlock]) -> Result<String, Failure> {
    let prompt = match &arguments.prompt {
        Some(prompt) => prompt.clone(),
        None if io::stdin().is_terminal() => String::new(),
        None => files::text("-".as_ref())?,
    };
    match prompt.trim().is_empty() && attachments.is_empty() {
        true => Err(Failure::Usage(
            "there is nothing to ask; try `host-harness run \"Say hello\"`".to_owned(),
        )),
        false => Ok(prompt),
    }
}
