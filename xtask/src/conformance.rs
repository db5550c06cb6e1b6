//! The mock against software that we did not write: the official `openai` package for Python.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::process::{Run, say};
use crate::workspace::Workspace;

/// Installs the package below the target folder, if it is not there yet, and returns how to run Python with it.
///
/// # Errors
///
/// [`Error::Unavailable`] when there is no Python, or pip cannot get the package.
pub(crate) fn install(workspace: &Workspace) -> Result<Python, Error> {
    let version = version()?;
    // By both versions: what is installed for one Python may not load in another.
    let folder = workspace
        .target()
        .join("conformance")
        .join(format!("{}-python{version}", PACKAGE.replace("==", "-")));
    let python = match folder.join(COMPLETE).exists() {
        true => Python::of(&folder),
        false => {
            say(&format!(
                "installing {PACKAGE} for Python {version} (seconds)"
            ));
            let python = install_into(&folder).map_err(|error| {
                Error::Unavailable(format!("{PACKAGE} cannot be installed: {error}"))
            })?;
            // Last, so that an installation that was interrupted is begun again.
            let complete = folder.join(COMPLETE);
            fs::write(&complete, "").map_err(|source| Error::file("write", &complete, source))?;
            python
        }
    };
    Ok(python)
}

/// A Python that has the package.
pub(crate) struct Python {
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

    /// Runs the cases against that program's mock.
    pub(crate) fn run(self, workspace: &Workspace) -> Result<(), Error> {
        say("running the official openai package against the mock");
        let run = Run::new(self.program).current_dir(workspace.root());
        let run = match self.packages {
            Some(folder) => run.env("PYTHONPATH", folder),
            None => run,
        };
        run.arg(CASES).arg(workspace.host_binary()).run()
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

/// Into an environment of its own, or, on a system that leaves out `venv`, into a plain folder. From the index that
/// pip is configured for.
fn install_into(folder: &Path) -> Result<Python, Error> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|source| Error::file("delete", folder, source))?;
    }
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
    Ok(Python::of(folder))
}

fn pip(python: PathBuf) -> Run {
    Run::new(python)
        .args(["-m", "pip", "install", "--quiet", "--no-input"])
        .args(["--disable-pip-version-check", "--retries", "1"])
        .arg(PACKAGE)
}

/// The version that the cases were written against: another one may read the same answer in another way.
const PACKAGE: &str = "openai==3.54.0";

const PYTHON: &str = "python3";

const CASES: &str = "tests/conformance/openai_sdk.py";

/// A file in the folder of an installation that went well.
const COMPLETE: &str = "complete";

const VENV_PYTHON: &str = match cfg!(windows) {
    true => "Scripts/python.exe",
    false => "bin/python",
};
