//! Sets up a host: what it grants to the provider that it loads.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Host;
use super::capabilities::Capabilities;
use super::gate::RequestLimits;
use crate::clock::Clock;
use crate::component::{LoadError, ProviderComponent, Source};
use crate::credentials::{NoCredentials, TokenProvider};
use crate::engine::ProviderEngine;
use crate::environment::Environment;
use crate::events::{EventSubscriber, NoSubscriber};
use crate::http::{HttpClient, Origin, PooledClient};
use crate::limits::{Limits, MAX_MEMORY_BYTES};
use crate::policy::Policy;

/// Sets up a [`Host`].
#[must_use]
pub struct HostBuilder {
    policy: Policy,
    environment: Environment,
    allowed: Vec<Origin>,
    clock: Option<Arc<dyn Clock>>,
    events: Arc<dyn EventSubscriber>,
    http: Option<Arc<dyn HttpClient>>,
    credentials: Credentials,
    seals_secrets: bool,
    limits: Limits,
    engine: Option<ProviderEngine>,
    request_limits: Option<RequestLimits>,
}

/// Makes the credentials of a host from its environment and its client.
type Credentials =
    Box<dyn FnOnce(&Environment, &Arc<dyn HttpClient>) -> Arc<dyn TokenProvider> + Send + Sync>;

impl HostBuilder {
    pub(super) fn new() -> Self {
        Self {
            policy: Policy::new(),
            environment: Environment::default(),
            allowed: Vec::new(),
            clock: None,
            events: Arc::new(NoSubscriber),
            http: None,
            credentials: Box::new(|_, _| Arc::new(NoCredentials)),
            seals_secrets: true,
            limits: Limits::default(),
            engine: None,
            request_limits: None,
        }
    }

    /// What providers are granted; nothing without this.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The environment; a provider sees those variables of it that the policy names. Empty without this.
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

    /// What sends the requests of providers, and of credentials that are made with it; a [`PooledClient`] of the host's own
    /// without this.
    pub fn http(mut self, client: Arc<dyn HttpClient>) -> Self {
        self.http = Some(client);
        self
    }

    /// Where tokens come from; nowhere without this.
    pub fn credentials(self, credentials: Arc<dyn TokenProvider>) -> Self {
        self.credentials_from(|_, _| credentials)
    }

    /// Where tokens come from, made of the host's environment and its client when the component is loaded.
    pub fn credentials_from(
        mut self,
        credentials: impl FnOnce(&Environment, &Arc<dyn HttpClient>) -> Arc<dyn TokenProvider>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.credentials = Box::new(credentials);
        self
    }

    /// Whether providers see placeholders instead of keys and tokens; they do unless this is false. The real values are
    /// put into the headers that leave for the endpoint.
    pub fn sealed_secrets(mut self, are_sealed: bool) -> Self {
        self.seals_secrets = are_sealed;
        self
    }

    /// What a provider may use; see [`Limits`] for what that is without this.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Limits {
            memory_bytes: limits.memory_bytes.min(MAX_MEMORY_BYTES),
            ..limits
        };
        self
    }

    /// What runs the component; [the process's own](ProviderEngine::shared) without this.
    pub fn engine(mut self, engine: ProviderEngine) -> Self {
        self.engine = Some(engine);
        self
    }

    /// Who counts requests that run at once; each host its own without this. See [`RequestLimits`].
    pub fn request_limits(mut self, limits: RequestLimits) -> Self {
        self.request_limits = Some(limits);
        self
    }

    /// Loads the component: compiled code comes from the cache, or is compiled now, which takes a second.
    ///
    /// # Errors
    ///
    /// When the file is no provider that this host runs.
    pub async fn load(self, path: impl AsRef<Path>) -> Result<Host, LoadError> {
        self.load_from(Source::File(path.as_ref().to_owned())).await
    }

    /// The same for a component that the program has in memory, such as one that is a part of it. Errors call it by this
    /// name.
    ///
    /// # Errors
    ///
    /// When the bytes are no provider that this host runs.
    pub async fn load_bytes(
        self,
        name: impl Into<PathBuf>,
        bytes: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Host, LoadError> {
        let (name, bytes) = (name.into(), Box::new(bytes));
        self.load_from(Source::Bytes { name, bytes }).await
    }

    async fn load_from(self, source: Source) -> Result<Host, LoadError> {
        let engine = match self.engine {
            Some(engine) => engine,
            None => ProviderEngine::shared()?,
        };
        let component = ProviderComponent::load(&engine, source).await?;
        let http = self
            .http
            .unwrap_or_else(|| Arc::new(PooledClient::default()));
        let credentials = (self.credentials)(&self.environment, &http);
        Ok(Host {
            engine,
            component,
            capabilities: Arc::new(Capabilities {
                policy: Arc::new(self.policy),
                environment: self.environment,
                allowed: self.allowed,
                http,
                clock: self.clock,
                events: self.events,
                credentials,
                seals_secrets: self.seals_secrets,
                limits: self.limits,
                request_limits: self.request_limits,
            }),
        })
    }
}

impl fmt::Debug for HostBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HostBuilder")
            .field("policy", &self.policy)
            .field("allowed", &self.allowed)
            .field("limits", &self.limits)
            .field("seals_secrets", &self.seals_secrets)
            .finish_non_exhaustive()
    }
}
