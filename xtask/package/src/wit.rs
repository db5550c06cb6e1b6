//! A package of WIT as one WebAssembly file, which others fetch instead of copying text.

use std::path::Path;

use wit_parser::Resolve;

use crate::error::Error;

/// An encoded package.
pub(crate) struct WitPackage {
    /// `NAMESPACE:NAME`.
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) binary: Vec<u8>,
}

/// Encodes the package of that folder, its comments included.
pub(crate) fn encode(folder: &Path) -> Result<WitPackage, Error> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(folder)
        .map_err(|error| Error::wasm(folder, error))?;
    let name = &resolve.packages[package].name;
    let version = name
        .version
        .as_ref()
        .ok_or_else(|| Error::wasm(folder, "the package has no version"))?;
    Ok(WitPackage {
        name: format!("{}:{}", name.namespace, name.name),
        version: version.to_string(),
        binary: wit_component::encode(&resolve, package, false)
            .map_err(|error| Error::wasm(folder, error))?,
    })
}

impl WitPackage {
    pub(crate) fn file_name(&self) -> String {
        format!("{}-{}.wasm", self.name.replace(':', "-"), self.version)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use wit_component::DecodedWasm;

    use super::*;

    #[test]
    fn our_contract_comes_back_as_it_was() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        let package = encode(&folder).unwrap();
        assert_eq!(package.name, "amplifier:provider");
        assert_eq!(
            package.file_name(),
            format!("amplifier-provider-{}.wasm", package.version)
        );
        let DecodedWasm::WitPackage(resolve, decoded) =
            wit_component::decode(&package.binary).unwrap()
        else {
            unreachable!("a component");
        };
        let decoded = &resolve.packages[decoded];
        let world = decoded.worlds["provider-module"];
        assert!(!resolve.worlds[world].exports.is_empty());
        assert!(decoded.interfaces.contains_key("provider"));
    }
}
