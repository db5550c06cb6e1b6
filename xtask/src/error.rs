//! What can go wrong in a task.

use std::io;
use std::path::{Path, PathBuf};

/// Why a task did not finish, in words for the person who started it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Something that is needed is not to be had here.
    #[error("{0}")]
    Unavailable(String),

    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),

    /// A program could not be started.
    #[error("cannot start `{program}`: {source}")]
    Start {
        /// The program's name.
        program: String,
        /// What the system said.
        source: io::Error,
    },

    /// A program ran and failed.
    #[error("`{command}` failed{}", explain(.output))]
    Failed {
        /// The command line.
        command: String,
        /// What it printed, if that was captured.
        output: String,
    },

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

    /// The core module could not be turned into a component.
    #[error("cannot turn the core module into a component: {0}")]
    Encode(String),

    /// Every way to get the target's standard library failed.
    #[error(
        "the standard library of {target} is missing and could not be installed\n{tried}\n\
         To mend it, run one of\n  \
         rustup target add {target}\n  \
         rustup component add rust-src   (then `cargo xtask setup` again, which builds it from that source)"
    )]
    NoTarget {
        /// The target triple.
        target: &'static str,
        /// What was tried, a line each.
        tried: String,
    },
}

impl Error {
    /// For `map_err` on file operations.
    pub(crate) fn file(action: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::File {
            action,
            path: path.as_ref().to_owned(),
            source,
        }
    }
}

fn explain(output: &str) -> String {
    match output.trim() {
        "" => String::new(),
        text => format!(":\n{text}"),
    }
}
