//! One instance of a provider, and what it is given of the outside.

mod imports;
mod linker;
mod memory;
mod meter;
mod outgoing;
mod reporter;
mod shared;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wasmtime::component::{ResourceAny, ResourceTable, ResourceTableError};
use wasmtime::{Store, Trap, UpdateDeadline};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi_http::{FieldMapError, WasiHttpCtx};

pub(crate) use self::linker::link;
use self::memory::MemoryLimiter;
use self::meter::Meter;
use self::reporter::Reporter;
pub(crate) use self::shared::SharedState;
use self::shared::Work;
use crate::clock::Clock;
use crate::contract::{ProviderModule, ProviderModulePre, types};
use crate::credentials::{CredentialKind, TokenProvider};
use crate::deadline::Deadline;
use crate::engine::{EPOCH_TICKS_PER_TURN, ProviderEngine};
use crate::events::{CallId, EventSubscriber};
use crate::http::Egress;
use crate::limits::{CallLimits, LimitError, Limits};
use crate::policy::Policy;
use crate::sealed::SealedSecrets;
use crate::secret::Secret;

/// An instance with an opened provider.
pub(crate) struct Instance {
    store: Store<HostState>,
    bindings: ProviderModule,
    provider: ResourceAny,
    /// How many calls it has worked for.
    calls: u64,
}

/// What instances share.
pub(crate) struct Grants {
    /// None for the system's.
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) http: Egress,
    pub(crate) events: Arc<dyn EventSubscriber>,
    pub(crate) credentials: Arc<dyn TokenProvider>,
    /// What tokens may be for.
    pub(crate) token_scopes: Vec<String>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) secrets: Arc<SealedSecrets>,
    pub(crate) limits: Limits,
    pub(crate) shared: Arc<SharedState>,
    /// How many instances there are, of every build.
    pub(crate) instances: AtomicUsize,
}

/// What one call has of its own.
pub(crate) struct CallPlan {
    pub(crate) id: CallId,
    pub(crate) limits: CallLimits,
    /// Who hears it.
    pub(crate) events: Arc<dyn EventSubscriber>,
}

/// The host's side of one instance.
pub(crate) struct HostState {
    wasi: WasiCtx,
    table: ResourceTable,
    http: WasiHttpCtx,
    client: Egress,
    grants: Arc<Grants>,
    /// The last token that this instance got for each credential and scope.
    tokens: HashMap<(CredentialKind, String), Secret>,
    memory: MemoryLimiter,
    meter: Arc<Meter>,
    /// How long the present call may compute.
    cpu_time: Duration,
    reporter: Reporter,
    /// What the present call works with.
    work: Option<Work>,
    /// The limit that the present call ran into.
    breach: Option<LimitError>,
}

impl Instance {
    /// A fresh instance with the provider opened; the configuration's own errors are in the inner result. Its warnings go
    /// nowhere if it `is_muted`: they were heard before.
    pub(crate) async fn open(
        engine: &ProviderEngine,
        pre: &ProviderModulePre<HostState>,
        grants: &Arc<Grants>,
        config: &str,
        is_muted: bool,
        deadline: Deadline,
    ) -> Result<Result<Self, types::ProviderError>, Failure> {
        loop {
            match Self::try_open(pre, grants, config, is_muted, deadline).await {
                Err(Failure::NoInstance) if engine.make_room() => {}
                opened => return opened,
            }
        }
    }

    async fn try_open(
        pre: &ProviderModulePre<HostState>,
        grants: &Arc<Grants>,
        config: &str,
        is_muted: bool,
        deadline: Deadline,
    ) -> Result<Result<Self, types::ProviderError>, Failure> {
        let mut store = store(pre.engine(), grants);
        store.data_mut().reporter.is_muted = is_muted;
        let opened = run(&mut store, deadline, async |store| {
            let bindings = pre.instantiate_async(&mut *store).await?;
            let exports = bindings.amplifier_provider_provider();
            let opened = exports.provider().call_open(store, config).await?;
            Ok((bindings, opened))
        });
        let (bindings, opened) = opened.await?;
        store.data_mut().reporter.is_muted = false;
        Ok(opened.map(|provider| Self {
            store,
            bindings,
            provider,
            calls: 0,
        }))
    }

    /// Begins to work for a call.
    pub(crate) fn begin(&mut self, plan: CallPlan) {
        self.calls += 1;
        let state = self.store.data_mut();
        state.memory.begin();
        state.meter.reset();
        state.client.set_limits(plan.limits.bodies());
        state.cpu_time = plan.limits.cpu_time;
        state.reporter.begin(plan);
    }

    /// Its work for the call is done.
    pub(crate) fn end(&mut self) {
        let state = self.store.data_mut();
        state.reporter.end_call();
        state.work = None;
    }

    /// Runs a part of the call, which has time until then.
    pub(crate) async fn run<T>(
        &mut self,
        deadline: Deadline,
        part: impl AsyncFnOnce(
            &mut Store<HostState>,
            &ProviderModule,
            ResourceAny,
        ) -> wasmtime::Result<T>,
    ) -> Result<T, Failure> {
        let Self {
            store,
            bindings,
            provider,
            ..
        } = self;
        let part = async |store: &mut Store<_>| part(store, bindings, *provider).await;
        run(store, deadline, part).await
    }

