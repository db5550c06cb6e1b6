//! Running other programs.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use crate::error::Error;

/// Says on standard error what is being done.
pub(crate) fn say(what: &str) {
    eprintln!("xtask: {what}");
}

/// The cargo that runs us, so that one toolchain builds everything.
pub(crate) fn cargo() -> Run {
    Run::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program to run.
pub(crate) struct Run(Command);

impl Run {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self(Command::new(program))
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.0.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.0.env_remove(name);
        self
    }

    pub(crate) fn current_dir(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Runs it with our standard streams; fails unless it succeeds.
    pub(crate) fn run(mut self) -> Result<(), Error> {
        let status = self.status()?;
        match status.success() {
            true => Ok(()),
            false => Err(self.failed(String::new())),
        }
    }

    /// Runs it with our standard streams, for its exit code.
    pub(crate) fn exit_code(mut self) -> Result<ExitCode, Error> {
        let status = self.status()?;
        // No code means that a signal ended it; 255 is what a shell cannot confuse with our own codes.
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(ExitCode::from(code.unwrap_or(u8::MAX)))
    }

    /// Runs it and returns its standard output; on failure the error holds all that it printed.
    pub(crate) fn output(mut self) -> Result<String, Error> {
        let output = self
            .0
            .stdin(Stdio::null())
            .output()
            .map_err(|source| self.start(source))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        Err(self.failed(text + &String::from_utf8_lossy(&output.stderr)))
    }

    fn status(&mut self) -> Result<ExitStatus, Error> {
        self.0.status().map_err(|source| self.start(source))
    }

    fn start(&self, source: std::io::Error) -> Error {
        Error::Start {
            program: self.0.get_program().to_string_lossy().into_owned(),
            source,
        }
    }

    fn failed(&self, output: String) -> Error {
        let command = std::iter::once(self.0.get_program())
            .chain(self.0.get_args())
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ");
        Error::Failed { command, output }
    }
}
