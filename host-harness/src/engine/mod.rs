//! The WebAssembly engine: how components are compiled, where the result is kept, and what an instance may use.

mod compiled_code;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use etcetera::BaseStrategy;
use wasmtime::component::Component;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use self::compiled_code::CompiledCode;
use crate::limits::MAX_MEMORY_BYTES;

/// Compiles and runs components. Cheap to clone; hosts that share one share its pool of instances, which are 1,100.
#[derive(Clone)]
pub struct ProviderEngine {
    engine: Engine,
    /// None where nothing can be written.
    compiled: Option<Arc<CompiledCode>>,
}

impl ProviderEngine {
    /// An engine that keeps compiled code in the user's cache folder, by the content of what was compiled.
    ///
    /// # Errors
    ///
    /// When this machine cannot run WebAssembly the way we need it.
    pub fn new() -> Result<Self, EngineError> {
        match etcetera::choose_base_strategy() {
            Ok(folders) => Self::with_cache(folders.cache_dir().join("host-harness")),
            Err(error) => {
                tracing::warn!("compiled code is not kept: {error}");
                Self::with(None)
            }
        }
    }

    /// An engine that keeps compiled code in this folder. What is there is run, so nobody else may write to it.
    ///
    /// # Errors
    ///
    /// When this machine cannot run WebAssembly the way we need it.
    pub fn with_cache(folder: impl Into<PathBuf>) -> Result<Self, EngineError> {
        let folder = folder.into();
        match CompiledCode::in_folder(folder.clone()) {
            Ok(compiled) => Self::with(Some(compiled)),
            // A read-only home, for example. Compiling takes a second each time, but it runs.
            Err(error) => {
                tracing::warn!("compiled code is not kept in {}: {error}", folder.display());
                Self::with(None)
            }
        }
    }

    fn with(compiled: Option<CompiledCode>) -> Result<Self, EngineError> {
        let engine = match engine_with(pooling()) {
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
            Ok(_) => Ok(Self {
                engine,
                compiled: compiled.map(Arc::new),
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

    pub(crate) fn wasmtime(&self) -> &Engine {
        &self.engine
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
        .epoch_interruption(true)
        // Providers are compiled for 32 bits, and what may grow to 2^64 bytes need not be reckoned with.
        .wasm_memory64(false);
    Engine::new(&config)
}

fn pooling() -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(MAX_INSTANCES)
        .total_core_instances(MAX_INSTANCES * CORE_INSTANCES_PER_COMPONENT)
        .total_memories(MAX_INSTANCES)
        .total_tables(MAX_INSTANCES * CORE_INSTANCES_PER_COMPONENT)
        .total_stacks(MAX_INSTANCES)
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

/// After how many ticks guest code lets others go on. The first may come at once.
pub(crate) const EPOCH_TICKS_PER_TURN: u64 = 1;

/// The core instances that the encoder makes of one component: the module itself and those that tie its imports.
const CORE_INSTANCES_PER_COMPONENT: u32 = 4;
