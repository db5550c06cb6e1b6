//! The pure core: what Azure OpenAI, the Responses API and the Amplifier kernel say, as functions from values to values.
//!
//! Nothing in here does I/O, reads a clock, draws a random number or keeps global state, and nothing knows of
//! WebAssembly.

pub mod classify;
pub mod config;
pub mod deployment;
pub mod error;
pub mod failover;
pub mod forward;
pub mod headers;
pub mod info;
pub mod item;
pub mod json;
pub mod model;
pub mod pricing;
pub mod request;
pub mod response;
pub mod retry;
pub mod secret;
pub mod sse;

#[cfg(test)]
mod boundaries;
