//! The Amplifier module: its wheel, and its tests with the kernel that Amplifier publishes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::component::PROVIDER;
use crate::error::Error;
use crate::installed::{self, VENV_PYTHON};
use crate::process::{Run, runs_cargo, say};
use crate::workspace::Workspace;

/// The package with the native part. Whatever builds or tests the whole workspace leaves it out, and needs no Python.
pub(crate) const NATIVE: &str = "amplifier-azure-openai";

/// A virtual environment with what builds and tests the module.
pub(crate) struct Tools {
    folder: PathBuf,
}

/// Makes that environment, if it is not there yet.
///
/// # Errors
///
/// [`Error::Unavailable`] when there is no Python that has virtual environments, or no index.
pub(crate) fn tools(workspace: &Workspace) -> Result<Tools, Error> {
    let version = installed::python_version()?;
    if version.0 < LEAST_VERSION.0 || (version.0 == LEAST_VERSION.0 && version.1 < LEAST_VERSION.1)
    {
        return Err(Error::Unavailable(format!(
            "it needs Python {}.{}, and this is {}.{}",
            LEAST_VERSION.0, LEAST_VERSION.1, version.0, version.1
        )));
    }
    let what = format!("the tools for Python {}.{}", version.0, version.1);
    let folder = folder(workspace).join(format!("tools-{}.{}", version.0, version.1));
    installed::prepare(&folder, &what, &PACKAGES.join("\n"), |folder| {
        installed::virtual_environment(folder)?;
        installed::pip(&folder.join(VENV_PYTHON))
            .args(PACKAGES)
            .output()
            .map(drop)
    })?;
    Ok(Tools { folder })
}

/// Builds the wheel with that component in it.
pub(crate) fn build(
    workspace: &Workspace,
    tools: &Tools,
    component: &Path,
) -> Result<PathBuf, Error> {
    say("building the wheel (a minute the first time)");
    let wheels = folder(workspace).join("wheels");
    if wheels.exists() {
        fs::remove_dir_all(&wheels).map_err(|source| Error::file("delete", &wheels, source))?;
    }
    // Linked like the host, with what was compiled for it.
    tools
        .maturin()
        .args(["build", "--quiet", "--locked", "--interpreter"])
        .arg(tools.python())
        .arg("--manifest-path")
        .arg(workspace.root().join("python/native/Cargo.toml"))
        .arg("--out")
        .arg(&wheels)
        .env("CARGO_TARGET_DIR", workspace.target())
        .env_remove("CARGO_BUILD_TARGET")
        .env("AZURE_OPENAI_COMPONENT", component)
        .current_dir(workspace.root())
        .output()?;
    let built = fs::read_dir(&wheels).map_err(|source| Error::file("read", &wheels, source))?;
    let built = built.filter_map(Result::ok).map(|entry| entry.path());
    built
        .into_iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| Error::Unavailable(format!("maturin left no wheel in {}", wheels.display())))
}

/// Builds the wheels of the two modules, which are Python alone.
pub(crate) fn build_modules(workspace: &Workspace, tools: &Tools) -> Result<Vec<PathBuf>, Error> {
    let wheels = folder(workspace).join("module-wheels");
    if wheels.exists() {
        fs::remove_dir_all(&wheels).map_err(|source| Error::file("delete", &wheels, source))?;
    }
    for module in MODULES {
        Run::new(tools.python())
            .args([
                "-m",
                "pip",
                "wheel",
                "--quiet",
                "--no-deps",
                "--no-build-isolation",
            ])
            .arg("--wheel-dir")
            .arg(&wheels)
            .arg(workspace.root().join("python").join(module))
            .output()?;
    }
    let built = fs::read_dir(&wheels).map_err(|source| Error::file("read", &wheels, source))?;
    let mut built: Vec<_> = built
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .collect();
    built.sort();
    Ok(built)
}

/// Installs the wheel and the two modules into that environment.
pub(crate) fn install(workspace: &Workspace, tools: &Tools, wheel: &Path) -> Result<(), Error> {
    say("installing the module");
    let modules = workspace.root().join("python");
    let installing = installed::pip(&tools.python())
        .args(["--no-deps", "--force-reinstall", "--no-build-isolation"])
        .arg(wheel);
    let installing = MODULES.iter().fold(installing, |installing, module| {
        installing.arg("--editable").arg(modules.join(module))
    });
    installing.output().map(drop)
}

/// Runs the tests of the module.
pub(crate) fn test(workspace: &Workspace, tools: &Tools) -> Result<(), Error> {
    say("running the tests of the module with Amplifier's kernel");
    let tests = workspace.root().join("python/tests");
    tools
        .program(workspace)
        .args(["-m", "pytest", "--quiet"])
        .arg(tests)
        .run()
}

/// Prints what the module costs beside what the Python module is built on.
pub(crate) fn measure(workspace: &Workspace, tools: &Tools) -> Result<(), Error> {
    say("measuring the module");
    let figures = workspace.root().join("python/tests/figures.py");
    tools.program(workspace).arg(figures).run()
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("python")
}

impl Tools {
    /// The interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.folder.join(VENV_PYTHON)
    }

    /// Python, with all that the tests need to know.
    fn program(&self, workspace: &Workspace) -> Run {
        Run::new(self.python())
            .env("HOST_HARNESS", workspace.host_binary())
            .env("AZURE_OPENAI_COMPONENT", workspace.component(PROVIDER))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(workspace.root())
    }

    fn maturin(&self) -> Run {
        let maturin = format!("maturin{}", std::env::consts::EXE_SUFFIX);
        runs_cargo(self.python().with_file_name(maturin)).env("VIRTUAL_ENV", &self.folder)
    }
}

/// What the wheel runs on: one binary for this and every later one.
const LEAST_VERSION: (u32, u32) = (3, 11);

/// What builds the wheel, what it is built for, and what tests it. The versions that the tests were written with.
const PACKAGES: [&str; 7] = [
    "amplifier-core==2.0.2",
    "editables==0.5",
    "hatchling==1.33.0",
    "maturin==1.16.0",
    "openai==3.57.0",
    "pytest==9.2.0",
    "pytest-asyncio==1.5.0",
];

/// The folders of the two modules.
const MODULES: [&str; 2] = ["provider-azure-openai", "provider-azure-openai-wasm"];
