//! The package for Node, from the registry that npm is configured for.

use std::fs;
use std::path::Path;

use super::Client;
use crate::error::Error;
use crate::installed;
use crate::process::Run;
use crate::workspace::Workspace;

/// Installs the package, if it is not there yet.
///
/// # Errors
///
/// [`Error::Unavailable`] when there is no Node of a version that the package runs on, no npm, or no registry.
pub(super) fn install(workspace: &Workspace) -> Result<Client, Error> {
    check_version()?;
    let folder = workspace
        .target()
        .join("conformance")
        .join(format!("{}-node", PACKAGE.replace('@', "-")));
    let what = format!("{PACKAGE} for Node");
    installed::prepare(&folder, &what, PACKAGE, install_into)?;
    Ok(Client {
        // A module is looked for beside the program that imports it, which is elsewhere: the program is told where.
        run: Box::new(move || {
            Run::new(NODE).env("OPENAI_PACKAGE", folder.join("node_modules/openai"))
        }),
        cases: &[("Node against `serve`", "tests/conformance/serve_sdk.mjs")],
    })
}

fn check_version() -> Result<(), Error> {
    let unavailable = |why: String| Error::Unavailable(why);
    let version = Run::new(NODE)
        .arg("--version")
        .output()
        .map_err(|error| unavailable(format!("there is no Node here: {error}")))?;
    let version = version.trim();
    let major = version.trim_start_matches('v').split('.').next();
    match major.and_then(|major| major.parse::<u32>().ok()) {
        Some(major) if major >= LEAST_VERSION => Ok(()),
        _ => Err(unavailable(format!(
            "Node {LEAST_VERSION} or later is needed, and this is {version}"
        ))),
    }
}

/// Without a lock file: it would name a registry, and the version below is exact.
fn install_into(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|source| Error::file("create", folder, source))?;
    Run::new(NPM)
        .args([
            "install",
            "--no-package-lock",
            "--no-audit",
            "--no-fund",
            "--no-save",
        ])
        .args(["--ignore-scripts", "--silent", "--prefix"])
        .arg(folder)
        .arg(PACKAGE)
        .output()
        .map(drop)
}

/// The last version that runs on Node 20. The cases were written against it: another one may read the same answer in another
/// way.
const PACKAGE: &str = "openai@6.30.1";

/// The oldest that the package runs on.
const LEAST_VERSION: u32 = 20;

/// The program, as it is called everywhere.
const NODE: &str = "node";

/// What installs packages. Windows looks for `.exe` alone, which it is not there.
const NPM: &str = match cfg!(windows) {
    true => "npm.cmd",
    false => "npm",
};
