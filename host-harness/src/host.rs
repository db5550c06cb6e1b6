//! A provider that is loaded and open, as the rest of an agent host sees it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use wasmtime::Engine;
use wasmtime::component::{Linker, ResourceAny};

use crate::component::{Inspection, LoadError, ProviderComponent};
use crate::contract::ProviderModulePre;
use crate::contract::types::{
    ChatRequest, ChatResponse, ModelInfo, ProviderError, ProviderInfo, StreamEvent,
};
use crate::environment::Environment;
use crate::events::{EventSubscriber, NoSubscriber};
use crate::http::{Clients, HttpClient, Origin};
use crate::instance::{self, Grants, HostState, Instance};

/// How many idle instances are kept: as many as requests run at once by default (`max_concurrent_requests`).
const MAX_IDLE_INSTANCES: usize = 5;

/// The variables that name the endpoint when the configuration does not, in their order.
const ENDPOINT_VARIABLES: [&str; 2] = ["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"];

/// Runs one provider component.
pub struct ProviderHost {
    pre: ProviderModulePre<HostState>,
    inspection: Inspection,
    environment: Environment,
    allowed: Vec<Origin>,
    clients: Clients,
    events: Arc<dyn EventSubscriber>,
}

/// Sets up a [`ProviderHost`].
pub struct ProviderHostBuilder {
    environment: Environment,
    allowed: Vec<Origin>,
    events: Arc<dyn EventSubscriber>,
}

