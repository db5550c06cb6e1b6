//! One exchange with the model, shown as it arrives.

use std::io::{self, Write};

use super::failure::{Failure, notice};
use super::terminal::{DIM, PLAIN, Terminal};
use crate::contract::types::{
    BlockKind, BlockStart, ChatRequest, ChatResponse, ErrorKind, FinishReason, ProviderError,
    StreamEvent,
};
use crate::host::{CallError, ProviderHost};
use crate::kernel_json::chat_response;

/// Whether tool calls are written with the answer.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Calls {
    Hidden,
    Shown,
}

/// Asks, and writes the answer to standard output as it arrives.
pub(super) async fn stream(
    provider: &ProviderHost,
    request: &ChatRequest,
    calls: Calls,
    terminal: Terminal,
) -> Result<ChatResponse, Failure> {
    let mut progress = Some(terminal.progress("waiting for the answer"));
    let mut stream = provider.stream(request).await?;
    let mut out = Printer::new(calls, terminal);
    while let Some(event) = stream.next().await? {
        if out.shows(&event) {
            progress = None;
        }
        match event {
            StreamEvent::BlockStart(start) => out.begin(&start)?,
            StreamEvent::BlockDelta(delta) => out.text(delta.index, &delta.text)?,
            StreamEvent::BlockEnd(index) => out.end(index)?,
            StreamEvent::Aborted(error) => {
                eprintln!("\nhost-harness: {}; the answer starts again", error.message);
                out = Printer::new(calls, terminal);
                progress = Some(terminal.progress("waiting for the answer"));
            }
            StreamEvent::Completed(response) => {
                drop(progress);
                return Ok(response);
            }
        }
    }
    Err(ended_without_response())
}

/// Asks, and writes the response to standard output as a line of JSON in the kernel's form.
pub(super) async fn json(
    provider: &ProviderHost,
    request: &ChatRequest,
) -> Result<ChatResponse, Failure> {
    let response = provider.complete(request).await?;
    let json = chat_response::to_value(&response)?;
    write(&format!("{json}\n"))?;
    Ok(response)
}

/// Says that an answer is not all there, which a person does not see.
pub(super) fn tell_if_cut(response: &ChatResponse) {
    if response.finish_reason == FinishReason::Length {
        notice(
            false,
            "the answer was cut off at its output limit (`max_tokens`)",
        );
    }
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

/// Writes blocks to standard output, each on lines of its own. Thinking is not part of the answer: it is shown where it can
/// be told from it.
struct Printer {
    calls: Calls,
    terminal: Terminal,
    /// The blocks that are left out.
    hidden: Vec<u32>,
    /// The blocks that are dim.
    thinking: Vec<u32>,
}

impl Printer {
    fn new(calls: Calls, terminal: Terminal) -> Self {
        Self {
            calls,
            terminal,
            thinking: Vec::new(),
            hidden: Vec::new(),
        }
    }

    fn begin(&mut self, BlockStart { index, block }: &BlockStart) -> io::Result<()> {
        match block {
            BlockKind::ToolCall(header) if self.calls == Calls::Shown => {
                write(&format!("tool call {} {} ", header.id, header.name))
            }
            BlockKind::Thinking if self.terminal.styles_answers => {
                self.thinking.push(*index);
                Ok(())
            }
            BlockKind::Thinking | BlockKind::ToolCall(_) => {
                self.hidden.push(*index);
                Ok(())
            }
            BlockKind::Refusal | BlockKind::Text => Ok(()),
        }
    }

    fn text(&mut self, index: u32, text: &str) -> io::Result<()> {
        match (self.hidden.contains(&index), self.thinking.contains(&index)) {
            (true, _) => Ok(()),
            // Each piece by itself: whatever comes between two of them is not dim.
            (false, true) => write(&format!("{DIM}{text}{PLAIN}")),
            (false, false) => write(text),
        }
    }

    /// Whether an event puts something on the screen.
    fn shows(&self, event: &StreamEvent) -> bool {
        match event {
            StreamEvent::BlockStart(start) => {
                matches!(start.block, BlockKind::ToolCall(_)) && self.calls == Calls::Shown
            }
            StreamEvent::BlockDelta(delta) => !self.hidden.contains(&delta.index),
            StreamEvent::BlockEnd(index) => !self.hidden.contains(index),
            StreamEvent::Aborted(_) | StreamEvent::Completed(_) => true,
        }
    }

    fn end(&mut self, index: u32) -> io::Result<()> {
        if self.hidden.contains(&index) {
            self.hidden.retain(|hidden| *hidden != index);
            return Ok(());
        }
        self.thinking.retain(|thinking| *thinking != index);
        write("\n")
    }
}

/// Writes at once: a person reads along.
fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
