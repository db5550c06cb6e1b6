//! The configuration: what was asked for, resolved and found valid.
//!
//! A setting comes from the configuration document if it is there and not empty, else from the first of its environment
//! variables that is set and not empty, else it has its default. Everything that is wrong is reported at once.

mod api_version;
mod authentication;
mod document;
mod endpoint;
mod resolver;
mod resource;
pub mod setting;
pub mod settings;
mod value;

use std::time::Duration;

use serde_json::{Map, Value};

pub use self::api_version::ApiVersion;
pub use self::authentication::{Authentication, TokenSource};
use self::document::Document;
pub use self::endpoint::{Endpoint, EndpointKind, InvalidEndpoint, Scheme};
pub use self::resolver::Environment;
use self::resolver::{Resolved, Resolver, Source};
pub use self::resource::Resource;
use crate::contract::types::{ErrorKind, ProviderError};
use crate::core::deployment::{Candidate, Deployment, Deployments, Mapping};
use crate::core::json::{ObjectWriter, object_of};
use crate::core::model;
use crate::core::pricing::Pricing;

/// A configuration that was resolved and found valid.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The endpoint that is asked first.
    pub primary: Resource,
    /// The endpoints that are asked after it, in their order.
    pub fallbacks: Vec<Resource>,
    /// Models and deployments.
    pub deployments: Deployments,
    /// When another deployment is asked, and which one.
    pub failover: Failover,
    /// What requests ask for when they do not say it themselves.
    pub defaults: RequestDefaults,
    /// The limits on time.
    pub time_limits: TimeLimits,
    /// When failed requests are tried again.
    pub retries: Retries,
    /// Whether an answer that was cut off at its limit goes on.
    pub auto_continue: bool,
    /// Ask the service for a stream.
    pub use_streaming: bool,
    /// Which events are emitted beside the usual ones.
    pub debug: Debugging,
    /// What tokens cost.
    pub pricing: Pricing,
    /// What is merged into the body of every request, last.
    pub extra_request_params: Map<String, Value>,
    /// What is not as it should be but does no harm, a sentence each.
    pub warnings: Vec<String>,
    /// What somebody who looks for it may want to know of the configuration, in a sentence.
    pub note: Option<String>,
    resolved: Vec<Resolved>,
}

/// What requests ask for when they do not say it themselves. What is not set is not sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestDefaults {
    /// `max_output_tokens`.
    pub max_output_tokens: Option<u64>,
    /// `temperature`, for models that are known to take it.
    pub temperature: f64,
    /// Whether `temperature` was set, and goes to models that are not known too.
    pub temperature_is_set: bool,
    /// `reasoning.effort`.
    pub reasoning_effort: Option<&'static str>,
    /// `reasoning.summary`.
    pub reasoning_summary: &'static str,
    /// Whether extended thinking is asked for.
    pub extended_thinking: bool,
    /// How many tokens it may take besides those of the answer; 0 says nothing of it.
    pub thinking_budget: Option<u64>,
    /// `text.verbosity`.
    pub text_verbosity: Option<&'static str>,
    /// `truncation`.
    pub truncation: Option<&'static str>,
    /// `prompt_cache_key`.
    pub prompt_cache_key: Option<String>,
    /// `prompt_cache_retention`.
    pub prompt_cache_retention: Option<&'static str>,
    /// `safety_identifier`.
    pub safety_identifier: Option<String>,
    /// `service_tier`.
    pub service_tier: Option<&'static str>,
    /// What [`settings::PASSED_THROUGH`] has values for.
    pub passed_through: Vec<(&'static str, Value)>,
    /// `store`.
    pub store: bool,
}

/// When failed requests are tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retries {
    /// How often.
    pub most: u64,
    /// Before the first of them; twice as long before each further one.
    pub min_delay: Duration,
    /// The longest wait.
    pub max_delay: Duration,
    /// Whether waits vary.
    pub jitter: bool,
}

/// When another deployment is asked, and which one, where a model has several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Failover {
    /// How long a call waits for a deployment while another one is free.
    pub after: Duration,
    /// Whether the deployment with the fewest calls is asked, and not the first.
    pub is_least_busy: bool,
}

