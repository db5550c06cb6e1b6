//! Where things are.

use std::path::{Path, PathBuf};

use crate::process::{Run, cargo};

/// The workspace, by its root folder.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    /// Cargo's folder, where it is not the one of this process.
    cargo_home: Option<PathBuf>,
}

impl Workspace {
    /// The workspace that this program was built from.
    pub(crate) fn locate() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        // A member's folder always has a parent: the workspace.
        let root = manifest.parent().unwrap_or(manifest).to_owned();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        Self {
            root,
            target,
            cargo_home: None,
        }
    }

    /// Another copy of the workspace.
    pub(crate) fn elsewhere(root: PathBuf, target: PathBuf, cargo_home: Option<PathBuf>) -> Self {
        Self {
            root,
            target,
            cargo_home,
        }
    }

    /// The folder in which cargo keeps the sources of dependencies, if it is known.
    pub(crate) fn cargo_home(&self) -> Option<PathBuf> {
        let of_user = || {
            let home = std::env::home_dir()?;
            Some(home.join(".cargo"))
        };
        let of_process = || std::env::var_os("CARGO_HOME").map(PathBuf::from);
        self.cargo_home.clone().or_else(of_process).or_else(of_user)
    }

    /// Cargo, in the workspace and with its target folder, whatever the environment and the user's configuration say.
    pub(crate) fn cargo(&self) -> Run {
        let run = cargo()
            .env("CARGO_TARGET_DIR", &self.target)
            .env_remove("CARGO_BUILD_TARGET")
            .current_dir(&self.root);
        match &self.cargo_home {
            Some(home) => run.env("CARGO_HOME", home),
            None => run,
        }
    }

    /// The folder of the workspace.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The finished component of a package.
    pub(crate) fn component(&self, package: &str) -> PathBuf {
        self.target.join("component").join(file_name(package))
    }

    /// What cargo makes of a package that becomes a component.
    pub(crate) fn core_module(&self, package: &str, triple: &str, profile: &str) -> PathBuf {
        self.target
            .join(triple)
            .join(profile)
            .join(file_name(package))
    }

    /// The host's command line.
    pub(crate) fn host_binary(&self) -> PathBuf {
        self.program(HOST)
    }

    /// A program of the workspace.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target
            .join("release")
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}

/// The host's command line, by its name.
pub(crate) const HOST: &str = "host-harness";

/// What measures, by its name.
pub(crate) const BENCH: &str = "provider-host-bench";

/// The name that cargo gives to what it makes of a package.
fn file_name(package: &str) -> String {
    format!("{}.wasm", package.replace('-', "_"))
}
