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
use crate::instance;

/// A provider component that is loaded and checked. [`LoadedProvider::open`] makes a host of it.
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
        let config = Value::Object(grants.secrets.seal_config(config)).to_string();
        ProviderHost::open(self, grants, config).await
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
