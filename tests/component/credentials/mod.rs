//! Where tokens come from: each credential, and the chain, the cache and the renewal of tokens over all of them.
//!
//! The credentials are the host's, the services that give out tokens are the mock's, and the programs that people log in
//! with are scripts that write what the real ones do. No test asks anything outside of this machine.

mod authority;
mod cache;
mod environment;
mod managed_identity;
mod renewal;
mod scope;
mod support;
mod workload_identity;

// The programs of developers are shell scripts here.
#[cfg(unix)]
mod browser;
#[cfg(unix)]
mod chain;
#[cfg(unix)]
mod developer_tools;
#[cfg(unix)]
mod machine;
#[cfg(unix)]
mod programs;
#[cfg(unix)]
mod time_limits;
