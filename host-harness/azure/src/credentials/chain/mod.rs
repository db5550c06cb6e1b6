//! The chain: credentials in order, of which the first that is available gives the tokens.

mod choice;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::surroundings::Surroundings;
use super::{AccessToken, Credential, CredentialError, CredentialErrorKind};

/// What came of asking one credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The credential's name in Azure's documentation.
    pub name: &'static str,
    /// What came of it.
    pub outcome: AttemptOutcome,
}

/// What came of asking a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It was not asked: as far as this machine shows, this is where its token would come from.
    Configured(String),
    /// It gave a token.
    Token {
        /// When the token is no longer valid.
        expires_on: SystemTime,
    },
    /// It is not configured, or not present on this machine, and this is what to do about it.
    Unavailable(String),
    /// It is there and was refused, and this is what to do about it.
    Failed(String),
    /// Its service could not be reached, or asked to wait.
    Temporary(String),
    /// One before it ended the chain.
    NotReached,
}

/// Credentials in order.
pub(super) struct Chain {
    members: Vec<Arc<dyn Credential>>,
    /// The one that gave a token: it gives the next too, so that nobody changes who they are in between.
    winner: Mutex<Option<Arc<dyn Credential>>>,
}

/// What came of asking all credentials.
#[derive(Default)]
pub(super) struct Walk {
    pub(super) attempts: Vec<Attempt>,
    pub(super) token: Option<AccessToken>,
    /// How long the last one asks to wait.
    retry_after: Option<Duration>,
}

impl Chain {
    /// Its name in Azure's documentation.
    pub(super) const NAME: &str = "DefaultAzureCredential";

    /// The chain of the credentials that `AZURE_TOKEN_CREDENTIALS` leaves in it.
    ///
    /// # Errors
    ///
    /// When the variable has a value that means nothing.
    pub(super) fn of(surroundings: &Arc<Surroundings>) -> Result<Self, CredentialError> {
        choice::members(surroundings).map(Self::new)
    }

    fn new(members: Vec<Arc<dyn Credential>>) -> Self {
        Self {
            members,
            winner: Mutex::default(),
        }
    }

    /// Its credentials, which are not asked.
    pub(super) async fn planned(&self) -> Vec<Attempt> {
        let mut planned = Vec::new();
        for member in &self.members {
            planned.push(Attempt::planned(member.as_ref()).await);
        }
        planned
    }

    /// Asks from the start, until one gives a token or ends the chain.
    pub(super) async fn walk(&self, scope: &str) -> Walk {
        let mut walk = Walk::default();
        let mut members = self.members.iter();
        for member in members.by_ref() {
            let (name, got) = (member.name(), member.get_token(scope).await);
            let outcome = AttemptOutcome::of(&got);
            tracing::debug!(
                credential = name,
                outcome = outcome.word(),
                "asked for a token"
            );
            let is_unavailable = matches!(outcome, AttemptOutcome::Unavailable(_));
            walk.attempts.push(Attempt { name, outcome });
            match got {
                Ok(token) => {
                    *self.winner() = Some(Arc::clone(member));
                    walk.token = Some(token);
                }
                Err(error) => walk.retry_after = error.retry_after,
            }
            if !is_unavailable {
                break;
            }
        }
        walk.attempts.extend(members.map(|member| Attempt {
            name: member.name(),
            outcome: AttemptOutcome::NotReached,
        }));
        walk
    }

    fn winner(&self) -> MutexGuard<'_, Option<Arc<dyn Credential>>> {
        self.winner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Credential for Chain {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn get_token(&self, scope: &str) -> Result<AccessToken, CredentialError> {
        let winner = self.winner().clone();
        if let Some(winner) = winner {
            match winner.get_token(scope).await {
                // It has gone, such as a login that was undone: the others may have come.
                Err(error) if error.kind == CredentialErrorKind::Unavailable => {
                    // Meanwhile, a request for another scope may have found the next one.
                    self.winner()
                        .take_if(|present| Arc::ptr_eq(present, &winner));
                }
                got => {
                    return got.map_err(|mut error| {
                        error.message = format!("{}: {}", winner.name(), error.message);
                        error
                    });
                }
            }
        }
        let walk = self.walk(scope).await;
        walk.token
            .ok_or_else(|| explain(&walk.attempts, walk.retry_after))
    }

    fn time_limit(&self) -> Duration {
        let limits = self.members.iter().map(|member| member.time_limit());
        limits.max().unwrap_or_default()
    }
}

impl Attempt {
    /// A credential that is not asked.
    pub(super) async fn planned(credential: &dyn Credential) -> Self {
        Self {
            name: credential.name(),
            outcome: match credential.origin().await {
                Ok(origin) => AttemptOutcome::Configured(origin),
                Err(error) => AttemptOutcome::of_error(&error),
            },
        }
    }
}

impl AttemptOutcome {
    pub(super) fn of(got: &Result<AccessToken, CredentialError>) -> Self {
        match got {
            Ok(token) => Self::Token {
                expires_on: token.expires_on,
            },
            Err(error) => Self::of_error(error),
        }
    }

    fn of_error(error: &CredentialError) -> Self {
        let message = error.message.clone();
        match error.kind {
            CredentialErrorKind::Unavailable => Self::Unavailable(message),
            CredentialErrorKind::Failed => Self::Failed(message),
            CredentialErrorKind::Temporary => Self::Temporary(message),
        }
    }

    /// Its name in logs and reports.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Configured(_) => "configured",
            Self::Token { .. } => "token",
            Self::Unavailable(_) => "unavailable",
            Self::Failed(_) => "failed",
            Self::Temporary(_) => "temporary",
            Self::NotReached => "not reached",
        }
    }
}

/// One error for all: the credential that ended the chain and those before it, or that none is available.
fn explain(attempts: &[Attempt], retry_after: Option<Duration>) -> CredentialError {
    let (mut ended, mut passed) = (None, String::new());
    for Attempt { name, outcome } in attempts {
        match outcome {
            AttemptOutcome::Unavailable(why) => passed.push_str(&format!("\n  {name}: {why}")),
            AttemptOutcome::Failed(why) => {
                ended = Some((name, why, CredentialErrorKind::Failed));
            }
            AttemptOutcome::Temporary(why) => {
                ended = Some((name, why, CredentialErrorKind::Temporary));
            }
            AttemptOutcome::Configured(_)
            | AttemptOutcome::Token { .. }
            | AttemptOutcome::NotReached => {}
        }
    }
    let (kind, message) = match ended {
        Some((name, why, kind)) if passed.is_empty() => (kind, format!("{name}: {why}")),
        Some((name, why, kind)) => (
            kind,
            format!("{name}: {why}\nbefore it, these are not available:{passed}"),
        ),
        None => (
            CredentialErrorKind::Unavailable,
            format!("no credential is available; mend one of these:{passed}"),
        ),
    };
    CredentialError::new(kind, message).with_retry_after(retry_after)
}

#[cfg(test)]
mod tests;
