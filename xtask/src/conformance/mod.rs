//! What we serve against software that we did not write: the official `openai` packages for Python and for Node.

mod node;
mod python;

use std::path::Path;

use crate::error::Error;
use crate::process::{Run, say};
use crate::workspace::Workspace;

/// One of the packages: how it is installed below the target folder, unless it is there already.
pub(crate) type Install = fn(&Workspace) -> Result<Client, Error>;

/// The packages, by the names of their languages.
pub(crate) const CLIENTS: [(&str, Install); 2] =
    [("Python", python::install), ("Node", node::install)];

/// A package that is there, and the programs that use it.
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
            say(&format!("running the official openai package for {what}"));
            (self.run)()
                .current_dir(workspace.root())
                .arg(file)
                .arg(workspace.host_binary())
                .arg(component)
                .run()?;
        }
        Ok(())
    }
}
