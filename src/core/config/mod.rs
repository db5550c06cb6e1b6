//! The configuration: what was asked for, resolved and found valid.
//!
//! A setting comes from the configuration document if it is there and not empty, else from the first of its environment
//! variables that is set and not empty, else it has its default. Everything that is wrong is reported at once.

mod api_version;
mod endpoint;
mod resolver;
pub mod setting;

use std::time::Duration;

use serde_json::{Map, Value, json};

pub use self::api_version::ApiVersion;
pub use self::endpoint::{Endpoint, InvalidEndpoint, Scheme};
pub use self::resolver::Environment;
use self::resolver::{Expected, Resolved, Resolver};
use crate::contract::types::{ErrorKind, ProviderError};
use crate::core::deployment::Deployments;
use crate::core::secret::Secret;

/// A configuration that was resolved and found valid.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Where the service is.
    pub endpoint: Endpoint,
    /// The version of the API.
    pub api_version: ApiVersion,
    /// The key.
    pub api_key: Secret,
    /// Models and deployments.
    pub deployments: Deployments,
    /// `max_output_tokens` of requests that set none.
    pub max_output_tokens: u64,
    /// The limits on time.
    pub time_limits: TimeLimits,
    /// Ask the service for a stream.
    pub use_streaming: bool,
    /// What is not as it should be but does no harm, a sentence each.
    pub warnings: Vec<String>,
    resolved: Vec<Resolved>,
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
        let document = parse_document(document)?;
        let mut resolver = Resolver::new(&document, environment);
        let configuration = Self::take_all(&mut resolver);
        let unknown_keys = resolver.unknown_keys();
        let Resolver {
            problems, resolved, ..
        } = resolver;
        match configuration {
            Some(mut configuration) if problems.is_empty() => {
                configuration.warnings.extend(unknown_keys);
                configuration.resolved = resolved;
                Ok(configuration)
            }
            _ => Err(invalid(&problems)),
        }
    }

    /// Takes every setting, also after one that is wrong, so that all problems are found.
    fn take_all(resolver: &mut Resolver<'_>) -> Option<Self> {
        let endpoint = resolver.require(&setting::AZURE_ENDPOINT, |value| {
            Endpoint::parse(text(value, "an address")?).map_err(|error| error.to_string().into())
        });
        let api_key = resolver.require(&setting::API_KEY, |value| {
            header_value(text(value, "text")?).map(Secret::new)
        });
        let api_version = resolver.take(&setting::API_VERSION, |value| {
            const EXPECTED: &str =
                "`v1`, `latest`, `preview` or a date such as `2025-04-01-preview`";
            let text = text(value, EXPECTED)?;
            let version = ApiVersion::parse(text).ok_or(EXPECTED)?;
            Ok((version, text.to_owned()))
        });
        let api_version_is_set = resolver.resolved.last().is_some_and(Resolved::is_set);
        let mapping = resolver.take(&setting::DEPLOYMENT_MAPPING, mapping);
        let default_deployment = resolver.take(&setting::DEFAULT_DEPLOYMENT, name);
        let default_model = resolver.take(&setting::DEFAULT_MODEL, name);
        let max_output_tokens = resolver.take(&setting::MAX_TOKENS, |value| {
            whole_number(value, 1, u64::from(u32::MAX))
        });
        let attempt = resolver.take(&setting::TIMEOUT, seconds);
        let stream_idle = resolver.take(&setting::STREAM_IDLE_TIMEOUT, seconds);
        let connect = resolver.take(&setting::CONNECT_TIMEOUT, seconds);
        let use_streaming = resolver.take(&setting::USE_STREAMING, boolean);

        let (api_version, version_text) = api_version?;
        let mut warnings = Vec::new();
        // The default is such a version too, for the sake of the documentation; nobody needs to hear of that.
        if api_version_is_set && api_version::is_before_responses(&version_text) {
            warnings.push(format!(
                "`api_version` {version_text} is older than the Responses API; requests go to /openai/v1/responses, \
                 as with `v1`"
            ));
        }
        Some(Self {
            endpoint: endpoint?,
            api_version,
            api_key: api_key?,
            deployments: Deployments {
                mapping: mapping.unwrap_or_default(),
                default_deployment,
                default_model: default_model?,
            },
            max_output_tokens: max_output_tokens?,
            time_limits: TimeLimits {
                connect: connect?,
                attempt: attempt?,
                stream_idle: stream_idle?,
            },
            use_streaming: use_streaming?,
            warnings,
            resolved: Vec::new(),
        })
    }

    /// The path and query of requests.
    pub fn responses_path(&self) -> String {
        self.api_version.responses_path(&self.endpoint)
    }

    /// Each setting with its source, secrets redacted.
    pub fn describe(&self) -> Value {
        let mut settings = Map::new();
        for resolved in &self.resolved {
            let (key, entry) = resolved.describe();
            settings.insert(key, entry);
        }
        let Endpoint {
            scheme, authority, ..
        } = &self.endpoint;
        json!({
            "endpoint": self.endpoint.to_string(),
            "route": format!("POST {scheme}://{authority}{}", self.responses_path()),
            "settings": settings,
            "warnings": self.warnings,
        })
    }
}

