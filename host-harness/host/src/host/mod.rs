//! A host, the providers that it opens, what these answer, and how their answers arrive.

mod build;
mod builder;
mod call;
mod capabilities;
mod error;
mod forward;
mod gate;
mod loaded;
mod options;
mod reading;
mod response_stream;
mod settings;
mod swap;
mod tally;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::json;
use tokio::sync::Mutex;

pub use self::build::BuildId;
use self::build::{Build, RunningCall};
pub use self::builder::HostBuilder;
use self::call::Call;
use self::capabilities::Capabilities;
pub use self::error::{CallError, ComponentError};
pub use self::forward::ForwardedBody;
use self::gate::Gate;
pub use self::gate::RequestLimits;
use self::gate::Slots;
pub use self::loaded::Host;
pub use self::options::CallOptions;
pub use self::response_stream::ResponseStream;
use self::settings::Settings;
pub use self::swap::{Swap, SwapError};
use self::tally::Tally;
use crate::contract::types::{ChatRequest, ChatResponse, ModelInfo, ProviderInfo};
use crate::deadline::Deadline;
use crate::engine::ProviderEngine;
use crate::events::{CallId, Event, EventSubscriber};
use crate::instance::{CallPlan, Grants, Instance};

/// A provider that is loaded and configured, and answers. Cheap to clone, and shared by tasks: each call has an instance of
/// its own.
///
/// Calls go through a gate: as many run at once as the setting `max_concurrent_requests` says, the others wait in the order
/// in which they came. Each answer says which build gave it, in its metadata under `host:build`.
#[derive(Clone)]
pub struct Provider(Arc<Opened>);

struct Opened {
    engine: ProviderEngine,
    capabilities: Arc<Capabilities>,
    grants: Arc<Grants>,
    /// The configuration as the provider sees it.
    config: String,
    gate: Arc<Gate>,
    /// How many calls there were.
    calls: AtomicU64,
    /// The calls that there are, of every build: those that need not go through the gate, and those that only end, too.
    working: Arc<Tally>,
    builds: RwLock<Builds>,
    /// Held while a candidate is tried: one at a time.
    swapping: Mutex<()>,
}

struct Builds {
    present: Arc<Build>,
    previous: Option<Arc<Build>>,
}

/// What a provider is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
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

impl Provider {
    /// Opens a configuration, for which the provider tells its warnings this once.
    async fn open(
        host: &Host,
        grants: Arc<Grants>,
        config: String,
        slots: impl FnOnce(Option<usize>) -> Arc<Slots>,
    ) -> Result<Self, CallError> {
        let info = host.info().await?;
        let (engine, pre) = (&host.engine, host.component.pre());
        let deadline = Deadline::of_start(grants.limits.start_time);
        let opened = Instance::open(engine, pre, &grants, &config, false, deadline).await?;
        let mut first = opened.map_err(|error| grants.error(error))?;
        let settings = Settings::of(&mut first, &grants.policy, deadline).await?;
        let build = Build::new(
            engine,
            host.component.clone(),
            info,
            settings.default_model,
            grants.limits.idle_time,
        );
        let opened = Arc::new(Opened {
            engine: host.engine.clone(),
            capabilities: Arc::clone(&host.capabilities),
            gate: Gate::new(
                slots(settings.max_concurrent_requests),
                grants.limits.waiting_calls,
            ),
            grants,
            config,
            calls: AtomicU64::new(0),
            working: Tally::new(),
            builds: RwLock::new(Builds {
                present: build,
                previous: None,
            }),
            swapping: Mutex::new(()),
        });
        opened.keep(&opened.build(), first);
        Ok(Self(opened))
    }

    /// What the provider says of itself: the build that takes new calls.
    pub fn info(&self) -> Arc<ProviderInfo> {
        Arc::clone(&self.0.build().info)
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
        self.complete_with(request, CallOptions::default()).await
    }

    /// The same, with something of its own.
    ///
    /// # Errors
    ///
    /// The provider's error, the component's failure, or what the host had against the call.
    pub async fn complete_with(
        &self,
        request: &ChatRequest,
        options: CallOptions,
    ) -> Result<ChatResponse, CallError> {
        let mut call = self.0.enter_chat(request, options).await?;
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
        self.stream_with(request, CallOptions::default()).await
    }

