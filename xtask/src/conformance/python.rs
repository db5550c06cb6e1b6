//! Packages for Python, from the index that pip is configured for.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Client, prepare};
use crate::error::Error;
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
            (
                "the official openai package for Python against the mock",
                "tests/conformance/openai_sdk.py",
            ),
            (
                "the official openai package for Python against `serve`",
                "tests/conformance/serve_sdk.py",
            ),
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
        &[(
            "frameworks for Python against `serve`",
            "tests/conformance/frameworks.py",
        )],
    )
}

/// Installs packages of exact versions, if they are not there yet: another version may read the same answer in another way.
fn install(
    workspace: &Workspace,
    name: &str,
    packages: &[&str],
    cases: &'static [(&'static str, &'static str)],
) -> Result<Client, Error> {
    let python = version()?;
    let first = packages.first().copied().unwrap_or_default();
    let version = first.rsplit('=').next().unwrap_or_default();
    // By both versions: what is installed for one Python may not load in another.
    let folder = workspace
        .target()
        .join("conformance")
        .join(format!("{name}-{version}-python{python}"));
    let what = format!("{} for Python {python}", packages.join(", "));
    prepare(&folder, &what, |folder| install_into(folder, packages))?;
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

/// `3.11`, for example.
fn version() -> Result<String, Error> {
    let print = "import sys; print('%d.%d' % sys.version_info[:2])";
    match Run::new(PYTHON).args(["-c", print]).output() {
        Ok(version) => Ok(version.trim().to_owned()),
        Err(error) => Err(Error::Unavailable(format!(
            "there is no Python 3 here: {error}"
        ))),
    }
}

/// Into an environment of its own, or, on a system that leaves out `venv`, into a plain folder.
fn install_into(folder: &Path, packages: &[&str]) -> Result<(), Error> {
    let environment = Run::new(PYTHON).args(["-m", "venv"]).arg(folder).output();
    match environment {
        Ok(_) => {
            pip(folder.join(VENV_PYTHON), packages).output()?;
        }
        Err(_) => {
            // What an attempt without `ensurepip` leaves would be taken for an environment.
            if folder.exists() {
                fs::remove_dir_all(folder)
                    .map_err(|source| Error::file("delete", folder, source))?;
            }
            pip(PYTHON.into(), packages)
                .arg("--target")
                .arg(folder)
                .output()?;
        }
    }
    Ok(())
}

fn pip(python: PathBuf, packages: &[&str]) -> Run {
    Run::new(python)
        .args(["-m", "pip", "install", "--quiet", "--no-input"])
        .args(["--disable-pip-version-check", "--retries", "1"])
        .args(packages)
}

/// The program, which may be Python 2 without the number.
const PYTHON: &str = "python3";

/// The program in an environment of its own.
const VENV_PYTHON: &str = match cfg!(windows) {
    true => "Scripts/python.exe",
    false => "bin/python",
};
