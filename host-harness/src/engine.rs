//! The WebAssembly engine: how components are compiled, where the result is kept, and what an instance may use.

use wasmtime::{
    Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
};

/// How many instances may live at once: fifty times the default of `max_concurrent_requests`. Each slot reserves address
/// space, not memory.
const MAX_INSTANCES: u32 = 256;

/// The most memory an instance may have. A request with a 30 MB image is in there as base64, as JSON and as the bytes
/// that are sent, which makes 120 MB; twice that is a runaway.
pub(crate) const MAX_MEMORY_BYTES: usize = 256 * 1024 * 1024;

/// The core instances that the encoder makes of one component: the module itself and those that tie its imports.
const CORE_INSTANCES_PER_COMPONENT: u32 = 4;

/// Makes an engine that keeps compiled code in the user's cache folder, by the content of what was compiled.
///
/// # Errors
///
/// When this machine cannot run WebAssembly the way we need it.
pub(crate) fn engine() -> wasmtime::Result<Engine> {
    match engine_with(pooling()) {
        Ok(engine) => Ok(engine),
        // Containers may limit the address space. Slower to start an instance, but it runs.
        Err(error) => {
            tracing::warn!("no pool of instances ({error:#}); each is allocated when it is needed");
            engine_with(InstanceAllocationStrategy::OnDemand)
        }
    }
}

fn engine_with(strategy: InstanceAllocationStrategy) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.allocation_strategy(strategy);
    match Cache::new(CacheConfig::new()) {
        Ok(cache) => drop(config.cache(Some(cache))),
        // A read-only home, for example. Compiling takes a second each time, but it runs.
        Err(error) => tracing::warn!("compiled code is not kept: {error:#}"),
    }
    Engine::new(&config)
}

fn pooling() -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(MAX_INSTANCES)
        .total_core_instances(MAX_INSTANCES * CORE_INSTANCES_PER_COMPONENT)
        .total_memories(MAX_INSTANCES)
        .total_tables(MAX_INSTANCES * CORE_INSTANCES_PER_COMPONENT)
        .total_stacks(MAX_INSTANCES)
        .max_memory_size(MAX_MEMORY_BYTES);
    InstanceAllocationStrategy::Pooling(pool)
}
