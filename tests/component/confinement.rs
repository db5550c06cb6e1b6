//! What the component may do, and what the host lets it do.

use std::fs;

use host_harness::{LoadError, ProviderComponent, ProviderHost};

use crate::support::component;

/// The limit of the design, for loading and for sending it about.
const MAX_COMPONENT_BYTES: usize = 400_000;

#[test]
fn the_component_imports_this_and_nothing_else() {
    let inspection = ProviderComponent::inspect(&component()).unwrap();
    let mut imports = inspection.imports.clone();
    imports.sort();
    assert_eq!(
        imports,
        [
            "amplifier:provider/events@0.1.0",
            "amplifier:provider/types@0.1.0",
            "wasi:cli/environment@0.2.12",
            "wasi:clocks/monotonic-clock@0.2.12",
            "wasi:http/outgoing-handler@0.2.12",
            "wasi:http/types@0.2.12",
            "wasi:io/error@0.2.12",
            "wasi:io/poll@0.2.12",
            "wasi:io/streams@0.2.12",
            "wasi:random/random@0.2.12",
        ]
    );
    assert_eq!(inspection.exports, ["amplifier:provider/provider@0.1.0"]);
    assert_eq!(inspection.contract_version(), Some("0.1.0"));
}

#[test]
fn the_component_is_small() {
    let size = ProviderComponent::inspect(&component()).unwrap().size;
    assert!(size < MAX_COMPONENT_BYTES, "{size} bytes");
}

#[tokio::test]
async fn what_is_no_provider_is_refused_with_the_reason() {
    let other_contract =
        r#"(component (instance $i) (export "amplifier:provider/provider@0.2.0" (instance $i)))"#;
    let other_thing = r#"(component (instance $i) (export "wasi:cli/run@0.2.0" (instance $i)))"#;
    let greedy = r#"(component
        (import "wasi:filesystem/preopens@0.2.0" (instance))
        (instance $i) (export "amplifier:provider/provider@0.1.0" (instance $i)))"#;
    let hollow =
        r#"(component (instance $i) (export "amplifier:provider/provider@0.1.0" (instance $i)))"#;
    for (bytes, words) in [
        (
            b"not wasm at all".to_vec(),
            "is not a WebAssembly component",
        ),
        (Vec::new(), "is not a WebAssembly component"),
        (
            wat::parse_str("(module)").unwrap(),
            "is not a WebAssembly component",
        ),
        (
            fs::read(component()).unwrap()[..10_000].to_vec(),
            "is not a WebAssembly component",
        ),
        (
            wat::parse_str(other_contract).unwrap(),
            "does not export amplifier:provider/provider@0.1.0, which this host speaks; it exports \
             amplifier:provider/provider@0.2.0",
        ),
        (
            wat::parse_str(other_thing).unwrap(),
            "it exports wasi:cli/run@0.2.0",
        ),
        (
            wat::parse_str(greedy).unwrap(),
            "imports wasi:filesystem/preopens@0.2.0, which this host does not grant to providers",
        ),
        (wat::parse_str(hollow).unwrap(), "cannot run on this host"),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        let Err(error) = ProviderHost::builder().load(file.path()).await else {
            panic!("{words}: it was loaded");
        };
        assert!(error.to_string().contains(words), "{error}");
    }
    let missing = ProviderHost::builder().load("nowhere.wasm".as_ref()).await;
    assert!(matches!(missing, Err(LoadError::Read { .. })));
}
