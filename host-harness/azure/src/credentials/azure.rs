//! Azure's credentials, and the tokens that they gave.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use provider_host::{Environment, HttpClient, PooledClient};

use super::cache::Cache;
use super::chain::{Attempt, AttemptOutcome, Chain};
use super::managed_identity::{ArcPaths, ManagedIdentityCredential};
use super::surroundings::{Clock, REQUEST_TIMEOUT, Surroundings, Transport};
use super::{
    AccessToken, Credential, CredentialError, CredentialKind, TokenProvider, TokenRequest,
};

/// Azure's credentials, and the tokens that they gave.
///
/// ```
/// use provider_host::Environment;
/// use provider_host::credentials::CredentialKind;
/// use provider_host_azure::credentials::AzureCredentials;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), provider_host::credentials::CredentialError> {
/// let credentials = AzureCredentials::builder()
///     .environment(Environment::from_iter([("AZURE_TOKEN_CREDENTIALS", "prod")]))
///     .build();
/// let planned = credentials.planned(&CredentialKind::DefaultChain).await?;
/// let names: Vec<&str> = planned.iter().map(|attempt| attempt.name).collect();
/// assert_eq!(
///     names,
///     ["EnvironmentCredential", "WorkloadIdentityCredential", "ManagedIdentityCredential"],
/// );
/// # Ok(())
/// # }
/// ```
pub struct AzureCredentials {
    surroundings: Arc<Surroundings>,
    /// The chain, or why there is none.
    chain: Result<Arc<Chain>, CredentialError>,
    cache: Cache,
}

/// Makes [`AzureCredentials`].
#[must_use]
pub struct AzureCredentialsBuilder {
    environment: Environment,
    is_interactive: bool,
    arc_token_directory: Option<PathBuf>,
    http: Arc<dyn HttpClient>,
    clock: Clock,
}

impl AzureCredentials {
    /// Credentials with an empty environment and nobody at the terminal, to begin with.
    pub fn builder() -> AzureCredentialsBuilder {
        AzureCredentialsBuilder {
            environment: Environment::default(),
            is_interactive: false,
            arc_token_directory: None,
            http: Arc::new(PooledClient::default()),
            clock: Arc::new(SystemTime::now),
        }
    }

    /// The credentials that would be asked, in order, and what this machine shows of each. Nothing is asked.
    ///
    /// # Errors
    ///
    /// When `AZURE_TOKEN_CREDENTIALS` has a value that means nothing.
    pub async fn planned(&self, kind: &CredentialKind) -> Result<Vec<Attempt>, CredentialError> {
        match kind {
            CredentialKind::DefaultChain => Ok(self.chain.clone()?.planned().await),
            _ => {
                let credential = self.credential(kind)?;
                Ok(vec![Attempt::planned(credential.as_ref()).await])
            }
        }
    }

    /// Asks the credentials in order for a new token, and says what came of each. The token is kept.
    pub async fn examine(&self, request: &TokenRequest) -> Vec<Attempt> {
        let (kind, scope) = (&request.credential, &request.scope);
        let (attempts, token) = match (kind, &self.chain) {
            (CredentialKind::DefaultChain, Ok(chain)) => {
                let walk = chain.walk(scope).await;
                (walk.attempts, walk.token)
            }
            _ => {
                let (name, got) = match self.credential(kind) {
                    Ok(credential) => (credential.name(), credential.get_token(scope).await),
                    Err(error) => (Chain::NAME, Err(error)),
                };
                let outcome = AttemptOutcome::of(&got);
                (vec![Attempt { name, outcome }], got.ok())
            }
        };
        if let Some(token) = token {
            self.cache.keep(kind, scope, token);
        }
        attempts
    }

    fn credential(&self, kind: &CredentialKind) -> Result<Arc<dyn Credential>, CredentialError> {
        match kind {
            CredentialKind::DefaultChain => Ok(self.chain.clone()?),
            CredentialKind::ManagedIdentity { client_id } => {
                let surroundings = Arc::clone(&self.surroundings);
                let credential = ManagedIdentityCredential::new(surroundings, client_id.clone());
                Ok(Arc::new(credential))
            }
            other => Err(CredentialError::unavailable(format!(
                "Azure has no such credential: {other:?}"
            ))),
        }
    }
}

#[async_trait]
impl TokenProvider for AzureCredentials {
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, CredentialError> {
        let credential = self.credential(&request.credential)?;
        self.cache.token(request, &credential).await
    }
}

impl AzureCredentialsBuilder {
    /// The variables that configure the credentials.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Whether a person is at the terminal, who can log in with a browser.
    pub fn is_interactive(mut self, is_interactive: bool) -> Self {
        self.is_interactive = is_interactive;
        self
    }

    /// Where the agent of Azure Arc puts the files that prove who asks, if not where the operating system has them.
    pub fn arc_token_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.arc_token_directory = Some(directory.into());
        self
    }

    /// What tells the time, if not the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// What sends their requests, if not a client of their own.
    pub fn http(mut self, client: Arc<dyn HttpClient>) -> Self {
        self.http = client;
        self
    }

    /// Makes the credentials. Nothing is asked yet.
    pub fn build(self) -> AzureCredentials {
        let mut arc_paths = ArcPaths::of(&self.environment);
        if let Some(directory) = self.arc_token_directory {
            arc_paths.tokens = directory;
        }
        let cache = Cache::new(self.clock.clone());
        let surroundings = Arc::new(Surroundings {
            environment: self.environment,
            transport: Transport::new(self.http),
            clock: self.clock,
            is_interactive: self.is_interactive,
            arc_paths,
            request_timeout: REQUEST_TIMEOUT,
        });
        AzureCredentials {
            chain: Chain::of(&surroundings).map(Arc::new),
            surroundings,
            cache,
        }
    }
}

#[cfg(test)]
mod tests;
