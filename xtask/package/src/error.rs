//! What can go wrong, and reading and writing files with errors that name them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why something was not made, in words for the person who wanted it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file could not be used.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// What was to be done with it.
        action: &'static str,
        /// Its path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// Cargo failed, or knows nothing of a package.
    #[error("cargo: {0}")]
    Cargo(String),

    /// A WebAssembly file or a package of WIT is not as it should be.
    #[error("{}: {reason}", .path.display())]
    Wasm {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// Metadata that cannot be written.
    #[error("the metadata: {0}")]
    Metadata(String),

    /// A dependency whose licence is unknown, or has no text.
    #[error("{package}: {reason}")]
    Licence {
        /// The dependency.
        package: String,
        /// What is missing.
        reason: String,
    },
}

impl Error {
    /// For `map_err` on file operations.
    pub(crate) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// For `map_err` on what reads WebAssembly.
    pub(crate) fn wasm(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Wasm {
            path: path.to_owned(),
            reason: format!("{reason:#}"),
        }
    }
}

/// Reads a whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::file("read", path, source))
}

/// Writes a whole file, and the folders above it.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| Error::file("create", folder, source))?;
    }
    fs::write(path, content).map_err(|source| Error::file("write", path, source))
}

/// The entries of a folder, by name.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(folder).map_err(|source| Error::file("read", folder, source))?;
    let paths: Result<Vec<PathBuf>, io::Error> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut paths = paths.map_err(|source| Error::file("read", folder, source))?;
    paths.sort();
    Ok(paths)
}
