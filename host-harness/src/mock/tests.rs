//! Tests of the mock over its own HTTP.

mod client;
mod faults;
mod http;
mod plain;
mod refused;
mod streams;
