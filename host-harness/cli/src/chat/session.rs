//! The world of a chat: the provider, the person at the terminal, and the machine that tools run on.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use provider_host::contract::types::{
    BlockContent, ChatRequest, ChatResponse, ContentBlock, MessageContent,
};
use provider_host::kernel_json::{message, tool_call};
use provider_host::{Environment, Provider};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::editor::Line;
use super::standard_input::Lines;
use super::tool_loop::{Consent, News, Outside};
use crate::answer::{self, Calls};
use crate::failure::{Failure, notice};
use crate::terminal::{self, Terminal};
use crate::tools_file::ToolCommand;
use crate::visible;
use crate::watch::BuildNews;

/// What a chat goes on in.
pub(super) struct Session {
    pub(super) provider: Provider,
    /// What came of new builds of it.
    pub(super) news: BuildNews,
    pub(super) lines: Lines,
    /// The environment of tools.
    pub(super) environment: Environment,
    pub(super) terminal: Terminal,
    pub(super) json: bool,
}

impl Session {
    /// Whether a person sits at the terminal, to be asked and to mend what is wrong.
    pub(super) fn has_person(&self) -> bool {
        self.lines.is_terminal()
    }

    /// Says something that is no answer.
    pub(super) fn notice(&self, text: &str) {
        notice(self.json, text);
    }

    /// Waits for what the person says next; none at the end.
    pub(super) async fn message(&mut self) -> io::Result<Option<String>> {
        const PROMPT: &str = "> ";
        // A line that is being edited is not written over: what there is to say comes before the next one.
        let is_plain = self.lines.is_plain();
        self.tell_news();
        let line = loop {
            if self.has_person() && is_plain {
                self.write_prompt(PROMPT);
            }
            tokio::select! {
                line = self.lines.next(PROMPT, true) => break line,
                news = self.news.next(), if is_plain => {
                    self.end_line();
                    self.notice(&news);
                }
            }
        };
        self.tell_news();
        Ok(match line? {
            Line::Typed(line) => Some(line),
            Line::End | Line::Interrupted => None,
        })
    }

    fn tell_news(&mut self) {
        while let Some(news) = self.news.take() {
            self.notice(&news);
        }
    }

    /// Ends the line on which the answer or a question stopped, and the terminal wrote `^C`.
    pub(super) fn end_line(&self) {
        if self.has_person() {
            self.write_prompt("\n");
        }
    }

    /// The editor begins on a line of its own, and writes its prompt itself.
    fn after_question(&self) -> String {
        match self.lines.is_plain() {
            true => format!(" {CHOICES}"),
            false => "\n".to_owned(),
        }
    }

    /// A line that a person answers on.
    fn write_prompt(&self, text: &str) {
        let mut out = io::stderr();
        if !self.json && out.is_terminal() {
            // A terminal that cannot be written to is nobody's, and its lines end soon.
            let _ = write!(out, "{text}").and_then(|()| out.flush());
        }
    }

    fn tell_json(&self, name: &str, value: Option<Value>) {
        terminal::tell(&visible::json(&json!({ name: value }).to_string()));
    }
}

impl Outside for Session {
    async fn exchange(
        &mut self,
        request: &ChatRequest,
    ) -> Result<(ChatResponse, Duration), Failure> {
        let begin = Instant::now();
        let response = match self.json {
            true => answer::json(&self.provider, request).await?,
            false => answer::stream(&self.provider, request, Calls::Hidden, self.terminal).await?,
        };
        if !self.json {
            answer::tell_if_cut(&response);
        }
        Ok((response, begin.elapsed()))
    }

    async fn ask(&mut self, tool: &str) -> Consent {
        if !self.has_person() {
            self.notice("nobody can be asked whether it may run, so it does not; --yes lets it");
            return Consent::No;
        }
        match self.json {
            true => self.tell_json("question", Some(json!(format!("Run {tool}?")))),
            false => self.write_prompt(&format!(
                "Run {}?{}",
                visible::word(tool),
                self.after_question()
            )),
        }
        match self.lines.next(CHOICES, false).await {
            Ok(Line::Typed(line)) => consent(&line),
            Ok(Line::Interrupted) => Consent::Cancelled,
            // The end of input is no consent.
            Ok(Line::End) | Err(_) => Consent::No,
        }
    }

    async fn run(&mut self, command: &ToolCommand, call_arguments: &str) -> MessageContent {
        command.run(call_arguments, &self.environment).await
    }

    fn tell(&mut self, news: News<'_>) {
        match (news, self.json) {
            (News::Call(call), true) => {
                self.tell_json("tool_call", tool_call::to_value(call).ok());
            }
            (News::Call(call), false) => {
                let (name, arguments) = (visible::word(&call.name), visible::word(&call.arguments));
                terminal::tell(&self.terminal.dim(&format!("{name} {arguments}")));
            }
            (News::Result(result), true) => {
                self.tell_json("tool_result", message::to_value(result).ok());
            }
            (News::Result(result), false) => {
                let name = visible::word(result.name.as_deref().unwrap_or_default());
                let line = format!("{name} -> {}", summary(&result.content));
                terminal::tell(&self.terminal.dim(&line));
            }
            (News::Stopped { max_turns }, _) => self.notice(&format!(
                "the limit of --max-turns {max_turns} is reached, and the model still calls tools; say something to let it go on"
            )),
        }
    }
}

fn consent(line: &str) -> Consent {
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" => Consent::Once,
        "a" | "always" => Consent::Always,
        _ => Consent::No,
    }
}

/// The beginning of a result, on one line.
fn summary(content: &MessageContent) -> String {
    let text = match content {
        MessageContent::Text(text) => text.clone(),
        MessageContent::Blocks(blocks) => {
            let words: Vec<String> = blocks.iter().map(word).collect();
            words.join(" ")
        }
    };
    match text.char_indices().nth(SUMMARY_CHARS) {
        Some((end, _)) => format!("{}…", visible::word(&text[..end])),
        None => visible::word(&text),
    }
}

fn word(block: &ContentBlock) -> String {
    match &block.content {
        BlockContent::Text(text) => text.clone(),
        BlockContent::Image(_) => "[image]".to_owned(),
        BlockContent::File(_) => "[file]".to_owned(),
        _ => "[block]".to_owned(),
    }
}

/// What may be answered to whether a tool may run.
const CHOICES: &str = "[y/N/always] ";

/// Two lines of a terminal.
const SUMMARY_CHARS: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;
    use provider_host::contract::types::Image;

    #[test]
    fn only_a_yes_is_a_yes() {
        for (line, expected) in [
            ("y\n", Consent::Once),
            (" YES \n", Consent::Once),
            ("always\n", Consent::Always),
            ("a", Consent::Always),
            ("", Consent::No),
            ("n\n", Consent::No),
            ("yes please\n", Consent::No),
            ("what is the weather\n", Consent::No),
        ] {
            assert_eq!(consent(line), expected, "{line}");
        }
    }

    #[test]
    fn results_are_shown_on_a_line() {
        let text = |text: &str| MessageContent::Text(text.to_owned());
        assert_eq!(summary(&text("18 degrees\nrain")), "18 degrees\\nrain");
        assert_eq!(
            summary(&text(&"é".repeat(200))),
            format!("{}…", "é".repeat(160))
        );
        let blocks = [
            BlockContent::Text("A chart:".to_owned()),
            BlockContent::Image(Image {
                source: None,
                media_type: None,
                detail: None,
                extensions: None,
            }),
        ];
        let blocks = MessageContent::Blocks(blocks.map(ContentBlock::new).into());
        assert_eq!(summary(&blocks), "A chart: [image]");
    }
}
