//! How a service is set up.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use provider_host::secret::Secret;
use provider_host::{MAX_DOCUMENT_BYTES, Provider};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::exchange::{Exchange, Options};
use super::guard::Guard;
use super::ids::Ids;
use super::intake::Intake;
use super::metrics::Metrics;
use super::ready::Readiness;
use super::{Service, route, server};

/// The settings of a service that is not running yet; see [`Service::builder`].
pub struct ServiceBuilder {
    address: SocketAddr,
    key: Option<Secret>,
    metrics: Option<Arc<Metrics>>,
    options: Options,
}

impl ServiceBuilder {
    pub(super) fn new() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            key: None,
            metrics: None,
            options: Options {
                keepalive: KEEPALIVE,
                max_body_bytes: MAX_DOCUMENT_BYTES,
                max_bytes_in_work: MAX_BYTES_IN_WORK,
                max_connections: MAX_CONNECTIONS,
                header_time: HEADER_TIME,
                body_time: BODY_TIME,
                send_time: SEND_TIME,
            },
        }
    }

    /// Listens there instead of on a loopback port of the system's choice. Elsewhere than on loopback it takes a key.
    #[must_use]
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// The key that clients must send, as a bearer token. Without one, whoever is on this machine may ask.
    #[must_use]
    pub fn key(mut self, key: Secret) -> Self {
        self.key = Some(key);
        self
    }

    /// What counts the requests, and what `/metrics` shows. To count the provider's events too, they are a subscriber of
    /// its host.
    #[must_use]
    pub fn metrics(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// How long a stream in the kernel's form may be silent before a comment says that it goes on; 15 seconds without this.
    #[must_use]
    pub fn keepalive(mut self, interval: Duration) -> Self {
        self.options.keepalive = interval;
        self
    }

    /// The most bytes that the body of a request may have; 40 MiB without this, more than which does not fit into
    /// an instance.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.options.max_body_bytes = bytes;
        self
    }

    /// The most bytes that the bodies of all requests may take together, while they are read, wait for others and run; 192 MiB
    /// without this. A request for which there is no room gets a 503 that says when to come again.
    #[must_use]
    pub fn max_bytes_in_work(mut self, bytes: usize) -> Self {
        self.options.max_bytes_in_work = bytes;
        self
    }

    /// How many connections there may be at once; 2,000 without this. One more waits to be accepted until another ends.
    #[must_use]
    pub fn max_connections(mut self, count: usize) -> Self {
        self.options.max_connections = count.max(1);
        self
    }

    /// How long a client may take for the head of a request, and may keep a connection without one; 30 seconds without this.
    #[must_use]
    pub fn header_time(mut self, limit: Duration) -> Self {
        self.options.header_time = limit;
        self
    }

    /// How long a client may take for the body of a request; two minutes without this.
    #[must_use]
    pub fn body_time(mut self, limit: Duration) -> Self {
        self.options.body_time = limit;
        self
    }

    /// How long a client may take nothing of an answer that is there for it, before its connection and its call end; a
    /// minute without this.
    #[must_use]
    pub fn send_time(mut self, limit: Duration) -> Self {
        self.options.send_time = limit;
        self
    }

    /// Starts to serve, on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When the key is empty, or missing where one is needed, or when the address cannot be bound.
    pub async fn start(self, host: Provider) -> Result<Service, ServiceError> {
        let address = self.address;
        match &self.key {
            Some(key) if key.expose().trim().is_empty() => return Err(ServiceError::EmptyKey),
            None if !address.ip().is_loopback() => return Err(ServiceError::KeyNeeded(address)),
            _ => {}
        }
        let bind_error = |source| ServiceError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let exchange = Exchange {
            host,
            guard: Guard::new(self.key.as_ref(), address),
            metrics: self.metrics.unwrap_or_default(),
            ids: Ids::random(),
            intake: Intake::new(self.options.max_bytes_in_work, self.options.max_body_bytes),
            readiness: Readiness::default(),
            options: self.options,
        };
        let options = exchange.options.clone();
        let router = route::router(Arc::new(exchange));
        let (stop, stopped) = watch::channel(None);
        Ok(Service {
            address,
            stop,
            server: tokio::spawn(async move {
                server::serve(listener, router, &options, stopped).await
            }),
        })
    }
}

/// Why a service did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}: {source}; choose another address")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key has no characters.
    #[error("the key of the service is empty; give it one, or leave it out on a loopback address")]
    EmptyKey,
    /// Whoever reaches the address could ask at the owner's cost.
    #[error(
        "{0} can be reached from other machines, so that a key is needed; set HOST_HARNESS_KEY, or listen on 127.0.0.1"
    )]
    KeyNeeded(SocketAddr),
}

/// Well below the minute after which proxies and clients take a silent connection for dead.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Four of the largest bodies while they are parsed, and three hundred conversations of half a megabyte that wait.
const MAX_BYTES_IN_WORK: usize = 192 * 1024 * 1024;

/// Twice as many as the provider has places for; each has a file descriptor and some kilobytes.
const MAX_CONNECTIONS: usize = 2_000;

/// Whoever needs longer for some hundred bytes does not mean to send them.
const HEADER_TIME: Duration = Duration::from_secs(30);

/// As long as the largest body takes at 3 Mbit/s.
const BODY_TIME: Duration = Duration::from_secs(120);

/// Whoever looks at an answer piece by piece does so within it; a program that hangs does not.
const SEND_TIME: Duration = Duration::from_secs(60);
