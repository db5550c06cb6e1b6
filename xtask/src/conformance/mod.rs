//! What we serve against software that we did not write: the official `openai` packages for Python and for Node, frameworks for
//! agents, and the Codex CLI.

mod node;
mod python;

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::error::Error;
use crate::process::{Run, say};
use crate::workspace::Workspace;

/// Some packages: how they are installed below the target folder, unless they are there already.
pub(crate) type Install = fn(&Workspace) -> Result<Client, Error>;

/// The clients, by what they are called.
pub(crate) const CLIENTS: [(&str, Install); 5] = [
    ("the official openai package for Python", python::openai),
    ("the official openai package for Node", node::openai),
    ("the Codex CLI", node::codex),
    ("the frameworks for Python", python::frameworks),
    ("the AI SDK", node::ai_sdk),
];

/// Packages that are there, and the programs that use them.
pub(crate) struct Client {
    /// Runs one of the programs. Each takes the host's command line and the component.
    run: Box<dyn Fn() -> Run>,
    /// What runs, and in which file.
    cases: &'static [(&'static str, &'static str)],
}

impl Client {
    /// Runs the cases against what that program serves.
    pub(crate) fn run(&self, workspace: &Workspace, component: &Path) -> Result<(), Error> {
        for (what, file) in self.cases {
            say(&format!("running {what}"));
            let started = Instant::now();
            (self.run)()
                .current_dir(workspace.root())
                .arg(file)
                .arg(workspace.host_binary())
                .arg(component)
                .run()?;
            say(&format!(
                "that took {:.1} s",
                started.elapsed().as_secs_f64()
            ));
        }
        Ok(())
    }
}

/// Prepares a folder with what `install` puts there, unless that has been done before.
fn prepare(
    folder: &Path,
    what: &str,
    install: impl Fn(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let complete = folder.join(COMPLETE);
    if complete.exists() {
        return Ok(());
    }
    say(&format!("installing {what} (seconds)"));
    let started = Instant::now();
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|source| Error::file("delete", folder, source))?;
    }
    install(folder).map_err(|error| match is_out_of_reach(&error) {
        true => Error::Unavailable(format!("{what} cannot be installed: {error}")),
        false => error,
    })?;
    say(&format!(
        "that took {:.1} s",
        started.elapsed().as_secs_f64()
    ));
    // Last, so that an installation that was interrupted is begun again.
    fs::write(&complete, "").map_err(|source| Error::file("write", &complete, source))
}

/// Whether there is no installer here, or no registry that it can reach. Whatever else is wrong is to be mended.
fn is_out_of_reach(error: &Error) -> bool {
    match error {
        Error::Start { .. } => true,
        Error::Failed { output, .. } => OUT_OF_REACH.iter().any(|words| output.contains(words)),
        _ => false,
    }
}

/// A file in the folder of an installation that went well.
const COMPLETE: &str = "complete";

/// What pip and npm say of a registry that they cannot reach, and Python of a pip that it does not have.
const OUT_OF_REACH: [&str; 11] = [
    "ConnectTimeoutError",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ENETUNREACH",
    "ENOTFOUND",
    "ETIMEDOUT",
    "NameResolutionError",
    "NewConnectionError",
    "No module named pip",
    "ProxyError",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_reached_is_left_out() {
        let failed = |output: &str| Error::Failed {
            command: "pip".to_owned(),
            output: output.to_owned(),
        };
        for (error, expected) in [
            (failed("npm error code ENOTFOUND"), true),
            (
                failed("WARNING: Retrying after connection broken by 'NewConnectionError(…)'"),
                true,
            ),
            (failed("/usr/bin/python3: No module named pip"), true),
            (failed("ERROR: No matching distribution found"), false),
            (failed("npm error code ETARGET"), false),
            (
                Error::Unavailable("there is no Node here".to_owned()),
                false,
            ),
        ] {
            assert_eq!(is_out_of_reach(&error), expected, "{error}");
        }
    }
}
