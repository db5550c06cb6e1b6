//! Software bills of materials, as CycloneDX 1.5 in JSON.

use std::path::Path;

use cyclonedx_bom::models::component::Classification;
use cyclonedx_bom::models::dependency::{Dependencies as BomDependencies, Dependency as BomEdge};
use cyclonedx_bom::models::external_reference::{
    ExternalReference, ExternalReferenceType, ExternalReferences, Uri as Reference,
};
use cyclonedx_bom::models::hash::{Hash, HashAlgorithm, HashValue, Hashes};
use cyclonedx_bom::models::license::{LicenseChoice, Licenses};
use cyclonedx_bom::models::property::{Properties, Property};
use cyclonedx_bom::prelude::*;

use crate::about::About;
use crate::checksums::sha256;
use crate::dependencies::{Dependencies, Dependency};
use crate::error::{self, Error};
use crate::oci::date;

/// Describes an artefact: what it is, its digest, and everything that is compiled into it.
pub(crate) fn describe(
    about: &About,
    dependencies: &Dependencies,
    artefact: &Path,
    epoch: i64,
) -> Result<Vec<u8>, Error> {
    let digest = sha256(&error::read(artefact)?);
    let identity = format!("pkg:generic/{}@{}", about.name, about.version);
    let mut component = Component::new(
        Classification::Application,
        &about.name,
        &about.version,
        Some(identity.clone()),
    );
    component.purl = Some(purl("generic", &about.name, &about.version)?);
    component.description = about.description.as_deref().map(NormalizedString::new);
    component.licenses = about.licence.as_deref().map(licences).transpose()?;
    component.hashes = Some(Hashes(vec![Hash {
        alg: HashAlgorithm::SHA_256,
        content: HashValue(digest.clone()),
    }]));
    component.external_references = about.source.as_deref().map(source).transpose()?;
    component.properties = about
        .revision
        .as_deref()
        .map(|revision| Properties(vec![Property::new("vcs:revision", revision)]));

    let mut edges = vec![BomEdge {
        dependency_ref: identity,
        dependencies: dependencies.roots.iter().cloned().collect(),
    }];
    edges.extend(dependencies.edges.iter().map(|(package, needs)| BomEdge {
        dependency_ref: package.clone(),
        dependencies: needs.iter().cloned().collect(),
    }));
    let components: Result<Vec<Component>, Error> =
        dependencies.packages.iter().map(library).collect();
    let timestamp =
        DateTime::try_from(date(epoch)).map_err(|error| Error::Metadata(error.to_string()))?;
    let bom = Bom {
        serial_number: Some(serial_number(&digest)?),
        metadata: Some(Metadata {
            timestamp: Some(timestamp),
            component: Some(component),
            ..Metadata::default()
        }),
        components: Some(Components(components?)),
        dependencies: Some(BomDependencies(edges)),
        ..Bom::default()
    };
    let result = bom.validate_version(SpecVersion::V1_5);
    if !result.passed() {
        return Err(Error::Metadata(format!("{result:?}")));
    }
    let mut json = Vec::new();
    bom.output_as_json_v1_5(&mut json)
        .map_err(|error| Error::Metadata(error.to_string()))?;
    json.push(b'\n');
    Ok(json)
}

fn library(dependency: &Dependency) -> Result<Component, Error> {
    let identity = dependency.identity();
    let kind = match identity.starts_with("pkg:cargo/") {
        true => "cargo",
        false => "generic",
    };
    let mut component = Component::new(
        Classification::Library,
        &dependency.name,
        &dependency.version,
        Some(identity),
    );
    component.purl = Some(purl(kind, &dependency.name, &dependency.version)?);
    component.licenses = Some(licences(&dependency.licence)?);
    Ok(component)
}

fn purl(kind: &str, name: &str, version: &str) -> Result<Purl, Error> {
    Purl::new(kind, name, version).map_err(|error| Error::Metadata(error.to_string()))
}

fn licences(expression: &str) -> Result<Licenses, Error> {
    // Some packages separate alternatives by a slash.
    let expression = SpdxExpression::parse_lax(expression.to_owned())
        .map_err(|error| Error::Metadata(format!("`{expression}`: {error}")))?;
    Ok(Licenses(vec![LicenseChoice::Expression(expression)]))
}

fn source(address: &str) -> Result<ExternalReferences, Error> {
    let address =
        Uri::try_from(address.to_owned()).map_err(|error| Error::Metadata(error.to_string()))?;
    Ok(ExternalReferences(vec![ExternalReference::new(
        ExternalReferenceType::Vcs,
        Reference::Url(address),
    )]))
}

/// A UUID of one's own making (version 8 of RFC 9562), so that the same artefact has the same number.
fn serial_number(digest: &str) -> Result<UrnUuid, Error> {
    let part = |range| digest.get(range).unwrap_or_default();
    let uuid = format!(
        "urn:uuid:{}-{}-8{}-a{}-{}",
        part(0..8),
        part(8..12),
        part(13..16),
        part(17..20),
        part(20..32)
    );
    UrnUuid::new(uuid).map_err(|error| Error::Metadata(format!("{error:?}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::PathBuf;

    use serde_json::Value;

    use super::*;
    use crate::dependencies::Texts;

    #[test]
    fn a_bill_names_the_artefact_and_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let artefact = folder.path().join("artefact");
        fs::write(&artefact, "abc").unwrap();
        let about = About {
            name: "artefact".to_owned(),
            version: "1.2.3".to_owned(),
            description: None,
            licence: Some("MIT".to_owned()),
            source: Some("https://source.example/repository".to_owned()),
            revision: Some("0123abc".to_owned()),
        };
        let leaf = Dependency {
            name: "leaf".to_owned(),
            version: "0.1.0+extra".to_owned(),
            licence: "MIT/Apache-2.0".to_owned(),
            texts: Texts::Folder(PathBuf::new()),
            ours: false,
        };
        let dependencies = Dependencies {
            roots: BTreeSet::from([leaf.identity()]),
            edges: BTreeMap::from([(leaf.identity(), BTreeSet::new())]),
            packages: vec![leaf],
        };
        let bom = describe(&about, &dependencies, &artefact, 1_700_000_000).unwrap();
        let again = describe(&about, &dependencies, &artefact, 1_700_000_000).unwrap();
        assert_eq!(bom, again);
        let bom: Value = serde_json::from_slice(&bom).unwrap();
        for (pointer, expected) in [
            ("/bomFormat", "CycloneDX"),
            ("/specVersion", "1.5"),
            ("/metadata/timestamp", "2023-11-14T22:13:20Z"),
            ("/metadata/component/name", "artefact"),
            ("/metadata/component/hashes/0/alg", "SHA-256"),
            (
                "/metadata/component/hashes/0/content",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            ("/metadata/component/properties/0/value", "0123abc"),
            ("/components/0/name", "leaf"),
            ("/components/0/licenses/0/expression", "MIT OR Apache-2.0"),
            ("/dependencies/0/dependsOn/0", "pkg:cargo/leaf@0.1.0+extra"),
        ] {
            let found = bom.pointer(pointer).and_then(Value::as_str);
            assert_eq!(found, Some(expected), "{pointer} in {bom:#}");
        }
    }
}