/// Which events are emitted beside the usual ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Debugging {
    /// None.
    Off,
    /// Those that say how requests are made.
    Events,
    /// Those, and the complete bodies.
    Bodies,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeLimits {
    /// Connecting.
    pub connect: Duration,
    /// One attempt, from the connection to the last byte.
    pub attempt: Duration,
    /// From one event of a stream to the next.
    pub stream_idle: Duration,
}

impl Configuration {
    /// Resolves a configuration document, a JSON object, against the environment.
    ///
    /// # Errors
    ///
    /// One error of the kind `configuration` that names everything that is wrong.
    pub fn resolve(document: &str, environment: &Environment) -> Result<Self, ProviderError> {
        let Document {
            settings,
            warnings: mut odd_keys,
            note,
        } = Document::read(document).map_err(|problem| invalid(&[problem], &[], &[]))?;
        let mut resolver = Resolver::new(&settings, environment);
        let configuration = Self::take_all(&mut resolver);
        odd_keys.extend(resolver.odd_keys());
        let Resolver {
            problems, resolved, ..
        } = resolver;
        match configuration {
            Some(mut configuration) if problems.is_empty() => {
                configuration.warnings.extend(odd_keys);
                configuration.note = note;
                configuration.resolved = resolved;
                Ok(configuration)
            }
            _ => Err(invalid(&problems, &odd_keys, &resolved)),
        }
    }

    /// Takes every setting, also after one that is wrong, so that all problems are found.
    fn take_all(resolver: &mut Resolver<'_>) -> Option<Self> {
        let mut warnings = Vec::new();
        let primary = Resource::take(resolver, &mut warnings);
        let fallbacks = take_fallbacks(resolver, &mut warnings);
        // The host's business; here so that it is checked and shown like all the others.
        resolver.take(&settings::MAX_CONCURRENT_REQUESTS);
        let mapping = primary.as_ref().and_then(|primary| primary.mapping.clone());
        let is_provisioned = primary
            .as_ref()
            .is_some_and(|primary| primary.is_provisioned);
        Some(Self {
            fallbacks,
            deployments: take_deployments(resolver, mapping.unwrap_or_default()),
            failover: Failover {
                after: resolver.value(&settings::FAILOVER_AFTER),
                is_least_busy: resolver.value(&settings::ROUTING) == LEAST_BUSY,
            },
            defaults: RequestDefaults::take(resolver),
            time_limits: TimeLimits {
                attempt: resolver.value(&settings::TIMEOUT),
                stream_idle: resolver.value(&settings::STREAM_IDLE_TIMEOUT),
                connect: resolver.value(&settings::CONNECT_TIMEOUT),
            },
            retries: Retries::take(resolver),
            auto_continue: resolver.value(&settings::AUTO_CONTINUE),
            use_streaming: resolver.value(&settings::USE_STREAMING),
            debug: Debugging::take(resolver),
            pricing: Pricing {
                configured: resolver.value(&settings::PRICING),
                is_provisioned,
            },
            extra_request_params: resolver.value(&settings::EXTRA_REQUEST_PARAMS),
            warnings,
            note: None,
            resolved: Vec::new(),
            // Last, so that what is missing here does not hide what is wrong above.
            primary: primary?,
        })
    }

    /// The endpoint with this number: 0 is the first one, and so is what has none.
    pub fn resource(&self, number: usize) -> &Resource {
        let fallback = number.checked_sub(1);
        fallback
            .and_then(|index| self.fallbacks.get(index))
            .unwrap_or(&self.primary)
    }

    /// The deployments that may answer a request for a model, in order; at least one.
    ///
    /// A fallback with a table of its own has the models in it and no others. One without has deployments of the same names
    /// as the first endpoint.
    pub fn candidates(&self, requested: Option<&str>) -> Vec<Candidate> {
        let own = self.deployments.resolve_all(requested);
        let model = self.deployments.model(requested);
        let mut candidates = Vec::new();
        let mut add = |number, resource: &Resource, names: &[String]| {
            for (index, name) in names.iter().enumerate() {
                candidates.push(Candidate {
                    resource: number,
                    is_provisioned: resource.is_provisioned && index == 0,
                    deployment: Deployment {
                        name: name.clone(),
                        ..own.deployment.clone()
                    },
                });
            }
        };
        add(0, &self.primary, &own.names);
        for (index, fallback) in self.fallbacks.iter().enumerate() {
            let names = match &fallback.mapping {
                None => Some(&own.names),
                Some(mapping) => mapping
                    .of_model(model)
                    .or_else(|| mapping.of_model(&own.deployment.logical_model)),
            };
            add(index + 1, fallback, names.map_or(&[], Vec::as_slice));
        }
        candidates
    }

