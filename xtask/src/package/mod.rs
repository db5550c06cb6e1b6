//! What is handed out, below `target/package`.

mod packager;
mod program;
mod reproducible;
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use self::packager::{Contents, Origin, Packager};
use crate::component::{self, PROVIDER};
use crate::error::Error;
use crate::process::say;
use crate::python;
use crate::target::{self, Target};
use crate::workspace::Workspace;

/// What was asked for beside the packages.
pub(crate) struct Options {
    /// The address of the source code, for the metadata.
    pub(crate) source: Option<String>,
    /// Whether to let other people's tools use the packages.
    pub(crate) test: bool,
    /// Whether to build the components a second time, elsewhere, and compare.
    pub(crate) verify: bool,
    /// Whether to leave out, and say so, what needs tools that are not to be had here.
    pub(crate) if_possible: bool,
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Error> {
        let mut options = Self {
            source: None,
            test: false,
            verify: false,
            if_possible: false,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--test" => options.test = true,
                "--verify" => options.verify = true,
                "--if-possible" => options.if_possible = true,
                "--source" => match arguments.next() {
                    Some(address) => options.source = Some(address.clone()),
                    None => return Err(Error::Usage("`--source` takes an address".into())),
                },
                unknown => {
                    return Err(Error::Usage(format!(
                        "`package` takes `--source URL`, `--test`, `--verify` and `--if-possible`, and not `{unknown}`"
                    )));
                }
            }
        }
        Ok(options)
    }

    /// Leaves something out, and says so, where that was asked for and it is not to be had.
    fn unless_unavailable<T>(
        &self,
        what: &str,
        made: Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match made {
            Err(Error::Unavailable(why)) if self.if_possible => {
                say(&format!("LEFT OUT: {what}, because {why}"));
                Ok(None)
            }
            made => made.map(Some),
        }
    }
}

/// Makes all packages, and their checksums last.
pub(crate) fn package(workspace: &Workspace, options: &Options) -> Result<(), Error> {
    let out = workspace.target().join("package");
    if out.exists() {
        fs::remove_dir_all(&out).map_err(|source| Error::file("remove", &out, source))?;
    }
    fs::create_dir_all(&out).map_err(|source| Error::file("create", &out, source))?;
    let packager = Packager::build(workspace, Origin::of(workspace, options.source.clone()))?;

    component::build(workspace, PROVIDER)?;
    let component = wasm_file(workspace, &packager, &out, &PROVIDER_COMPONENT)?;
    let built_gateway = workspace.component(GATEWAY_COMPONENT.name);
    if built_gateway.is_file() {
        wasm_file(workspace, &packager, &out, &GATEWAY_COMPONENT)?;
    } else {
        say("LEFT OUT: the stand-alone gateway, because it is not built");
    }
    let contract = packager.wit(&workspace.root().join("wit"), &out)?;
    packager.oci(&contract, &out.join("oci/amplifier-provider"))?;

    let program = program::package(workspace, &packager, &component, &out);
    options.unless_unavailable("the program for Linux", program)?;
    let wheels = wheels(workspace, &packager, &component, &out);
    let tools = options.unless_unavailable("the wheels", wheels)?;

    packager.checksums(&out)?;
    if options.verify {
        reproducible::verify(workspace)?;
    }
    if let (true, Some(tools)) = (options.test, tools) {
        tests::run(workspace, options, &tools, &out)?;
    }
    println!("{}", out.display());
    Ok(())
}

/// A WebAssembly component that is handed out by itself.
struct WasmFile {
    /// Its name, of which its file and its folder are called.
    name: &'static str,
    /// What it is, where the first package does not say it.
    description: Option<&'static str>,
    /// The packages that are compiled into it.
    packages: &'static [&'static str],
}

const PROVIDER_COMPONENT: WasmFile = WasmFile {
    name: PROVIDER,
    description: None,
    packages: &[PROVIDER],
};

const GATEWAY_COMPONENT: WasmFile = WasmFile {
    name: "azure-openai-gateway",
    description: Some(
        "Azure OpenAI behind one HTTP interface: a component for every host of wasi:http",
    ),
    packages: &[PROVIDER, "gateway-front", "gateway-guard"],
};

/// Writes a component with metadata, its layout, its bill of materials and its licences.
fn wasm_file(
    workspace: &Workspace,
    packager: &Packager,
    out: &Path,
    file: &WasmFile,
) -> Result<PathBuf, Error> {
    say(&format!("packaging {}", file.name));
    let contents = Contents {
        name: Some(file.name),
        description: file.description,
        packages: file.packages,
        target: Target::Unknown.triple(),
        embedded: &[],
        extra: &[],
    };
    let stem = format!("{}-{VERSION}", file.name);
    let component = out.join(format!("{stem}.wasm"));
    packager.component(&contents, &workspace.component(file.name), &component)?;
    packager.oci(&component, &out.join("oci").join(file.name))?;
    packager.licences(&contents, &out.join(format!("{stem}.licences.txt")))?;
    packager.sbom(&contents, &component, &out.join(format!("{stem}.cdx.json")))?;
    Ok(component)
}

/// Builds the wheels, and returns what built them.
fn wheels(
    workspace: &Workspace,
    packager: &Packager,
    component: &Path,
    out: &Path,
) -> Result<python::Tools, Error> {
    let tools = python::tools(workspace)?;
    let native = python::build(workspace, &tools, component)?;
    let wheels = [vec![native], python::build_modules(workspace, &tools)?].concat();
    let mut packaged = Vec::new();
    for wheel in wheels {
        let target = out.join(wheel.file_name().unwrap_or_default());
        fs::copy(&wheel, &target).map_err(|source| Error::file("write", &target, source))?;
        packaged.push(target);
    }
    let contents = Contents {
        name: None,
        description: None,
        packages: &[python::NATIVE],
        target: &target::host()?,
        embedded: &[PROVIDER],
        extra: &[],
    };
    let stem = format!("{}-{VERSION}", python::NATIVE);
    packager.licences(&contents, &out.join(format!("{stem}.licences.txt")))?;
    if let Some(native) = packaged.first() {
        packager.sbom(&contents, native, &out.join(format!("{stem}.cdx.json")))?;
    }
    Ok(tools)
}

/// The version of all that is ours, but for the contract, which has its own.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(test)]
mod unit {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_was_asked_for_is_understood_or_refused() {
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let options = Options::parse(&words("--source https://source.example --test")).unwrap();
        assert_eq!(options.source.as_deref(), Some("https://source.example"));
        assert!(options.test && !options.verify && !options.if_possible);
        for wrong in ["--source", "--tests", "everything"] {
            let refused = Options::parse(&words(wrong));
            assert!(matches!(refused, Err(Error::Usage(_))), "{wrong}");
        }
    }

    #[test]
    fn only_what_is_not_to_be_had_is_left_out_and_only_if_asked_for() {
        let options = |if_possible| Options {
            source: None,
            test: false,
            verify: false,
            if_possible,
        };
        let unavailable = || Err::<(), _>(Error::Unavailable("no registry".into()));
        let left_out = options(true).unless_unavailable("it", unavailable());
        assert!(matches!(left_out, Ok(None)));
        assert!(
            options(false)
                .unless_unavailable("it", unavailable())
                .is_err()
        );
        let wrong = Err::<(), _>(Error::Encode("wrong".into()));
        assert!(options(true).unless_unavailable("it", wrong).is_err());
    }
}
