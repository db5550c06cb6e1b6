//! A wasmtime host for Amplifier provider components.
//!
//! [`ProviderHost`] loads a component, checks it, and gives it what it needs and nothing else: its configuration, the
//! environment variables on a list, tokens, an event sink, and HTTP to allowed origins. Keys and tokens are sealed: it sees
//! placeholders for them. It answers chat requests, whole or as they arrive. [`credentials`] are where tokens
//! come from, [`doctor`] says what is wrong with a configuration, and [`serve`] offers the provider over HTTP.
//!
//! ```no_run
//! use host_harness::{Environment, ProviderHost, kernel_json::chat_request};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let host = ProviderHost::builder()
//!     .environment(Environment::of_process())
//!     .load("target/component/azure_openai_provider.wasm")
//!     .await?
//!     .open(&serde_json::Map::new())
//!     .await?;
//! let request = chat_request::parse(r#"{"messages": [{"role": "user", "content": "Hello"}]}"#)?;
//! let response = host.complete(&request).await?;
//! # drop(response);
//! # Ok(())
//! # }
//! ```

pub mod bench;
pub mod cli;
pub mod clock;
pub mod component;
pub mod config_file;
pub mod contract;
pub mod credentials;
mod deadline;
pub mod doctor;
mod engine;
pub mod environment;
pub mod events;
mod host;
mod http;
mod instance;
pub mod kernel_json;
mod limits;
mod listener;
pub mod mock;
mod named_file;
mod programs;
mod sealed;
pub mod secret;
pub mod serve;
pub mod telemetry;
pub mod watch;

pub use crate::component::{Inspection, LoadError};
pub use crate::engine::{EngineError, ProviderEngine, ProviderEngineBuilder};
pub use crate::environment::Environment;
pub use crate::events::{CallId, Event, EventSubscriber, NoSubscriber};
pub use crate::host::{
    BuildId, CallError, CallOptions, ComponentError, ForwardedBody, LoadedProvider, ProviderHost,
    ProviderHostBuilder, RequestLimits, ResponseStream, Statistics, Swap, SwapError,
};
pub use crate::http::Origin;
pub use crate::limits::{LimitError, Limits};

/// The examples of the page on hosts are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../docs/host.md")]
struct HostPage;
