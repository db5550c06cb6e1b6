//! The interfaces, generated.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]

wit_bindgen::generate!({
    path: ["../guard/wit/cli", "wit"],
    inline: "
        package amplifier:gateway-spin;
        world variables {
            import wasi:config/store@0.2.0-draft-2024-09-27;
            import wasi:cli/environment@0.2.12;
            export wasi:cli/environment@0.2.12;
        }
    ",
    generate_all,
    default_bindings_module: "crate::contract",
});

// Here, because what it generates is as unsafe as the rest of this file.
use crate::exports::Variables;
export!(Variables);
