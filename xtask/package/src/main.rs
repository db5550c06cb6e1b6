//! Makes what is handed out from what was built. `cargo xtask package` builds it and runs these commands; each reads
//! files and writes files, and the same input gives the same bytes.

mod about;
mod archive;
mod checksums;
mod dependencies;
mod error;
mod licences;
mod oci;
mod sbom;
mod wit;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::about::About;
use crate::dependencies::{Dependencies, Extra};
use crate::error::Error;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes a component with its metadata in it: name, version, description, licence, source, revision.
    Component {
        #[command(flatten)]
        package: PackageArguments,
        #[command(flatten)]
        origin: Origin,
        /// The component.
        #[arg(long)]
        input: PathBuf,
        /// The component with metadata.
        #[arg(long)]
        output: PathBuf,
    },
    /// Writes a package of WIT as one WebAssembly file, with metadata, and prints its path.
    Wit {
        #[command(flatten)]
        origin: Origin,
        /// The folder with the package.
        #[arg(long)]
        input: PathBuf,
        /// Where to put `NAMESPACE-NAME-VERSION.wasm`.
        #[arg(long)]
        folder: PathBuf,
        /// The SPDX expression of its licence.
        #[arg(long)]
        licence: String,
    },
    /// Writes an OCI image layout with one WebAssembly file in it, whose metadata become annotations.
    Oci {
        /// The component or WIT package, with metadata.
        #[arg(long)]
        input: PathBuf,
        /// The layout's folder.
        #[arg(long)]
        output: PathBuf,
        /// Seconds since 1970 of what was built.
        #[arg(long)]
        epoch: i64,
    },
    /// Writes the software bill of materials of a package of cargo, as CycloneDX JSON.
    Sbom {
        #[command(flatten)]
        package: PackageArguments,
        #[command(flatten)]
        origin: Origin,
        /// Seconds since 1970 of what was built.
        #[arg(long)]
        epoch: i64,
        /// The file that it is of, whose digest it states.
        #[arg(long)]
        artefact: PathBuf,
        /// The file to write.
        #[arg(long)]
        output: PathBuf,
    },
    /// Writes the licences of everything that is in what cargo makes of packages, with their texts.
    Licences {
        #[command(flatten)]
        package: PackageArguments,
        /// The file to write.
        #[arg(long)]
        output: PathBuf,
    },
    /// Writes a folder as an archive, `.tar.gz`.
    Archive {
        /// The folder; the archive holds it under its own name.
        #[arg(long)]
        folder: PathBuf,
        /// Seconds since 1970 that every file gets.
        #[arg(long)]
        epoch: i64,
        /// The file to write.
        #[arg(long)]
        output: PathBuf,
    },
    /// Writes `SHA256SUMS` for the files of a folder.
    Checksums {
        /// The folder.
        folder: PathBuf,
    },
}

/// What cargo built, and for which target.
#[derive(Args, Debug)]
struct PackageArguments {
    /// The workspace's `Cargo.toml`.
    #[arg(long, default_value = "Cargo.toml")]
    manifest_path: PathBuf,
    /// The packages; the first one gives name, version, description and licence.
    #[arg(long = "package", required = true)]
    packages: Vec<String>,
    /// Another name than that.
    #[arg(long)]
    name: Option<String>,
    /// Another description than that.
    #[arg(long)]
    description: Option<String>,
    /// The target triple.
    #[arg(long)]
    target: String,
    /// The packages of a component that is part of it, for WebAssembly.
    #[arg(long)]
    embedded: Vec<String>,
    /// What cargo does not know of and is in it all the same: `NAME VERSION LICENCE FILE`, the file being the licence's text,
    /// or `-` for the text of its SPDX identifiers.
    #[arg(long, num_args = 4, value_names = ["NAME", "VERSION", "LICENCE", "FILE"])]
    extra: Vec<String>,
}

impl PackageArguments {
    fn dependencies(&self) -> Result<Dependencies, Error> {
        let extra = self.extra.chunks_exact(4).map(Extra::new).collect();
        let compiled = [
            (self.packages.as_slice(), self.target.as_str()),
            (self.embedded.as_slice(), "wasm32-unknown-unknown"),
        ];
        Dependencies::of(&self.manifest_path, compiled, extra)
    }

    fn about(&self, origin: &Origin) -> Result<About, Error> {
        let mut about = About::of_package(&self.manifest_path, &self.packages, origin)?;
        if let Some(name) = &self.name {
            about.name.clone_from(name);
        }
        if self.description.is_some() {
            about.description.clone_from(&self.description);
        }
        Ok(about)
    }
}

/// Where it comes from.
#[derive(Args, Debug, Default)]
struct Origin {
    /// The address of the source code.
    #[arg(long)]
    source: Option<String>,
    /// The revision of the source code.
    #[arg(long)]
    revision: Option<String>,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("package: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Component {
            package,
            origin,
            input,
            output,
        } => {
            let described = package.about(&origin)?.write_into(&error::read(&input)?)?;
            error::write(&output, described)
        }
        Command::Wit {
            origin,
            input,
            folder,
            licence,
        } => {
            let package = wit::encode(&input)?;
            let about = About::of_wit(&package, &licence, &origin);
            let path = folder.join(package.file_name());
            error::write(&path, about.write_into(&package.binary)?)?;
            println!("{}", path.display());
            Ok(())
        }
        Command::Oci {
            input,
            output,
            epoch,
        } => oci::write_layout(&input, &output, epoch),
        Command::Sbom {
            package,
            origin,
            epoch,
            artefact,
            output,
        } => {
            let bom = sbom::describe(
                &package.about(&origin)?,
                &package.dependencies()?,
                &artefact,
                epoch,
            )?;
            error::write(&output, bom)
        }
        Command::Licences { package, output } => {
            error::write(&output, licences::texts(&package.dependencies()?)?)
        }
        Command::Archive {
            folder,
            epoch,
            output,
        } => archive::write(&folder, epoch, &output),
        Command::Checksums { folder } => checksums::write(&folder),
    }
}
