//! The contract, generated from `wit/`: here the provider is on the other side.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated; the documentation is in `wit/`"
)]

wit_bindgen::generate!({
    path: "../../wit",
    inline: "
        package amplifier:gateway-front;
        world front {
            import amplifier:provider/provider@0.2.0;
            import amplifier:provider/gateway@0.2.0;
        }
    ",
    generate_all,
    additional_derives: [PartialEq, Clone],
    // It owns a body, which is there once.
    additional_derives_ignore: ["http-response"],
    default_bindings_module: "crate::contract",
});

pub use self::amplifier::provider::{gateway, provider, types};

// Here, because what it generates is as unsafe as the rest of this file.
#[cfg(target_family = "wasm")]
use crate::handler::Front;
#[cfg(target_family = "wasm")]
::wasi::http::proxy::export!(Front);
