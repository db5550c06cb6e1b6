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
    runs_cargo(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program that is cargo, or runs it.
///
/// It does not inherit what `cargo run` sets about this package. Build scripts such as ring's watch these variables, so
/// `cargo xtask test` and a plain `cargo test` would rebuild ring and all that depends on it each time they alternate.
pub(crate) fn runs_cargo(program: impl AsRef<OsStr>) -> Run {
    let mut run = Run::new(program);
    for (name, _) in std::env::vars_os() {
        if let Some(name) = name.to_str().filter(|name| describes_this_package(name)) {
            run = run.env_remove(name);
        }
    }
    run
}

fn describes_this_package(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_does_not_inherit_what_describes_xtask() {
        // `cargo test` sets these for the test, as `cargo run` does for the program.
        let set: Vec<_> = std::env::vars_os()
            .filter(|(name, _)| name.to_str().is_some_and(describes_this_package))
            .map(|(name, _)| name)
            .collect();
        assert!(set.iter().any(|name| name == "CARGO_MANIFEST_DIR"));
        let Run(command) = cargo();
        for name in set {
            let change = command.get_envs().find(|(changed, _)| *changed == name);
            assert_eq!(change, Some((name.as_os_str(), None)));
        }
    }
}
