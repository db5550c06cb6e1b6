//! The contract and the two interfaces of WASI, generated from `wit/`: here a provider is on the other side.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated; the documentation is in `wit/`"
)]

#[cfg(target_family = "wasm")]
wit_bindgen::generate!({
    path: ["wit/io", "wit/clocks", "wit/cli", "wit/http", "../../wit"],
    inline: "
        package amplifier:gateway-guard;
        world guard {
            export amplifier:provider/types@0.2.0;
            export amplifier:provider/events@0.2.0;
            export amplifier:provider/credentials@0.2.0;
            export wasi:cli/environment@0.2.12;
            export wasi:http/outgoing-handler@0.2.12;
        }
    ",
    // The resources of requests are the host's.
    with: {
        "wasi:clocks/monotonic-clock@0.2.12": wasi::clocks::monotonic_clock,
        "wasi:http/types@0.2.12": wasi::http::types,
        "wasi:io/error@0.2.12": wasi::io::error,
        "wasi:io/poll@0.2.12": wasi::io::poll,
        "wasi:io/streams@0.2.12": wasi::io::streams,
    },
    additional_derives: [PartialEq, Clone],
    default_bindings_module: "crate::contract",
});

/// Outside WebAssembly, where tests run: the same types of tokens.
#[cfg(not(target_family = "wasm"))]
wit_bindgen::generate!({
    path: "../../wit",
    inline: "
        package amplifier:gateway-guard;
        world guard {
            export amplifier:provider/credentials@0.2.0;
        }
    ",
    additional_derives: [PartialEq, Clone],
    default_bindings_module: "crate::contract",
});

pub use self::exports::amplifier::provider::credentials;
#[cfg(target_family = "wasm")]
pub use self::exports::amplifier::provider::events;
#[cfg(target_family = "wasm")]
pub use self::exports::wasi::{cli, http};

// Here, because what it generates is as unsafe as the rest of this file.
#[cfg(target_family = "wasm")]
use crate::exports::Guard;
#[cfg(target_family = "wasm")]
export!(Guard);
