//! The WebAssembly engine: how components are compiled, where the result is kept, and what an instance may use.

mod compiled_code;
mod idle;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use etcetera::BaseStrategy;
use wasmtime::component::Component;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use self::compiled_code::CompiledCode;
use self::idle::AllIdle;
pub(crate) use self::idle::IdleInstances;
use crate::limits::MAX_MEMORY_BYTES;

/// Compiles and runs components. Cheap to clone; hosts that share one share its pool of instances, which are 1,100.
#[derive(Clone)]
pub struct ProviderEngine {
    engine: Engine,
    /// None where nothing can be written, or others could write.
    compiled: Option<Arc<CompiledCode>>,
    idle: Arc<AllIdle>,
}

impl ProviderEngine {
    /// An engine that keeps compiled code in the user's cache folder, by the content of what was compiled.
    ///
    /// # Errors
    ///
    /// When this machine cannot run WebAssembly the way we need it.
    pub fn new() -> Result<Self, EngineError> {
        Self::builder().build()
    }

    /// The engine of this process, for all that bring none of their own. It is made when it is needed first, and stays. Each
    /// engine reserves address space for all of its instances, of which there is room for some thirty engines in a process.
    ///
    /// # Errors
    ///
    /// When this machine cannot run WebAssembly the way we need it.
    pub fn shared() -> Result<Self, EngineError> {
        static SHARED: Mutex<Option<ProviderEngine>> = Mutex::new(None);
        // Held meanwhile, so that there are not two. It is whole after every step.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        match &*shared {
            Some(engine) => Ok(engine.clone()),
            None => Ok(shared.insert(Self::new()?).clone()),
        }
    }

    /// Begins an engine with settings of its own.
    pub fn builder() -> ProviderEngineBuilder {
        ProviderEngineBuilder {
            instances: MAX_INSTANCES,
            cache: None,
        }
    }

    fn with(instances: u32, compiled: Option<CompiledCode>) -> Result<Self, EngineError> {
        let engine = match engine_with(pooling(instances)) {
            Ok(engine) => engine,
            // Containers may limit the address space. Slower to start an instance, but it runs.
            Err(error) => {
                tracing::warn!(
                    "no pool of instances ({error:#}); each is allocated when it is needed"
                );
                engine_with(InstanceAllocationStrategy::OnDemand).map_err(EngineError)?
            }
        };
        let weak = engine.weak();
        let idle = Arc::new(AllIdle::default());
        let all_idle = Arc::downgrade(&idle);
        let tick = move || {
            let mut ticks: u32 = 0;
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                ticks = ticks.wrapping_add(1);
                if ticks.is_multiple_of(TICKS_PER_SWEEP)
                    && let Some(idle) = all_idle.upgrade()
                {
                    idle.expire();
                }
                thread::sleep(TICK);
            }
        };
        let thread = thread::Builder::new().name("epoch".to_owned());
        match thread.spawn(tick) {
            Ok(_) => Ok(Self {
                engine,
                compiled: compiled.map(Arc::new),
                idle,
            }),
            // Without it a component that computes for ever could not be stopped.
            Err(error) => Err(EngineError(error.into())),
        }
    }

    /// The component with this content, whose digest tells it from others.
    pub(crate) fn component(&self, content: &[u8], digest: &str) -> wasmtime::Result<Component> {
        match &self.compiled {
            Some(compiled) => compiled.component(&self.engine, content, digest),
            None => Component::new(&self.engine, content),
        }
    }

    /// Idle instances that others may have the place of.
    pub(crate) fn add_idle(&self, instances: Weak<dyn IdleInstances>) {
        self.idle.add(instances);
    }

    /// Makes room for an instance in a pool that is full: the one goes that has been idle longest, whichever host's it is.
    /// False when none is idle.
    pub(crate) fn make_room(&self) -> bool {
        self.idle.evict()
    }

    pub(crate) fn wasmtime(&self) -> &Engine {
        &self.engine
    }
}

