//! A host: one component, loaded and checked, and what it is given of the outside.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::clock::Clock;
use crate::component::{Inspection, LoadError, ProviderComponent};
use crate::contract::ProviderModulePre;
use crate::contract::types::ProviderInfo;
use crate::credentials::{AzureCredentials, TokenProvider};
use crate::engine::MAX_MEMORY_BYTES;
use crate::environment::Environment;
use crate::events::{EventSubscriber, NoSubscriber};
use crate::http::{Clients, HttpClient, Origin};
use crate::instance::{self, Grants, HostState};
use crate::provider::{CallError, Provider};
use crate::sealed::SealedSecrets;

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

/// Runs one provider component.
pub struct ProviderHost {
    pre: ProviderModulePre<HostState>,
    inspection: Inspection,
    environment: Environment,
    allowed: Vec<Origin>,
    clients: Clients,
    clock: Option<Arc<dyn Clock>>,
    events: Arc<dyn EventSubscriber>,
    credentials: Arc<dyn TokenProvider>,
    seals_secrets: bool,
    max_memory_bytes: usize,
}

/// Sets up a [`ProviderHost`].
pub struct ProviderHostBuilder {
    environment: Environment,
    allowed: Vec<Origin>,
    clock: Option<Arc<dyn Clock>>,
    events: Arc<dyn EventSubscriber>,
    credentials: Option<Arc<dyn TokenProvider>>,
    seals_secrets: bool,
    max_memory_bytes: usize,
}

impl ProviderHost {
    /// A host that gives a provider an empty environment, no listener, and the way to its configured endpoint. Secrets are
    /// sealed.
    pub fn builder() -> ProviderHostBuilder {
        ProviderHostBuilder {
            environment: Environment::default(),
            allowed: Vec::new(),
            clock: None,
            events: Arc::new(NoSubscriber),
            credentials: None,
            seals_secrets: true,
            max_memory_bytes: MAX_MEMORY_BYTES,
        }
    }

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
    pub async fn open(&self, config: &Map<String, Value>) -> Result<Provider, CallError> {
        let grants = self.grants(config, self.environment.visible());
        // `Value` writes JSON only.
        let config = Value::Object(grants.secrets.seal_config(config)).to_string();
        Provider::open(self.pre.clone(), grants, config).await
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

impl ProviderHostBuilder {
    /// The environment; a provider sees the variables on [`crate::environment::VISIBLE_VARIABLES`] of it.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Lets providers reach one more origin.
    pub fn allow(mut self, origin: Origin) -> Self {
        self.allowed.push(origin);
        self
    }

    /// What providers wait and measure time by; the system's clock without this. The host's own limits, such as those on
    /// connecting, are in real time in any case.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Who hears the provider's events.
    pub fn events(mut self, events: Arc<dyn EventSubscriber>) -> Self {
        self.events = events;
        self
    }

    /// Where tokens come from; without this, from Azure's credentials in the environment
    /// ([`crate::credentials::AzureCredentials`]).
    pub fn credentials(mut self, credentials: Arc<dyn TokenProvider>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Whether providers see placeholders instead of keys and tokens; they do unless this is false. The real values are
    /// put into the headers that leave for the endpoint.
    pub fn sealed_secrets(mut self, are_sealed: bool) -> Self {
        self.seals_secrets = are_sealed;
        self
    }

    /// The most memory that one instance may have, in bytes; 256 MiB without this, and at most. An instance that needs more
    /// fails, and its call with it.
    pub fn max_memory_bytes(mut self, bytes: usize) -> Self {
        self.max_memory_bytes = bytes.min(MAX_MEMORY_BYTES);
        self
    }

    /// Loads the component: compiled code comes from the cache, or is compiled now, which takes a second.
    ///
    /// # Errors
    ///
    /// When the file is no provider that this host runs.
    pub async fn load(self, path: &Path) -> Result<ProviderHost, LoadError> {
        let path = path.to_owned();
        // Compiling keeps all cores busy: not on the threads that carry other people's streams.
        let loading = tokio::task::spawn_blocking(move || load(&path));
        let (pre, inspection) = match loading.await {
            Ok(loaded) => loaded?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        let clients = Clients::default();
        let credentials = self.credentials.unwrap_or_else(|| {
            let credentials = AzureCredentials::builder()
                .environment(self.environment.clone())
                .clients(clients.clone());
            Arc::new(credentials.build())
        });
        Ok(ProviderHost {
            pre,
            inspection,
            environment: self.environment,
            allowed: self.allowed,
            clients,
            clock: self.clock,
            events: self.events,
            credentials,
            seals_secrets: self.seals_secrets,
            max_memory_bytes: self.max_memory_bytes,
        })
    }
}

fn load(path: &Path) -> Result<(ProviderModulePre<HostState>, Inspection), LoadError> {
    let refused = |error: wasmtime::Error| LoadError::refused(path, &error);
    let engine: Engine = crate::engine::engine().map_err(refused)?;
    let component = ProviderComponent::load(&engine, path)?;
    let mut linker = Linker::new(&engine);
    instance::link(&mut linker).map_err(refused)?;
    let pre = linker
        .instantiate_pre(component.component())
        .and_then(ProviderModulePre::new)
        .map_err(refused)?;
    Ok((pre, component.inspection().clone()))
}
