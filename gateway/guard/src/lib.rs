//! What the stand-alone gateway gives its provider instead of a host, and the wall around it.
//!
//! The provider's own imports, `events`, `credentials` and `shared-state`, are made of WASI alone here: lines on standard error,
//! tokens by a client secret, a workload identity or a managed identity, and what one instance knows of its deployments. Two of WASI's interfaces reach the provider through this
//! component only: `wasi:cli/environment`, of which it sees the variables that it is configured with, and
//! `wasi:http/outgoing-handler`, which leads to the configured endpoint and nowhere else. So it sees no client secret, and
//! the wall holds because each component has a memory of its own.
//!
//! What touches WASI is in `exports`, `file`, `http`, `lines` and `wall`, on WebAssembly targets only.

pub mod address;
pub mod contract;
pub mod identity;
pub mod variables;

#[cfg(target_family = "wasm")]
mod exports;
#[cfg(target_family = "wasm")]
mod file;
#[cfg(target_family = "wasm")]
mod http;
#[cfg(target_family = "wasm")]
mod lines;
#[cfg(target_family = "wasm")]
mod wall;
