//! What the component may do, and what the host lets it do.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use provider_host::{Environment, Inspection, LoadError};
use provider_host_azure::policy::policy;
use serde_json::{Map, Value};

use crate::support::{azure, component, open};

/// For loading and for sending it about. The design has 512 KB, which several deployments and endpoints took it 30 KB over: what is saved
/// elsewhere comes off this number until it is there.
const MAX_COMPONENT_BYTES: usize = 560_000;

#[test]
fn the_component_imports_this_and_nothing_else() {
    let inspection = Inspection::read(&component()).unwrap();
    let mut imports = inspection.imports.clone();
    imports.sort();
    assert_eq!(
        imports,
        [
            "amplifier:provider/credentials@0.2.0",
            "amplifier:provider/events@0.2.0",
            "amplifier:provider/shared-state@0.2.0",
            "amplifier:provider/types@0.2.0",
            "wasi:cli/environment@0.2.12",
            "wasi:clocks/monotonic-clock@0.2.12",
            "wasi:clocks/wall-clock@0.2.12",
            "wasi:http/outgoing-handler@0.2.12",
            "wasi:http/types@0.2.12",
            "wasi:io/error@0.2.12",
            "wasi:io/poll@0.2.12",
            "wasi:io/streams@0.2.12",
            "wasi:random/random@0.2.12",
        ]
    );
    assert_eq!(
        inspection.exports,
        [
            "amplifier:provider/provider@0.2.0",
            "amplifier:provider/gateway@0.2.0",
        ]
    );
    assert_eq!(inspection.contract_version(), Some("0.2.0"));
}

#[tokio::test]
async fn the_component_sees_the_variables_on_the_list_and_reads_them_all() {
    let policy = policy();
    let visible: Vec<&str> = policy.visible_variables().collect();
    let listed = visible
        .iter()
        .map(|name| (name.to_string(), "1".to_owned()));
    let endpoint = [
        (
            "AZURE_OPENAI_ENDPOINT".to_owned(),
            "https://r.openai.azure.com".to_owned(),
        ),
        ("AZURE_OPENAI_API_VERSION".to_owned(), "v1".to_owned()),
        ("OPENAI_API_VERSION".to_owned(), "v1".to_owned()),
    ];
    let environment: Environment = listed.chain(endpoint).collect();
    let mut sources = BTreeSet::new();
    // The second variable of a setting counts when the first is not set.
    for hidden in [
        "",
        "AZURE_OPENAI_ENDPOINT",
        "AZURE_OPENAI_API_KEY",
        "AZURE_OPENAI_API_VERSION",
        "AZURE_OPENAI_DEFAULT_DEPLOYMENT",
    ] {
        let environment: Environment = visible
            .iter()
            .filter(|name| **name != hidden)
            .map(|name| match (*name, hidden) {
                ("AZURE_OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT") => {
                    (*name, "https://r.openai.azure.com")
                }
                (name, _) => (name, environment.get(name).unwrap()),
            })
            .collect();
        let provider = open(&Map::new(), environment, Arc::default())
            .await
            .unwrap();
        let description: Value = serde_json::from_str(&provider.describe().await.unwrap()).unwrap();
        for setting in description["settings"].as_object().unwrap().values() {
            sources.insert(setting["source"].as_str().unwrap().to_owned());
        }
    }
    let variables: BTreeSet<String> = sources
        .into_iter()
        .filter(|source| !["config", "default", "unset"].contains(&source.as_str()))
        .collect();
    let visible: BTreeSet<String> = visible.into_iter().map(str::to_owned).collect();
    assert_eq!(variables, visible);
}

#[test]
fn the_component_is_small() {
    let size = Inspection::read(&component()).unwrap().size;
    assert!(size < MAX_COMPONENT_BYTES, "{size} bytes");
}

#[tokio::test]
async fn what_is_no_provider_is_refused_with_the_reason() {
    let provider = "amplifier:provider/provider@0.2.0";
    for (bytes, words) in [
        (
            b"not wasm at all".to_vec(),
            "is not a WebAssembly component",
        ),
        (Vec::new(), "is not a WebAssembly component"),
        // The smallest core module: the magic number and the version.
        (
            b"\0asm\x01\0\0\0".to_vec(),
            "is not a WebAssembly component",
        ),
        (
            fs::read(component()).unwrap()[..10_000].to_vec(),
            "is not a WebAssembly component",
        ),
        (
            hollow_component(None, "amplifier:provider/provider@0.1.0"),
            "does not export amplifier:provider/provider@0.2.0, which this host speaks; it exports \
             amplifier:provider/provider@0.1.0",
        ),
        (
            hollow_component(None, "wasi:cli/run@0.2.0"),
            "it exports wasi:cli/run@0.2.0",
        ),
        (
            hollow_component(Some("wasi:filesystem/preopens@0.2.0"), provider),
            "imports wasi:filesystem/preopens@0.2.0, which this host does not grant to providers",
        ),
        (hollow_component(None, provider), "cannot run on this host"),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        let Err(error) = azure().load(file.path()).await else {
            panic!("{words}: it was loaded");
        };
        assert!(error.to_string().contains(words), "{error}");
    }
    let missing = azure().load("nowhere.wasm").await;
    assert!(matches!(missing, Err(LoadError::Read { .. })));
}

/// A component that exports an empty instance of this name, and imports one. By hand, in the component model's binary
/// format: a library for it would change how the host's own dependencies are built.
pub(crate) fn hollow_component(import: Option<&str>, export: &str) -> Vec<u8> {
    const INSTANCE: u8 = 5;
    let section = |id: u8, content: &[u8]| [&[id, content.len() as u8], content].concat();
    let name = |name: &str| [&[0, name.len() as u8], name.as_bytes()].concat();
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    if let Some(import) = import {
        // One type, an instance that exports nothing; one import, of that type.
        bytes.extend(section(7, &[1, 0x42, 0]));
        bytes.extend(section(
            10,
            &[&[1][..], &name(import), &[INSTANCE, 0]].concat(),
        ));
    }
    // One instance, made of no exports; one export, of the last instance.
    bytes.extend(section(5, &[1, 1, 0]));
    let index = u8::from(import.is_some());
    bytes.extend(section(
        11,
        &[&[1][..], &name(export), &[INSTANCE, index, 0]].concat(),
    ));
    bytes
}
