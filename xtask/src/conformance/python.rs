//! The package for Python, from the index that pip is configured for.

use std::fs;
use std::path::{Path, PathBuf};

use super::Client;
use crate::error::Error;
use crate::installed::{self, PYTHON, VENV_PYTHON};
use crate::process::Run;
use crate::workspace::Workspace;

/// Installs the package, if it is not there yet.
///
/// # Errors
///
/// [`Error::Unavailable`] when there is no Python, no pip, or no index.
pub(super) fn install(workspace: &Workspace) -> Result<Client, Error> {
    let (major, minor) = installed::python_version()?;
    let version = format!("{major}.{minor}");
    // By both versions: what is installed for one Python may not load in another.
    let folder = workspace
        .target()
        .join("conformance")
        .join(format!("{}-python{version}", PACKAGE.replace("==", "-")));
    let what = format!("{PACKAGE} for Python {version}");
    installed::prepare(&folder, &what, PACKAGE, install_into)?;
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

/// Into an environment of its own, or, on a system that leaves out `venv`, into a plain folder.
fn install_into(folder: &Path) -> Result<(), Error> {
    match installed::virtual_environment(folder) {
        Ok(()) => {
            let install = installed::pip(&folder.join(VENV_PYTHON));
            install.arg(PACKAGE).output()?;
        }
        Err(_) => {
            // What an attempt without `ensurepip` leaves would be taken for an environment.
            if folder.exists() {
                fs::remove_dir_all(folder)
                    .map_err(|source| Error::file("delete", folder, source))?;
            }
            let install = installed::pip(Path::new(PYTHON));
            install.arg("--target").arg(folder).arg(PACKAGE).output()?;
        }
    }
    Ok(())
}

/// The version that the cases were written against: another one may read the same answer in another way.
const PACKAGE: &str = "openai==3.54.0";
