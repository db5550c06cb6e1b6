//! Where the builds are.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The provider.
pub(crate) fn component() -> PathBuf {
    built("azure_openai_provider.wasm", "src")
}

/// The stand-alone gateway.
pub(crate) fn gateway() -> PathBuf {
    component();
    built("azure_openai_gateway.wasm", "gateway")
}

/// The same for Spin.
pub(crate) fn gateway_for_spin() -> PathBuf {
    component();
    built("azure_openai_gateway_spin.wasm", "gateway")
}

/// The gateway around a provider that is after its host's secrets, and does what its requests tell it.
pub(crate) fn hostile_gateway() -> PathBuf {
    built("hostile_provider.wasm", "tests/fixtures/hostile-provider");
    built("hostile_gateway.wasm", "gateway")
}

/// The host's command line.
pub(crate) fn host_harness() -> PathBuf {
    let program = format!("host-harness{}", std::env::consts::EXE_SUFFIX);
    target().join("release").join(program)
}

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    let gateway = Path::new(env!("CARGO_MANIFEST_DIR"));
    gateway.ancestors().nth(2).unwrap()
}

/// Fails when something takes far longer than it should, so that nothing hangs.
pub(crate) async fn in_time<T>(something: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, something)
        .await
        .expect("this takes too long")
}

/// A component that `cargo xtask test` has built. Fails when it is older than its sources, so that a plain `cargo test`
/// never tests something else than what is in the editor.
fn built(file_name: &str, source: &str) -> PathBuf {
    let component = target().join("component").join(file_name);
    let sources = [source, "wit"].map(|source| newest(&root().join(source)));
    let built = component
        .metadata()
        .and_then(|metadata| metadata.modified());
    match built {
        Ok(built) if sources.iter().all(|source| *source <= built) => component,
        _ => panic!(
            "{} is missing or stale; run `cargo xtask test`",
            component.display()
        ),
    }
}

/// The target folder, seen from the test program in `target/release/deps`.
fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().to_owned()
}

/// When a file, or the newest file in a folder, was written. Tests are no part of a component.
fn newest(path: &Path) -> SystemTime {
    if !path.is_dir() {
        return path.metadata().unwrap().modified().unwrap();
    }
    let entries = path.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let sources = entries.filter(|path| !path.ends_with("gateway/tests"));
    sources.map(|path| newest(&path)).max().unwrap()
}
