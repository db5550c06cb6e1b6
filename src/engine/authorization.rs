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
    pub(super) header: &'static str,
    /// Its value.
    pub(super) value: Secret,
    /// The secret in the value.
    pub(super) secret: Secret,
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
                header: "api-key",
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
                let token = edge.token(&request).map_err(classify::without_token)?;
                Ok(Self::bearer(Secret::new(token.token), renew))
            }
        }
    }

    fn bearer(token: Secret, is_renewed: bool) -> Self {
        Self {
            header: "authorization",
            value: Secret::new(format!("Bearer {}", token.expose())),
            secret: token,
            is_renewed,
        }
    }
}
