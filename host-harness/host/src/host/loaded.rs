//! A host: a provider component that is loaded and checked, and not configured yet.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::capabilities::Capabilities;
use super::{CallError, HostBuilder, Provider};
use crate::component::{Inspection, ProviderComponent};
use crate::contract::types::ProviderInfo;
use crate::deadline::Deadline;
use crate::engine::ProviderEngine;
use crate::events::EventSubscriber;
use crate::instance;

/// A provider component that is loaded and checked, and what it may have of the outside. [`Host::open`] makes a [`Provider`]
/// of it. A clone shares all there is: the component, the connections, the tokens.
#[derive(Clone)]
pub struct Host {
    pub(super) engine: ProviderEngine,
    pub(super) component: ProviderComponent,
    pub(super) capabilities: Arc<Capabilities>,
}

impl Host {
    /// Sets up a host. It gives a provider an empty environment, no listener, no tokens, and the way to its configured
    /// endpoint. Secrets are sealed.
    pub fn builder() -> HostBuilder {
        HostBuilder::new()
    }

    /// What can be seen of the component.
    pub fn inspection(&self) -> &Inspection {
        self.component.inspection()
    }

    /// The same host, whose providers are heard by another subscriber than the builder's.
    #[must_use]
    pub fn heard_by(&self, events: Arc<dyn EventSubscriber>) -> Self {
        Self {
            capabilities: Arc::new(Capabilities {
                events,
                ..(*self.capabilities).clone()
            }),
            ..self.clone()
        }
    }

    /// What the provider says of itself.
    ///
    /// # Errors
    ///
    /// When the component fails.
    pub async fn info(&self) -> Result<ProviderInfo, CallError> {
        let grants = self.capabilities.nothing();
        let deadline = Deadline::of_start(grants.limits.start_time);
        let pre = self.component.pre();
        Ok(instance::info(&self.engine, pre, &grants, deadline).await?)
    }

    /// Opens the provider with a configuration. It may reach the endpoint that this configuration names, or else the
    /// environment, and what the builder allowed.
    ///
    /// # Errors
    ///
    /// When the configuration is wrong, or the component fails.
    pub async fn open(&self, config: &Map<String, Value>) -> Result<Provider, CallError> {
        let grants = self.capabilities.for_config(config);
        // `Value` writes JSON only.
        let sealed = Value::Object(grants.secrets.seal_config(config)).to_string();
        let slots = |limit| self.capabilities.slots(config, limit);
        Provider::open(self, grants, sealed, slots).await
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Host")
            .field("inspection", self.inspection())
            .finish_non_exhaustive()
    }
}
