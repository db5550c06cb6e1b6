//! A wasmtime host for Amplifier provider components.
//!
//! [`Host::builder`] sets up a host and loads a component into it. The host checks the component, and gives it what it needs
//! and nothing else: its configuration, the environment variables on a list, tokens, an event sink, and HTTP to allowed
//! origins. Keys and tokens are sealed: the component sees placeholders for them. [`Host::open`] makes a [`Provider`] of a
//! configuration, which answers chat requests, whole or as they arrive.
//!
//! ```no_run
//! use provider_host::{Environment, Host, kernel_json::chat_request};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let host = Host::builder()
//!     .environment(Environment::of_process())
//!     .load("target/component/azure_openai_provider.wasm")
//!     .await?;
//! let provider = host.open(&serde_json::Map::new()).await?;
//! let request = chat_request::parse(r#"{"messages": [{"role": "user", "content": "Hello"}]}"#)?;
//! let response = provider.complete(&request).await?;
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
pub mod http;
mod instance;
pub mod kernel_json;
mod limits;
pub mod named_file;
mod sealed;
pub mod secret;
pub mod telemetry;
pub mod watch;

pub use crate::component::{Inspection, LoadError};
pub use crate::engine::{EngineError, ProviderEngine, ProviderEngineBuilder};
pub use crate::environment::Environment;
pub use crate::events::{CallId, Event, EventSubscriber, NoSubscriber};
pub use crate::host::{
    BuildId, CallError, CallOptions, ComponentError, ForwardedBody, Host, HostBuilder, MAPPING,
    Provider, RequestLimits, ResponseStream, Statistics, Swap, SwapError, has_endpoint, setting,
};
pub use crate::http::Origin;
pub use crate::limits::{LimitError, Limits, MAX_DOCUMENT_BYTES};
