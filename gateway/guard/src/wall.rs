//! The two interfaces of WASI that reach the provider through the guard, generated from `wit/` beside this crate.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated; the documentation is WASI's"
)]

wit_bindgen::generate!({
    path: ["wit/io", "wit/clocks", "wit/cli", "wit/http"],
    inline: "
        package amplifier:gateway-guard;
        world wall {
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
    default_bindings_module: "crate::wall",
});

pub use self::exports::wasi::{cli, http};

// Here, because what it generates is as unsafe as the rest of this file.
use crate::exports::Guard;
export!(Guard);