    /// The same, with something of its own.
    ///
    /// # Errors
    ///
    /// The provider's error, the component's failure, or what the host had against the call.
    pub async fn stream_with(
        &self,
        request: &ChatRequest,
        options: CallOptions,
    ) -> Result<ResponseStream, CallError> {
        let mut call = self.0.enter_chat(request, options).await?;
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

    /// Takes no calls any more, fails those that wait, and returns when those that run have ended and every instance is
    /// gone. Whoever wants to wait for a while only drops the future then.
    pub async fn shut_down(&self) {
        self.0.gate.close();
        // In this order: a call that has come through the gate may not be at work yet.
        self.0.gate.is_empty().await;
        self.0.working.is_zero().await;
        // The lock for writing: whoever is keeping an instance has kept it then, and nobody keeps one after that.
        let present = {
            let builds = self.0.builds.write();
            Arc::clone(&builds.unwrap_or_else(PoisonError::into_inner).present)
        };
        present.retire();
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Provider")
            .field("build", &self.0.build().id)
            .finish_non_exhaustive()
    }
}

impl Opened {
    /// Lets a chat request in, and begins to work for it.
    async fn enter_chat(
        self: &Arc<Self>,
        request: &ChatRequest,
        options: CallOptions,
    ) -> Result<Call, CallError> {
        options.limits(&self.grants.limits).check(request)?;
        self.enter(Some(request), options).await
    }

    /// Lets a request in, and begins to work for it. Which model one that is no chat request asks for is not known here.
    async fn enter(
        self: &Arc<Self>,
        request: Option<&ChatRequest>,
        options: CallOptions,
    ) -> Result<Call, CallError> {
        self.count_call();
        let plan = CallPlan {
            id: options.id(),
            limits: options.limits(&self.grants.limits),
            events: options.events.unwrap_or_else(|| self.events()),
        };
        let deadline = Deadline::after(plan.limits.wall_time);
        let slot = deadline.hold(self.gate.enter()).await??;
        let running = self.begin_call();
        self.report_concurrency(&*plan.events, plan.id, request, &running.build);
        Call::begin(self, running, plan, Some(slot), deadline).await
    }

    /// Begins to work for a question that asks nothing of the service, and so need not wait.
    async fn begin_aside(self: &Arc<Self>) -> Result<Call, CallError> {
        let running = self.begin_call();
        // Afterwards: whoever closed the gate before has not counted this one, and whoever closes it now waits for it.
        self.gate.check_open()?;
        self.count_call();
        let plan = CallPlan {
            id: CallId::next(),
            limits: self.grants.limits.of_call(),
            events: self.events(),
        };
        let deadline = Deadline::after(plan.limits.wall_time);
        Call::begin(self, running, plan, None, deadline).await
    }

    /// Who hears calls that do not say who does.
    fn events(&self) -> Arc<dyn EventSubscriber> {
        Arc::clone(&self.grants.events)
    }

    /// One more call on the build that takes new ones.
    fn begin_call(&self) -> RunningCall {
        // Held meanwhile, so that whoever puts another build in its place, and waits for this one, waits for the call.
        let builds = self.builds.read().unwrap_or_else(PoisonError::into_inner);
        RunningCall::begin(&builds.present, &self.working)
    }

    fn report_concurrency(
        &self,
        events: &dyn EventSubscriber,
        id: CallId,
        request: Option<&ChatRequest>,
        build: &Build,
    ) {
        if !events.subscription().hears("provider:concurrency") {
            return;
        }
        let model = request.and_then(|request| {
            let default = build.default_model.as_deref();
            request.model.as_deref().or(default)
        });
        let payload = json!({
            "provider": build.info.id,
            "model": model,
            "active_requests": self.gate.slots().running(),
            "waiting_requests": self.gate.slots().waiting(),
            "max_concurrent": self.gate.slots().limit(),
            "process_id": std::process::id(),
        });
        events.event(&Event {
            call: Some(id),
            name: "provider:concurrency",
            payload: &payload.to_string(),
        });
    }

    /// Counts one more call.
    fn count_call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// The build that takes new calls.
    fn build(&self) -> Arc<Build> {
        let builds = self.builds.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&builds.present)
    }

    /// Keeps an instance, if its build and its host still take calls.
    fn keep(&self, build: &Arc<Build>, instance: Instance) {
        let surplus = {
            // Held meanwhile, so that a build that is being retired keeps nothing.
            let builds = self.builds.read().unwrap_or_else(PoisonError::into_inner);
            let is_present = Arc::ptr_eq(&builds.present, build);
            match is_present && self.gate.check_open().is_ok() {
                true => build.keep(instance, self.grants.limits.idle_instances),
                false => Some(instance),
            }
        };
        // Outside the lock: dropping an instance is not quick.
        drop(surplus);
    }
}
