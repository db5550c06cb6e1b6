//! A provider component: read, checked, compiled.

use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

/// The interface that a provider exports. The version is part of the name: another version is another contract.
pub const CONTRACT: &str = "amplifier:provider/provider@0.1.0";

/// What a provider may import; of WASI in any version 0.2. Everything else is refused before it runs.
pub const GRANTED_IMPORTS: [&str; 14] = [
    "amplifier:provider/credentials@0.1.0",
    "amplifier:provider/events@0.1.0",
    "amplifier:provider/types@0.1.0",
    "wasi:cli/environment@0.2",
    "wasi:clocks/monotonic-clock@0.2",
    "wasi:clocks/wall-clock@0.2",
    "wasi:http/outgoing-handler@0.2",
    "wasi:http/types@0.2",
    "wasi:io/error@0.2",
    "wasi:io/poll@0.2",
    "wasi:io/streams@0.2",
    "wasi:random/insecure@0.2",
    "wasi:random/insecure-seed@0.2",
    "wasi:random/random@0.2",
];

/// A component that was checked and compiled.
#[derive(Clone)]
pub struct ProviderComponent {
    component: Component,
    inspection: Inspection,
}

/// What can be seen of a component without running it.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: usize,
    /// The interfaces that it imports: what it can do.
    pub imports: Vec<String>,
    /// The interfaces that it exports.
    pub exports: Vec<String>,
}

impl Inspection {
    /// The version of the contract that it exports; none when it exports none.
    pub fn contract_version(&self) -> Option<&str> {
        self.exports
            .iter()
            .find_map(|export| export.strip_prefix("amplifier:provider/provider@"))
    }
}

impl ProviderComponent {
    /// Reads a component, compiles it (or finds the compiled code in the cache), and checks that it is a provider that
    /// asks for nothing beyond [`GRANTED_IMPORTS`].
    ///
    /// # Errors
    ///
    /// Says what the file is instead.
    pub(crate) fn load(engine: &Engine, path: &Path) -> Result<Self, LoadError> {
        let loaded = Self::read(engine, path)?;
        let inspection = &loaded.inspection;
        if !inspection.exports.iter().any(|export| export == CONTRACT) {
            return Err(LoadError::OtherContract {
                path: path.to_owned(),
                exports: inspection.exports.clone(),
            });
        }
        let refused: Vec<String> = inspection
            .imports
            .iter()
            .filter(|import| !is_granted(import))
            .cloned()
            .collect();
        match refused.is_empty() {
            true => Ok(loaded),
            false => Err(LoadError::ForbiddenImports {
                path: path.to_owned(),
                imports: refused,
            }),
        }
    }

    /// A look at any component, a provider or not.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not a component.
    pub fn inspect(path: &Path) -> Result<Inspection, LoadError> {
        let engine = crate::engine::engine().map_err(|error| LoadError::refused(path, &error))?;
        Ok(Self::read(&engine, path)?.inspection)
    }

    fn read(engine: &Engine, path: &Path) -> Result<Self, LoadError> {
        let bytes = std::fs::read(path).map_err(|source| LoadError::Read {
            path: path.to_owned(),
            source,
        })?;
        let component =
            Component::new(engine, &bytes).map_err(|error| LoadError::NotAComponent {
                path: path.to_owned(),
                reason: format!("{error:#}"),
            })?;
        let kind = component.component_type();
        let inspection = Inspection {
            path: path.to_owned(),
            size: bytes.len(),
            imports: kind
                .imports(engine)
                .map(|(name, _)| name.to_owned())
                .collect(),
            exports: kind
                .exports(engine)
                .map(|(name, _)| name.to_owned())
                .collect(),
        };
        Ok(Self {
            component,
            inspection,
        })
    }

    /// What can be seen of it.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    pub(crate) fn component(&self) -> &Component {
        &self.component
    }
}

/// Why a file is not a component that this host runs.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the component {}: {source}; `cargo xtask build` builds it, `--component FILE` names another", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// The file is something else.
    #[error("{} is not a WebAssembly component: {reason}", .path.display())]
    NotAComponent {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },

    /// The component cannot run here.
    #[error("{} cannot run on this host: {reason}", .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What the engine said.
        reason: String,
    },

    /// The component is no provider, or one of another contract.
    #[error(
        "{} does not export {CONTRACT}, which this host speaks; it exports {}",
        .path.display(), listed(.exports)
    )]
    OtherContract {
        /// The file.
        path: PathBuf,
        /// What it exports.
        exports: Vec<String>,
    },

    /// The component wants more than a provider gets.
    #[error("{} imports {}, which this host does not grant to providers", .path.display(), listed(.imports))]
    ForbiddenImports {
        /// The file.
        path: PathBuf,
        /// What is not granted.
        imports: Vec<String>,
    },
}

impl LoadError {
    pub(crate) fn refused(path: &Path, error: &wasmtime::Error) -> Self {
        Self::Refused {
            path: path.to_owned(),
            reason: format!("{error:#}"),
        }
    }
}

/// Whether a provider may import this interface.
fn is_granted(import: &str) -> bool {
    GRANTED_IMPORTS
        .iter()
        .any(|granted| match import.strip_prefix(granted) {
            Some(patch) => {
                patch.is_empty() || (granted.starts_with("wasi:") && patch.starts_with('.'))
            }
            None => false,
        })
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_granted_by_whole_names_and_minor_versions() {
        for (import, granted) in [
            ("wasi:http/types@0.2.12", true),
            ("wasi:http/types@0.2.0", true),
            ("wasi:http/types@0.3.0", false),
            ("wasi:http/types@0.20.0", false),
            ("wasi:http/types-extra@0.2.0", false),
            ("wasi:filesystem/types@0.2.12", false),
            ("wasi:sockets/tcp@0.2.12", false),
            ("wasi:cli/stdout@0.2.12", false),
            ("amplifier:provider/events@0.1.0", true),
            ("amplifier:provider/events@0.1.0.1", false),
            ("amplifier:provider/events@0.2.0", false),
            ("", false),
        ] {
            assert_eq!(is_granted(import), granted, "{import}");
        }
    }
}
