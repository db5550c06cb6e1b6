//! Makes one component of three: `gateway-compose OUT PROVIDER GUARD FRONT [VARIABLES]`.
//!
//! The provider is taken as it is, byte for byte, so that the composition can be checked against the component that was tested.
//! What it imports of the contract, its environment and its way out lead to the guard; the front asks the provider, and gets
//! requests from outside. Everything else is an import of the whole: WASI, and nothing of ours.
//! A fourth component fills the environment of guard and front, where the host has variables elsewhere.

use std::path::PathBuf;
use std::process::ExitCode;

use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (out, components) = match arguments.as_slice() {
        [out, components @ ..] if (3..=4).contains(&components.len()) => (out, components),
        _ => {
            eprintln!("usage: gateway-compose OUT PROVIDER GUARD FRONT [VARIABLES]");
            return ExitCode::FAILURE;
        }
    };
    let composed = compose(components).and_then(|bytes| {
        std::fs::write(out, bytes).map_err(|source| Error::File {
            path: out.clone(),
            source,
        })
    });
    match composed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gateway-compose: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why there is no composition.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// A file could not be used.
    #[error("cannot use {}: {source}", .path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    /// A component asks for something that none of the others has.
    #[error("the {of} imports {import}, which the {from} does not export")]
    Missing {
        of: &'static str,
        import: String,
        from: &'static str,
    },
    /// The front takes no requests.
    #[error("the front does not export wasi:http/incoming-handler")]
    NoHandler,
    /// What the components say of each other does not fit.
    #[error("{0}")]
    Composition(String),
}

/// A component in the composition.
struct Part {
    name: &'static str,
    instance: NodeId,
    imports: Vec<String>,
    exports: Vec<String>,
}

/// The provider, the guard, the front, and what fills their environment, if there is something.
fn compose(components: &[PathBuf]) -> Result<Vec<u8>, Error> {
    let mut graph = CompositionGraph::new();
    let mut parts = Vec::new();
    for (name, path) in ["provider", "guard", "front", "variables"]
        .into_iter()
        .zip(components)
    {
        parts.push(Part::add(&mut graph, name, path)?);
    }
    let [provider, guard, front, variables @ ..] = parts.as_slice() else {
        return Err(failed("there are too few of them"));
    };
    if let [variables, ..] = variables {
        for part in [guard, front] {
            let mut imports = part.imports.iter();
            if let Some(import) = imports.find(|import| import.starts_with(ENVIRONMENT)) {
                part.connect(&mut graph, import, variables)?;
            }
        }
    }

    for import in &provider.imports {
        let is_walled = WALLED.iter().any(|name| import.starts_with(name));
        if is_walled || import.starts_with(CONTRACT) {
            provider.connect(&mut graph, import, guard)?;
        }
    }
    for import in &front.imports {
        if import.starts_with(CONTRACT) {
            // The types, of which there are no values, are the same as the provider's.
            let from = if provider.exports.contains(import) {
                provider
            } else {
                guard
            };
            front.connect(&mut graph, import, from)?;
        }
    }
    let mut handlers = front
        .exports
        .iter()
        .filter(|name| name.starts_with(HANDLER));
    let handler = handlers.next().ok_or(Error::NoHandler)?;
    let export = alias(&mut graph, front.instance, handler)?;
    graph.export(export, handler).map_err(failed)?;
    graph.encode(EncodeOptions::default()).map_err(failed)
}

impl Part {
    fn add(
        graph: &mut CompositionGraph,
        name: &'static str,
        path: &PathBuf,
    ) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|source| Error::File {
            path: path.clone(),
            source,
        })?;
        let package =
            Package::from_bytes(&format!("gateway:{name}"), None, bytes, graph.types_mut());
        let package = package.map_err(failed)?;
        let world = &graph.types()[package.ty()];
        let imports = world.imports.keys().cloned().collect();
        let exports = world.exports.keys().cloned().collect();
        let package = graph.register_package(package).map_err(failed)?;
        Ok(Self {
            name,
            instance: graph.instantiate(package),
            imports,
            exports,
        })
    }

    /// Fills one of its imports with another's export of the same name and version.
    fn connect(
        &self,
        graph: &mut CompositionGraph,
        import: &str,
        from: &Self,
    ) -> Result<(), Error> {
        if !from.exports.iter().any(|export| export == import) {
            return Err(Error::Missing {
                of: self.name,
                import: import.to_owned(),
                from: from.name,
            });
        }
        let export = alias(graph, from.instance, import)?;
        graph
            .set_instantiation_argument(self.instance, import, export)
            .map_err(failed)
    }
}

fn alias(graph: &mut CompositionGraph, instance: NodeId, export: &str) -> Result<NodeId, Error> {
    graph
        .alias_instance_export(instance, export)
        .map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Composition(format!("the components do not fit together: {error:#}"))
}

/// The interfaces of our contract.
const CONTRACT: &str = "amplifier:provider/";

/// What reaches the provider through the guard only, in whatever version: without this check another one would pass by it.
const WALLED: [&str; 2] = [ENVIRONMENT, "wasi:http/outgoing-handler@"];

/// Where variables come from.
const ENVIRONMENT: &str = "wasi:cli/environment@";

/// Where requests come in.
const HANDLER: &str = "wasi:http/incoming-handler@";
