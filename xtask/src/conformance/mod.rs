//! What we serve against software that we did not write: the official `openai` packages for Python and for Node, frameworks for
//! agents, and the Codex CLI.

mod node;
mod python;

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
