//! One exchange with the model, shown as it arrives.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use provider_host::contract::types::{
    BlockKind, BlockStart, ChatRequest, ChatResponse, FinishReason, ProviderError, StreamEvent,
};
use provider_host::kernel_json::chat_response;
use provider_host::{CallError, Provider};

use super::failure::{Failure, notice};
use super::terminal::{self, DIM, PLAIN, Terminal};
use super::visible;

/// Whether tool calls are written with the answer.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Calls {
    Hidden,
    Shown,
}

/// Asks, and writes the answer to standard output as it arrives.
pub(super) async fn stream(
    provider: &Provider,
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
            StreamEvent::Restarted(error) => {
                let message = visible::lines(&error.message);
                terminal::tell(&format!(
                    "\nhost-harness: {message}; the answer starts again"
                ));
                out = Printer::new(calls, terminal);
                progress = Some(terminal.progress("waiting for the answer"));
            }
            StreamEvent::Completed(response) => {
                drop(progress);
                return Ok(response);
            }
        }
    }
    Err(CallError::from(ProviderError::ended_without_response()).into())
}

/// Asks, and writes the response to standard output as a line of JSON in the kernel's form.
pub(super) async fn json(
    provider: &Provider,
    request: &ChatRequest,
) -> Result<ChatResponse, Failure> {
    let response = provider.complete(request).await?;
    let json = chat_response::to_value(&response)?;
    write(&format!("{}\n", visible::json(&json.to_string())))?;
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

/// Writes blocks to standard output, each on lines of its own. Thinking is not part of the answer: it is shown where it can
/// be told from it.
struct Printer {
    calls: Calls,
    terminal: Terminal,
    /// The blocks that have begun and not ended.
    blocks: BTreeMap<u32, Block>,
}

struct Block {
    look: Look,
    /// Whether something of it is on the screen, whose line is to end with it.
    is_shown: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Look {
    Dim,
    Hidden,
    Plain,
}

impl Printer {
    fn new(calls: Calls, terminal: Terminal) -> Self {
        Self {
            calls,
            terminal,
            blocks: BTreeMap::new(),
        }
    }

    fn begin(&mut self, BlockStart { index, block }: &BlockStart) -> io::Result<()> {
        let look = match block {
            BlockKind::ToolCall(_) if self.calls == Calls::Shown => Look::Plain,
            BlockKind::Thinking if self.terminal.styles_answers => Look::Dim,
            BlockKind::Thinking | BlockKind::ToolCall(_) => Look::Hidden,
            BlockKind::Refusal | BlockKind::Text => Look::Plain,
        };
        let mut is_shown = false;
        if let (BlockKind::ToolCall(header), Look::Plain) = (block, look) {
            let header = format!("tool call {} {} ", header.id, header.name);
            write(&self.written(&header, visible::word))?;
            is_shown = true;
        }
        self.blocks.insert(*index, Block { look, is_shown });
        Ok(())
    }

    fn text(&mut self, index: u32, text: &str) -> io::Result<()> {
        let Some(block) = self.blocks.get_mut(&index) else {
            return Ok(());
        };
        let look = block.look;
        block.is_shown |= look != Look::Hidden;
        let text = self.written(text, visible::lines);
        match look {
            Look::Hidden => Ok(()),
            // Each piece by itself: whatever comes between two of them is not dim.
            Look::Dim => write(&format!("{DIM}{text}{PLAIN}")),
            Look::Plain => write(&text),
        }
    }

    /// What a model wrote, as it is, unless a terminal would obey it.
    fn written<'a>(&self, text: &'a str, visible: fn(&str) -> String) -> Cow<'a, str> {
        match self.terminal.shows_answers {
            true => visible(text).into(),
            false => text.into(),
        }
    }

    /// Whether an event puts something on the screen.
    fn shows(&self, event: &StreamEvent) -> bool {
        match event {
            StreamEvent::BlockStart(start) => {
                matches!(start.block, BlockKind::ToolCall(_)) && self.calls == Calls::Shown
            }
            StreamEvent::BlockDelta(delta) => {
                let block = self.blocks.get(&delta.index);
                block.is_some_and(|block| block.look != Look::Hidden)
            }
            StreamEvent::BlockEnd(_) => false,
            StreamEvent::Restarted(_) | StreamEvent::Completed(_) => true,
        }
    }

    fn end(&mut self, index: u32) -> io::Result<()> {
        match self.blocks.remove(&index) {
            Some(Block { is_shown: true, .. }) => write("\n"),
            _ => Ok(()),
        }
    }
}

/// Writes at once: a person reads along.
fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use provider_host::contract::types::BlockDelta;

    use super::*;

    #[test]
    fn nothing_is_on_the_screen_before_something_can_be_read() {
        let mut printer = Printer::new(Calls::Hidden, Terminal::styled());
        for (index, block) in [(0, BlockKind::Thinking), (1, BlockKind::Text)] {
            let start = BlockStart { index, block };
            printer.begin(&start).unwrap();
            assert!(!printer.shows(&StreamEvent::BlockStart(start)));
            let delta = StreamEvent::BlockDelta(BlockDelta {
                index,
                text: "x".to_owned(),
            });
            assert!(printer.shows(&delta));
            // A model need not say what it thinks: the line that would end has not begun.
            assert!(!printer.shows(&StreamEvent::BlockEnd(index)));
            assert!(!printer.blocks[&index].is_shown);
            printer.end(index).unwrap();
        }
    }
}
