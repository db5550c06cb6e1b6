//! Programs that the host runs: none outlives the value that stands for it.

use std::io;

use tokio::process::{Child, Command};

/// A running program. Dropping it kills it, with all that it started.
pub(crate) struct RunningProgram(pub(crate) Child);

impl RunningProgram {
    /// Starts a program, in a process group of its own where there are such.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        command.kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().map(Self)
    }
}

impl Drop for RunningProgram {
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
                tracing::debug!(%error, "a program cannot be killed");
            }
        }
    }
}
