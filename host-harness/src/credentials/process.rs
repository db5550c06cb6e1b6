//! Programs that credentials run: in the injected environment and no other, and never for longer than a limit.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use azure_identity::Executor;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::time_limit::TimeLimit;
use crate::environment::Environment;

/// Runs programs in an environment.
#[derive(Clone)]
pub(super) struct Processes {
    environment: Environment,
    time_limit: TimeLimit,
}

/// Why a program did not run to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProcessError {
    /// The system could not start it.
    #[error("cannot be started: {0}")]
    Start(io::Error),
    /// Its output, or how it ended, could not be read.
    #[error("cannot be listened to: {0}")]
    Listen(io::Error),
    /// It wrote more than what anything with a token in it has.
    #[error("was stopped, because it wrote more than {MAX_OUTPUT_BYTES} bytes")]
    TooLong,
    /// The time limit passed.
    #[error("was stopped, because it did not end within {} seconds", TIME_LIMIT.as_secs())]
    TimedOut,
}

impl Processes {
    /// Programs that run in this environment.
    pub(super) fn new(environment: Environment) -> Self {
        Self {
            environment,
            time_limit: TimeLimit::Of(TIME_LIMIT),
        }
    }

    /// The same with another limit on time.
    #[cfg(test)]
    pub(super) fn time_limit(self, time_limit: TimeLimit) -> Self {
        Self { time_limit, ..self }
    }

    /// The file of a program: itself if it is an absolute path, else the first of that name in the folders of `PATH`.
    ///
    /// Folders that are not absolute do not count: what is run must not depend on where the host was started.
    pub(super) fn find(&self, program: &str) -> Option<PathBuf> {
        let folders: Vec<PathBuf> = match Path::new(program).is_absolute() {
            true => vec![PathBuf::new()],
            false => std::env::split_paths(self.path()?)
                .filter(|folder| folder.is_absolute())
                .collect(),
        };
        let mut files = folders.iter().flat_map(|folder| {
            let names = self.extensions();
            names.map(move |extension| folder.join(format!("{program}{extension}")))
        });
        files.find(|file| is_executable(file))
    }

    /// A command that runs in this environment and reads nothing.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.environment.variables())
            .stdin(Stdio::null());
        command
    }

    /// Runs a program to its end.
    ///
    /// It is killed, with all that it started, when the time limit passes and when the future is dropped.
    pub(super) async fn run(
        &self,
        program: &OsStr,
        arguments: &[&OsStr],
    ) -> Result<Output, ProcessError> {
        let mut command = self.command(program);
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut running = Running(command.spawn().map_err(ProcessError::Start)?);
        let output = self.time_limit.enforce(running.output()).await;
        output.unwrap_or(Err(ProcessError::TimedOut))
    }

    fn path(&self) -> Option<&str> {
        // Windows calls it `Path`.
        let is_path = |name: &str| match cfg!(windows) {
            true => name.eq_ignore_ascii_case("PATH"),
            false => name == "PATH",
        };
        let mut variables = self.environment.variables();
        variables.find_map(|(name, value)| is_path(name).then_some(value))
    }

    /// What may follow a program's name in the name of its file.
    fn extensions(&self) -> impl Iterator<Item = &str> {
        let of_windows = || self.environment.get("PATHEXT").unwrap_or(".EXE;.CMD;.BAT");
        let extensions = cfg!(windows).then(of_windows);
        let extensions = extensions.into_iter().flat_map(|list| list.split(';'));
        extensions.chain([""])
    }
}

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

/// A process that does not outlive this value.
struct Running(Child);

impl Running {
    async fn output(&mut self) -> Result<Output, ProcessError> {
        let (stdout, stderr) = (self.0.stdout.take(), self.0.stderr.take());
        let (stdout, stderr) = tokio::try_join!(read(stdout), read(stderr))?;
        let status = self.0.wait().await.map_err(ProcessError::Listen)?;
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Without an id it has ended and was waited for, and the number may be another process's by now.
        #[cfg(unix)]
        if let Some(id) = self.0.id()
            && let Some(group) = i32::try_from(id)
                .ok()
                .and_then(rustix::process::Pid::from_raw)
        {
            use rustix::process::{Signal, kill_process_group};
            if let Err(error) = kill_process_group(group, Signal::KILL) {
                tracing::debug!(%error, "a program of a credential cannot be killed");
            }
        }
    }
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, ProcessError> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let mut limited = pipe.take(MAX_OUTPUT_BYTES + 1);
        let read = limited.read_to_end(&mut bytes).await;
        if read.map_err(ProcessError::Listen)? as u64 > MAX_OUTPUT_BYTES {
            return Err(ProcessError::TooLong);
        }
    }
    Ok(bytes)
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

/// How long a program may take. The command lines of Azure answer in one to four seconds, a login refreshed on the way
/// included; Azure's own libraries wait this long. What takes longer waits for something that will not come.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The most bytes on standard output, and on standard error. A token has two to four thousand.
const MAX_OUTPUT_BYTES: u64 = 1024 * 1024;

#[cfg(all(test, unix))]
pub(super) mod tests;
