//! A host: an open provider, what it answers, and how its answers arrive.

mod builder;
mod error;
mod loaded;
mod response_stream;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::Store;
use wasmtime::component::ResourceAny;

use crate::contract::ProviderModulePre;
use crate::contract::exports::amplifier::provider::provider::GuestProvider;
use crate::contract::types::{ChatRequest, ChatResponse, ModelInfo};
use crate::events::CallId;
use crate::instance::{Grants, HostState, Instance};

pub use self::builder::ProviderHostBuilder;
pub use self::error::CallError;
pub use self::loaded::LoadedProvider;
pub use self::response_stream::ResponseStream;

/// How many idle instances are kept: as many as requests run at once by default (`max_concurrent_requests`).
const MAX_IDLE_INSTANCES: usize = 5;

/// An open provider. Cheap to clone, and shared by tasks: each call has an instance of its own.
#[derive(Clone)]
pub struct ProviderHost(Arc<Opened>);

struct Opened {
    pre: ProviderModulePre<HostState>,
    grants: Grants,
    config: String,
    idle: Mutex<Vec<Instance>>,
    /// One permit for each request that may run; none without a limit.
    gate: Option<Arc<Semaphore>>,
    /// How many calls there were.
    calls: AtomicU64,
}

impl ProviderHost {
    /// A host that gives a provider an empty environment, no listener, and the way to its configured endpoint. Secrets are
    /// sealed.
    pub fn builder() -> ProviderHostBuilder {
        ProviderHostBuilder::new()
    }

    /// Opens a configuration, for which the provider tells its warnings this once.
    async fn open(
        pre: ProviderModulePre<HostState>,
        grants: Grants,
        config: String,
    ) -> Result<Self, CallError> {
        let opened = Instance::open(&pre, &grants, &config, false).await?;
        let mut instance = opened.map_err(|error| grants.error(error))?;
        let limit = max_concurrent_requests(&mut instance).await?;
        Ok(Self(Arc::new(Opened {
            pre,
            grants,
            config,
            idle: Mutex::new(vec![instance]),
            gate: limit.map(|limit| Arc::new(Semaphore::new(limit))),
            calls: AtomicU64::new(0),
        })))
    }

    /// Each setting with its source, as a JSON object.
    ///
    /// # Errors
    ///
    /// When the component fails.
    pub async fn describe(&self) -> Result<String, CallError> {
        let description = self
            .call(async |guest, store, provider| guest.call_describe(store, provider).await)
            .await?;
        // A setting that is shown may repeat one that is not.
        Ok(self.0.grants.secrets.redact(&description).into_owned())
    }

    /// The configured models.
    ///
    /// # Errors
    ///
    /// The provider's error, or the component's failure.
    pub async fn models(&self) -> Result<Vec<ModelInfo>, CallError> {
        let models = self
            .call(async |guest, store, provider| guest.call_list_models(store, provider).await)
            .await?;
        models.map_err(|error| self.0.grants.error(error))
    }

    /// One whole exchange.
    ///
    /// # Errors
    ///
    /// The provider's error, or the component's failure.
    pub async fn complete(&self, request: &ChatRequest) -> Result<ChatResponse, CallError> {
        let permit = self.permit().await;
        let complete = self.call(async |guest, store, provider| {
            guest.call_complete(store, provider, request).await
        });
        let response = complete.await?;
        drop(permit);
        response.map_err(|error| self.0.grants.error(error))
    }

    /// One exchange as it arrives; returns when the service has accepted the request.
    ///
    /// # Errors
    ///
    /// The provider's error, or the component's failure.
    pub async fn stream(&self, request: &ChatRequest) -> Result<ResponseStream, CallError> {
        let permit = self.permit().await;
        let (mut instance, accepted) = self
            .enter(async |guest, store, provider| {
                guest
                    .call_complete_streaming(store, provider, request)
                    .await
            })
            .await?;
        match accepted {
            Ok(stream) => {
                instance.permit = permit;
                Ok(ResponseStream {
                    open: Some((instance, stream)),
                    provider: self.clone(),
                })
            }
            Err(error) => {
                self.give_back(instance);
                Err(self.0.grants.error(error))
            }
        }
    }

    /// Waits until one more request may run.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        let gate = self.0.gate.clone()?;
        // It fails only when the semaphore is closed, which nobody does.
        gate.acquire_owned().await.ok()
    }

    /// Calls a method of the provider, and takes its instance back.
    async fn call<T>(
        &self,
        method: impl AsyncFnOnce(
            GuestProvider<'_>,
            &mut Store<HostState>,
            ResourceAny,
        ) -> wasmtime::Result<T>,
    ) -> Result<T, CallError> {
        let (instance, result) = self.enter(method).await?;
        self.give_back(instance);
        Ok(result)
    }

    /// Calls a method of the provider in an instance of its own.
    async fn enter<T>(
        &self,
        method: impl AsyncFnOnce(
            GuestProvider<'_>,
            &mut Store<HostState>,
            ResourceAny,
        ) -> wasmtime::Result<T>,
    ) -> Result<(Instance, T), CallError> {
        let mut instance = self.check_out().await?;
        let call = self.0.calls.fetch_add(1, Ordering::Relaxed) + 1;
        instance.store.data_mut().call = Some(CallId(call));
        let Instance {
            store,
            bindings,
            provider,
            ..
        } = &mut instance;
        let guest = bindings.amplifier_provider_provider().provider();
        let result = method(guest, store, *provider).await?;
        Ok((instance, result))
    }

    /// A warm instance, or a fresh one. One whose call fails or is dropped half-way never comes back.
    async fn check_out(&self) -> Result<Instance, CallError> {
        let Opened {
            pre,
            grants,
            config,
            idle,
            ..
        } = &*self.0;
        let warm = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match warm {
            Some(instance) => Ok(instance),
            None => {
                let opened = Instance::open(pre, grants, config, true).await?;
                opened.map_err(|error| grants.error(error))
            }
        }
    }

    fn give_back(&self, mut instance: Instance) {
        instance.permit = None;
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE_INSTANCES {
            idle.push(instance);
        }
    }
}

/// How many requests may run at once, as the provider resolved it; none without a limit.
async fn max_concurrent_requests(
    Instance {
        store,
        bindings,
        provider,
        ..
    }: &mut Instance,
) -> Result<Option<usize>, CallError> {
    let guest = bindings.amplifier_provider_provider().provider();
    let description = guest.call_describe(store, *provider).await?;
    let description: Value = serde_json::from_str(&description).unwrap_or_default();
    let limit = match &description["settings"]["max_concurrent_requests"]["value"] {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    };
    let limit = limit.and_then(|limit: u64| usize::try_from(limit).ok());
    Ok(limit.filter(|limit| (1..=Semaphore::MAX_PERMITS).contains(limit)))
}
