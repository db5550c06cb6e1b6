//! A wasmtime host for Amplifier provider components.
//!
//! [`Host::builder`] sets up a host and loads a component into it. The host checks the component, and gives it what its
//! [`Policy`] says and nothing else: its configuration, some environment variables, tokens, an event sink, and HTTP to its
//! endpoint. Keys and tokens are sealed: the component sees placeholders for them. [`Host::open`] makes a [`Provider`] of a
//! configuration, which answers chat requests, whole or as they arrive.
//!
//! ```no_run
//! use http::HeaderName;
//! use provider_host::contract::types::ChatRequest;
//! use provider_host::{Environment, Host, Policy, SecretHeader, Setting};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SecretHeader::Value(HeaderName::from_static("x-api-key"));
//! let policy = Policy::new()
//!     .endpoint(Setting::new("base_url").or_variable("ACME_BASE_URL"))
//!     .secret(Setting::new("key").or_variable("ACME_KEY"), key);
//! let host = Host::builder()
//!     .policy(policy)
//!     .environment(Environment::of_process())
//!     .load("acme_provider.wasm")
//!     .await?;
//! let provider = host.open(&serde_json::Map::new()).await?;
//! let response = provider.complete(&ChatRequest::user("Hello")).await?;
//! # drop(response);
//! # Ok(())
//! # }
//! ```

pub mod clock;
pub mod component;
pub mod contract;
pub mod credentials;
mod deadline;
mod engine;
pub mod environment;
pub mod events;
mod host;
mod http;
mod instance;
pub mod kernel_json;
mod limits;
pub mod named_file;
mod policy;
mod sealed;
pub mod secret;
pub mod telemetry;
pub mod watch;

pub use crate::component::{Inspection, LoadError};
pub use crate::engine::{EngineError, ProviderEngine, ProviderEngineBuilder};
pub use crate::environment::Environment;
pub use crate::events::{CallId, Event, EventSubscriber, NoSubscriber};
pub use crate::host::{
    BuildId, CallError, CallOptions, ComponentError, ForwardedBody, Host, HostBuilder, Provider,
    RequestLimits, ResponseStream, Statistics, Swap, SwapError,
};
pub use crate::http::{
    Endpoint, HttpBody, HttpClient, HttpError, HttpErrorKind, Origin, PooledClient,
    PooledClientBuilder, PooledClientError, Proxies,
};
pub use crate::limits::{LimitError, Limits, MAX_DOCUMENT_BYTES};
pub use crate::policy::{Policy, SecretHeader, Setting};

/// The example of the README is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
