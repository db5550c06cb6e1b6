//! An HTTP service that offers a provider to other programs.
//!
//! It speaks two languages: the kernel's JSON form (`POST /v1/complete`, and `POST /v1/stream` with server-sent events),
//! and the API of OpenAI, all of it, so that its clients can use the sandboxed provider as their endpoint: what they say
//! below `/v1/` goes on to the service in their own words ([`Provider::forward`](provider_host::Provider::forward)), and
//! the answers come back as they are. `GET /health`, `/ready` and `/metrics` are for whoever runs it.
//!
//! A caller that goes away takes its call with it: the provider's exchange is closed at once.
//!
//! ```no_run
//! use std::sync::Arc;
//! use provider_host_serve::{Metrics, Service};
//! use provider_host::Environment;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let metrics = Arc::new(Metrics::new());
//! let host = provider_host_azure::host_builder(Environment::of_process())
//!     .events(metrics.clone())
//!     .load("target/component/azure_openai_provider.wasm")
//!     .await?;
//! let provider = host.open(&serde_json::Map::new()).await?;
//! let service = Service::builder().metrics(metrics).start(provider).await?;
//! println!("{}/v1 is the base URL for an SDK of OpenAI", service.url());
//! # Ok(())
//! # }
//! ```

mod body;
mod builder;
mod exchange;
mod failure;
mod guard;
mod ids;
mod intake;
mod listener;
mod metrics;
mod models;
mod patience;
mod ready;
mod route;
mod server;
mod tell;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use self::builder::{ServiceBuilder, ServiceError};
pub use self::metrics::Metrics;

/// The example of the README is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// A running service. Dropping it closes the listener and every connection.
pub struct Service {
    address: SocketAddr,
    stop: watch::Sender<Option<Duration>>,
    server: JoinHandle<usize>,
}

impl Service {
    /// A service on loopback, at a port of the system's choice and without a key.
    pub fn builder() -> ServiceBuilder {
        ServiceBuilder::new()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address that clients on this machine ask: one of loopback, where it listens on all.
    pub fn url(&self) -> String {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(ip, self.address.port()))
    }

    /// Takes no more requests, and waits until the answers that are running are at their end, but not longer than `limit`.
    /// Returns how many connections were cut off then.
    pub async fn shut_down(mut self, limit: Duration) -> usize {
        self.stop.send_replace(Some(limit));
        // It fails only when the server panicked, and then there is nothing left to wait for.
        (&mut self.server).await.unwrap_or_default()
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}
