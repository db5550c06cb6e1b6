//! Standard input, line by line, without keeping anything else waiting.

use std::io::{self, BufRead, IsTerminal, Read};
use std::thread;

use tokio::sync::mpsc;

use super::editor::{Editor, Line};
use super::history::History;
use crate::files::MAX_REQUEST_BYTES;

/// The lines to come. Waiting for one can be given up without losing it.
pub(super) struct Lines {
    source: Source,
    is_terminal: bool,
}

enum Source {
    Edited(Editor),
    Plain(mpsc::Receiver<io::Result<String>>),
}

impl Lines {
    /// Lines that are edited, if a person sits at a terminal that can do it.
    pub(super) fn edited(history: History) -> Self {
        let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        let editor = is_terminal.then(|| Editor::new(history)).flatten();
        match editor {
            Some(editor) => Self {
                source: Source::Edited(editor),
                is_terminal,
            },
            None => Self::plain(),
        }
    }

    /// Begins to read. On a thread of its own, which nothing waits for: reading from a terminal cannot be interrupted.
    pub(super) fn plain() -> Self {
        // One line ahead: a long file is not read before it is its turn.
        let (sender, lines) = mpsc::channel(1);
        thread::spawn(move || {
            let mut input = io::stdin().lock();
            while let Some(line) = read(&mut input).transpose() {
                let has_failed = line.is_err();
                if sender.blocking_send(line).is_err() || has_failed {
                    return;
                }
            }
        });
        Self {
            source: Source::Plain(lines),
            is_terminal: io::stdin().is_terminal(),
        }
    }

    /// Whether a person types them.
    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Whether the prompt is somebody else's to write.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.source, Source::Plain(_))
    }

    /// The next line. A message is kept in the history, an answer to a question is not.
    pub(super) async fn next(
        &mut self,
        prompt: &'static str,
        is_message: bool,
    ) -> io::Result<Line> {
        match &mut self.source {
            Source::Edited(editor) => editor.ask(prompt, is_message).await,
            Source::Plain(lines) => match lines.recv().await {
                Some(line) => line.map(Line::Typed),
                None => Ok(Line::End),
            },
        }
    }
}

fn read(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut limited = input.take(MAX_REQUEST_BYTES + 1);
    let count = limited.read_until(b'\n', &mut line)?;
    if count as u64 > MAX_REQUEST_BYTES {
        let problem = format!("a line has more than {MAX_REQUEST_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    let line = String::from_utf8(line)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a line is not UTF-8 text"))?;
    Ok((count > 0).then_some(line))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_need_not_end() {
        let mut input = &b"one\n\ntwo"[..];
        let mut lines = Vec::new();
        while let Some(line) = read(&mut input).unwrap() {
            lines.push(line);
        }
        assert_eq!(lines, ["one\n", "\n", "two"]);
    }

    #[test]
    fn what_is_no_line_of_text_is_an_error() {
        let error = read(&mut &b"\xff\n"[..]).unwrap_err();
        assert_eq!(error.to_string(), "a line is not UTF-8 text");
        let error = read(&mut io::BufReader::new(io::repeat(b'x'))).unwrap_err();
        assert_eq!(error.to_string(), "a line has more than 41943040 bytes");
    }
}
