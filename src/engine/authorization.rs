//! The header that says who sends a request.

use super::edge::Edge;
use crate::contract::credentials::TokenRequest;
use crate::contract::types::ProviderError;
use crate::core::classify;
use crate::core::config::{Authentication, TokenSource};
use crate::core::secret::Secret;

/// The header that says who sends a request.
pub(super) struct Authorization {
    /// Its name.
    name: &'static str,
    /// Its value.
    value: Secret,
    /// The secret in the value.
    secret: Secret,
    /// Whether it is a token in place of one that was refused.
    pub(super) is_renewed: bool,
}

impl Authorization {
    /// The configured key or token, or one of the host's; with `renew`, another one than the last.
    pub(super) fn get(
        edge: &impl Edge,
        authentication: &Authentication,
        renew: bool,
    ) -> Result<Self, ProviderError> {
        match authentication {
            Authentication::ApiKey(key) => Ok(Self {
                name: "api-key",
                value: key.clone(),
                secret: key.clone(),
                is_renewed: false,
            }),
            Authentication::Token(token) => Ok(Self::bearer(token.clone(), false)),
            Authentication::Fetched(TokenSource { credential, scope }) => {
                let request = TokenRequest {
                    credential: credential.clone(),
                    scope: scope.clone(),
                    force_refresh: renew,
                };
                let token = edge
                    .token(&request)
                    .map_err(|error| classify::without_token(error, credential))?;
                Ok(Self::bearer(Secret::new(token.token), renew))
            }
        }
    }

    /// The header, as it is sent.
    pub(super) fn header(&self) -> (&str, &[u8]) {
        (self.name, self.value.expose().as_bytes())
    }

    /// The secret in it, to be redacted.
    pub(super) fn secret(&self) -> Secret {
        self.secret.clone()
    }

    fn bearer(token: Secret, is_renewed: bool) -> Self {
        Self {
            name: "authorization",
            value: Secret::new(format!("Bearer {}", token.expose())),
            secret: token,
            is_renewed,
        }
    }
}
