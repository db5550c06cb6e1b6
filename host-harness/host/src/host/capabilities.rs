//! What a host has of the outside, and grants to its providers.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use serde_json::{Map, Value};

use super::gate::{RequestLimits, Slots};
use crate::clock::Clock;
use crate::credentials::TokenProvider;
use crate::environment::Environment;
use crate::events::EventSubscriber;
use crate::http::{Egress, Endpoint, HttpClient, Origin};
use crate::instance::{Grants, SharedState};
use crate::limits::Limits;
use crate::policy::Policy;
use crate::sealed::SealedSecrets;

/// What a host has.
#[derive(Clone)]
pub(super) struct Capabilities {
    pub(super) policy: Arc<Policy>,
    pub(super) environment: Environment,
    pub(super) allowed: Vec<Origin>,
    pub(super) http: Arc<dyn HttpClient>,
    pub(super) clock: Option<Arc<dyn Clock>>,
    pub(super) events: Arc<dyn EventSubscriber>,
    pub(super) credentials: Arc<dyn TokenProvider>,
    pub(super) seals_secrets: bool,
    pub(super) limits: Limits,
    pub(super) request_limits: Option<RequestLimits>,
}

impl Capabilities {
    /// What a component gets that is only asked what it is: limits, and nothing to reach or to read.
    pub(super) fn nothing(&self) -> Arc<Grants> {
        self.grants(Vec::new(), Vec::new(), Vec::new(), &[])
    }

    /// What a provider with this configuration gets: the variables that it may see, and the ways to its endpoints.
    pub(super) fn for_config(&self, config: &Map<String, Value>) -> Arc<Grants> {
        let (policy, environment) = (&self.policy, &self.environment);
        self.grants(
            policy.scopes(config, environment),
            environment.only(policy.visible_variables()),
            policy.endpoints(config, environment),
            &self.allowed,
        )
    }

    /// Who counts the requests of a host with this configuration and this limit on those that run at once.
    pub(super) fn slots(&self, config: &Map<String, Value>, limit: Option<usize>) -> Arc<Slots> {
        match &self.request_limits {
            Some(limits) => limits.of(self.policy.address(config, &self.environment), limit),
            None => Slots::new(limit),
        }
    }

    fn grants(
        &self,
        token_scopes: Vec<String>,
        variables: Vec<(String, String)>,
        endpoints: Vec<Option<Endpoint>>,
        allowed: &[Origin],
    ) -> Arc<Grants> {
        let secrets = SealedSecrets::new(self.seals_secrets, Arc::clone(&self.policy));
        let secrets = Arc::new(secrets);
        Arc::new(Grants {
            clock: self.clock.clone(),
            environment: secrets.seal_environment(variables),
            http: Egress::new(
                Arc::clone(&self.http),
                endpoints,
                allowed.iter().cloned(),
                Arc::clone(&secrets),
                self.limits.of_call().bodies(),
            ),
            events: Arc::clone(&self.events),
            credentials: Arc::clone(&self.credentials),
            token_scopes,
            policy: Arc::clone(&self.policy),
            secrets,
            limits: self.limits.clone(),
            shared: Arc::new(SharedState::default()),
            instances: AtomicUsize::new(0),
        })
    }
}
