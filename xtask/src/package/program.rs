//! The program for Linux: one file that needs nothing of the system, and what belongs beside it.
//!
//! It is linked with musl, whose name resolution reads `/etc/hosts` and `/etc/resolv.conf` by itself: a static glibc would load
//! the system's own libraries for that, and fail where they are of another version. The linker and the C library are those of
//! Zig, which is a package of Python's index and so is had wherever that is.

use std::fs;
use std::path::{Path, PathBuf};

use super::VERSION;
use super::packager::{Contents, Extra, Packager};
use crate::component;
use crate::error::Error;
use crate::installed::{self, VENV_PYTHON};
use crate::process::{Run, runs_cargo, say};
use crate::python;
use crate::target::{self, Target};
use crate::workspace::{HOST, Workspace};

/// The package with the program, and its name.
const PROGRAM: &str = HOST;

/// The cargo profile of programs that are handed out.
const PROFILE: &str = "dist";

/// What links it. The versions that it was tested with.
const PACKAGES: [&str; 2] = ["cargo-zigbuild==0.24.1", "ziglang==0.17.1"];

/// The shells that the program writes completions for, and what their files are called.
const COMPLETIONS: [(&str, &str); 4] = [
    ("bash", "host-harness.bash"),
    ("fish", "host-harness.fish"),
    ("powershell", "host-harness.ps1"),
    ("zsh", "_host-harness"),
];

/// The name by which the program looks for its component beside itself.
const COMPONENT: &str = "azure_openai_provider.wasm";

/// The file with everybody else's licences.
const LICENCES: &str = "THIRD-PARTY-LICENCES.txt";

/// The unit of systemd and its settings.
const UNIT: [&str; 2] = ["environment", "host-harness.service"];

/// Writes the archive and its bill of materials, and the files of the image.
pub(crate) fn package(
    workspace: &Workspace,
    packager: &Packager,
    component: &Path,
    out: &Path,
) -> Result<(), Error> {
    if std::env::consts::OS != "linux" || std::env::consts::ARCH != "x86_64" {
        return Err(Error::Unavailable(
            "it writes its own manual pages, and runs on Linux on x86_64 alone".into(),
        ));
    }
    let tools = tools(workspace)?;
    let program = build(workspace, &tools, Target::Musl)?;
    let contents = Contents {
        name: None,
        description: None,
        packages: &[PROGRAM],
        target: Target::Musl.triple(),
        embedded: &[component::PROVIDER],
        extra: &c_libraries(&tools)?,
    };

    say("packaging the program");
    let name = format!("{PROGRAM}-{VERSION}-{}", Target::Musl.triple());
    let folder = workspace.target().join("xtask/archive").join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|source| Error::file("remove", &folder, source))?;
    }
    for (from, to) in [
        (program.clone(), PROGRAM),
        (component.to_owned(), COMPONENT),
        (workspace.root().join("LICENSE"), "LICENSE"),
    ] {
        copy(&from, &folder.join(to))?;
    }
    packager.licences(&contents, &folder.join(LICENCES))?;
    // An image has these and no more; the archive has what a person needs too.
    for file in [PROGRAM, COMPONENT, "LICENSE", LICENCES] {
        copy(
            &folder.join(file),
            &out.join("image/opt/host-harness").join(file),
        )?;
    }
    for file in UNIT {
        let from = workspace.root().join("deploy/systemd").join(file);
        copy(&from, &folder.join("systemd").join(file))?;
    }
    let pages = folder.join("man/man1");
    create(&pages)?;
    Run::new(&program).arg("man").arg(&pages).output()?;
    let completions = folder.join("completions");
    create(&completions)?;
    for (shell, file) in COMPLETIONS {
        let script = Run::new(&program).args(["completions", shell]).output()?;
        let file = completions.join(file);
        fs::write(&file, script).map_err(|source| Error::file("write", &file, source))?;
    }
    let archive = out.join(format!("{name}.tar.gz"));
    packager.archive(&folder, &archive)?;
    packager.sbom(&contents, &archive, &out.join(format!("{name}.cdx.json")))
}

/// What links the program, in an environment of its own.
struct Tools {
    folder: PathBuf,
}

fn tools(workspace: &Workspace) -> Result<Tools, Error> {
    installed::python_version()?;
    let folder = workspace.target().join("xtask/zig");
    installed::prepare(&folder, "Zig", &PACKAGES.join("\n"), |folder| {
        installed::virtual_environment(folder)?;
        installed::pip(&folder.join(VENV_PYTHON))
            .args(PACKAGES)
            .output()
            .map(drop)
    })?;
    Ok(Tools { folder })
}

/// Builds the program, with the features that everything else here is built with.
fn build(workspace: &Workspace, tools: &Tools, musl: Target) -> Result<PathBuf, Error> {
    target::ensure(workspace, musl).map_err(|error| Error::Unavailable(error.to_string()))?;
    say("building the program for every Linux (minutes the first time, seconds after that)");
    let programs = tools.folder.join("bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(std::iter::once(programs.clone()).chain(std::env::split_paths(&path)))
            .map_err(|error| Error::Unavailable(format!("PATH cannot be extended: {error}")))?;
    runs_cargo(programs.join("cargo-zigbuild"))
        .args(["zigbuild", "--quiet", "--locked", "--workspace"])
        .args(["--exclude", python::NATIVE, "--bin", PROGRAM])
        .args(["--profile", PROFILE, "--target", musl.triple()])
        .env("CARGO_TARGET_DIR", workspace.target())
        .env("PATH", path)
        // The objects that begin and end a program are Zig's too.
        .env(
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS",
            "-Clink-self-contained=no",
        )
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .current_dir(workspace.root())
        .run()?;
    Ok(workspace
        .target()
        .join(musl.triple())
        .join(PROFILE)
        .join(PROGRAM))
}

/// What of C is linked in, with the texts that Zig brings.
fn c_libraries(tools: &Tools) -> Result<[Extra; 2], Error> {
    let zig = Run::new(tools.folder.join(VENV_PYTHON))
        .args([
            "-c",
            "import os, ziglang; print(os.path.dirname(ziglang.__file__))",
        ])
        .output()?;
    let library = Path::new(zig.trim()).join("lib");
    let version = PACKAGES[1].replace("ziglang==", "zig-");
    Ok([
        Extra {
            name: "musl",
            version: version.clone(),
            licence: "MIT",
            text: library.join("libc/musl/COPYRIGHT"),
        },
        Extra {
            name: "libunwind",
            version,
            licence: "Apache-2.0 WITH LLVM-exception",
            text: library.join("libunwind/LICENSE.TXT"),
        },
    ])
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    create(to.parent().unwrap_or(to))?;
    fs::copy(from, to)
        .map(drop)
        .map_err(|source| Error::file("write", to, source))
}

fn create(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|source| Error::file("create", folder, source))
}
