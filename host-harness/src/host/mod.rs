//! A host: an open provider, what it answers, and how its answers arrive.

mod build;
mod builder;
mod call;
mod capabilities;
mod error;
mod gate;
mod loaded;
mod response_stream;
mod swap;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Value, json};
use tokio::sync::{Mutex, Semaphore};

use self::build::Build;
pub use self::build::BuildId;
pub use self::builder::ProviderHostBuilder;
use self::call::Call;
pub use self::error::CallError;
use self::gate::Gate;
pub use self::loaded::LoadedProvider;
pub use self::response_stream::ResponseStream;
pub use self::swap::{Swap, SwapError};
use crate::component::ProviderComponent;
use crate::contract::types::{ChatRequest, ChatResponse, ModelInfo, ProviderInfo};
use crate::engine::ProviderEngine;
use crate::events::{CallId, Event};
use crate::instance::{self, Grants, Instance};

/// A provider that is loaded and configured, and answers. Cheap to clone, and shared by tasks: each call has an instance of
/// its own.
///
/// Calls go through a gate: as many run at once as the setting `max_concurrent_requests` says, the others wait in the order
/// in which they came. Each answer says which build gave it, in its metadata under `host:build`.
#[derive(Clone)]
pub struct ProviderHost(Arc<Opened>);

struct Opened {
    engine: ProviderEngine,
    grants: Arc<Grants>,
    /// The configuration as the provider sees it.
    config: String,
    info: ProviderInfo,
    default_model: Option<String>,
    gate: Arc<Gate>,
    /// How many calls there were.
    calls: AtomicU64,
    builds: RwLock<Builds>,
    /// Held while a candidate is tried: one at a time.
    swapping: Mutex<()>,
}

struct Builds {
    present: Arc<Build>,
    previous: Option<Arc<Build>>,
}

/// What a host is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// The build that takes new calls.
    pub build: BuildId,
    /// How many calls there were, those that ask for models or settings included.
    pub calls: u64,
    /// How many requests run.
    pub running: usize,
    /// How many requests wait for one of these to end.
    pub waiting: usize,
    /// How many instances there are, of every build.
    pub instances: usize,
    /// How many of them are idle.
    pub idle_instances: usize,
}

impl ProviderHost {
    /// A host that gives a provider an empty environment, no listener, and the way to its configured endpoint. Secrets are
    /// sealed.
    pub fn builder() -> ProviderHostBuilder {
        ProviderHostBuilder::new()
    }

    /// Opens a configuration, for which the provider tells its warnings this once.
    async fn open(
        engine: ProviderEngine,
        component: ProviderComponent,
        grants: Arc<Grants>,
        config: String,
    ) -> Result<Self, CallError> {
        let info = instance::info(component.pre(), &grants).await?;
        let opened = Instance::open(component.pre(), &grants, &config, false).await?;
        let mut first = opened.map_err(|error| grants.error(error))?;
        let settings = settings(&mut first).await?;
        let limit = max_concurrent_requests(&settings);
        Ok(Self(Arc::new(Opened {
            engine,
            gate: Gate::new(limit, grants.limits.waiting_calls),
            grants,
            config,
            default_model: settings["default_model"]["value"]
                .as_str()
                .map(str::to_owned),
            calls: AtomicU64::new(0),
            builds: RwLock::new(Builds {
                present: Arc::new(Build::new(component, &info, first)),
                previous: None,
            }),
            info,
            swapping: Mutex::new(()),
        })))
    }

    /// What the provider says of itself.
    pub fn info(&self) -> &ProviderInfo {
        &self.0.info
    }

    /// Each setting with its source, as a JSON object.
    ///
    /// # Errors
    ///
    /// When the component fails, or the host is shut down.
    pub async fn describe(&self) -> Result<String, CallError> {
        let mut call = self.0.begin_aside().await?;
        let description = call.run(async |store, bindings, provider| {
            let guest = bindings.amplifier_provider_provider().provider();
            guest.call_describe(store, provider).await
        });
        let description = description.await?;
        call.end();
        // A setting that is shown may repeat one that is not.
        Ok(self.0.grants.secrets.redact(&description).into_owned())
    }

    /// The configured models.
    ///
    /// # Errors
    ///
    /// The provider's error, the component's failure, or that the host is shut down.
    pub async fn models(&self) -> Result<Vec<ModelInfo>, CallError> {
        let mut call = self.0.begin_aside().await?;
        let models = call.run(async |store, bindings, provider| {
            let guest = bindings.amplifier_provider_provider().provider();
            guest.call_list_models(store, provider).await
        });
        let models = models.await?;
        call.end();
        models.map_err(|error| self.0.grants.error(error))
    }

