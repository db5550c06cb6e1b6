//! OCI image layouts with a WebAssembly file in them, as the CNCF's working group on WebAssembly has them: what `wkg`, `wash`,
//! `oras` and `skopeo` push and pull.

use std::path::Path;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wasm_metadata::Payload;
use wit_component::DecodedWasm;

use crate::checksums::sha256;
use crate::error::{self, Error};

/// The media types of <https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>.
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";

/// The media types of the OCI image specification, 1.1.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Writes a layout with one manifest, tagged with the version that the file states.
pub(crate) fn write_layout(input: &Path, output: &Path, epoch: i64) -> Result<(), Error> {
    let wasm = error::read(input)?;
    let title = input.file_name().unwrap_or_default().to_string_lossy();
    let mut annotations = annotations(input, &wasm)?;
    let tag = annotations
        .get("org.opencontainers.image.version")
        .cloned()
        .ok_or_else(|| Error::wasm(input, "it states no version, which becomes the tag"))?;
    annotations.insert(
        "org.opencontainers.image.created".to_owned(),
        json!(date(epoch)),
    );

    let config = serde_json::to_vec(&json!({
        "created": date(epoch),
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [digest(&wasm)],
        "component": interface(input, &wasm)?,
    }))
    .map_err(|error| Error::Metadata(error.to_string()))?;
    let mut layer = descriptor(LAYER, &wasm);
    layer["annotations"] = json!({ "org.opencontainers.image.title": title });
    let manifest = to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, &config),
        "layers": [layer],
        "annotations": annotations,
    }))?;
    let mut entry = descriptor(MANIFEST, &manifest);
    entry["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
    let index = to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [entry],
    }))?;

    for blob in [&wasm, &config, &manifest] {
        error::write(&output.join("blobs/sha256").join(sha256(blob)), blob)?;
    }
    error::write(&output.join("index.json"), index)?;
    let layout = to_vec(&json!({ "imageLayoutVersion": "1.0.0" }))?;
    error::write(&output.join("oci-layout"), layout)
}

/// A time in the form that OCI and CycloneDX have.
pub(crate) fn date(epoch: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(epoch).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}

fn to_vec(value: &Value) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| Error::Metadata(error.to_string()))
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", sha256(content))
}

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(content), "size": content.len() })
}

/// What the file says of itself, by the names that registries show.
fn annotations(path: &Path, wasm: &[u8]) -> Result<Map<String, Value>, Error> {
    let payload = Payload::from_binary(wasm).map_err(|error| Error::wasm(path, error))?;
    let said = payload.metadata();
    let text = |value: Option<String>| value.map(Value::from);
    let annotations = [
        ("title", said.name.clone()),
        ("version", said.version.as_ref().map(ToString::to_string)),
        (
            "description",
            said.description.as_ref().map(ToString::to_string),
        ),
        ("licenses", said.licenses.as_ref().map(ToString::to_string)),
        ("source", said.source.as_ref().map(ToString::to_string)),
        ("revision", said.revision.as_ref().map(ToString::to_string)),
    ];
    Ok(annotations
        .into_iter()
        .filter_map(|(name, value)| {
            Some((format!("org.opencontainers.image.{name}"), text(value)?))
        })
        .collect())
}

/// What the file imports and exports.
fn interface(path: &Path, wasm: &[u8]) -> Result<Value, Error> {
    let decoded = wit_component::decode(wasm).map_err(|error| Error::wasm(path, error))?;
    let (imports, exports): (Vec<String>, Vec<String>) = match &decoded {
        DecodedWasm::Component(resolve, world) => {
            let world = &resolve.worlds[*world];
            let names = |items: &mut dyn Iterator<Item = _>| {
                items.map(|key| resolve.name_world_key(key)).collect()
            };
            (
                names(&mut world.imports.keys()),
                names(&mut world.exports.keys()),
            )
        }
        DecodedWasm::WitPackage(resolve, package) => {
            let interfaces = resolve.packages[*package].interfaces.values();
            let exports = interfaces.filter_map(|interface| resolve.id_of(*interface));
            (Vec::new(), exports.collect())
        }
    };
    Ok(json!({ "imports": imports, "exports": exports, "target": null }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;
    use crate::Origin;
    use crate::about::About;
    use crate::wit;

    fn json_of(path: &Path) -> Value {
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn a_layout_leads_from_the_index_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        let package = wit::encode(&contract).unwrap();
        let about = About::of_wit(&package, "MIT", &Origin::default());
        let wasm = about.write_into(&package.binary).unwrap();
        let input = folder.path().join(package.file_name());
        fs::write(&input, &wasm).unwrap();
        let layout = folder.path().join("layout");
        write_layout(&input, &layout, 1_700_000_000).unwrap();

        let blob = |descriptor: &Value| {
            let digest = descriptor["digest"].as_str().unwrap();
            let path = layout.join("blobs").join(digest.replace(':', "/"));
            let content = fs::read(&path).unwrap();
            assert_eq!(descriptor["size"], content.len());
            assert_eq!(digest, format!("sha256:{}", sha256(&content)));
            content
        };
        let index = json_of(&layout.join("index.json"));
        let entry = &index["manifests"][0];
        assert_eq!(
            entry["annotations"]["org.opencontainers.image.ref.name"],
            package.version
        );
        let manifest: Value = serde_json::from_slice(&blob(entry)).unwrap();
        assert_eq!(manifest["config"]["mediaType"], CONFIG);
        assert_eq!(manifest["layers"][0]["mediaType"], LAYER);
        assert_eq!(blob(&manifest["layers"][0]), wasm);
        let title = &manifest["annotations"]["org.opencontainers.image.title"];
        assert_eq!(title, "amplifier:provider");
        let config: Value = serde_json::from_slice(&blob(&manifest["config"])).unwrap();
        assert_eq!(config["layerDigests"][0], manifest["layers"][0]["digest"]);
        assert_eq!(config["created"], "2023-11-14T22:13:20Z");
        let provider = format!("amplifier:provider/provider@{}", package.version);
        let exports = config["component"]["exports"].as_array().unwrap();
        assert!(exports.contains(&json!(provider)), "{exports:?}");
    }

    #[test]
    fn a_file_without_a_version_has_no_tag() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("empty.wasm");
        fs::write(&input, b"\0asm\x0d\0\x01\0").unwrap();
        let error = write_layout(&input, &folder.path().join("layout"), 0).unwrap_err();
        assert!(error.to_string().contains("states no version"), "{error}");
    }
}