    /// Whether what an endpoint has encrypted means nothing to another one; `origin` is its name in the metadata of the message. What
    /// has none is the first endpoint's: it is from before there were others.
    pub fn is_foreign(&self, origin: Option<&str>, resource: usize) -> bool {
        !self.fallbacks.is_empty()
            && origin.map_or(resource > 0, |origin| {
                origin != self.resource(resource).name()
            })
    }

    /// Each setting with its source, secrets redacted, and what follows from them.
    pub fn describe(&self) -> Value {
        let mut deployments = Vec::new();
        for model in self.deployments.models() {
            let mut candidates = self.candidates(Some(model)).into_iter();
            let Some(Candidate { deployment, .. }) = candidates.next() else {
                continue;
            };
            let Deployment {
                name,
                logical_model,
                rule,
            } = deployment;
            let retirement = model::find(&logical_model).and_then(|model| model.retirement);
            let mut row = vec![
                ("model", model.into()),
                ("deployment", name.into()),
                ("logical_model", logical_model.into()),
                ("rule", rule.name().into()),
            ];
            if let Some(retirement) = retirement {
                row.push(("retires", retirement.date.into()));
                row.extend(
                    retirement
                        .replacement
                        .map(|name| ("replacement", name.into())),
                );
            }
            let fallbacks: Vec<Value> = candidates
                .map(|other| {
                    let endpoint = self.resource(other.resource).endpoint.to_string();
                    object_of(vec![
                        ("deployment", other.deployment.name.into()),
                        ("endpoint", endpoint.into()),
                    ])
                })
                .collect();
            if !fallbacks.is_empty() {
                row.push(("fallbacks", Value::Array(fallbacks)));
            }
            deployments.push(object_of(row));
        }
        let mut description = self.primary.describe();
        description.extend([
            ("deployments", Value::Array(deployments)),
            ("settings", describe(&self.resolved)),
            ("warnings", self.warnings.clone().into()),
        ]);
        if !self.fallbacks.is_empty() {
            let fallbacks = self.fallbacks.iter();
            let fallbacks = fallbacks.map(|fallback| object_of(fallback.describe()));
            description.push(("fallbacks", fallbacks.collect()));
        }
        object_of(description)
    }
}

impl RequestDefaults {
    fn take(resolver: &mut Resolver<'_>) -> Self {
        Self {
            max_output_tokens: resolver.value(&settings::MAX_TOKENS),
            temperature: resolver.value(&settings::TEMPERATURE),
            temperature_is_set: resolver.is_set(&settings::TEMPERATURE.row),
            reasoning_effort: resolver.take(&settings::REASONING_EFFORT),
            reasoning_summary: resolver.value(&settings::REASONING_SUMMARY),
            extended_thinking: resolver.value(&settings::EXTENDED_THINKING),
            thinking_budget: resolver.take(&settings::THINKING_BUDGET_TOKENS),
            text_verbosity: resolver.take(&settings::TEXT_VERBOSITY),
            truncation: resolver.take(&settings::TRUNCATION),
            prompt_cache_key: resolver.take(&settings::PROMPT_CACHE_KEY),
            prompt_cache_retention: resolver.take(&settings::PROMPT_CACHE_RETENTION),
            safety_identifier: resolver.take(&settings::SAFETY_IDENTIFIER),
            service_tier: resolver.take(&settings::SERVICE_TIER),
            passed_through: settings::PASSED_THROUGH
                .into_iter()
                .filter_map(|setting| Some((setting.row.key, resolver.take(setting)?)))
                .collect(),
            store: resolver.value(&settings::STORE),
        }
    }
}

