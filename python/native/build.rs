//! Says where the component is that becomes a part of the library.

use std::path::{Path, PathBuf};
use std::{env, process};

fn main() {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let component = env::var_os(VARIABLE).map_or_else(built, PathBuf::from);
    if !component.is_file() {
        eprintln!(
            "{} is missing; `cargo xtask python` builds it, and then this",
            component.display()
        );
        process::exit(1);
    }
    println!("cargo::rerun-if-changed={}", component.display());
    println!("cargo::rustc-env={VARIABLE}={}", component.display());
}

/// Where `cargo xtask build` puts it.
fn built() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/component/azure_openai_provider.wasm")
}

/// Another component than that one.
const VARIABLE: &str = "AZURE_OPENAI_COMPONENT";
