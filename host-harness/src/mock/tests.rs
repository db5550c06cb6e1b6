//! Tests of the mock over its own HTTP.

mod assertions;
mod client;
mod entra;
mod faults;
mod http;
mod managed_identities;
mod plain;
mod refused;
mod sign_in;
mod streams;
mod tokens;
