//! The WebAssembly engine: how components are compiled, where the result is kept, and what an instance may use.

use std::thread;
use std::time::Duration;

use wasmtime::{
    Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
};

use crate::limits::MAX_MEMORY_BYTES;

/// Compiles and runs components. Cheap to clone; hosts that share one share its pool of instances, which are 1,100.
#[derive(Clone)]
pub struct ProviderEngine(Engine);

impl ProviderEngine {
    /// An engine that keeps compiled code in the user's cache folder, by the content of what was compiled.
    ///
    /// # Errors
    ///
    /// When this machine cannot run WebAssembly the way we need it.
    pub fn new() -> Result<Self, EngineError> {
        Self::with_instances(MAX_INSTANCES)
    }

    /// The same, with so many instances in its pool.
    ///
    /// # Errors
    ///
    /// When this machine cannot run WebAssembly the way we need it.
    pub fn with_instances(instances: u32) -> Result<Self, EngineError> {
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
        let tick = move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        };
        let thread = thread::Builder::new().name("epoch".to_owned());
        match thread.spawn(tick) {
            Ok(_) => Ok(Self(engine)),
            // Without it a component that computes for ever could not be stopped.
            Err(error) => Err(EngineError(error.into())),
        }
    }

    pub(crate) fn wasmtime(&self) -> &Engine {
        &self.0
    }
}

/// This machine cannot run WebAssembly the way we need it.
#[derive(Debug, thiserror::Error)]
#[error("this machine cannot run WebAssembly: {0:#}")]
pub struct EngineError(wasmtime::Error);

fn engine_with(strategy: InstanceAllocationStrategy) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config
        .allocation_strategy(strategy)
        .epoch_interruption(true);
    match Cache::new(CacheConfig::new()) {
        Ok(cache) => drop(config.cache(Some(cache))),
        // A read-only home, for example. Compiling takes a second each time, but it runs.
        Err(error) => tracing::warn!("compiled code is not kept: {error:#}"),
    }
    Engine::new(&config)
}

fn pooling(instances: u32) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances * CORE_INSTANCES_PER_COMPONENT)
        .total_memories(instances)
        .total_tables(instances * CORE_INSTANCES_PER_COMPONENT)
        .total_stacks(instances)
        .max_memory_size(MAX_MEMORY_BYTES);
    InstanceAllocationStrategy::Pooling(pool)
}

/// How many instances may live at once: a thousand streams, and those that are just ending. Each slot reserves address
/// space, not memory.
const MAX_INSTANCES: u32 = 1_100;

/// How long guest code computes before others get their turn.
const TICK: Duration = Duration::from_millis(5);

/// After how many ticks guest code lets others go on. The first may come at once.
pub(crate) const EPOCH_TICKS_PER_TURN: u64 = 1;

/// The core instances that the encoder makes of one component: the module itself and those that tie its imports.
const CORE_INSTANCES_PER_COMPONENT: u32 = 4;
