//! What a file says of itself.

use std::path::Path;

use cargo_metadata::MetadataCommand;
use wasm_metadata::{
    AddMetadata, AddMetadataField, Description, Licenses, Revision, Source, Version,
};

use crate::Origin;
use crate::error::Error;
use crate::wit::WitPackage;

/// Name, version, description, licence and origin of something that is handed out.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: Option<String>,
    /// An SPDX expression.
    pub(crate) licence: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) revision: Option<String>,
}

impl About {
    /// What the manifest of the first of these packages says.
    pub(crate) fn of_package(
        manifest: &Path,
        packages: &[String],
        origin: &Origin,
    ) -> Result<Self, Error> {
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .no_deps()
            .exec()
            .map_err(|error| Error::Cargo(error.to_string()))?;
        let package = metadata
            .packages
            .into_iter()
            .find(|package| packages.first().is_some_and(|name| *package.name == *name))
            .ok_or_else(|| Error::Cargo(format!("there is no package {packages:?}")))?;
        Ok(Self {
            name: package.name.to_string(),
            version: package.version.to_string(),
            description: package.description,
            licence: package.license,
            source: origin.source.clone().or(package.repository),
            revision: origin.revision.clone(),
        })
    }

    pub(crate) fn of_wit(package: &WitPackage, licence: &str, origin: &Origin) -> Self {
        Self {
            name: package.name.clone(),
            version: package.version.clone(),
            description: Some(format!("The WIT package {}", package.name)),
            licence: Some(licence.to_owned()),
            source: origin.source.clone(),
            revision: origin.revision.clone(),
        }
    }

    /// Puts it into a WebAssembly file, as the custom sections that registries and tools read.
    pub(crate) fn write_into(&self, wasm: &[u8]) -> Result<Vec<u8>, Error> {
        let wrong = |error: &dyn std::fmt::Display| Error::Metadata(format!("{error:#}"));
        let mut add = AddMetadata::default();
        add.name = AddMetadataField::Set(self.name.clone());
        add.version = AddMetadataField::Set(Version::new(self.version.clone()));
        if let Some(description) = &self.description {
            add.description = AddMetadataField::Set(Description::new(description.clone()));
        }
        if let Some(licence) = &self.licence {
            let licence = Licenses::new(licence).map_err(|error| wrong(&error))?;
            add.licenses = AddMetadataField::Set(licence);
        }
        if let Some(source) = &self.source {
            let source = Source::new(source).map_err(|error| wrong(&error))?;
            add.source = AddMetadataField::Set(source);
        }
        if let Some(revision) = &self.revision {
            add.revision = AddMetadataField::Set(Revision::new(revision.clone()));
        }
        add.to_wasm(wasm).map_err(|error| wrong(&error))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_component_says_what_it_is() {
        let empty_component = b"\0asm\x0d\0\x01\0";
        let about = About {
            name: "some-provider".to_owned(),
            version: "1.2.3".to_owned(),
            description: Some("Provides".to_owned()),
            licence: Some("MIT OR Apache-2.0".to_owned()),
            source: Some("https://source.example/repository".to_owned()),
            revision: Some("0123abc".to_owned()),
        };
        let described = about.write_into(empty_component).unwrap();
        let payload = wasm_metadata::Payload::from_binary(&described).unwrap();
        let read = payload.metadata();
        assert_eq!(read.name.as_deref(), Some("some-provider"));
        for (field, expected) in [
            (read.version.as_ref().map(ToString::to_string), "1.2.3"),
            (
                read.description.as_ref().map(ToString::to_string),
                "Provides",
            ),
            (
                read.licenses.as_ref().map(ToString::to_string),
                "MIT OR Apache-2.0",
            ),
            (
                read.source.as_ref().map(ToString::to_string),
                "https://source.example/repository",
            ),
            (read.revision.as_ref().map(ToString::to_string), "0123abc"),
        ] {
            assert_eq!(field.as_deref(), Some(expected));
        }
        assert_eq!(about.write_into(empty_component).unwrap(), described);
    }

    #[test]
    fn what_is_no_expression_or_address_is_refused() {
        let about = |licence: &str, source: &str| About {
            name: "some-provider".to_owned(),
            version: "1.2.3".to_owned(),
            description: None,
            licence: Some(licence.to_owned()),
            source: Some(source.to_owned()),
            revision: None,
        };
        for (licence, source) in [("no licence", "https://source.example"), ("MIT", "nowhere")] {
            let refused = about(licence, source).write_into(b"\0asm\x0d\0\x01\0");
            assert!(
                matches!(refused, Err(Error::Metadata(_))),
                "{licence} {source}"
            );
        }
    }
}
