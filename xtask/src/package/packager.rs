//! The program that makes packages, in a workspace of its own: what it needs is compiled for this alone.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::process::{Run, say};
use crate::workspace::Workspace;

/// Where what is built comes from.
pub(crate) struct Origin {
    source: Option<String>,
    /// The commit; `…-dirty` when files differ from it.
    revision: Option<String>,
    /// When the commit was made, in seconds since 1970: the time of all that is packaged.
    epoch: String,
}

impl Origin {
    /// What git says; without it, as in an archive of the sources, neither revision nor time.
    pub(crate) fn of(workspace: &Workspace, source: Option<String>) -> Self {
        let git = |arguments: &[&str]| {
            let run = Run::new("git").args(arguments);
            let output = run.current_dir(workspace.root()).output().ok()?;
            Some(output.trim().to_owned())
        };
        let revision = git(&["rev-parse", "HEAD"]).map(|commit| {
            let changes = git(&["status", "--porcelain", "--untracked-files=no"]);
            if changes.is_some_and(|changes| changes.is_empty()) {
                commit
            } else {
                format!("{commit}-dirty")
            }
        });
        Self {
            source,
            revision,
            epoch: git(&["log", "-1", "--format=%ct"]).unwrap_or_else(|| "0".to_owned()),
        }
    }

    fn arguments(&self) -> Vec<String> {
        let source = self.source.iter().map(|source| ("--source", source));
        let revision = self
            .revision
            .iter()
            .map(|revision| ("--revision", revision));
        let both = source.chain(revision);
        both.flat_map(|(flag, value)| [flag.to_owned(), value.clone()])
            .collect()
    }
}

/// What is compiled into a file.
pub(crate) struct Contents<'a> {
    /// Its name and what it is, where the first package does not say it.
    pub(crate) name: Option<&'a str>,
    pub(crate) description: Option<&'a str>,
    /// The packages of this workspace.
    pub(crate) packages: &'a [&'a str],
    /// The triple that they are compiled for.
    pub(crate) target: &'a str,
    /// The packages of the component that is part of it.
    pub(crate) embedded: &'a [&'a str],
    /// What cargo does not know of, beside the standard library.
    pub(crate) extra: &'a [Extra],
}

/// A library that is linked in and has no package.
pub(crate) struct Extra {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    /// An SPDX expression.
    pub(crate) licence: &'static str,
    /// The file with its text.
    pub(crate) text: PathBuf,
}

/// That program, built.
pub(crate) struct Packager {
    program: PathBuf,
    manifest: PathBuf,
    origin: Origin,
    /// The version of the standard library, which is the compiler's.
    compiler: String,
}

impl Packager {
    pub(crate) fn build(workspace: &Workspace, origin: Origin) -> Result<Self, Error> {
        say("building what makes packages (a minute the first time)");
        cargo(workspace, "build")
            .args(["--quiet", "--locked"])
            .run()?;
        let name = format!("package{}", std::env::consts::EXE_SUFFIX);
        Ok(Self {
            program: folder(workspace).join("debug").join(name),
            manifest: workspace.root().join("Cargo.toml"),
            origin,
            compiler: crate::target::compiler_version()?,
        })
    }

    /// Checks and tests the program itself, which the checks of the other workspace leave out.
    pub(crate) fn check(workspace: &Workspace) -> Result<(), Error> {
        say("checking what makes packages");
        cargo(workspace, "fmt").arg("--check").run()?;
        cargo(workspace, "clippy")
            .args([
                "--quiet",
                "--locked",
                "--all-targets",
                "--",
                "--deny",
                "warnings",
            ])
            .run()?;
        cargo(workspace, "test").args(["--quiet", "--locked"]).run()
    }

    /// Writes a component with its metadata.
    pub(crate) fn component(
        &self,
        contents: &Contents,
        input: &Path,
        output: &Path,
    ) -> Result<(), Error> {
        self.about(contents, "component")
            .args([Path::new("--input"), input, Path::new("--output"), output])
            .args(self.origin.arguments())
            .run()
    }

    /// Writes the package of WIT in that folder, and returns its file.
    pub(crate) fn wit(&self, input: &Path, folder: &Path) -> Result<PathBuf, Error> {
        let written = self
            .command("wit")
            .args([Path::new("--input"), input, Path::new("--folder"), folder])
            .args(["--licence", env!("CARGO_PKG_LICENSE")])
            .args(self.origin.arguments())
            .output()?;
        Ok(written.trim().into())
    }

    /// Writes an OCI layout with that file.
    pub(crate) fn oci(&self, input: &Path, output: &Path) -> Result<(), Error> {
        self.command("oci")
            .args([Path::new("--input"), input, Path::new("--output"), output])
            .args(["--epoch", &self.origin.epoch])
            .run()
    }

    /// Writes the bill of materials of a file.
    pub(crate) fn sbom(
        &self,
        contents: &Contents,
        artefact: &Path,
        output: &Path,
    ) -> Result<(), Error> {
        self.about(contents, "sbom")
            .args([
                Path::new("--artefact"),
                artefact,
                Path::new("--output"),
                output,
            ])
            .args(["--epoch", &self.origin.epoch])
            .args(self.origin.arguments())
            .run()
    }

    /// Writes the licences of what is in a file.
    pub(crate) fn licences(&self, contents: &Contents, output: &Path) -> Result<(), Error> {
        self.about(contents, "licences")
            .arg("--output")
            .arg(output)
            .run()
    }

    /// Writes a folder as an archive.
    pub(crate) fn archive(&self, folder: &Path, output: &Path) -> Result<(), Error> {
        self.command("archive")
            .args([Path::new("--folder"), folder, Path::new("--output"), output])
            .args(["--epoch", &self.origin.epoch])
            .run()
    }

    /// Writes the digests of the files in a folder.
    pub(crate) fn checksums(&self, folder: &Path) -> Result<(), Error> {
        self.command("checksums").arg(folder).run()
    }

    fn command(&self, name: &str) -> Run {
        Run::new(&self.program).arg(name)
    }

    fn about(&self, contents: &Contents, command: &str) -> Run {
        let run = self
            .command(command)
            .arg("--manifest-path")
            .arg(&self.manifest)
            .args(["--target", contents.target])
            .args(
                contents
                    .embedded
                    .iter()
                    .flat_map(|name| ["--embedded", name]),
            )
            .args(
                contents
                    .packages
                    .iter()
                    .flat_map(|name| ["--package", name]),
            )
            .args(contents.name.iter().flat_map(|name| ["--name", name]))
            .args(
                contents
                    .description
                    .iter()
                    .flat_map(|text| ["--description", text]),
            )
            // Its own licence's file is not in every toolchain; SPDX has the texts.
            .args([
                "--extra",
                "rust-std",
                &self.compiler,
                "MIT OR Apache-2.0",
                "-",
            ]);
        contents.extra.iter().fold(run, |run, extra| {
            run.args(["--extra", extra.name, &extra.version, extra.licence])
                .arg(&extra.text)
        })
    }
}

/// Cargo, in that workspace.
fn cargo(workspace: &Workspace, command: &str) -> Run {
    workspace
        .cargo()
        .args([command, "--manifest-path"])
        .arg(workspace.root().join("xtask/package/Cargo.toml"))
        .env("CARGO_TARGET_DIR", folder(workspace))
}

/// Where it is built.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("xtask/package")
}