    /// The call has failed, and no one else will tell those who listen.
    pub(crate) fn fail(&mut self, error: &str) {
        self.store.data_mut().reporter.fail(error);
    }

    /// Whether it may work for another call.
    pub(crate) fn is_fit(&self) -> bool {
        let state = self.store.data();
        let limits = &state.grants.limits;
        self.calls < limits.calls_per_instance && state.memory.bytes() <= limits.idle_memory_bytes
    }
}

/// What a component says of itself, in an instance that is thrown away. Its events go nowhere.
pub(crate) async fn info(
    engine: &ProviderEngine,
    pre: &ProviderModulePre<HostState>,
    grants: &Arc<Grants>,
    deadline: Deadline,
) -> Result<types::ProviderInfo, Failure> {
    loop {
        match try_info(pre, grants, deadline).await {
            Err(Failure::NoInstance) if engine.make_room() => {}
            info => return info,
        }
    }
}

async fn try_info(
    pre: &ProviderModulePre<HostState>,
    grants: &Arc<Grants>,
    deadline: Deadline,
) -> Result<types::ProviderInfo, Failure> {
    let mut store = store(pre.engine(), grants);
    store.data_mut().reporter.is_muted = true;
    let info = run(&mut store, deadline, async |store| {
        let bindings = pre.instantiate_async(&mut *store).await?;
        let exports = bindings.amplifier_provider_provider();
        exports.call_get_info(store).await
    });
    info.await
}

/// Why an instance did not do its work. It is of no further use.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It wanted too much.
    Limit(LimitError),
    /// The engine's pool has no instance left.
    NoInstance,
    /// It trapped.
    Component(wasmtime::Error),
}

/// A store for one instance.
fn store(engine: &wasmtime::Engine, grants: &Arc<Grants>) -> Store<HostState> {
    let mut table = ResourceTable::new();
    table.set_max_capacity(grants.limits.handles);
    grants.instances.fetch_add(1, Ordering::Relaxed);
    let state = HostState {
        wasi: WasiCtx::builder().envs(&grants.environment).build(),
        table,
        http: WasiHttpCtx::new(),
        client: grants.http.clone(),
        grants: Arc::clone(grants),
        tokens: HashMap::new(),
        memory: MemoryLimiter::new(grants.limits.memory_bytes),
        meter: Arc::new(Meter::new()),
        cpu_time: grants.limits.cpu_time,
        reporter: Reporter::new(Arc::clone(grants)),
        work: None,
        breach: None,
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.memory);
    store.epoch_deadline_callback(|mut context| context.data_mut().turn_is_over());
    store
}

/// Runs guest code, measured and with its traps explained. Waiting is no computing, so that the time has an end of its own.
async fn run<T>(
    store: &mut Store<HostState>,
    deadline: Deadline,
    part: impl AsyncFnOnce(&mut Store<HostState>) -> wasmtime::Result<T>,
) -> Result<T, Failure> {
    let meter = Arc::clone(&store.data().meter);
    store.set_epoch_deadline(EPOCH_TICKS_PER_TURN);
    match deadline.hold(meter.measure(part(store))).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(store.data_mut().explain(error)),
        Err(limit) => Err(Failure::Limit(limit)),
    }
}

impl HostState {
    /// Others get their turn, unless this call has had all of its own.
    fn turn_is_over(&mut self) -> wasmtime::Result<UpdateDeadline> {
        let limit = self.cpu_time;
        match self.meter.spent() <= limit {
            // tokio's own way: with the engine's the sockets of others are looked at only after sixty turns.
            true => Ok(UpdateDeadline::YieldCustom(
                EPOCH_TICKS_PER_TURN,
                Box::pin(tokio::task::yield_now()),
            )),
            false => Err(self.breach(LimitError::CpuTime { limit })),
        }
    }

    /// Notes that a limit was passed; the error ends the call.
    fn breach(&mut self, limit: LimitError) -> wasmtime::Error {
        self.breach = Some(limit.clone());
        limit.into()
    }

    fn explain(&mut self, error: wasmtime::Error) -> Failure {
        // A component that is refused memory ends itself, and its trap does not say why.
        let breach = self.breach.take().or_else(|| self.memory.breach());
        if let Some(limit) = breach {
            return Failure::Limit(limit);
        }
        if error.downcast_ref::<Trap>() == Some(&Trap::StackOverflow) {
            return Failure::Limit(LimitError::Stack);
        }
        if let Some(ResourceTableError::Full) = error.downcast_ref() {
            let limit = self.grants.limits.handles;
            return Failure::Limit(LimitError::Handles { limit });
        }
        if let Some(FieldMapError::TotalSizeTooBig) = error.downcast_ref() {
            return Failure::Limit(LimitError::Headers);
        }
        match error.is::<wasmtime::PoolConcurrencyLimitError>() {
            true => Failure::NoInstance,
            false => Failure::Component(error),
        }
    }
}

impl Drop for HostState {
    fn drop(&mut self) {
        self.grants.instances.fetch_sub(1, Ordering::Relaxed);
    }
}
