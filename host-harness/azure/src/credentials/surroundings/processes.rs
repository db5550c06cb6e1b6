//! Programs that credentials run: in the injected environment and no other, and never for longer than a limit.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::{Surroundings, TimeLimit};
use crate::programs::RunningProgram;

/// Runs programs in the environment of its surroundings.
#[derive(Clone)]
pub(in crate::credentials) struct Processes {
    surroundings: Arc<Surroundings>,
    time_limit: TimeLimit,
}

/// Why a program did not run to its end.
#[derive(Debug, thiserror::Error)]
pub(in crate::credentials) enum ProcessError {
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
    /// Programs that run in the environment of these surroundings.
    pub(in crate::credentials) fn new(surroundings: Arc<Surroundings>) -> Self {
        Self {
            surroundings,
            time_limit: TimeLimit::Of(TIME_LIMIT),
        }
    }

    /// The same with another limit on time.
    #[cfg(test)]
    pub(in crate::credentials) fn time_limit(self, time_limit: TimeLimit) -> Self {
        Self { time_limit, ..self }
    }

    /// The file of a program: itself if it is an absolute path, else the first of that name in the folders of `PATH`.
    ///
    /// Folders that are not absolute do not count: what is run must not depend on where the host was started.
    pub(in crate::credentials) async fn find(&self, program: &str) -> Option<PathBuf> {
        let folders: Vec<PathBuf> = match Path::new(program).is_absolute() {
            true => vec![PathBuf::new()],
            false => std::env::split_paths(self.path()?)
                .filter(|folder| folder.is_absolute())
                .collect(),
        };
        for folder in folders {
            for extension in self.extensions() {
                let file = folder.join(format!("{program}{extension}"));
                let metadata = tokio::fs::metadata(&file).await;
                if metadata.is_ok_and(|metadata| is_executable(&metadata)) {
                    return Some(file);
                }
            }
        }
        None
    }

    /// A command that runs in this environment and reads nothing.
    pub(in crate::credentials) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.surroundings.environment.variables())
            .stdin(Stdio::null());
        command
    }

    /// Runs a program, given by the path of its file, to its end.
    ///
    /// It is killed, with all that it started, when the time limit passes and when the future is dropped.
    pub(in crate::credentials) async fn run(
        &self,
        program: &Path,
        arguments: &[&str],
    ) -> Result<Output, ProcessError> {
        let mut command = self.command(program);
        // What a project in the host's folder configures is not meant here.
        if let Some(folder) = program.parent() {
            command.current_dir(folder);
        }
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = RunningProgram::start(&mut command).map_err(ProcessError::Start)?;
        let output = self.time_limit.enforce(output(&mut running)).await;
        output.unwrap_or(Err(ProcessError::TimedOut))
    }

    fn path(&self) -> Option<&str> {
        // Windows calls it `Path`.
        let is_path = |name: &str| match cfg!(windows) {
            true => name.eq_ignore_ascii_case("PATH"),
            false => name == "PATH",
        };
        let mut variables = self.surroundings.environment.variables();
        variables.find_map(|(name, value)| is_path(name).then_some(value))
    }

    /// What may follow a program's name in the name of its file.
    fn extensions(&self) -> impl Iterator<Item = &str> {
        let of_windows = || {
            self.surroundings
                .variable("PATHEXT")
                .unwrap_or(".EXE;.CMD;.BAT")
        };
        let extensions = cfg!(windows).then(of_windows);
        let extensions = extensions.into_iter().flat_map(|list| list.split(';'));
        extensions.chain([""])
    }
}

async fn output(RunningProgram(child): &mut RunningProgram) -> Result<Output, ProcessError> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = tokio::try_join!(read(stdout), read(stderr))?;
    let status = child.wait().await.map_err(ProcessError::Listen)?;
    Ok(Output {
        status,
        stdout,
        stderr,
    })
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
fn is_executable(file: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.is_file() && file.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(file: &Metadata) -> bool {
    file.is_file()
}

/// How long a program may take. The command lines of Azure answer in one to four seconds, a login refreshed on the way
/// included; Azure's own libraries wait this long. What takes longer waits for something that will not come.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The most bytes on standard output, and on standard error. A token has two to four thousand.
const MAX_OUTPUT_BYTES: u64 = 1024 * 1024;

#[cfg(all(test, unix))]
mod tests;
