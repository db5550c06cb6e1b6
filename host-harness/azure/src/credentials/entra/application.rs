//! An application that proves who it is: credentials of `azure_identity`, over the host's connections.

use std::sync::Arc;
use std::time::Duration;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions, Transport};
use url::Url;

use super::Authority;
use super::http_client::EntraClient;
use super::token_endpoint::TokenEndpoint;
use crate::credentials::surroundings::Surroundings;
use crate::credentials::{AccessToken, CredentialError};

/// An application of a tenant.
pub(super) struct Application {
    authority: Authority,
    endpoint: TokenEndpoint,
}

impl Application {
    /// One of this tenant, at the authority that the environment names.
    pub(super) fn new(
        surroundings: &Arc<Surroundings>,
        tenant: &str,
    ) -> Result<Self, CredentialError> {
        let authority = Authority::of(surroundings, tenant)?;
        let endpoint = TokenEndpoint::new(Arc::clone(surroundings), &authority);
        Ok(Self {
            authority,
            endpoint,
        })
    }

    /// Where its tokens are.
    pub(super) fn endpoint(&self) -> &Url {
        self.endpoint.url()
    }

    /// Gets a token with a credential of `azure_identity`, which is made for this token only: it has a cache of its
    /// own, which cannot be told that a token was refused.
    pub(super) async fn token<F>(
        self,
        scope: &str,
        credential: F,
    ) -> Result<AccessToken, CredentialError>
    where
        F: FnOnce(ClientOptions) -> azure_core::Result<Arc<dyn TokenCredential>>,
    {
        let host = self.endpoint.host();
        let client = Arc::new(EntraClient::new(self.endpoint));
        let credential = credential(options(&self.authority, Arc::clone(&client)))
            .map_err(|error| CredentialError::failed(error.to_string()))?;
        let scopes = [scope];
        let fetch = tokio::time::timeout(TOTAL_TIMEOUT, credential.get_token(&scopes, None));
        let got = fetch.await.map_err(|_| {
            CredentialError::temporary(format!(
                "{host} gave no token within {} seconds; check the connection to it",
                TOTAL_TIMEOUT.as_secs()
            ))
        })?;
        client.outcome().unwrap_or_else(|| {
            let why = got.err().map(|error| format!(": {error}"));
            Err(CredentialError::failed(format!(
                "{host} was not asked for a token{}",
                why.unwrap_or_default()
            )))
        })
    }
}

fn options(authority: &Authority, client: Arc<EntraClient>) -> ClientOptions {
    let mut cloud = CustomConfiguration::default();
    cloud.authority_host = authority.secure_form();
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