fn parse_document(document: &str) -> Result<Map<String, Value>, ProviderError> {
    if document.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(document.as_bytes()) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(invalid(&[
            "the configuration is not a JSON object".to_owned()
        ])),
        // Position only: the text around it may hold a key.
        Err(error) => Err(invalid(&[format!(
            "the configuration is not JSON (line {}, column {})",
            error.line(),
            error.column()
        )])),
    }
}

fn invalid(problems: &[String]) -> ProviderError {
    let message = match problems {
        [problem] => format!("the configuration is wrong: {problem}"),
        _ => format!(
            "the configuration has {} problems:\n- {}",
            problems.len(),
            problems.join("\n- ")
        ),
    };
    ProviderError {
        details: Some(json!({ "problems": problems }).to_string()),
        ..ProviderError::new(ErrorKind::Configuration, message)
    }
}

fn text<'a>(value: &'a Value, expected: &str) -> Result<&'a str, Expected> {
    value.as_str().map(str::trim).ok_or_else(|| expected.into())
}

/// The name of a model or a deployment.
fn name(value: &Value) -> Result<String, Expected> {
    text(value, "a name").map(str::to_owned)
}

/// Text that can be sent in an HTTP header: a key that was pasted with a line break in it would fail far from here.
fn header_value(text: &str) -> Result<String, Expected> {
    match text.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) {
        true => Ok(text.to_owned()),
        false => Err("letters, digits and punctuation only, without blanks and line breaks".into()),
    }
}

fn mapping(value: &Value) -> Result<Vec<(String, String)>, Expected> {
    const EXPECTED: &str = "a table from model names to deployment names";
    let object = value.as_object().ok_or(EXPECTED)?;
    object
        .iter()
        .map(
            |(model, deployment)| match deployment.as_str().map(str::trim) {
                Some(deployment) if !deployment.is_empty() => {
                    Ok((model.clone(), deployment.to_owned()))
                }
                _ => Err(format!("{EXPECTED}, with a deployment for `{model}`").into()),
            },
        )
        .collect()
}

fn boolean(value: &Value) -> Result<bool, Expected> {
    let word = match value {
        Value::Bool(boolean) => return Ok(*boolean),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        _ => String::new(),
    };
    match word.as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("true or false".into()),
    }
}

fn whole_number(value: &Value, least: u64, most: u64) -> Result<u64, Expected> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        _ => value.as_u64(),
    };
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("a whole number from {least} to {most}").into())
}

fn seconds(value: &Value) -> Result<Duration, Expected> {
    /// A day: longer than any response takes, and far from what a clock can overflow with.
    const MAX_SECONDS: u32 = 86_400;
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        _ => value.as_f64(),
    };
    number
        .filter(|number| *number > 0.0 && *number <= f64::from(MAX_SECONDS))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("seconds, more than 0 and at most {MAX_SECONDS}").into())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
