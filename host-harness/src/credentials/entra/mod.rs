//! Tokens of Entra ID: the credentials of `azure_identity`, over the host's connections.

mod advice;
mod client;

use std::sync::Arc;
use std::time::Duration;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions, Transport};
use url::Url;

use self::client::EntraClient;
use super::authority::Authority;
use super::surroundings::Surroundings;
use super::{AccessToken, CredentialError};
use crate::secret::Secret;

/// A tenant of an authority.
pub(super) struct Entra<'a> {
    surroundings: &'a Surroundings,
    authority: Authority,
    endpoint: Url,
}

impl<'a> Entra<'a> {
    /// This tenant of the authority that the environment names.
    pub(super) fn new(
        surroundings: &'a Surroundings,
        tenant: &str,
    ) -> Result<Self, CredentialError> {
        let authority = Authority::of(surroundings)?;
        let endpoint = authority.token_endpoint(tenant)?;
        Ok(Self {
            surroundings,
            authority,
            endpoint,
        })
    }

    /// Where its tokens are.
    pub(super) fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// Gets a token with a credential of `azure_identity`, which is made for this token only: it has a cache of its
    /// own, which cannot be told that a token was refused.
    pub(super) async fn token<F>(
        &self,
        scope: &str,
        credential: F,
    ) -> Result<AccessToken, CredentialError>
    where
        F: FnOnce(ClientOptions) -> azure_core::Result<Arc<dyn TokenCredential>>,
    {
        let client = Arc::new(EntraClient::new(self.surroundings, self.endpoint.clone()));
        let credential = credential(self.options(Arc::clone(&client)))
            .map_err(|error| CredentialError::failed(error.to_string()))?;
        let scopes = [scope];
        let fetch = tokio::time::timeout(TOTAL_TIMEOUT, credential.get_token(&scopes, None));
        match fetch.await {
            Ok(Ok(token)) => Ok(AccessToken {
                token: Secret::new(token.token.secret()),
                expires_on: token.expires_on.into(),
                refresh_on: client.refresh_on(),
            }),
            Ok(Err(_)) => Err(client.failure()),
            Err(_) => Err(CredentialError::temporary(format!(
                "{} gave no token within {} seconds; check the connection to it",
                self.endpoint.origin().ascii_serialization(),
                TOTAL_TIMEOUT.as_secs()
            ))),
        }
    }

    fn options(&self, client: Arc<EntraClient>) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = self.authority.secure_form();
        ClientOptions {
            retry: RetryOptions::exponential(ExponentialRetryOptions {
                max_retries: MAX_RETRIES,
                max_total_elapsed: azure_core::time::Duration::seconds(RETRYING_SECONDS),
                ..ExponentialRetryOptions::default()
            }),
            transport: Some(Transport::new(client)),
            cloud: Some(Arc::new(cloud.into())),
            ..ClientOptions::default()
        }
    }
}

/// How often a request is sent again when its failure may pass: about 0.5, 1 and 2 seconds apart. Whoever waits for the
/// token retries too.
const MAX_RETRIES: u32 = 3;

/// After how many seconds nothing is sent again: enough for all retries of an answer that comes at once, and for one of
/// a connection that cannot be made.
const RETRYING_SECONDS: i64 = 5;

/// How long it may take with all retries, so that a chain with several credentials ends within its own limit.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests;
