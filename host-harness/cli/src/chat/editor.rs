//! Lines that a person edits: arrow keys, and the history.

use std::io;
use std::thread;

use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use tokio::sync::{mpsc, oneshot};

use super::history::History;

/// Asks for lines, on a thread of its own: reading from a terminal cannot be interrupted.
pub(super) struct Editor(mpsc::UnboundedSender<Question>);

/// What came of waiting for a line.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    Typed(String),
    /// There are no more.
    End,
    /// Ctrl-C, where the editor reads it.
    Interrupted,
}

struct Question {
    prompt: &'static str,
    is_kept: bool,
    answer: oneshot::Sender<io::Result<Line>>,
}

impl Editor {
    /// An editor for the terminal of this process; none where it cannot be one.
    pub(super) fn new(mut history: History) -> Option<Self> {
        let mut editor = DefaultEditor::new().ok()?;
        for line in history.entries() {
            // It fails when a line is not worth keeping, in the editor's opinion.
            let _ = editor.add_history_entry(line);
        }
        let (sender, mut questions) = mpsc::unbounded_channel::<Question>();
        thread::spawn(move || {
            while let Some(question) = questions.blocking_recv() {
                let line = match editor.readline(question.prompt) {
                    Ok(line) => {
                        if question.is_kept && history.add(&line) {
                            let _ = editor.add_history_entry(&line);
                        }
                        Ok(Line::Typed(line))
                    }
                    // Ctrl-D and Ctrl-C.
                    Err(ReadlineError::Eof) => Ok(Line::End),
                    Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
                    Err(ReadlineError::Io(error)) => Err(error),
                    Err(error) => Err(io::Error::other(error)),
                };
                // Whoever asked may have gone.
                let _ = question.answer.send(line);
            }
        });
        Some(Self(sender))
    }

    /// Asks for a line. It is kept in the history or not.
    pub(super) async fn ask(&self, prompt: &'static str, is_kept: bool) -> io::Result<Line> {
        let (answer, line) = oneshot::channel();
        let question = Question {
            prompt,
            is_kept,
            answer,
        };
        // Either fails only when the thread is gone, and then there are no more lines.
        let _ = self.0.send(question);
        line.await.unwrap_or(Ok(Line::End))
    }
}
