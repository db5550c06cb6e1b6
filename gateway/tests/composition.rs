//! What is in the file.

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::support::{component, gateway, gateway_for_spin};

#[test]
fn it_holds_the_provider_byte_for_byte() {
    let provider = std::fs::read(component()).unwrap();
    for gateway in [gateway(), gateway_for_spin()] {
        let gateway = std::fs::read(gateway).unwrap();
        let mut places = gateway.windows(provider.len());
        assert!(places.any(|place| place == provider));
    }
}

#[test]
fn it_imports_wasi_alone_and_takes_requests() {
    let engine = Engine::default();
    let gateway = Component::from_file(&engine, gateway()).unwrap();
    let of_type = gateway.component_type();
    let imports: Vec<&str> = of_type.imports(&engine).map(|(name, _)| name).collect();
    let of_others: Vec<_> = imports
        .iter()
        .filter(|name| !name.starts_with("wasi:") || !name.contains("@0.2."))
        .collect();
    assert!(of_others.is_empty(), "{of_others:?}");
    let exports: Vec<&str> = of_type.exports(&engine).map(|(name, _)| name).collect();
    assert_eq!(exports, ["wasi:http/incoming-handler@0.2.12"]);
}
