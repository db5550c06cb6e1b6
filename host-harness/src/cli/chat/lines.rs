//! Standard input, line by line, without keeping anything else waiting.

use std::io::{self, BufRead, IsTerminal, Read};
use std::thread;

use tokio::sync::mpsc;

use crate::cli::files::MAX_REQUEST_BYTES;

/// The lines to come. Waiting for one can be given up without losing it.
pub(super) struct Lines {
    lines: mpsc::Receiver<io::Result<String>>,
    is_terminal: bool,
}

impl Lines {
    /// Begins to read. On a thread of its own, which nothing waits for: reading from a terminal cannot be interrupted.
    pub(super) fn of_standard_input() -> Self {
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
            lines,
            is_terminal: io::stdin().is_terminal(),
        }
    }

    /// Whether a person types them.
    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// The next line; none at the end.
    pub(super) async fn next(&mut self) -> io::Result<Option<String>> {
        self.lines.recv().await.transpose()
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
        assert_eq!(error.to_string(), "a line has more than 33554432 bytes");
    }
}
