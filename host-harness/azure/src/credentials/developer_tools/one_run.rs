//! One run of a program for `azure_identity`.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::process::Output;
use std::sync::OnceLock;

use async_trait::async_trait;
use azure_identity::Executor;

use crate::credentials::surroundings::{ProcessError, Processes};

/// Runs one command line for `azure_identity`, and keeps how it went: that crate hands on a text only.
pub(super) struct OneRun {
    processes: Processes,
    ended: OnceLock<Result<Ended, ProcessError>>,
}

/// How a program ended.
pub(super) struct Ended {
    /// Its exit code, if it was not killed by a signal.
    pub(super) code: Option<i32>,
    /// What it wrote to standard error.
    pub(super) stderr: String,
}

impl OneRun {
    pub(super) fn new(processes: Processes) -> Self {
        Self {
            processes,
            ended: OnceLock::new(),
        }
    }

    /// How it went, if something was run.
    pub(super) fn ended(&self) -> Option<&Result<Ended, ProcessError>> {
        self.ended.get()
    }

    fn keep(&self, ended: Result<Ended, ProcessError>) {
        if self.ended.set(ended).is_err() {
            tracing::debug!(
                "a credential ran two programs for one token; the first is the one that counts"
            );
        }
    }
}

impl From<&Output> for Ended {
    fn from(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Hides the environment, which may hold secrets.
impl fmt::Debug for OneRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneRun").finish_non_exhaustive()
    }
}

#[async_trait]
impl Executor for OneRun {
    async fn run(&self, program: &OsStr, arguments: &[&OsStr]) -> io::Result<Output> {
        match self.processes.run(program, arguments).await {
            Ok(output) => {
                self.keep(Ok(Ended::from(&output)));
                Ok(output)
            }
            Err(error) => {
                let words = error.to_string();
                self.keep(Err(error));
                Err(io::Error::other(words))
            }
        }
    }
}
