//! The contract, generated from `wit/`.
//!
//! The generated types are plain Rust, so that the core uses them as they are and is unit-tested natively.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated; the documentation is in `wit/`"
)]

macro_rules! generate {
    ($($more:tt)*) => {
        wit_bindgen::generate!({
            path: "wit",
            world: "provider-module",
            additional_derives: [PartialEq, Clone],
            // It owns a body, which is there once.
            additional_derives_ignore: ["http-response"],
            default_bindings_module: "crate::contract",
            pub_export_macro: true,
            $($more)*
        });
    };
}

#[cfg(target_family = "wasm")]
generate! { with: { "wasi:io/poll@0.2.12": wasi::io::poll } }
#[cfg(not(target_family = "wasm"))]
generate! { generate_all }

pub use self::amplifier::provider::{credentials, events, types};
pub use self::exports::amplifier::provider::{gateway, provider};

// Here, because what it generates is as unsafe as the rest of this file.
#[cfg(target_family = "wasm")]
use crate::exports::Component;
#[cfg(target_family = "wasm")]
export!(Component);
