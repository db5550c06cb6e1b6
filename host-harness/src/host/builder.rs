//! Sets up a host: what it grants to the provider that it loads.

use std::path::Path;
use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::Linker;

use super::LoadedProvider;
use crate::clock::Clock;
use crate::component::{Inspection, LoadError, ProviderComponent};
use crate::contract::ProviderModulePre;
use crate::credentials::{AzureCredentials, TokenProvider};
use crate::engine::MAX_MEMORY_BYTES;
use crate::environment::Environment;
use crate::events::{EventSubscriber, NoSubscriber};
use crate::http::{Clients, Origin};
use crate::instance::{self, HostState};

/// Sets up a [`super::ProviderHost`].
pub struct ProviderHostBuilder {
    environment: Environment,
    allowed: Vec<Origin>,
    clock: Option<Arc<dyn Clock>>,
    events: Arc<dyn EventSubscriber>,
    credentials: Option<Arc<dyn TokenProvider>>,
    seals_secrets: bool,
    max_memory_bytes: usize,
}

impl ProviderHostBuilder {
    pub(super) fn new() -> Self {
        Self {
            environment: Environment::default(),
            allowed: Vec::new(),
            clock: None,
            events: Arc::new(NoSubscriber),
            credentials: None,
            seals_secrets: true,
            max_memory_bytes: MAX_MEMORY_BYTES,
        }
    }

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

    /// What providers wait and measure time by; the system's clock without this. The host's own limits, such as those on
    /// connecting, are in real time in any case.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Who hears the provider's events.
    pub fn events(mut self, events: Arc<dyn EventSubscriber>) -> Self {
        self.events = events;
        self
    }

    /// Where tokens come from; without this, from Azure's credentials in the environment
    /// ([`crate::credentials::AzureCredentials`]).
    pub fn credentials(mut self, credentials: Arc<dyn TokenProvider>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Whether providers see placeholders instead of keys and tokens; they do unless this is false. The real values are
    /// put into the headers that leave for the endpoint.
    pub fn sealed_secrets(mut self, are_sealed: bool) -> Self {
        self.seals_secrets = are_sealed;
        self
    }

    /// The most memory that one instance may have, in bytes; 256 MiB without this, and at most. An instance that needs more
    /// fails, and its call with it.
    pub fn max_memory_bytes(mut self, bytes: usize) -> Self {
        self.max_memory_bytes = bytes.min(MAX_MEMORY_BYTES);
        self
    }

    /// Loads the component: compiled code comes from the cache, or is compiled now, which takes a second.
    ///
    /// # Errors
    ///
    /// When the file is no provider that this host runs.
    pub async fn load(self, path: &Path) -> Result<LoadedProvider, LoadError> {
        let path = path.to_owned();
        // Compiling keeps all cores busy: not on the threads that carry other people's streams.
        let loading = tokio::task::spawn_blocking(move || load(&path));
        let (pre, inspection) = match loading.await {
            Ok(loaded) => loaded?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        let clients = Clients::default();
        let credentials = self.credentials.unwrap_or_else(|| {
            let credentials = AzureCredentials::builder()
                .environment(self.environment.clone())
                .clients(clients.clone());
            Arc::new(credentials.build())
        });
        Ok(LoadedProvider {
            pre,
            inspection,
            environment: self.environment,
            allowed: self.allowed,
            clients,
            clock: self.clock,
            events: self.events,
            credentials,
            seals_secrets: self.seals_secrets,
            max_memory_bytes: self.max_memory_bytes,
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