    /// One whole exchange. Dropping the future cancels it.
    ///
    /// # Errors
    ///
    /// The provider's error, the component's failure, or what the host had against the call.
    pub async fn complete(&self, request: &ChatRequest) -> Result<ChatResponse, CallError> {
        let mut call = self.0.enter(request).await?;
        let response = call.run(async |store, bindings, provider| {
            let guest = bindings.amplifier_provider_provider().provider();
            guest.call_complete(store, provider, request).await
        });
        let response = response.await?;
        let response = response.map(|response| call.signed(response));
        call.end();
        response.map_err(|error| self.0.grants.error(error))
    }

    /// One exchange as it arrives; returns when the service has accepted the request.
    ///
    /// # Errors
    ///
    /// The provider's error, the component's failure, or what the host had against the call.
    pub async fn stream(&self, request: &ChatRequest) -> Result<ResponseStream, CallError> {
        let mut call = self.0.enter(request).await?;
        let accepted = call.run(async |store, bindings, provider| {
            let guest = bindings.amplifier_provider_provider().provider();
            guest
                .call_complete_streaming(store, provider, request)
                .await
        });
        match accepted.await? {
            Ok(stream) => Ok(ResponseStream::new(call, stream)),
            Err(error) => {
                call.end();
                Err(self.0.grants.error(error))
            }
        }
    }

    /// What the host is doing.
    pub fn statistics(&self) -> Statistics {
        let build = self.0.build();
        Statistics {
            build: build.id.clone(),
            calls: self.0.calls.load(Ordering::Relaxed),
            running: self.0.gate.running(),
            waiting: self.0.gate.waiting(),
            instances: self.0.grants.instances.load(Ordering::Relaxed),
            idle_instances: build.idle_count(),
        }
    }

    /// Takes no calls any more, fails those that wait, and returns when those that run have ended. Whoever wants to wait
    /// for a while only drops the future then.
    pub async fn shut_down(&self) {
        self.0.gate.close();
        self.0.gate.is_empty().await;
        self.0.build().retire();
    }
}

impl Opened {
    /// Lets a request in, and begins to work for it.
    async fn enter(self: &Arc<Self>, request: &ChatRequest) -> Result<Call, CallError> {
        self.grants.limits.check(request)?;
        let id = self.next_call();
        let slot = self.gate.enter().await?;
        self.tell_concurrency(id, request);
        Call::begin(self, id, Some(slot)).await
    }

    /// Begins to work for a question that asks nothing of the service, and so need not wait.
    async fn begin_aside(self: &Arc<Self>) -> Result<Call, CallError> {
        self.gate.check_open()?;
        Call::begin(self, self.next_call(), None).await
    }

    fn tell_concurrency(&self, id: CallId, request: &ChatRequest) {
        let model = request.model.as_deref().or(self.default_model.as_deref());
        let payload = json!({
            "provider": self.info.id,
            "model": model,
            "active_requests": self.gate.running(),
            "waiting_requests": self.gate.waiting(),
            "max_concurrent": self.gate.limit(),
            "process_id": std::process::id(),
        });
        self.grants.events.event(&Event {
            call: Some(id),
            name: "provider:concurrency",
            payload: &payload.to_string(),
        });
    }

    fn next_call(&self) -> CallId {
        CallId(self.calls.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// The build that takes new calls.
    fn build(&self) -> Arc<Build> {
        let builds = self.builds.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&builds.present)
    }

    /// Keeps an instance, if its build still takes calls.
    fn keep(&self, build: &Arc<Build>, instance: Instance) {
        // Held meanwhile, so that a build that is being retired keeps nothing.
        let builds = self.builds.read().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&builds.present, build) {
            build.keep(instance, self.grants.limits.idle_instances);
        }
    }
}

/// The settings that the provider resolved, by their keys.
async fn settings(instance: &mut Instance) -> Result<Value, CallError> {
    let description = instance.run(async |store, bindings, provider| {
        let guest = bindings.amplifier_provider_provider().provider();
        guest.call_describe(store, provider).await
    });
    // Nothing in it is needed: a provider may describe itself as it likes.
    let mut description: Value = serde_json::from_str(&description.await?).unwrap_or_default();
    Ok(description["settings"].take())
}

/// How many requests may run at once; none without a limit.
fn max_concurrent_requests(settings: &Value) -> Option<usize> {
    let limit = match &settings["max_concurrent_requests"]["value"] {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    };
    let limit = limit.and_then(|limit: u64| usize::try_from(limit).ok());
    limit.filter(|limit| (1..=Semaphore::MAX_PERMITS).contains(limit))
}
