//! The same sources in another folder, with cargo's files elsewhere, give the same components.

use std::fs;
use std::path::{Path, PathBuf};

use crate::component::{self, PROVIDER};
use crate::error::Error;
use crate::process::{Run, say};
use crate::workspace::Workspace;

/// Builds the components of a copy of the sources from nothing, and compares.
pub(crate) fn verify(workspace: &Workspace) -> Result<(), Error> {
    say("building the component again, elsewhere");
    let folder = workspace.target().join("xtask/elsewhere");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|source| Error::file("remove", &folder, source))?;
    }
    let root = folder.join("another-name-for-the-sources");
    copy_sources(workspace.root(), &root)?;
    let home = another_cargo_home(workspace, &folder)?;
    let elsewhere = Workspace::elsewhere(root, folder.join("target"), home);
    component::build(&elsewhere, PROVIDER)?;
    let read = |path: PathBuf| fs::read(&path).map_err(|source| Error::file("read", &path, source));
    if read(workspace.component(PROVIDER))? != read(elsewhere.component(PROVIDER))? {
        return Err(Error::Encode(format!(
            "{PROVIDER} is another in another folder; compare {} with {}",
            workspace.component(PROVIDER).display(),
            elsewhere.component(PROVIDER).display()
        )));
    }
    say("it is the same, byte for byte");
    Ok(())
}

/// Copies what git knows of, as it is now.
fn copy_sources(from: &Path, to: &Path) -> Result<(), Error> {
    let files = Run::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(from)
        .output()?;
    for file in files.split('\0').filter(|file| !file.is_empty()) {
        let (source, copy) = (from.join(file), to.join(file));
        // Deleted, and git does not know it yet.
        if !source.is_file() {
            continue;
        }
        let parent = copy.parent().unwrap_or(to);
        fs::create_dir_all(parent).map_err(|error| Error::file("create", parent, error))?;
        fs::copy(&source, &copy).map_err(|error| Error::file("write", &copy, error))?;
    }
    Ok(())
}

/// Cargo's folder by another name, so that the paths of dependencies differ too.
#[cfg(unix)]
fn another_cargo_home(workspace: &Workspace, folder: &Path) -> Result<Option<PathBuf>, Error> {
    let Some(home) = workspace.cargo_home() else {
        return Ok(None);
    };
    let other = folder.join("cargo");
    std::os::unix::fs::symlink(&home, &other)
        .map_err(|source| Error::file("link", &other, source))?;
    Ok(Some(other))
}

#[cfg(not(unix))]
fn another_cargo_home(_: &Workspace, _: &Path) -> Result<Option<PathBuf>, Error> {
    Ok(None)
}
