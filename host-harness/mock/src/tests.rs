//! Tests of the mock over its own HTTP.

mod assertions;
mod client;
mod entra;
mod faults;
mod http;
mod items;
mod managed_identities;
mod media;
mod plain;
mod projects;
mod refused;
mod script;
mod scripted;
mod sign_in;
mod streams;
mod tokens;
