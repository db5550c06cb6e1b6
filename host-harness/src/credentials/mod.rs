//! Tokens for providers: which credential gets them, and how long they are kept.
//!
//! A provider asks for a token of the machine's managed identity, or of the first credential of a chain that is
//! available; it never sees what the credential itself is made of. An embedder with credentials of its own implements
//! [`TokenProvider`] and hands it to [`crate::ProviderHostBuilder::credentials`].
//!
//! # The chain
//!
//! [`AzureCredentials`] asks, in this order: an application's secret or certificate in environment variables, a
//! workload's identity, the machine's managed identity, and then what developers are logged in with. `dev`, `prod` or a
//! credential's name in `AZURE_TOKEN_CREDENTIALS` narrows it.
//!
//! * A credential that is *unavailable*, which means not configured or not present here, passes to the next.
//! * One that *fails* ends the chain, and so does one whose service cannot be reached: passing on would log in as
//!   somebody else without a word.
//! * The one that gave a token gives the next too, until it becomes unavailable; then the chain starts over.
//! * When no credential gives a token, the error lists all that were asked, each with what to do.
//!
//! # The cache
//!
//! Tokens are kept by credential and scope. One with five minutes left, or past the time that its issuer named, is
//! replaced in the background while it is handed out; when that fails, it stays as long as it is valid. However many
//! requests wait for a token, there is one fetch. A token that the service refused is replaced once, and a failure is
//! remembered for as long as its service asks, or for a few seconds.

mod answers;
mod azure;
mod cache;
mod chain;
mod developer_tools;
mod entra;
mod interactive_browser;
mod managed_identity;
mod surroundings;
#[cfg(test)]
mod testing;

use std::time::{Duration, SystemTime};

use async_trait::async_trait;

pub use self::azure::{AzureCredentials, AzureCredentialsBuilder};
pub use self::chain::{Attempt, AttemptOutcome};
use crate::secret::Secret;

/// Gives out tokens, and keeps them while they are good.
#[async_trait]
pub trait TokenProvider: Send + Sync {
    /// A token that is valid now.
    ///
    /// # Errors
    ///
    /// When no credential gives one.
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, CredentialError>;
}

/// A request for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// With which credential.
    pub credential: CredentialKind,
    /// For what, such as `https://cognitiveservices.azure.com/.default`.
    pub scope: String,
    /// The token that the service refused: another one is wanted, even when that one looks valid.
    pub refused: Option<Secret>,
}

/// Which credential a token comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// The first of the chain that is available.
    DefaultChain,
    /// The machine's managed identity: the user-assigned one with this client id, or the system-assigned one.
    ManagedIdentity {
        /// The client id of the user-assigned identity.
        client_id: Option<String>,
    },
}

/// A token, and when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// What goes after `Bearer `.
    pub token: Secret,
    /// When it is no longer valid.
    pub expires_on: SystemTime,
    /// When a new one should be got, if its issuer said so.
    pub refresh_on: Option<SystemTime>,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CredentialError {
    /// Whether another credential may be tried, or the same one again.
    pub kind: CredentialErrorKind,
    /// What was tried, what came of it, and what to do next; never a secret.
    pub message: String,
    /// How long to wait before asking again, when the credential's service said so.
    pub retry_after: Option<Duration>,
}

/// Kinds of credential errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialErrorKind {
    /// It is not configured, or not present on this machine: a chain passes on to the next.
    Unavailable,
    /// It is there and was refused: a chain stops.
    Failed,
    /// Its service could not be reached, or asked to wait: a chain stops, and asking again may help.
    Temporary,
}

/// One way to get a token.
#[async_trait]
pub(crate) trait Credential: Send + Sync {
    /// Its name in Azure's documentation, such as `AzureCliCredential`.
    fn name(&self) -> &'static str;

    /// Gets a new token: nothing is cached here.
    async fn get_token(&self, scope: &str) -> Result<AccessToken, CredentialError>;

    /// Where a token would come from, as far as this machine shows it: nothing is sent, and no program is run.
    ///
    /// An error is one that getting a token is certain to end in.
    async fn origin(&self) -> Result<String, CredentialError> {
        Ok("nothing of it can be seen before it is asked".to_owned())
    }

    /// How long getting a token may take. One that waits for a person takes longer.
    fn time_limit(&self) -> Duration {
        TIME_LIMIT
    }
}

impl CredentialError {
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(CredentialErrorKind::Unavailable, message)
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(CredentialErrorKind::Failed, message)
    }

    pub(crate) fn temporary(message: impl Into<String>) -> Self {
        Self::new(CredentialErrorKind::Temporary, message)
    }

    fn new(kind: CredentialErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry_after: None,
        }
    }
}

/// How long getting a token may take. Each credential has limits of its own, and this one is there in case that several
/// use them up.
const TIME_LIMIT: Duration = Duration::from_secs(60);
