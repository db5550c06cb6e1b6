//! Programs that the host runs: none outlives the value that stands for it.

use std::io;

use tokio::process::{Child, Command};

/// Keeps what this process has in its memory and its environment from the programs that it runs: without this, any program of the
/// same user may read both. It holds until the process ends, which then leaves no core file either. Linux only; a program that runs
/// as root reads everything.
pub fn hide_from_programs() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::warn!("tools can read the environment of this process: {error}");
        }
    }
}

/// A running program. Dropping it kills it, with all that it started.
pub struct RunningProgram(pub Child);

impl RunningProgram {
    /// Starts a program, in a process group of its own where there are such.
    pub fn start(command: &mut Command) -> io::Result<Self> {
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

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    use super::*;

    #[test]
    fn a_process_that_hides_cannot_be_read_by_its_programs() {
        hide_from_programs();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
