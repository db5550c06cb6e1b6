//! Tokens for providers: what a host asks for them.
//!
//! A provider asks for a token of the machine's managed identity, or of the first credential of a chain that is available;
//! it never sees what the credential itself is made of. Where tokens come from is up to whoever sets up the host, who
//! implements [`TokenProvider`] and hands it to [`crate::HostBuilder::credentials`].

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

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
#[non_exhaustive]
pub struct TokenRequest {
    /// With which credential.
    pub credential: CredentialKind,
    /// For what: the scope, such as `https://service.example/.default`.
    pub scope: String,
    /// The token that the service refused: another one is wanted, even when that one looks valid.
    pub refused: Option<Secret>,
}

impl TokenRequest {
    /// A request for a token of this credential and for this scope.
    pub fn new(credential: CredentialKind, scope: impl Into<String>) -> Self {
        Self {
            credential,
            scope: scope.into(),
            refused: None,
        }
    }

    /// The same, where the service refused this token.
    #[must_use]
    pub fn with_refused(mut self, refused: Option<Secret>) -> Self {
        self.refused = refused;
        self
    }
}

/// Which credential a token comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
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

impl AccessToken {
    /// A token that is valid until then.
    pub fn new(token: impl Into<Arc<str>>, expires_on: SystemTime) -> Self {
        Self {
            token: Secret::new(token),
            expires_on,
            refresh_on: None,
        }
    }
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct CredentialError {
    /// Whether another credential may be tried, or the same one again.
    pub kind: CredentialErrorKind,
    /// What was tried, what came of it, and what to do next; never a secret.
    pub message: String,
    /// How long to wait before asking again, when the credential's service said so.
    pub retry_after: Option<Duration>,
}

/// Kinds of credential errors: the contract has these and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialErrorKind {
    /// It is not configured, or not present on this machine: a chain passes on to the next.
    Unavailable,
    /// It is there and was refused: a chain stops.
    Failed,
    /// Its service could not be reached, or asked to wait: a chain stops, and asking again may help.
    Temporary,
}

impl CredentialError {
    /// One of the kind [`CredentialErrorKind::Unavailable`].
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(CredentialErrorKind::Unavailable, message)
    }

    /// One of the kind [`CredentialErrorKind::Failed`].
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(CredentialErrorKind::Failed, message)
    }

    /// One of the kind [`CredentialErrorKind::Temporary`].
    pub fn temporary(message: impl Into<String>) -> Self {
        Self::new(CredentialErrorKind::Temporary, message)
    }

    /// The same, whose service asked to wait for so long.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.retry_after = retry_after;
        self
    }

    /// One of this kind.
    pub fn new(kind: CredentialErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry_after: None,
        }
    }
}

/// The credentials of a host that was given none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NoCredentials;

#[async_trait]
impl TokenProvider for NoCredentials {
    async fn token(&self, _: &TokenRequest) -> Result<AccessToken, CredentialError> {
        Err(CredentialError::unavailable(
            "this host has no credentials; whoever sets it up gives it some, or configures a key",
        ))
    }
}
