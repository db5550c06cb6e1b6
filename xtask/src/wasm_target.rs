//! Getting the standard library of a WebAssembly target onto this machine.
//!
//! In this order: it is there; rustup adds it; it is built from its source, on machines that reach a package mirror but
//! not rustup's servers.

use std::fs;
use std::path::{Path, PathBuf};

use crate::debian;
use crate::error::Error;
use crate::process::{Run, cargo, say};
use crate::workspace::Workspace;

/// A target that the component is built for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum WasmTarget {
    /// `wasm32-unknown-unknown`: what is shipped.
    Unknown,
    /// `wasm32-wasip2`: the same source must build for it too.
    Wasip2,
}

impl WasmTarget {
    pub(crate) fn parse(triple: &str) -> Result<Self, Error> {
        [Self::Unknown, Self::Wasip2]
            .into_iter()
            .find(|target| target.triple() == triple)
            .ok_or_else(|| {
                Error::Usage(format!(
                    "`{triple}` is not a target of the component; its targets are {} and {}",
                    Self::Unknown.triple(),
                    Self::Wasip2.triple()
                ))
            })
    }

    pub(crate) fn triple(self) -> &'static str {
        match self {
            Self::Unknown => "wasm32-unknown-unknown",
            Self::Wasip2 => "wasm32-wasip2",
        }
    }
}

/// Makes sure that the target's standard library is installed, and returns the folder that holds it.
pub(crate) fn ensure(workspace: &Workspace, target: WasmTarget) -> Result<PathBuf, Error> {
    let library = library_folder(target)?;
    if is_installed(&library) {
        return Ok(library);
    }
    // Another run may be at it.
    let _lock = lock(workspace)?;
    if is_installed(&library) {
        return Ok(library);
    }

    let mut tried = Vec::new();
    for (name, way) in [
        ("rustup", rustup as fn(&Workspace, WasmTarget, &Path) -> _),
        ("its source", build_from_source),
    ] {
        match way(workspace, target, &library) {
            Ok(()) if is_installed(&library) => return Ok(library),
            Ok(()) => tried.push(format!(
                "  {name}: finished, but {} holds no standard library",
                library.display()
            )),
            Err(error) => tried.push(format!("  {name}: {error}")),
        }
    }
    Err(Error::NoTarget {
        target: target.triple(),
        tried: tried.join("\n"),
    })
}

/// `rustup target add`, unless this machine does not want rustup to download.
fn rustup(_: &Workspace, target: WasmTarget, _: &Path) -> Result<(), Error> {
    if std::env::var_os("RUSTUP_AUTO_INSTALL").is_some_and(|value| value == "0") {
        return Err(Error::Unavailable(
            "RUSTUP_AUTO_INSTALL=0 says that it must not download".into(),
        ));
    }
    say(&format!(
        "adding the target {} with rustup",
        target.triple()
    ));
    Run::new("rustup")
        .args(["target", "add", target.triple()])
        .output()
        .map(drop)
}

/// Builds the standard library from the source package that belongs to this very compiler.
fn build_from_source(
    workspace: &Workspace,
    target: WasmTarget,
    library: &Path,
) -> Result<(), Error> {
    let work = workspace.target().join("xtask").join(target.triple());
    fs::create_dir_all(&work).map_err(|source| Error::file("create", &work, source))?;

    let sources = sysroot()?.join("lib/rustlib/src/rust/library");
    if !sources.join("std/Cargo.toml").exists() {
        say("fetching the standard library's source from the Debian archive");
        let version = compiler_version()?;
        let package = debian::unpack("rust-src", &version, &work)?;
        let unpacked = package.join(format!("usr/src/rustc-{version}/library"));
        install(&sources, |partial| copy_folder(&unpacked, partial))?;
    }

    say(&format!(
        "building the standard library for {} (half a minute)",
        target.triple()
    ));
    let built = build_standard_library(&work, target)?;

    install(library, |partial| {
        copy_matching(&built, partial, |name| {
            name.starts_with("lib") && name.ends_with(".rlib") && !name.starts_with("libempty-")
        })?;
        if target == WasmTarget::Wasip2 {
            say("fetching the C library of WASI from the Debian archive");
            let package = debian::unpack("wasi-libc", "", &work)?;
            copy_matching(
                &package.join("usr/lib/wasm32-wasip2"),
                &partial.join("self-contained"),
                |name| ["crt1-command.o", "crt1-reactor.o", "libc.a"].contains(&name),
            )?;
        }
        Ok(())
    })
}