/// Sets up a [`ProviderEngine`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ProviderEngineBuilder {
    instances: u32,
    cache: Option<PathBuf>,
}

impl ProviderEngineBuilder {
    /// How many instances may live at once, idle ones included; 1,100 without this.
    pub fn instances(mut self, instances: u32) -> Self {
        self.instances = instances;
        self
    }

    /// The folder for compiled code; one in the user's cache folder without this. What is in it is run: a folder or a file that
    /// is not this user's own, or that others may write to, is not used, and the component compiled each time.
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// The engine.
    ///
    /// # Errors
    ///
    /// When this machine cannot run WebAssembly the way we need it.
    pub fn build(self) -> Result<ProviderEngine, EngineError> {
        ProviderEngine::with(self.instances, compiled(self.cache))
    }
}

/// This machine cannot run WebAssembly the way we need it.
#[derive(Debug, thiserror::Error)]
#[error("this machine cannot run WebAssembly: {0:#}")]
pub struct EngineError(wasmtime::Error);

/// What was compiled before. A read-only home, or one that others can write to, is no reason not to run: compiling takes a
/// second.
fn compiled(folder: Option<PathBuf>) -> Option<CompiledCode> {
    let folder = match folder {
        Some(folder) => Ok(folder),
        None => etcetera::choose_base_strategy()
            .map(|folders| folders.cache_dir().join("host-harness"))
            .map_err(|error| error.to_string()),
    };
    let compiled = folder.and_then(|folder| {
        CompiledCode::in_folder(folder.clone())
            .map_err(|error| format!("{}: {error}", folder.display()))
    });
    match compiled {
        Ok(compiled) => Some(compiled),
        Err(problem) => {
            tracing::warn!("compiled code is neither kept nor read from a cache: {problem}");
            None
        }
    }
}

fn engine_with(strategy: InstanceAllocationStrategy) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config
        .allocation_strategy(strategy)
        .epoch_interruption(true)
        // Providers are compiled for 32 bits, and what may grow to 2^64 bytes need not be reckoned with.
        .wasm_memory64(false);
    Engine::new(&config)
}

fn pooling(instances: u32) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances * CORE_INSTANCES_PER_COMPONENT)
        .total_memories(instances)
        .total_tables(instances * CORE_INSTANCES_PER_COMPONENT)
        .total_stacks(instances)
        .max_memory_size(MAX_MEMORY_BYTES)
        // What one provider may take of what all share.
        .max_memories_per_component(1)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_tables_per_component(CORE_INSTANCES_PER_COMPONENT)
        .table_keep_resident(KEPT_TABLE_BYTES);
    // Where the system tells which pages were written, only these are put back, and the slot's next instance finds its memory
    // in place: a fresh one takes two thirds of the time. Elsewhere all of it would be written, which costs more than it saves.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(KEPT_MEMORY_BYTES);
    }
    InstanceAllocationStrategy::Pooling(pool)
}

/// How many instances may live at once: a thousand streams, and those that are just ending. Each slot reserves address
/// space, not memory.
const MAX_INSTANCES: u32 = 1_100;

/// How much of the memory of an instance that is gone stays with its slot: more than a provider has when it is opened.
const KEPT_MEMORY_BYTES: usize = 2 << 20;

/// How much of its table stays: the provider's has 400 entries of eight bytes.
const KEPT_TABLE_BYTES: usize = 4 << 10;

/// How long guest code computes before others get their turn.
const TICK: Duration = Duration::from_millis(5);

/// After how many ticks, which is ten times a second, idle instances are looked at that may be too old.
const TICKS_PER_SWEEP: u32 = 20;

/// After how many ticks guest code lets others go on. The first may come at once.
pub(crate) const EPOCH_TICKS_PER_TURN: u64 = 1;

/// The core instances that the encoder makes of one component: the module itself and those that tie its imports.
const CORE_INSTANCES_PER_COMPONENT: u32 = 4;
