//! The contract, generated from `wit/`: the same files that the component is built from.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    reason = "generated; the documentation is in `wit/`"
)]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "provider-module",
    imports: {
        // More events than a call may emit end it.
        "amplifier:provider/events": async | trappable,
        default: async,
    },
    exports: { default: async },
    additional_derives: [PartialEq, Clone],
});

pub use amplifier::provider::{credentials, events, types};