impl ProviderHost {
    /// A host that gives a provider an empty environment, no listener, and the way to its configured endpoint.
    pub fn builder() -> ProviderHostBuilder {
        ProviderHostBuilder {
            environment: Environment::default(),
            allowed: Vec::new(),
            events: Arc::new(NoSubscriber),
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
        let grants = self.grants(None);
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
        let grants = self.grants(endpoint(config, &self.environment).and_then(Origin::parse));
        // `Value` writes JSON only.
        let config = Value::Object(config.clone()).to_string();
        let instance = Instance::open(&self.pre, &grants, &config, false).await??;
        Ok(Provider(Arc::new(Opened {
            pre: self.pre.clone(),
            grants,
            config,
            idle: Mutex::new(vec![instance]),
        })))
    }

    /// Whether a configuration or the environment names an endpoint, a valid one or not.
    pub fn has_endpoint(config: &Map<String, Value>, environment: &Environment) -> bool {
        endpoint(config, environment).is_some()
    }

    fn grants(&self, endpoint: Option<Origin>) -> Grants {
        Grants {
            environment: self.environment.visible(),
            http: HttpClient::new(
                self.clients.clone(),
                self.allowed.iter().cloned().chain(endpoint),
            ),
            events: Arc::clone(&self.events),
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

    /// Who hears the provider's events.
    pub fn events(mut self, events: Arc<dyn EventSubscriber>) -> Self {
        self.events = events;
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
        Ok(ProviderHost {
            pre,
            inspection,
            environment: self.environment,
            allowed: self.allowed,
            clients: Clients::default(),
            events: self.events,
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

/// An open provider. Cheap to clone, and shared by tasks: each call has an instance of its own.
#[derive(Clone)]
pub struct Provider(Arc<Opened>);

struct Opened {
    pre: ProviderModulePre<HostState>,
    grants: Grants,
    config: String,
    idle: Mutex<Vec<Instance>>,
}

impl Provider {
    /// Each setting with its source, as a JSON object.
    ///
    /// # Errors
    ///
    /// When the component fails.
    pub async fn describe(&self) -> Result<String, CallError> {
        let mut instance = self.check_out().await?;
        let Instance {
            store,
            bindings,
            provider,
        } = &mut instance;
        let exports = bindings.amplifier_provider_provider();
        let description = exports.provider().call_describe(store, *provider).await?;
        self.give_back(instance);
        Ok(description)
    }

    /// The configured models.
    ///
    /// # Errors
    ///
    /// The provider's error, or the component's failure.
    pub async fn models(&self) -> Result<Vec<ModelInfo>, CallError> {
        let mut instance = self.check_out().await?;
        let Instance {
            store,
            bindings,
            provider,
        } = &mut instance;
        let exports = bindings.amplifier_provider_provider();
        let models = exports
            .provider()
            .call_list_models(store, *provider)
            .await?;
        self.give_back(instance);
        Ok(models?)
    }

    /// One whole exchange.
    ///
    /// # Errors
    ///
    /// The provider's error, or the component's failure.
    pub async fn complete(&self, request: &ChatRequest) -> Result<ChatResponse, CallError> {
        let mut instance = self.check_out().await?;
        let Instance {
            store,
            bindings,
            provider,
        } = &mut instance;
        let exports = bindings.amplifier_provider_provider();
        let response = exports
            .provider()
            .call_complete(store, *provider, request)
            .await?;
        self.give_back(instance);
        Ok(response?)
    }

    /// One exchange as it arrives; returns when the service has accepted the request.
    ///
    /// # Errors
    ///
    /// The provider's error, or the component's failure.
    pub async fn stream(&self, request: &ChatRequest) -> Result<ResponseStream, CallError> {
        let mut instance = self.check_out().await?;
        let Instance {
            store,
            bindings,
            provider,
        } = &mut instance;
        let exports = bindings.amplifier_provider_provider();
        let accepted = exports
            .provider()
            .call_complete_streaming(store, *provider, request)
            .await?;
        match accepted {
            Ok(stream) => Ok(ResponseStream {
                open: Some((instance, stream)),
                provider: self.clone(),
            }),
            Err(error) => {
                self.give_back(instance);
                Err(error.into())
            }
        }
    }

    /// A warm instance, or a fresh one. One whose call fails or is dropped half-way never comes back.
    async fn check_out(&self) -> Result<Instance, CallError> {
        let Opened {
            pre,
            grants,
            config,
            idle,
        } = &*self.0;
        let warm = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match warm {
            Some(instance) => Ok(instance),
            None => Ok(Instance::open(pre, grants, config, true).await??),
        }
    }

    fn give_back(&self, instance: Instance) {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE_INSTANCES {
            idle.push(instance);
        }
    }
}

/// A response that is arriving. Dropping it closes the exchange at once.
pub struct ResponseStream {
    /// The instance and its stream; none after the last event.
    open: Option<(Instance, ResourceAny)>,
    provider: Provider,
}

impl ResponseStream {
    /// Waits for the next event; none after the last one, and after an error.
    ///
    /// If the returned future is dropped before it is done, the stream is over.
    ///
    /// # Errors
    ///
    /// The provider's error, or the component's failure.
    pub async fn next(&mut self) -> Result<Option<StreamEvent>, CallError> {
        let Some((mut instance, stream)) = self.open.take() else {
            return Ok(None);
        };
        let Instance {
            store, bindings, ..
        } = &mut instance;
        let exports = bindings.amplifier_provider_provider();
        match exports
            .response_stream()
            .call_next(&mut *store, stream)
            .await?
        {
            Ok(Some(StreamEvent::Completed(response))) => {
                // The caller has what it wants; reading to the end, for the connection's sake, is our business.
                tokio::spawn(finish(self.provider.clone(), instance, stream));
                Ok(Some(StreamEvent::Completed(response)))
            }
            Ok(Some(event)) => {
                self.open = Some((instance, stream));
                Ok(Some(event))
            }
            Ok(None) => {
                close(&self.provider, instance, stream).await?;
                Ok(None)
            }
            Err(error) => {
                close(&self.provider, instance, stream).await?;
                Err(error.into())
            }
        }
    }
}

/// Lets the component read to the end of a response, and takes the instance back.
async fn finish(provider: Provider, mut instance: Instance, stream: ResourceAny) {
    let Instance {
        store, bindings, ..
    } = &mut instance;
    let exports = bindings.amplifier_provider_provider();
    let finished = match exports.response_stream().call_next(store, stream).await {
        Ok(_) => close(&provider, instance, stream).await,
        Err(error) => Err(error),
    };
    if let Err(error) = finished {
        tracing::warn!("the component failed after its last event: {error:#}");
    }
}

/// Drops a stream, and takes its instance back.
async fn close(
    provider: &Provider,
    mut instance: Instance,
    stream: ResourceAny,
) -> wasmtime::Result<()> {
    stream.resource_drop_async(&mut instance.store).await?;
    provider.give_back(instance);
    Ok(())
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The component broke: it trapped, or used more than it may. The instance is gone; the next call gets another.
    #[error("the provider component failed: {}", .0.root_cause())]
    Component(#[from] wasmtime::Error),

    /// The provider says what is wrong.
    #[error("{}", .0.message)]
    Provider(Box<ProviderError>),
}

impl From<ProviderError> for CallError {
    fn from(error: ProviderError) -> Self {
        Self::Provider(Box::new(error))
    }
}
