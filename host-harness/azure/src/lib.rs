//! What is Azure's about a host for Amplifier provider components.
//!
//! [`host_builder`] sets up a [`provider_host::Host`] for the Azure OpenAI provider. [`credentials`] are where its tokens come
//! from, [`config_file`] reads its settings in every form that Amplifier has for them, and [`doctor`] says what is wrong with
//! a configuration, and how to mend it.
//!
//! ```no_run
//! use provider_host::{Environment, kernel_json::chat_request};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let host = provider_host_azure::host_builder(Environment::of_process())
//!     .load("target/component/azure_openai_provider.wasm")
//!     .await?;
//! let provider = host.open(&serde_json::Map::new()).await?;
//! let request = chat_request::parse(r#"{"messages": [{"role": "user", "content": "Hello"}]}"#)?;
//! let response = provider.complete(&request).await?;
//! # drop(response);
//! # Ok(())
//! # }
//! ```

pub mod config_file;
pub mod credentials;
pub mod doctor;
pub mod policy;
pub mod programs;

use std::sync::Arc;

use provider_host::{Environment, Host, HostBuilder};

use crate::credentials::AzureCredentials;

/// Sets up a host for the Azure OpenAI provider: with this environment, with [its policy](policy::policy), and with the
/// credentials that are in the environment, over the host's client.
pub fn host_builder(environment: Environment) -> HostBuilder {
    Host::builder()
        .policy(policy::policy())
        .environment(environment)
        .credentials_from(|environment, http| {
            let credentials = AzureCredentials::builder()
                .environment(environment.clone())
                .http(Arc::clone(http));
            Arc::new(credentials.build())
        })
}

/// The examples of the page on hosts are compiled.
#[cfg(doctest)]
#[doc = include_str!("../docs/host.md")]
struct HostPage;

/// The example of the README is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
