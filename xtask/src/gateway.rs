//! The stand-alone gateway: three components in one file.

use std::fs;
use std::path::PathBuf;

use crate::component::{self, PROVIDER};
use crate::error::Error;
use crate::process::say;
use crate::workspace::Workspace;

/// The packages of the components that are put around a provider.
pub(crate) const PARTS: [&str; 3] = [GUARD, FRONT, SPIN];

const GUARD: &str = "gateway-guard";
const FRONT: &str = "gateway-front";

/// Spin's variables as environment variables.
const SPIN: &str = "gateway-spin";

/// The name of the composition of the provider.
const GATEWAY: &str = "azure-openai-gateway";

/// The same for Spin, which has its secrets elsewhere.
const GATEWAY_FOR_SPIN: &str = "azure-openai-gateway-spin";

/// What makes one component of three, in a workspace of its own.
const COMPOSE: &str = "gateway/compose/Cargo.toml";

/// The finished gateway.
pub(crate) fn path(workspace: &Workspace) -> PathBuf {
    workspace.component(GATEWAY)
}

/// Builds the gateway around the provider, which is built already.
pub(crate) fn build(workspace: &Workspace) -> Result<(), Error> {
    for part in PARTS {
        component::build(workspace, part)?;
    }
    compose(workspace, &[PROVIDER, GUARD, FRONT], GATEWAY)?;
    compose(workspace, &[PROVIDER, GUARD, FRONT, SPIN], GATEWAY_FOR_SPIN)
}

/// Builds the same around the component of another package; its parts are built already.
pub(crate) fn build_around(workspace: &Workspace, provider: &str, out: &str) -> Result<(), Error> {
    compose(workspace, &[provider, GUARD, FRONT], out)
}

fn compose(workspace: &Workspace, packages: &[&str], out: &str) -> Result<(), Error> {
    say(&format!(
        "composing {out} (a minute the first time, then an instant)"
    ));
    let path = workspace.component(out);
    // Renamed into place, so that a host that watches the file never sees half of it.
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let components = packages.iter().map(|package| workspace.component(package));
    workspace
        .cargo()
        .args(["run", "--quiet", "--manifest-path", COMPOSE, "--"])
        .arg(&partial)
        .args(components)
        .run()?;
    fs::rename(&partial, &path).map_err(|source| Error::file("write", &path, source))
}
