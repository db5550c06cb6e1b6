//! `host-harness run`.

use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::args::RunArguments;
use super::event_log::EventLog;
use super::failure::Failure;
use super::setup::Setup;
use crate::contract::types::{
    BlockKind, BlockStart, ChatRequest, ChatResponse, ErrorKind, FinishReason, Message,
    MessageContent, ProviderError, Role, StreamEvent,
};
use crate::kernel_json::{chat_request, chat_response};
use crate::provider::{CallError, Provider};

/// The most bytes of a request file: the sandbox holds a request some six times over, in 256 MiB.
const MAX_REQUEST_BYTES: u64 = 32 * 1024 * 1024;

/// Asks the model once.
pub(super) async fn run(arguments: RunArguments) -> Result<(), Failure> {
    let request = request(&arguments)?;
    let mut setup = Setup::read(&arguments.provider)?;
    if arguments.no_stream {
        setup
            .config
            .insert("use_streaming".to_owned(), json!(false));
    }
    // Kept until the answer is there: dropping it stops the mock.
    let _mock = setup.mock_unless_configured(arguments.json).await?;
    let events = Arc::new(EventLog::create(
        arguments.event_log.as_deref(),
        arguments.json,
    )?);
    let provider = setup
        .host(events.clone())
        .await?
        .open(&setup.config)
        .await?;
    match arguments.json {
        true => write_json(&provider.complete(&request).await?)?,
        false => print(&provider, &request).await?,
    }
    events.finish()
}

/// The request that the arguments describe.
fn request(arguments: &RunArguments) -> Result<ChatRequest, Failure> {
    let mut request = match &arguments.request {
        Some(path) => {
            let text = read_text(path)?;
            chat_request::parse(&text).map_err(|source| Failure::Request {
                path: path.clone(),
                source,
            })?
        }
        None => {
            let message = json!({ "role": "user", "content": prompt(arguments)? });
            chat_request::from_value(json!({ "messages": [message] }))?
        }
    };
    if let Some(system) = &arguments.system {
        request.messages.insert(0, system_message(system.clone()));
    }
    if let Some(model) = &arguments.model {
        request.model = Some(model.clone());
    }
    Ok(request)
}

fn system_message(text: String) -> Message {
    Message {
        role: Role::System,
        content: MessageContent::Text(text),
        name: None,
        tool_call_id: None,
        metadata: None,
        extensions: None,
    }
}

fn prompt(arguments: &RunArguments) -> Result<String, Failure> {
    let prompt = match &arguments.prompt {
        Some(prompt) => prompt.clone(),
        None if io::stdin().is_terminal() => String::new(),
        None => read_text("-".as_ref())?,
    };
    match prompt.trim() {
        "" => Err(Failure::Usage(
            "there is nothing to ask; try `host-harness run \"Say hello\"`".to_owned(),
        )),
        _ => Ok(prompt),
    }
}

/// Reads a text file; `-` is standard input.
fn read_text(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = match path.as_os_str() == "-" {
        true => io::stdin()
            .take(MAX_REQUEST_BYTES + 1)
            .read_to_string(&mut text),
        false => std::fs::File::open(path)
            .and_then(|file| file.take(MAX_REQUEST_BYTES + 1).read_to_string(&mut text)),
    };
    let bytes = read.map_err(Failure::file("read", path))?;
    match bytes as u64 > MAX_REQUEST_BYTES {
        true => Err(Failure::Usage(format!(
            "{} is larger than {MAX_REQUEST_BYTES} bytes",
            path.display()
        ))),
        false => Ok(text),
    }
}

fn write_json(response: &ChatResponse) -> Result<(), Failure> {
    let json = chat_response::to_value(response)?;
    Ok(io::stdout().write_all(format!("{json}\n").as_bytes())?)
}

/// Prints the answer as it arrives.
async fn print(provider: &Provider, request: &ChatRequest) -> Result<(), Failure> {
    let mut stream = provider.stream(request).await?;
    let mut out = Printer::default();
    while let Some(event) = stream.next().await? {
        match event {
            StreamEvent::BlockStart(start) => out.begin(&start)?,
            StreamEvent::BlockDelta(delta) => out.text(delta.index, &delta.text)?,
            StreamEvent::BlockEnd(index) => out.end(index)?,
            StreamEvent::Aborted(error) => {
                eprintln!("\nhost-harness: {}; the answer starts again", error.message);
            }
            StreamEvent::Completed(response) => {
                if response.finish_reason == FinishReason::Length {
                    eprintln!(
                        "host-harness: the answer was cut off at its output limit (`max_tokens`)"
                    );
                }
                return Ok(());
            }
        }
    }
    Err(ended_without_response())
}

/// A component that breaks the contract.
fn ended_without_response() -> Failure {
    let error = ProviderError {
        kind: ErrorKind::Stream,
        message: "the component's stream ended without a response".to_owned(),
        status: None,
        code: None,
        retryable: false,
        retry_after_ms: None,
        request_id: None,
        provider: "azure-openai".to_owned(),
        model: None,
        details: None,
    };
    Failure::Call(CallError::from(error))
}

/// Writes blocks to standard output, each on lines of its own. Thinking is not part of the answer.
#[derive(Default)]
struct Printer {
    /// The blocks that are left out.
    hidden: Vec<u32>,
}

impl Printer {
    fn begin(&mut self, BlockStart { index, block }: &BlockStart) -> io::Result<()> {
        match block {
            BlockKind::Thinking => {
                self.hidden.push(*index);
                Ok(())
            }
            BlockKind::ToolCall(header) => {
                write(&format!("tool call {} {} ", header.id, header.name))
            }
            BlockKind::Refusal | BlockKind::Text => Ok(()),
        }
    }

    fn text(&mut self, index: u32, text: &str) -> io::Result<()> {
        match self.hidden.contains(&index) {
            true => Ok(()),
            false => write(text),
        }
    }

    fn end(&mut self, index: u32) -> io::Result<()> {
        if self.hidden.contains(&index) {
            self.hidden.retain(|hidden| *hidden != index);
            return Ok(());
        }
        write("\n")
    }
}

/// Writes at once: a person reads along.
fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
