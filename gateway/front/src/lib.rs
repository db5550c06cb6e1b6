//! The HTTP front of the stand-alone gateway.
//!
//! A request comes in by `wasi:http/incoming-handler`; [`route`] says what it is for, [`access`] whether its sender may ask,
//! and the provider, another component, answers it. The routes, refusals and errors are those of `host-harness serve`, so that
//! a client sees no difference. What it is configured with are environment variables alone, because hosts of components have
//! nothing else in common.
//!
//! What touches WASI is in `handler`, `incoming` and `outgoing`, on WebAssembly targets only.

pub mod access;
pub mod contract;
pub mod failure;
pub mod headers;
pub mod models;
pub mod route;

#[cfg(target_family = "wasm")]
mod handler;
#[cfg(target_family = "wasm")]
mod incoming;
#[cfg(target_family = "wasm")]
mod outgoing;

/// The kernel's JSON form: the host's source, over the types that this component has of the same contract. A crate of its own
/// could only have the types of one of the two.
#[cfg(target_family = "wasm")]
#[path = "../../../host-harness/host/src/kernel_json/mod.rs"]
pub mod kernel_json;
