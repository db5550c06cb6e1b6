//! An application that proves who it is.

use std::sync::Arc;

use oauth2::{ClientSecret, Scope};

use super::Authority;
use super::advice::advice;
use super::exchange::{Exchange, NoToken};
use crate::credentials::surroundings::Surroundings;
use crate::credentials::{AccessToken, CredentialError};
use provider_host::secret::Secret;

/// How an application proves who it is.
pub(super) enum Proof {
    /// What it shares with its tenant.
    ClientSecret(Secret),
    /// A signed statement, by itself or by an issuer that its tenant trusts.
    Assertion(Secret),
}

/// Gets a token for an application of a tenant.
pub(super) async fn token(
    surroundings: &Arc<Surroundings>,
    authority: &Authority,
    client_id: &str,
    proof: Proof,
    scope: &str,
) -> Result<AccessToken, CredentialError> {
    let mut client = authority.client(client_id);
    if let Proof::ClientSecret(secret) = &proof {
        client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
    }
    let mut request = client
        .exchange_client_credentials()
        .add_scope(Scope::new(scope.to_owned()));
    if let Proof::Assertion(assertion) = &proof {
        request = request
            .add_extra_param("client_assertion_type", ASSERTION_TYPE)
            .add_extra_param("client_assertion", assertion.expose().to_owned());
    }
    let (Proof::ClientSecret(secret) | Proof::Assertion(secret)) = &proof;
    let exchange = Exchange::new(surroundings, authority, [secret.clone()]).with_retries();
    let answer = request.request_async(&exchange).await;
    match exchange.tokens(answer) {
        Ok(tokens) => Ok(tokens.access_token),
        Err(NoToken::Other(error)) => Err(error),
        Err(NoToken::Refused(error)) => Err(CredentialError::failed(format!(
            "{} refused to give a token: {}; {}",
            exchange.host(),
            error.words(),
            advice(error.words())
        ))),
    }
}

/// A JWT, in the words of RFC 7523.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[cfg(test)]
mod tests;
