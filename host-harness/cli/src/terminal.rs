//! What a terminal is shown, and nothing else: colours, and signs of life.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use provider_host::Environment;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What standard output and standard error can show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Terminal {
    /// Answers go to a terminal, which obeys what they say.
    pub(super) shows_answers: bool,
    /// Answers may be styled.
    pub(super) styles_answers: bool,
    /// Everything else may be styled.
    pub(super) styles_notices: bool,
    /// A line may be drawn again and again.
    has_progress: bool,
}

impl Terminal {
    /// The terminal of this process. `NO_COLOR` and `TERM=dumb` mean what they mean everywhere.
    pub(super) fn of(environment: &Environment) -> Self {
        Self::with(
            environment,
            io::stdout().is_terminal(),
            io::stderr().is_terminal(),
        )
    }

    fn with(environment: &Environment, has_stdout: bool, has_stderr: bool) -> Self {
        let is_plain = environment
            .get("NO_COLOR")
            .is_some_and(|value| !value.is_empty());
        let is_dumb = environment.get("TERM") == Some("dumb");
        Self {
            shows_answers: has_stdout,
            styles_answers: has_stdout && !is_plain && !is_dumb,
            styles_notices: has_stderr && !is_plain && !is_dumb,
            has_progress: has_stderr && !is_dumb,
        }
    }

    /// Text that matters less than what is around it, on standard error.
    pub(super) fn dim(self, text: &str) -> String {
        match self.styles_notices {
            true => format!("{DIM}{text}{PLAIN}"),
            false => text.to_owned(),
        }
    }

    /// Shows what is waited for, until the result is dropped.
    pub(super) fn progress(self, what: &'static str) -> Progress {
        let drawn = Arc::new(Mutex::new(Drawn::Nothing));
        let task = self
            .has_progress
            .then(|| tokio::spawn(draw(what, Arc::clone(&drawn))));
        Progress { drawn, task }
    }
}

/// A line that says what is waited for. It is gone when this is dropped.
pub(super) struct Progress {
    drawn: Arc<Mutex<Drawn>>,
    task: Option<JoinHandle<()>>,
}

enum Drawn {
    Nothing,
    Line,
    /// It is over: nothing is drawn any more.
    Over,
}

impl Drop for Progress {
    fn drop(&mut self) {
        let Some(task) = &self.task else {
            return;
        };
        task.abort();
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Drawn::Line = std::mem::replace(&mut *drawn, Drawn::Over) {
            write(CLEAR_LINE);
        }
    }
}

/// Not by the crate `indicatif`, whose lines have to be told of each other line that goes to the terminal, or are left in
/// between.
async fn draw(what: &'static str, drawn: Arc<Mutex<Drawn>>) {
    let begin = Instant::now();
    tokio::time::sleep(PATIENCE).await;
    for frame in FRAMES.iter().cycle() {
        {
            let mut drawn = drawn.lock().unwrap_or_else(PoisonError::into_inner);
            if let Drawn::Over = *drawn {
                return;
            }
            *drawn = Drawn::Line;
            let seconds = begin.elapsed().as_secs();
            // The cursor goes back to the beginning: a notice, which is longer than this, is written over it.
            write(&format!("{CLEAR_LINE}{frame} {what}, {seconds} s\r"));
        }
        tokio::time::sleep(FRAME).await;
    }
}

/// Writes a line to standard error. Nobody reads one that cannot be written, and what is going on is not to end for it.
pub(super) fn tell(line: &str) {
    write(&format!("{line}\n"));
}

/// A terminal that cannot be written to is nobody's.
fn write(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// What follows is dim.
pub(super) const DIM: &str = "\u{1b}[2m";

/// What follows has no style.
pub(super) const PLAIN: &str = "\u{1b}[0m";

/// To the beginning of the line, of which nothing is left.
const CLEAR_LINE: &str = "\r\u{1b}[2K";

/// What takes less than this is not worth a look.
const PATIENCE: Duration = Duration::from_millis(300);

/// Fast enough to look alive.
const FRAME: Duration = Duration::from_millis(100);

/// The sign of life: a dot that goes round, in the patterns of one character.
const FRAMES: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

#[cfg(test)]
impl Terminal {
    /// One that can show everything.
    pub(super) fn styled() -> Self {
        Self::with(&Environment::default(), true, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_terminal_is_styled_and_not_against_the_environment() {
        let shown = |variable: Option<(&str, &str)>, has_stdout, has_stderr| {
            let environment = variable.into_iter().collect();
            let Terminal {
                shows_answers,
                styles_answers,
                styles_notices,
                has_progress,
            } = Terminal::with(&environment, has_stdout, has_stderr);
            assert_eq!(shows_answers, has_stdout);
            (styles_answers, styles_notices, has_progress)
        };
        for (variable, has_stdout, has_stderr, expected) in [
            (None, true, true, (true, true, true)),
            (None, false, true, (false, true, true)),
            (None, true, false, (true, false, false)),
            (Some(("NO_COLOR", "1")), true, true, (false, false, true)),
            (Some(("NO_COLOR", "")), true, true, (true, true, true)),
            (Some(("TERM", "dumb")), true, true, (false, false, false)),
            (Some(("TERM", "xterm")), true, true, (true, true, true)),
        ] {
            assert_eq!(
                shown(variable, has_stdout, has_stderr),
                expected,
                "{variable:?}"
            );
        }
    }
}
