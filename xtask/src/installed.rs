//! What is installed below the target folder, from the registries that pip and npm are configured for.

use std::fs;
use std::path::Path;

use crate::error::Error;
use crate::process::{Run, say};

/// Prepares a folder with what `install` puts there, unless that has been done before, with the same packages.
pub(crate) fn prepare(
    folder: &Path,
    what: &str,
    packages: &str,
    install: impl Fn(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let complete = folder.join(COMPLETE);
    if fs::read_to_string(&complete).is_ok_and(|installed| installed == packages) {
        return Ok(());
    }
    say(&format!("installing {what} (seconds)"));
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|source| Error::file("delete", folder, source))?;
    }
    install(folder).map_err(|error| match is_out_of_reach(&error) {
        true => Error::Unavailable(format!("{what} cannot be installed: {error}")),
        false => error,
    })?;
    // Last, so that an installation that was interrupted is begun again.
    fs::write(&complete, packages).map_err(|source| Error::file("write", &complete, source))
}

/// The version of the Python that is here, such as 3 and 11.
///
/// # Errors
///
/// [`Error::Unavailable`] when there is none.
pub(crate) fn python_version() -> Result<(u32, u32), Error> {
    let print = "import sys; print('%d.%d' % sys.version_info[:2])";
    let version = Run::new(PYTHON).args(["-c", print]).output();
    let version = version
        .map_err(|error| Error::Unavailable(format!("there is no Python 3 here: {error}")))?;
    let parsed = version
        .trim()
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    parsed.ok_or_else(|| Error::Unavailable(format!("`{PYTHON}` has no version: {version}")))
}

/// Makes an environment of its own. A system may leave out what makes it.
pub(crate) fn virtual_environment(folder: &Path) -> Result<(), Error> {
    Run::new(PYTHON)
        .args(["-m", "venv"])
        .arg(folder)
        .output()
        .map(drop)
}

/// `pip install`, by this Python.
pub(crate) fn pip(python: &Path) -> Run {
    Run::new(python)
        .args(["-m", "pip", "install", "--quiet", "--no-input"])
        .args(["--disable-pip-version-check", "--retries", "1"])
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

/// What pip and npm say of a registry that they cannot reach, and Python of a pip or of environments that it does not have.
const OUT_OF_REACH: [&str; 13] = [
    "ConnectTimeoutError",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ENETUNREACH",
    "ENOTFOUND",
    "ETIMEDOUT",
    "NameResolutionError",
    "NewConnectionError",
    "ensurepip is not available",
    "No module named pip",
    "No module named venv",
    "ProxyError",
];

/// The program, which may be Python 2 without the number.
pub(crate) const PYTHON: &str = "python3";

/// The program in an environment of its own.
pub(crate) const VENV_PYTHON: &str = match cfg!(windows) {
    true => "Scripts/python.exe",
    false => "bin/python",
};

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
