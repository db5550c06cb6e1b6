//! A provider component: read, checked, compiled.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use wasmtime::component::{Component, Linker};

use crate::contract::ProviderModulePre;
use crate::engine::{EngineError, ProviderEngine};
use crate::instance::{self, HostState};
use crate::named_file;

/// The interface that a provider exports. The version is part of the name: another version is another contract.
pub const CONTRACT: &str = "amplifier:provider/provider@0.2.0";

/// The version of the contract that this host speaks.
pub fn contract_version() -> &'static str {
    CONTRACT.rsplit('@').next().unwrap_or_default()
}

/// What a provider may import; of WASI in any version 0.2. Everything else is refused before it runs.
pub const GRANTED_IMPORTS: [&str; 15] = [
    "amplifier:provider/credentials@0.2.0",
    "amplifier:provider/events@0.2.0",
    "amplifier:provider/shared-state@0.2.0",
    "amplifier:provider/types@0.2.0",
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

/// The most bytes of a component: a hundred times what this provider has. Compiling takes memory and time in proportion.
const MAX_COMPONENT_BYTES: usize = 64 * 1024 * 1024;

/// A component that was checked and compiled.
#[derive(Clone)]
pub(crate) struct ProviderComponent {
    pre: ProviderModulePre<HostState>,
    inspection: Arc<Inspection>,
}

/// What can be seen of a component without running it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Inspection {
    /// The file, or what bytes in memory were said to be called.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: usize,
    /// The SHA-256 of its content, in hexadecimal.
    pub digest: String,
    /// The interfaces that it imports: what it can do.
    pub imports: Vec<String>,
    /// The interfaces that it exports.
    pub exports: Vec<String>,
}

impl Inspection {
    /// The version of the contract that it exports: of several the one that this host speaks; none when it exports none.
    pub fn contract_version(&self) -> Option<&str> {
        let exports = self.exports.iter();
        exports
            .filter(|export| export.starts_with("amplifier:provider/provider@"))
            .min_by_key(|export| *export != CONTRACT)
            .and_then(|export| export.rsplit('@').next())
    }

    /// A look at any component, a provider or not.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not a component.
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let (_, inspection) = Source::File(path.to_owned()).read(&ProviderEngine::shared()?)?;
        Ok(inspection)
    }
}

impl ProviderComponent {
    /// Reads a component, compiles it (or finds the compiled code in the cache), and checks that it is a provider that
    /// asks for nothing beyond [`GRANTED_IMPORTS`].
    ///
    /// # Errors
    ///
    /// Says what the file is instead.
    pub(crate) async fn load(engine: &ProviderEngine, source: Source) -> Result<Self, LoadError> {
        let engine = engine.clone();
        // Compiling keeps all cores busy: not on the threads that carry other people's streams.
        let loading = tokio::task::spawn_blocking(move || Self::load_now(&engine, &source));
        match loading.await {
            Ok(loaded) => loaded,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(LoadError::Interrupted),
            },
        }
    }

    fn load_now(engine: &ProviderEngine, source: &Source) -> Result<Self, LoadError> {
        let (component, inspection) = source.read(engine)?;
        let path = source.path();
        // Whatever else it exports, other versions of the contract too: this is the one that is used.
        if !inspection.exports.iter().any(|export| export == CONTRACT) {
            return Err(LoadError::OtherContract {
                path: path.to_owned(),
                exports: inspection.exports,
            });
        }
        let refused: Vec<String> = inspection
            .imports
            .iter()
            .filter(|import| !is_granted(import))
            .cloned()
            .collect();
        if !refused.is_empty() {
            return Err(LoadError::ForbiddenImports {
                path: path.to_owned(),
                imports: refused,
            });
        }
        let mut linker = Linker::new(engine.wasmtime());
        let pre = instance::link(&mut linker)
            .and_then(|()| linker.instantiate_pre(&component))
            .and_then(ProviderModulePre::new)
            .map_err(|error| LoadError::Refused {
                path: path.to_owned(),
                reason: format!("{error:#}"),
            })?;
        Ok(Self {
            pre,
            inspection: Arc::new(inspection),
        })
    }

    /// What can be seen of it.
    pub(crate) fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    pub(crate) fn pre(&self) -> &ProviderModulePre<HostState> {
        &self.pre
    }
}

/// Where a component comes from.
pub(crate) enum Source {
    /// A file.
    File(PathBuf),
    /// Bytes that a program has, and what it calls them.
    Bytes {
        /// What errors call it.
        name: PathBuf,
        /// The component.
        bytes: Box<dyn AsRef<[u8]> + Send>,
    },
}

impl Source {
    fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Bytes { name, .. } => name,
        }
    }

    fn read(&self, engine: &ProviderEngine) -> Result<(Component, Inspection), LoadError> {
        match self {
            Self::Bytes { name, bytes } => inspect(engine, name, (**bytes).as_ref()),
            Self::File(path) => {
                let bytes = named_file::read(path, MAX_COMPONENT_BYTES);
                let bytes = bytes.map_err(|reason| LoadError::Read {
                    path: path.clone(),
                    reason,
                })?;
                inspect(engine, path, &bytes)
            }
        }
    }
}

fn inspect(
    engine: &ProviderEngine,
    path: &Path,
    bytes: &[u8],
) -> Result<(Component, Inspection), LoadError> {
    let digest = hexadecimal(digest(&SHA256, bytes).as_ref());
    let component = engine.component(bytes, &digest);
    let component = component.map_err(|error| LoadError::NotAComponent {
        path: path.to_owned(),
        reason: format!("{error:#}"),
    })?;
    let engine = engine.wasmtime();
    let kind = component.component_type();
    let inspection = Inspection {
        path: path.to_owned(),
        size: bytes.len(),
        digest,
        imports: kind
            .imports(engine)
            .map(|(name, _)| name.to_owned())
            .collect(),
        exports: kind
            .exports(engine)
            .map(|(name, _)| name.to_owned())
            .collect(),
    };
    Ok((component, inspection))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why a file is not a component that this host runs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the component {}: {reason}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
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

    /// The engine cannot run here.
    #[error(transparent)]
    Engine(#[from] EngineError),

    /// The program ends.
    #[error("the component was not loaded: the program ends")]
    Interrupted,
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
            ("amplifier:provider/events@0.2.0", true),
            ("amplifier:provider/events@0.2.0.1", false),
            ("amplifier:provider/events@0.1.0", false),
            ("", false),
        ] {
            assert_eq!(is_granted(import), granted, "{import}");
        }
    }
}
