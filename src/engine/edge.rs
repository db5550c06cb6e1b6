//! What the engine needs from outside.

use std::time::Duration;

use crate::contract::credentials::{AccessToken, CredentialError, TokenRequest};
use crate::contract::events::Subscription;
use crate::core::config::{Environment, Scheme};
use crate::core::forward::Method;
use crate::core::headers::Headers;

/// The outside: everything that is not a function from values to values.
///
/// The calls block, because WASI 0.2 has no other way to wait. Another edge implements this trait and nothing else.
pub trait Edge: Clone {
    /// The body of a response.
    type Body: Body;

    /// The environment variables that the host lets us see.
    fn environment(&self) -> Environment;

    /// The present moment of a clock that never goes back.
    fn now(&self) -> Instant;

    /// The present moment of the calendar: the time since 1970, in UTC.
    fn unix_time(&self) -> Duration;

    /// Waits until that moment.
    fn sleep(&self, until: Instant);

    /// Sixteen random bytes.
    fn random(&self) -> [u8; 16];

    /// Which events the host listens to during the call that begins.
    fn subscription(&self) -> Subscription;

    /// Emits an event of the kernel; the payload is a JSON object.
    fn emit(&self, name: &str, payload: &str);

    /// Writes a line for debugging to the host's log.
    fn debug(&self, message: &str);

    /// Gets a token from the host's credentials.
    ///
    /// # Errors
    ///
    /// When no credential gives one.
    fn token(&self, request: &TokenRequest) -> Result<AccessToken, CredentialError>;

    /// Sends a request and waits for the head of its response.
    ///
    /// # Errors
    ///
    /// When there is no response, or none before `deadline`.
    fn send(
        &self,
        request: &Request<'_>,
        deadline: Instant,
    ) -> Result<Response<Self::Body>, TransportError>;
}

/// A body that arrives. Dropping it closes the exchange.
pub trait Body {
    /// The next bytes, at least one; none at the end of the body.
    ///
    /// # Errors
    ///
    /// When the connection breaks, or nothing comes before `deadline`.
    fn read(&mut self, deadline: Instant) -> Result<Option<Vec<u8>>, TransportError>;

    /// Adds what has arrived already, and waits for nothing. What is wrong is left to the next `read`.
    fn read_ready(&mut self, _bytes: &mut Vec<u8>) {}
}

/// A moment, as the time since some other moment that is always the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub Duration);

impl Instant {
    /// The moment that comes so much later.
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// The time from an earlier moment to this one.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// An HTTP request. Not for `Debug`: some of its headers are secrets.
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Host and port.
    pub authority: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The body, in parts; none for a request without one.
    pub body: &'a [&'a [u8]],
    /// How long connecting may take.
    pub connect_timeout: Duration,
}

/// The head of a response, and its body as it arrives.
#[derive(Debug)]
pub struct Response<B> {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: B,
}

/// Why there is no response, or no more of it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TransportError {
    /// The connection broke.
    #[error("the connection broke ({0})")]
    Broken(String),
    /// The host does not let us go there.
    #[error("the host does not allow it ({0})")]
    Denied(String),
    /// The host does not take the request as it is.
    #[error("the host does not take it ({0})")]
    Refused(String),
    /// The deadline passed.
    #[error("the time limit passed")]
    TimedOut,
    /// The host does not take the answer as it is.
    #[error("the host does not take it ({0})")]
    Unreadable(String),
    /// There is no connection.
    #[error("no connection ({0})")]
    Unreachable(String),
    /// The other side is not who it should be.
    #[error("its certificate is not trusted ({0})")]
    Untrusted(String),
}

impl TransportError {
    /// The name that WASI has for it, where it has one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Denied(name)
            | Self::Unreachable(name)
            | Self::Unreadable(name)
            | Self::Untrusted(name) => Some(name),
            Self::Broken(_) | Self::Refused(_) | Self::TimedOut => None,
        }
    }
}
