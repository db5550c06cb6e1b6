//! `host-harness doctor` and `host-harness models`: what they say of configurations that work, and of others.

mod failures;
mod models;
mod reports;
mod support;
