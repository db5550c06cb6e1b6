//! The command behind a tool, and one run of it.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use provider_host::Environment;
use provider_host::contract::types::MessageContent;
use provider_host_azure::programs::{self, RunningProgram};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, Command};

use super::output::{self, Ended};

/// A program, what it is called with, and how long it may take.
#[derive(Debug, PartialEq)]
pub(crate) struct ToolCommand {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) timeout: Duration,
}

/// Why a run gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    #[error("The command could not be started: {0}.")]
    Start(io::Error),

    #[error("The command could not be listened to: {0}.")]
    Listen(io::Error),

    #[error("The command was stopped, because it did not end within {} seconds.", .0.as_secs_f64())]
    TimedOut(Duration),

    #[error("The command was stopped, because it wrote more than {MAX_OUTPUT_BYTES} bytes.")]
    TooLong,
}

impl ToolCommand {
    /// Runs it in this environment and no other. However that goes, the model gets an answer.
    ///
    /// The program is killed, with all that it started, when its time is over and when the future is dropped.
    pub(crate) async fn run(
        &self,
        call_arguments: &str,
        environment: &Environment,
    ) -> MessageContent {
        let run = self.ended(call_arguments, environment);
        let ended = tokio::time::timeout(self.timeout, run).await;
        match ended.unwrap_or(Err(RunError::TimedOut(self.timeout))) {
            Ok(ended) => output::of(ended),
            Err(error) => MessageContent::Text(error.to_string()),
        }
    }

    async fn ended(
        &self,
        call_arguments: &str,
        environment: &Environment,
    ) -> Result<Ended, RunError> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(environment.variables())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        programs::hide_from_programs();
        let mut running = RunningProgram::start(&mut command).map_err(RunError::Start)?;
        let RunningProgram(child) = &mut running;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        // All at once: a program that waits to be read does not read.
        let ((), stdout, stderr) = tokio::try_join!(
            tell(stdin, call_arguments),
            read(stdout),
            read_beginning(stderr)
        )?;
        let status: ExitStatus = child.wait().await.map_err(RunError::Listen)?;
        Ok(Ended {
            code: status.code(),
            stdout,
            stderr,
        })
    }
}

/// Hands over the arguments. A program that does not read them is none the worse for it.
async fn tell(pipe: Option<ChildStdin>, arguments: &str) -> Result<(), RunError> {
    if let Some(mut pipe) = pipe {
        match pipe.write_all(arguments.as_bytes()).await {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                return Err(RunError::Listen(error));
            }
            _ => {}
        }
    }
    Ok(())
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, RunError> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let mut limited = pipe.take(MAX_OUTPUT_BYTES + 1);
        let read = limited.read_to_end(&mut bytes).await;
        if read.map_err(RunError::Listen)? as u64 > MAX_OUTPUT_BYTES {
            return Err(RunError::TooLong);
        }
    }
    Ok(bytes)
}

/// Keeps the beginning, and reads the rest too, so that the program can go on.
async fn read_beginning(pipe: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, RunError> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        let mut beginning = (&mut pipe).take(MAX_ERROR_BYTES);
        let read = beginning.read_to_end(&mut bytes).await;
        read.map_err(RunError::Listen)?;
        let rest = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
        rest.map_err(RunError::Listen)?;
    }
    Ok(bytes)
}

/// The most bytes of output: an image of the largest size that can be sent, in base64, and words around it. What the
/// sandbox holds of a request is not more.
const MAX_OUTPUT_BYTES: u64 = 32 * 1024 * 1024;

/// What is kept of standard error: some hundred lines, in which a program that fails has said why.
const MAX_ERROR_BYTES: u64 = 16 * 1024;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// The output of a shell's script that gets the arguments `{"city":"Bern"}`.
    async fn run(script: &str, timeout: Duration) -> String {
        let command = ToolCommand {
            program: "sh".into(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            timeout,
        };
        let variables = [("PATH", "/usr/bin:/bin"), ("UNITS", "metric")];
        let environment = variables.into_iter().collect();
        match command.run(r#"{"city":"Bern"}"#, &environment).await {
            MessageContent::Text(text) => text,
            MessageContent::Blocks(blocks) => format!("{blocks:?}"),
        }
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_command_reads_the_arguments_and_answers() {
        for (script, expected) in [
            ("cat", r#"{"city":"Bern"}"#),
            ("printf 'sunny\\n'", "sunny"),
            ("echo $UNITS", "metric"),
            ("echo ${HOME-none}", "none"),
            ("echo aside >&2; echo answer", "answer"),
            (
                "echo half; echo 'no such city' >&2; exit 3",
                "The command failed with the exit code 3.\nStandard error:\nno such city\nStandard output:\nhalf",
            ),
            ("kill -9 $$", "The command was ended by a signal."),
            (
                "head -c 40000 /dev/zero | tr '\\0' x >&2; echo done",
                "done",
            ),
        ] {
            assert_eq!(run(script, MINUTE).await, expected, "{script}");
        }
    }

    #[tokio::test]
    async fn a_command_that_does_not_end_or_does_not_stop_writing_is_killed() {
        assert_eq!(
            run("sleep 600", Duration::from_millis(50)).await,
            "The command was stopped, because it did not end within 0.05 seconds."
        );
        assert_eq!(
            run("cat /dev/zero", MINUTE).await,
            "The command was stopped, because it wrote more than 33554432 bytes."
        );
    }

    #[tokio::test]
    async fn a_command_that_is_not_there_is_an_answer_too() {
        let command = ToolCommand {
            program: "/nowhere/weather".into(),
            arguments: Vec::new(),
            timeout: MINUTE,
        };
        let content = command.run("{}", &Environment::default()).await;
        let MessageContent::Text(text) = content else {
            return assert_eq!(content, MessageContent::Text(String::new()));
        };
        assert!(
            text.starts_with("The command could not be started: "),
            "{text}"
        );
    }
}