/// Fills a folder beside its place and renames it, so that a run that is broken off never looks like an installed one, and one
/// from another checkout, which shares the toolchain and not the lock, has a folder of its own to fill.
fn install(folder: &Path, fill: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
    let partial = folder.with_extension(format!("partial-{}", std::process::id()));
    for old in [partial.as_path(), folder] {
        if old.exists() {
            fs::remove_dir_all(old).map_err(|source| Error::file("remove", old, source))?;
        }
    }
    fs::create_dir_all(&partial).map_err(|source| Error::file("create", &partial, source))?;
    fill(&partial)?;
    fs::rename(&partial, folder).map_err(|source| Error::file("install", folder, source))
}

/// Waits until no other run of this checkout installs anything, and keeps it so until it is dropped. In our own folder: the
/// toolchain may be one that nobody can write to, and then what is to be done about that is said further on.
fn lock(workspace: &Workspace) -> Result<fs::File, Error> {
    let folder = workspace.target().join("xtask");
    fs::create_dir_all(&folder).map_err(|source| Error::file("create", &folder, source))?;
    let path = folder.join("toolchain.lock");
    let file = fs::File::create(&path).map_err(|source| Error::file("create", &path, source))?;
    file.lock()
        .map_err(|source| Error::file("lock", &path, source))?;
    Ok(file)
}

/// Lets cargo build the standard library for an empty crate, and returns the folder with the libraries.
fn build_standard_library(work: &Path, target: WasmTarget) -> Result<PathBuf, Error> {
    let package = work.join("empty");
    let source = package.join("src");
    fs::create_dir_all(&source).map_err(|error| Error::file("create", &source, error))?;
    for (path, text) in [
        (
            package.join("Cargo.toml"),
            // A workspace of its own: it lies inside ours.
            "[package]\nname = \"empty\"\nedition = \"2024\"\n\n[workspace]\n",
        ),
        (source.join("lib.rs"), "#![no_std]\n"),
    ] {
        fs::write(&path, text).map_err(|error| Error::file("write", &path, error))?;
    }

    let output = work.join("build");
    if output.exists() {
        // Of another compiler, perhaps: its libraries must not be installed together with ours.
        fs::remove_dir_all(&output).map_err(|source| Error::file("remove", &output, source))?;
    }
    cargo()
        .args(["build", "--release", "--quiet", "--target", target.triple()])
        .arg("-Zbuild-std=std,panic_abort,panic_unwind")
        .arg("--target-dir")
        .arg(&output)
        // Building the standard library is unstable; a stable compiler may do it for itself when told so. The bitcode
        // is what link-time optimisation works on.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        // It would win over `RUSTFLAGS`.
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .current_dir(&package)
        .output()?;
    Ok(output.join(target.triple()).join("release/deps"))
}

fn is_installed(library: &Path) -> bool {
    let Ok(entries) = fs::read_dir(library) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libcore-") && name.ends_with(".rlib")
    })
}

fn library_folder(target: WasmTarget) -> Result<PathBuf, Error> {
    rustc(&["--print", "target-libdir", "--target", target.triple()]).map(PathBuf::from)
}

pub(crate) fn sysroot() -> Result<PathBuf, Error> {
    rustc(&["--print", "sysroot"]).map(PathBuf::from)
}

/// The compiler's version, such as `1.95.0`.
fn compiler_version() -> Result<String, Error> {
    let line = rustc(&["--version"])?;
    match line.split_whitespace().nth(1) {
        Some(version) => Ok(version.to_owned()),
        None => Err(Error::Unavailable(format!(
            "`rustc --version` printed `{line}`, which names no version"
        ))),
    }
}

fn rustc(arguments: &[&str]) -> Result<String, Error> {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Run::new(program).args(arguments).output()?;
    Ok(output.trim().to_owned())
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(|source| Error::file("create", to, source))?;
    let entries = fs::read_dir(from).map_err(|source| Error::file("read", from, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| Error::file("read", from, source))?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)
                .map_err(|source| Error::file("write", &target, source))?;
        }
    }
    Ok(())
}

fn copy_matching(from: &Path, to: &Path, wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(|source| Error::file("create", to, source))?;
    let entries = fs::read_dir(from).map_err(|source| Error::file("read", from, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| Error::file("read", from, source))?;
        let name = entry.file_name();
        if wanted(&name.to_string_lossy()) {
            let target = to.join(&name);
            fs::copy(entry.path(), &target)
                .map_err(|source| Error::file("write", &target, source))?;
        }
    }
    Ok(())
}
