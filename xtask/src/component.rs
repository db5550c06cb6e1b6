//! Building components: the core module by cargo, the component around it by `wit-component`.

use std::fs;

use wasmparser::BinaryReader;
use wit_component::ComponentEncoder;

use crate::error::Error;
use crate::process::say;
use crate::target::{self, Target};
use crate::workspace::Workspace;

/// The package that is the component.
pub(crate) const PROVIDER: &str = "azure-openai-provider";

/// The package of a component that the tests set upon the host.
pub(crate) const HOSTILE_PROVIDER: &str = "hostile-provider";

/// The package of a provider of another make, which the tests host beside the real one.
pub(crate) const ACME_PROVIDER: &str = "acme-provider";

/// The cargo profile that makes small files.
pub(crate) const PROFILE: &str = "guest";

/// Builds the component of a package, installing its target first if need be.
///
/// The core module imports only what the code calls, and the encoder keeps only the interfaces that the core module
/// imports: the component's import list is its capability list.
pub(crate) fn build(workspace: &Workspace, package: &str) -> Result<(), Error> {
    let target = Target::Unknown;
    target::ensure(workspace, target)?;

    // Beside the flags that cargo's configuration file has.
    let flags = target::without_paths_of_this_machine(workspace)?;
    let flags = format!("target.{}.rustflags={flags:?}", target.triple());
    say(&format!("building the component of {package}"));
    workspace
        .cargo()
        .args(["build", "--quiet", "--lib", "--package", package])
        .args(["--profile", PROFILE, "--target", target.triple()])
        .args(["--config", &flags])
        // Flags for this machine's linker mean nothing to the one for WebAssembly.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .run()?;

    let module_path = workspace.core_module(package, target.triple(), PROFILE);
    let module =
        fs::read(&module_path).map_err(|source| Error::file("read", &module_path, source))?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| Error::Encode(format!("{error:#}")))?;
    let component = without_names(&component).map_err(|error| Error::Encode(error.to_string()))?;

    let path = workspace.component(package);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| Error::file("create", folder, source))?;
    }
    // Renamed into place, so that a host that watches the file never sees half of it.
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    fs::write(&partial, component).map_err(|source| Error::file("write", &partial, source))?;
    fs::rename(&partial, &path).map_err(|source| Error::file("write", &path, source))
}

/// Leaves out the names that the encoder gives to a component's parts: nothing asks for them, and they are 8 KB.
fn without_names(component: &[u8]) -> wasmparser::Result<Vec<u8>> {
    /// The magic number and the version, which are no section.
    const HEADER_BYTES: usize = 8;
    let mut reader = BinaryReader::new(component, 0);
    let mut rest = reader.read_bytes(HEADER_BYTES)?.to_vec();
    while !reader.eof() {
        let section = &component[component.len() - reader.bytes_remaining()..];
        let is_custom = reader.read_u8()? == 0;
        let length = reader.read_var_u32()? as usize;
        let content = reader.read_bytes(length)?;
        let is_names =
            is_custom && BinaryReader::new(content, 0).read_string()? == "component-name";
        if !is_names {
            rest.extend_from_slice(&section[..section.len() - reader.bytes_remaining()]);
        }
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_left_out() {
        let section = |name: &str| {
            let content = [&[name.len() as u8], name.as_bytes(), b"content"].concat();
            [&[0, content.len() as u8], content.as_slice()].concat()
        };
        let header = b"\0asm\x0d\0\x01\0".as_slice();
        let others = [section("producers"), section("component-names")].concat();
        let named = [header, &section("component-name"), &others].concat();
        assert_eq!(without_names(&named).ok(), Some([header, &others].concat()));
        assert!(without_names(&named[..named.len() - 1]).is_err());
        assert!(without_names(b"\0asm").is_err());
    }
}
