//! The host for Python: a provider that is loaded, configured and ready, its answers as they arrive.
//!
//! Nothing here calls Python while an exchange runs: events are queued, and whoever wants them asks. What
//! `amplifier_core` asks of a provider is made of this in `python/`.

mod asyncio;
mod failure;
mod fork;
mod host;
mod notes;
mod queue;
mod shared;
mod stream;

use pyo3::prelude::*;

/// The native part of `amplifier_azure_openai`.
#[pymodule(gil_used = true)]
mod _native {
    #[pymodule_export]
    use super::failure::ProviderFailure;
    #[pymodule_export]
    use super::host::Host;
    #[pymodule_export]
    use super::stream::Stream;
}
