//! What we serve against software that we did not write: the official `openai` packages for Python and for Node, frameworks for
//! agents, and the Codex CLI; and our components in hosts that we did not write.

mod hosts;
mod node;
mod python;

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::error::Error;
use crate::process::{Run, say};
use crate::workspace::Workspace;

/// Some packages: how they are installed below the target folder, unless they are there already.
pub(crate) type Install = fn(&Workspace) -> Result<Client, Error>;

/// The clients and hosts, by what they are called.
pub(crate) const CLIENTS: [(&str, Install); 13] = [
    ("the official openai package for Python", python::openai),
    ("the official openai package for Node", node::openai),
    ("the Codex CLI", node::codex),
    ("the frameworks for Python", python::frameworks),
    ("the AI SDK", node::ai_sdk),
    ("Node as a host", hosts::node),
    ("Deno as a host", hosts::deno),
    ("Bun as a host", hosts::bun),
    ("a browser as a host", hosts::browser),
    ("Python as a host", hosts::python),
    ("wasmtime's own server as a host", hosts::wasmtime_serve),
    ("wasmCloud as a host", hosts::wasmcloud),
    ("the manifests for clusters", hosts::manifests),
];

/// Packages that are there, and the programs that use them.
pub(crate) struct Client {
    /// Runs one of the programs. Each takes the host's command line and the component.
    run: Box<dyn Fn() -> Run>,
    cases: &'static [Case],
}

/// What runs.
pub(crate) struct Case {
    /// What it is, for people.
    what: &'static str,
    /// The file of the program.
    file: &'static str,
    subject: Subject,
}

/// What a program is before.
#[derive(Clone, Copy, PartialEq)]
enum Subject {
    /// What it starts itself, such as the mock.
    Own,
    /// `serve`; and, once more, the stand-alone gateway.
    Serve,
    /// The stand-alone gateway.
    Gateway,
}

/// The stand-alone gateway, and what serves it.
pub(crate) struct Gateway {
    component: PathBuf,
    wasmtime: PathBuf,
}

impl Gateway {
    /// The server, installed below the target folder.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when there is no Python, no pip, or no index.
    pub(crate) fn install(workspace: &Workspace) -> Result<Self, Error> {
        Ok(Self {
            component: crate::gateway::path(workspace),
            wasmtime: python::wasmtime(workspace)?,
        })
    }

    fn told(&self, run: Run) -> Run {
        run.env("GATEWAY", &self.component)
            .env("WASMTIME", &self.wasmtime)
    }
}

impl Client {
    /// Runs the cases against what that program serves, and against the gateway, if there is one.
    pub(crate) fn run(
        &self,
        workspace: &Workspace,
        component: &Path,
        gateway: Option<&Gateway>,
    ) -> Result<(), Error> {
        for Case {
            what,
            file,
            subject,
        } in self.cases
        {
            let program = || {
                (self.run)()
                    .current_dir(workspace.root())
                    .arg(file)
                    .arg(workspace.host_binary())
                    .arg(component)
            };
            if *subject != Subject::Gateway {
                timed(what, program())?;
            }
            if let Some(gateway) = gateway.filter(|_| *subject != Subject::Own) {
                let what = what.replace("`serve`", "the stand-alone gateway");
                timed(&what, gateway.told(program()))?;
            }
        }
        Ok(())
    }
}

fn timed(what: &str, program: Run) -> Result<(), Error> {
    say(&format!("running {what}"));
    let started = Instant::now();
    program.run()?;
    let seconds = started.elapsed().as_secs_f64();
    say(&format!("that took {seconds:.1} s"));
    Ok(())
}
