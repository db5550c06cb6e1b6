//! What holds for every conversation and every response, shown with thousands that a generator makes. They go through
//! the component's core and the checks of the mock, without WebAssembly and HTTP: it is quantity that counts here.
//!
//! A failure names the seed, which makes the same again.

mod conversations;
pub(crate) mod generator;
mod requests;
mod responses;
mod values;
