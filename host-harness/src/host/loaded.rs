//! A provider that is loaded and checked, and not configured yet.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{CallError, ProviderHost};
use crate::clock::Clock;
use crate::component::Inspection;
use crate::contract::ProviderModulePre;
use crate::contract::types::ProviderInfo;
use crate::credentials::TokenProvider;
use crate::environment::Environment;
use crate::events::EventSubscriber;
use crate::http::{Clients, HttpClient, Origin};
use crate::instance::{self, Grants, HostState};
use crate::sealed::SealedSecrets;

/// A provider component that is loaded and checked. [`LoadedProvider::open`] makes a host of it.
pub struct LoadedProvider {
    pub(super) pre: ProviderModulePre<HostState>,
    pub(super) inspection: Inspection,
    pub(super) environment: Environment,
    pub(super) allowed: Vec<Origin>,
    pub(super) clients: Clients,
    pub(super) clock: Option<Arc<dyn Clock>>,
    pub(super) events: Arc<dyn EventSubscriber>,
    pub(super) credentials: Arc<dyn TokenProvider>,
    pub(super) seals_secrets: bool,
    pub(super) max_memory_bytes: usize,
}

impl LoadedProvider {
    /// What can be seen of the component.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// What the provider says of itself.
    ///
    /// # Errors
    ///
    /// When the component fails.
    pub async fn info(&self) -> Result<ProviderInfo, CallError> {
        let grants = self.grants(&Map::new(), Vec::new());
        let mut store = instance::store(self.pre.engine(), &grants);
        let bindings = self.pre.instantiate_async(&mut store).await?;
        let exports = bindings.amplifier_provider_provider();
        Ok(exports.call_get_info(&mut store).await?)
    }

    /// Opens the provider with a configuration. It may reach the endpoint that this configuration names, or else the
    /// environment, and what the builder allowed.
    ///
    /// # Errors
    ///
    /// When the configuration is wrong, or the component fails.
    pub async fn open(&self, config: &Map<String, Value>) -> Result<ProviderHost, CallError> {
        let grants = self.grants(config, self.environment.visible());
        // `Value` writes JSON only.
        let config = Value::Object(grants.secrets.seal_config(config)).to_string();
        ProviderHost::open(self.pre.clone(), grants, config).await
    }

    /// Whether a configuration or the environment names an endpoint, a valid one or not.
    pub fn has_endpoint(config: &Map<String, Value>, environment: &Environment) -> bool {
        endpoint(config, environment).is_some()
    }

    fn grants(&self, config: &Map<String, Value>, variables: Vec<(String, String)>) -> Grants {
        let secrets = Arc::new(SealedSecrets::new(self.seals_secrets));
        let configured_scope = config.get("token_scope").and_then(Value::as_str);
        let scopes = configured_scope
            .map(str::trim)
            .filter(|scope| !scope.is_empty())
            .into_iter()
            .chain(TOKEN_SCOPES);
        Grants {
            clock: self.clock.clone(),
            environment: secrets.seal_environment(variables),
            http: HttpClient::new(
                self.clients.clone(),
                endpoint(config, &self.environment).and_then(Origin::parse),
                self.allowed.iter().cloned(),
                Arc::clone(&secrets),
            ),
            events: Arc::clone(&self.events),
            credentials: Arc::clone(&self.credentials),
            token_scopes: scopes.map(str::to_owned).collect(),
            secrets,
            max_memory_bytes: self.max_memory_bytes,
        }
    }
}

/// The endpoint's address as it is written: the same that the provider takes.
fn endpoint<'a>(config: &'a Map<String, Value>, environment: &'a Environment) -> Option<&'a str> {
    let configured = config.get("azure_endpoint").and_then(|value| match value {
        Value::Null => None,
        Value::String(address) => Some(address.as_str()),
        // Not an address, and set all the same: the provider says what is wrong with it.
        _ => Some("no address"),
    });
    let variables = ENDPOINT_VARIABLES
        .iter()
        .filter_map(|name| environment.get(name));
    configured
        .into_iter()
        .chain(variables)
        .find(|address| !address.trim().is_empty())
}

/// The variables that name the endpoint when the configuration does not, in their order.
const ENDPOINT_VARIABLES: [&str; 2] = ["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"];

/// What tokens may be for, beside `token_scope`: the services of Azure AI, in each cloud. A provider that could ask for any
/// scope could manage the subscription.
const TOKEN_SCOPES: [&str; 6] = [
    "https://ai.azure.cn/.default",
    "https://ai.azure.com/.default",
    "https://ai.azure.us/.default",
    "https://cognitiveservices.azure.cn/.default",
    "https://cognitiveservices.azure.com/.default",
    "https://cognitiveservices.azure.us/.default",
];
