//! The contract, generated from `wit/`: here a provider is on the other side.

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
        package amplifier:gateway-guard;
        world host {
            export amplifier:provider/types@0.2.0;
            export amplifier:provider/events@0.2.0;
            export amplifier:provider/credentials@0.2.0;
            export amplifier:provider/shared-state@0.2.0;
        }
    ",
    additional_derives: [PartialEq, Clone],
    default_bindings_module: "crate::contract",
});

pub use self::exports::amplifier::provider::{credentials, events, shared_state};

// Here, because what it generates is as unsafe as the rest of this file.
#[cfg(target_family = "wasm")]
use crate::exports::Guard;
#[cfg(target_family = "wasm")]
export!(Guard);
