//! What is wrong with a configuration, and how to mend it.
//!
//! [`examine`] resolves the configuration in the provider itself, asks the credentials as the provider would, and sends
//! one small request to the deployment. Its [`Report`] says what each step found; the first that fails says what to do.

mod claims;
mod diagnosis;
mod probe;
mod report;
mod retirement;

use provider_host::contract::types::ErrorKind;
use provider_host::credentials::{CredentialError, CredentialKind, TokenProvider, TokenRequest};
use provider_host::secret::Secret;
use provider_host::{CallError, Environment, Host, Origin, Proxies};
use serde_json::{Map, Value};

pub use self::claims::Claims;
pub use self::diagnosis::Diagnosis;
pub use self::probe::Probe;
pub use self::report::{Report, Verdict};
use crate::credentials::{Attempt, AzureCredentials};

/// What is to be examined, and how far.
pub struct Examination<'a> {
    /// The host of the provider.
    pub host: &'a Host,
    /// The credentials that the host has.
    pub credentials: &'a AzureCredentials,
    /// The host's environment.
    pub environment: &'a Environment,
    /// The provider's configuration.
    pub config: &'a Map<String, Value>,
    /// The model whose deployment is asked; the default model when it is not set.
    pub model: Option<&'a str>,
    /// Send nothing: neither requests for tokens nor one to the deployment.
    pub is_offline: bool,
}

/// How requests say who sends them, and what came of it.
#[derive(Debug)]
pub enum Authentication {
    /// The resource's key.
    Key,
    /// A token from the configuration, and what it says of itself.
    Token(Option<Claims>),
    /// The host's credentials, which were not asked.
    Planned {
        /// What tokens are for.
        scope: String,
        /// What this machine shows of each, or why there are none.
        credentials: Result<Vec<Attempt>, CredentialError>,
    },
    /// The host's credentials, which were asked.
    Asked {
        /// What tokens are for.
        scope: String,
        /// What came of each.
        attempts: Vec<Attempt>,
        /// What the token says of itself, if there is one and it says something.
        claims: Option<Claims>,
        /// Whether there is a token.
        has_token: bool,
    },
}

/// Examines a configuration.
///
/// # Errors
///
/// When the component fails. What is wrong with the configuration, a credential or the service is in the report.
pub async fn examine(examination: &Examination<'_>) -> Result<Report, CallError> {
    let Examination { host, config, .. } = examination;
    let provider = match host.open(config).await {
        Ok(provider) => provider,
        Err(CallError::Provider(error)) if error.kind == ErrorKind::Configuration => {
            return Ok(Report::of_problems(&error));
        }
        Err(error) => return Err(error),
    };
    let description = provider.describe().await?;
    let description: Value = serde_json::from_str(&description).unwrap_or_default();
    let authentication = authentication(examination, &description).await;
    let endpoint = description["endpoint"].as_str().and_then(Origin::parse);
    let mut report = Report {
        problems: Vec::new(),
        proxy: endpoint.and_then(|origin| Proxies::of_system().to(&origin)),
        description,
        authentication: Some(authentication),
        probe: Probe::Skipped("offline"),
    };
    if !examination.is_offline {
        report.probe = match report.has_something_to_send() {
            true => probe::probe(examination, &report).await?,
            false => Probe::Skipped("there is no token"),
        };
    }
    Ok(report)
}

async fn authentication(examination: &Examination<'_>, description: &Value) -> Authentication {
    let Examination {
        credentials,
        is_offline,
        ..
    } = examination;
    let chosen = &description["authentication"];
    let kind = match chosen["method"].as_str() {
        Some("api_key") | None => return Authentication::Key,
        Some("azure_ad_token") => {
            let token = configured_token(examination, description);
            return Authentication::Token(token.as_ref().and_then(Claims::of));
        }
        Some("use_managed_identity") => CredentialKind::ManagedIdentity {
            client_id: chosen["client_id"].as_str().map(str::to_owned),
        },
        Some(_) => CredentialKind::DefaultChain,
    };
    let scope = chosen["scope"].as_str().unwrap_or_default().to_owned();
    if *is_offline {
        let credentials = credentials.planned(&kind).await;
        return Authentication::Planned { scope, credentials };
    }
    let request = TokenRequest::new(kind, scope);
    let attempts = credentials.examine(&request).await;
    let has_token = attempts.iter().any(report::gave_token);
    // The one that was just got.
    let token = match has_token {
        true => credentials.token(&request).await.ok(),
        false => None,
    };
    Authentication::Asked {
        claims: token.and_then(|token| Claims::of(&token.token)),
        has_token,
        attempts,
        scope: request.scope,
    }
}

/// The token in the configuration or the environment: the provider knows only which of them counts.
fn configured_token(examination: &Examination<'_>, description: &Value) -> Option<Secret> {
    const KEY: &str = "azure_ad_token";
    let token = match description["settings"][KEY]["source"].as_str()? {
        "config" => examination.config.get(KEY)?.as_str()?,
        variable => examination.environment.get(variable)?,
    };
    Some(Secret::new(token.trim()))
}
