//! A provider that is loaded and checked, and not configured yet.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::capabilities::Capabilities;
use super::{CallError, ProviderHost};
use crate::component::{Inspection, ProviderComponent};
use crate::contract::types::ProviderInfo;
use crate::deadline::Deadline;
use crate::engine::ProviderEngine;
use crate::events::EventSubscriber;
use crate::instance;

/// A provider component that is loaded and checked. [`LoadedProvider::open`] makes a host of it. A clone shares all there is:
/// the component, the connections, the tokens.
#[derive(Clone)]
pub struct LoadedProvider {
    pub(super) engine: ProviderEngine,
    pub(super) component: ProviderComponent,
    pub(super) capabilities: Arc<Capabilities>,
}

impl LoadedProvider {
    /// What can be seen of the component.
    pub fn inspection(&self) -> &Inspection {
        self.component.inspection()
    }

    /// The same provider, whose hosts are heard by another subscriber than the builder's.
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
    pub async fn open(&self, config: &Map<String, Value>) -> Result<ProviderHost, CallError> {
        let grants = self.capabilities.for_config(config);
        // `Value` writes JSON only.
        let sealed = Value::Object(grants.secrets.seal_config(config)).to_string();
        let slots = |limit| self.capabilities.slots(config, limit);
        ProviderHost::open(self, grants, sealed, slots).await
    }
}

impl fmt::Debug for LoadedProvider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LoadedProvider")
            .field("inspection", self.inspection())
            .finish_non_exhaustive()
    }
}
