//! The real component in the real host, over real HTTP on loopback, against the mock of Azure OpenAI.
//!
//! `cargo xtask test` builds what these tests need.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod azure_policy;
mod bad_input;
mod bench;
mod call_options;
mod canaries;
mod command_line;
mod configuration;
mod confinement;
mod continuation;
mod cost;
mod crates;
mod credentials;
mod doctor;
#[cfg(unix)]
mod documentation;
mod embedded;
mod empty_answers;
mod endurance;
mod error_kinds;
mod errors;
mod event_log;
mod example;
mod faults;
mod forward;
mod fuzz;
mod generated;
mod golden;
mod hostile;
mod http_client;
mod items;
mod limits;
mod misbehaviour;
mod mock_script;
mod neighbours;
mod network;
mod pool;
mod projects;
mod readme;
mod refusals;
mod repair;
mod requests;
mod responses;
mod sealed;
mod second_provider;
mod serve;
mod settings;
mod streaming;
mod support;
mod swap;
mod telemetry;
mod thinking;
mod tool_calls;
mod wall_time;
mod watch;
