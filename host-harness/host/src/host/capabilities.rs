//! What a host has of the outside, and grants to its providers.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use serde_json::{Map, Value};

use super::gate::{RequestLimits, Slots};
use crate::clock::Clock;
use crate::credentials::TokenProvider;
use crate::environment::Environment;
use crate::events::EventSubscriber;
use crate::http::{Clients, Endpoint, HttpClient, Origin};
use crate::instance::Grants;
use crate::limits::Limits;
use crate::sealed::SealedSecrets;

/// What a host has.
#[derive(Clone)]
pub(super) struct Capabilities {
    pub(super) environment: Environment,
    pub(super) allowed: Vec<Origin>,
    pub(super) clients: Clients,
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
        self.grants(Vec::new(), Vec::new(), None, &[])
    }

    /// What a provider with this configuration gets: the variables that it may see, and the way to its endpoint.
    pub(super) fn for_config(&self, config: &Map<String, Value>) -> Arc<Grants> {
        let endpoint = endpoint(config, &self.environment).and_then(Endpoint::parse);
        let configured_scope = match setting(config, "token_scope") {
            Some(scope) => scope.as_str(),
            None => self.environment.get(SCOPE_VARIABLE),
        };
        let scopes = configured_scope
            .map(str::trim)
            .filter(|scope| !scope.is_empty())
            .into_iter()
            .chain(TOKEN_SCOPES)
            .map(str::to_owned);
        self.grants(
            scopes.collect(),
            self.environment.visible(),
            endpoint,
            &self.allowed,
        )
    }

    /// Who counts the requests of a host with this configuration and this limit on those that run at once.
    pub(super) fn slots(&self, config: &Map<String, Value>, limit: Option<usize>) -> Arc<Slots> {
        match &self.request_limits {
            Some(limits) => limits.of(endpoint(config, &self.environment), limit),
            None => Slots::new(limit),
        }
    }

    fn grants(
        &self,
        token_scopes: Vec<String>,
        variables: Vec<(String, String)>,
        endpoint: Option<Endpoint>,
        allowed: &[Origin],
    ) -> Arc<Grants> {
        let secrets = Arc::new(SealedSecrets::new(self.seals_secrets));
        Arc::new(Grants {
            clock: self.clock.clone(),
            environment: secrets.seal_environment(variables),
            http: HttpClient::new(
                self.clients.clone(),
                endpoint,
                allowed.iter().cloned(),
                Arc::clone(&secrets),
                &self.limits,
            ),
            events: Arc::clone(&self.events),
            credentials: Arc::clone(&self.credentials),
            token_scopes,
            secrets,
            limits: self.limits.clone(),
            instances: AtomicUsize::new(0),
        })
    }
}

/// Whether a configuration or the environment names an endpoint, a valid one or not.
pub fn has_endpoint(config: &Map<String, Value>, environment: &Environment) -> bool {
    endpoint(config, environment).is_some()
}

/// The endpoint's address as it is written: the same that the provider takes.
fn endpoint<'a>(config: &'a Map<String, Value>, environment: &'a Environment) -> Option<&'a str> {
    let configured = setting(config, "azure_endpoint");
    // What is no text is set all the same: the provider says what is wrong with it.
    let configured = configured.map(|address| address.as_str().unwrap_or("no address"));
    let variables = ENDPOINT_VARIABLES
        .iter()
        .filter_map(|name| environment.get(name));
    configured
        .into_iter()
        .chain(variables)
        .find(|address| !address.trim().is_empty())
}

/// A setting that is not empty, where the provider finds it too: what stands after a table's header in TOML is in that table,
/// so that the table of deployments may hold settings.
pub fn setting<'a>(config: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    let mapping = config.get(MAPPING).and_then(Value::as_object);
    let misplaced = mapping
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| (name.trim() == key).then_some(value));
    let mut values = config.get(key).into_iter().chain(misplaced);
    values.find(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        _ => true,
    })
}

/// The table of deployments in a configuration.
pub const MAPPING: &str = "deployment_mapping";

/// The variable that names the scope of tokens when the configuration does not.
const SCOPE_VARIABLE: &str = "AZURE_OPENAI_TOKEN_SCOPE";

/// The variables that name the endpoint when the configuration does not, in their order.
const ENDPOINT_VARIABLES: [&str; 2] = ["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"];

/// What tokens may be for, beside `token_scope`: the services of Azure AI, in each cloud. A provider that could ask for any
/// scope could manage the subscription.
const TOKEN_SCOPES: [&str; 6] = [
    "https://ai.azure.cn/.default",
    "https://ai.azure.com/.default",
    "https://ai.azure.us/.default",
    "https://cognitiveservices.azure.cn/.default",
    "https://cognitiveservices.azure.com/.default",
    "https://cognitiveservices.azure.us/.default",
];
