//! The package for Python, from the index that pip is configured for.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Client, prepare};
use crate::error::Error;
use crate::process::Run;
use crate::workspace::Workspace;

/// Installs the package, if it is not there yet.
///
/// # Errors
///
/// [`Error::Unavailable`] when there is no Python, no pip, or no index.
pub(super) fn install(workspace: &Workspace) -> Result<Client, Error> {
    let version = version()?;
    // By both versions: what is installed for one Python may not load in another.
    let folder = workspace
        .target()
        .join("conformance")
        .join(format!("{}-python{version}", PACKAGE.replace("==", "-")));
    let what = format!("{PACKAGE} for Python {version}");
    prepare(&folder, &what, install_into)?;
    let python = Python::of(&folder);
    Ok(Client {
        run: Box::new(move || python.run()),
        cases: &[
            ("Python against the mock", "tests/conformance/openai_sdk.py"),
            ("Python against `serve`", "tests/conformance/serve_sdk.py"),
        ],
    })
}

/// A Python that has the package.
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
fn install_into(folder: &Path) -> Result<(), Error> {
    let environment = Run::new(PYTHON).args(["-m", "venv"]).arg(folder).output();
    match environment {
        Ok(_) => {
            pip(folder.join(VENV_PYTHON)).output()?;
        }
        Err(_) => {
            // What an attempt without `ensurepip` leaves would be taken for an environment.
            if folder.exists() {
                fs::remove_dir_all(folder)
                    .map_err(|source| Error::file("delete", folder, source))?;
            }
            pip(PYTHON.into()).arg("--target").arg(folder).output()?;
        }
    }
    Ok(())
}

fn pip(python: PathBuf) -> Run {
    Run::new(python)
        .args(["-m", "pip", "install", "--quiet", "--no-input"])
        .args(["--disable-pip-version-check", "--retries", "1"])
        .arg(PACKAGE)
}

/// The version that the cases were written against: another one may read the same answer in another way.
const PACKAGE: &str = "openai==3.54.0";

/// The program, which may be Python 2 without the number.
const PYTHON: &str = "python3";

/// The program in an environment of its own.
const VENV_PYTHON: &str = match cfg!(windows) {
    true => "Scripts/python.exe",
    false => "bin/python",
};
