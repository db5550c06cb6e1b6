//! The edge to WASI 0.2 and to the contract's own imports.

mod http;
mod wait;

use std::time::Duration;

use wasi::cli::environment;
use wasi::clocks::{monotonic_clock, wall_clock};
pub(crate) use wasi::io::poll::Pollable;
use wasi::random::random;

use crate::contract::credentials::{self, AccessToken, CredentialError, TokenRequest};
use crate::contract::events::{self, Level, Subscription};
use crate::core::config::Environment;
use crate::engine::edge::{Edge, Instant, Request, Response, TransportError};

/// WASI 0.2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wasi02;

impl Wasi02 {
    /// Reports panics through the host's log: on a target without standard error they would leave no message.
    pub(crate) fn report_panics() {
        std::panic::set_hook(Box::new(|panic| {
            events::log(Level::Error, &panic.to_string())
        }));
    }

    /// Becomes ready when there is something to read of a body; without one it is ready.
    pub(crate) fn readiness(body: Option<&http::IncomingBody>) -> Pollable {
        match body {
            Some(body) => body.readiness(),
            None => monotonic_clock::subscribe_duration(0),
        }
    }
}

impl Edge for Wasi02 {
    type Body = http::IncomingBody;

    fn environment(&self) -> Environment {
        Environment::new(environment::get_environment())
    }

    fn now(&self) -> Instant {
        Instant(Duration::from_nanos(monotonic_clock::now()))
    }

    fn unix_time(&self) -> Duration {
        Duration::from_secs(wall_clock::now().seconds)
    }

    fn sleep(&self, until: Instant) {
        wait::until(until);
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        for (chunk, number) in bytes
            .chunks_exact_mut(8)
            .zip([random::get_random_u64(), random::get_random_u64()])
        {
            chunk.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    fn subscription(&self) -> Subscription {
        events::subscribed()
    }

    fn emit(&self, name: &str, payload: &str) {
        events::emit(name, payload);
    }

    fn debug(&self, message: &str) {
        events::log(Level::Debug, message);
    }

    fn token(&self, request: &TokenRequest) -> Result<AccessToken, CredentialError> {
        credentials::get_token(request)
    }

    fn send(
        &self,
        request: &Request<'_>,
        deadline: Instant,
    ) -> Result<Response<Self::Body>, TransportError> {
        http::send(request, deadline)
    }
}
