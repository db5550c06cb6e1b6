//! What tests of credentials share: surroundings, a credential and a server that do what they are told, and scripts in the
//! place of programs.

#![allow(clippy::unwrap_used, reason = "tests")]

mod fake;
#[cfg(unix)]
mod programs;
mod server;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use provider_host::Environment;
use provider_host::secret::Secret;

pub(super) use self::fake::Fake;
#[cfg(unix)]
pub(super) use self::programs::{Folder, limit_after};
pub(super) use self::server::{Reply, Seen, Server, deserted};
use super::AccessToken;
use super::managed_identity::ArcPaths;
use super::surroundings::{REQUEST_TIMEOUT, Surroundings, Transport};

/// What a machine with these variables, and nothing else, has.
pub(super) fn surroundings<const N: usize>(variables: [(&str, &str); N]) -> Surroundings {
    surroundings_in(Environment::from_iter(variables))
}

/// What a machine with this environment, and nothing else, has.
fn surroundings_in(environment: Environment) -> Surroundings {
    Surroundings {
        environment,
        transport: Transport::default(),
        clock: Arc::new(SystemTime::now),
        is_interactive: true,
        arc_paths: ArcPaths {
            agent: "/nowhere/himds".into(),
            tokens: "/nowhere/tokens".into(),
        },
        request_timeout: REQUEST_TIMEOUT,
    }
}

/// A token that ends so many seconds after [`epoch`].
pub(super) fn token(name: &str, seconds: u64) -> AccessToken {
    AccessToken {
        token: Secret::new(name),
        expires_on: epoch() + Duration::from_secs(seconds),
        refresh_on: None,
    }
}

/// When the clocks of tests begin.
pub(super) fn epoch() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}