impl Retries {
    fn take(resolver: &mut Resolver<'_>) -> Self {
        let most = resolver.value(&settings::MAX_RETRIES);
        let min_delay = resolver.take(&settings::MIN_RETRY_DELAY);
        let max_delay = resolver.take(&settings::MAX_RETRY_DELAY);
        if let (Some(min_delay), Some(max_delay)) = (min_delay, max_delay)
            && min_delay > max_delay
        {
            resolver.problems.push(format!(
                "{} is longer than {}",
                resolver.place(&settings::MIN_RETRY_DELAY.row),
                resolver.place(&settings::MAX_RETRY_DELAY.row)
            ));
        }
        Self {
            most,
            min_delay: min_delay.unwrap_or_default(),
            max_delay: max_delay.unwrap_or_default(),
            jitter: resolver.value(&settings::RETRY_JITTER),
        }
    }
}

impl Debugging {
    fn take(resolver: &mut Resolver<'_>) -> Self {
        let debug = resolver.value(&settings::DEBUG);
        let raw_debug = resolver.value(&settings::RAW_DEBUG);
        // Where the key is `raw`, there is no `debug` to go with it.
        let is_raw = resolver.source(&settings::RAW_DEBUG.row) == Source::Configuration("raw");
        match (debug || is_raw, raw_debug) {
            (true, true) => Self::Bodies,
            _ if debug => Self::Events,
            _ => Self::Off,
        }
    }
}

/// Takes the endpoints after the first, each of them whole.
fn take_fallbacks(resolver: &mut Resolver<'_>, warnings: &mut Vec<String>) -> Vec<Resource> {
    let mut fallbacks = Vec::new();
    for (index, mut table) in resolver.value(&settings::FALLBACKS).into_iter().enumerate() {
        let prefix = format!("{}[{index}].", settings::FALLBACKS.row.key);
        document::tidy_mapping(&mut table, &prefix, warnings);
        // Variables are for the first endpoint: a key in one of them is not for any other.
        let nothing = Environment::default();
        let mut inner = Resolver::within(prefix, &table, &nothing);
        fallbacks.extend(Resource::take(&mut inner, warnings));
        let odd_keys = inner.odd_keys();
        resolver.problems.append(&mut inner.problems);
        resolver.odd_keys_within.extend(odd_keys);
    }
    fallbacks
}

fn take_deployments(resolver: &mut Resolver<'_>, mapping: Mapping) -> Deployments {
    let (row, model) = (
        &settings::DEFAULT_DEPLOYMENT.row,
        &settings::DEFAULT_MODEL.row,
    );
    let default_deployment = resolver.take(&settings::DEFAULT_DEPLOYMENT);
    let mut default_model: String = resolver.value(&settings::DEFAULT_MODEL);
    // Who names one deployment and no model means the model behind it, which only its own name says anything about.
    let is_named = matches!(
        resolver.source(row),
        Source::Configuration("deployment_name") | Source::Variable("AZURE_OPENAI_DEPLOYMENT_NAME")
    );
    if let Some(name) = &default_deployment
        && is_named
        && !resolver.is_set(model)
    {
        default_model.clone_from(name);
        resolver.follow(model, row);
    }
    Deployments {
        mapping,
        default_deployment,
        default_model,
    }
}

fn describe(resolved: &[Resolved]) -> Value {
    let mut settings = Map::new();
    for resolved in resolved {
        let (key, entry) = resolved.describe();
        settings.insert(key, entry);
    }
    Value::Object(settings)
}

/// The error for a configuration that is wrong. A key that is misspelt is often why another is missing, so that warnings are
/// told too; the details have the settings as well, as far as there are any.
fn invalid(problems: &[String], warnings: &[String], resolved: &[Resolved]) -> ProviderError {
    let mut message = match problems {
        [problem] => format!("the configuration is wrong: {problem}"),
        _ => format!(
            "the configuration has {} problems:\n- {}",
            problems.len(),
            problems.join("\n- ")
        ),
    };
    for warning in warnings {
        message.push_str("\n- warning: ");
        message.push_str(warning);
    }
    ProviderError {
        details: Some(
            ObjectWriter::new()
                .member("problems", problems)
                .member("warnings", warnings)
                .member("settings", &describe(resolved))
                .finish(),
        ),
        ..ProviderError::new(ErrorKind::Configuration, message)
    }
}

/// The routing that asks the deployment with the fewest calls.
const LEAST_BUSY: &str = "least-busy";

#[cfg(test)]
mod tests;
