//! The token endpoint of a tenant, and what its answers mean.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use provider_host::secret::Secret;
use url::{Url, form_urlencoded};

use super::Authority;
use crate::credentials::CredentialError;
use crate::credentials::answers::{ServiceError, TokenAnswer, busy, is_busy};
use crate::credentials::surroundings::{
    Answer, CONNECT_TIMEOUT, Request, Surroundings, TransportError,
};

/// The token endpoint of a tenant.
pub(in crate::credentials) struct TokenEndpoint {
    surroundings: Arc<Surroundings>,
    url: Url,
}

/// Why an answer has no token in it.
pub(in crate::credentials) enum NoToken {
    /// It says no: what to do depends on who asks.
    Refused(ServiceError),
    /// Anything else, with what to do.
    Other(CredentialError),
}

impl TokenEndpoint {
    pub(in crate::credentials) fn new(
        surroundings: Arc<Surroundings>,
        authority: &Authority,
    ) -> Self {
        Self {
            surroundings,
            url: authority.endpoint("token"),
        }
    }

    /// Its address.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Its name in messages.
    pub(in crate::credentials) fn host(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Sends a form.
    pub(in crate::credentials) async fn send(
        &self,
        headers: HeaderMap,
        form: Bytes,
    ) -> Result<Answer, TransportError> {
        let request = Request {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: form,
            connect_timeout: CONNECT_TIMEOUT,
            timeout: self.surroundings.request_timeout,
        };
        self.surroundings.transport.send(request).await
    }

    /// Reads the answer to a form.
    pub(in crate::credentials) fn read(
        &self,
        answer: &Answer,
        form: &[u8],
    ) -> Result<TokenAnswer, NoToken> {
        let now = self.surroundings.now();
        let status = answer.status;
        let strange = || NoToken::Other(self.strange(status));
        if status.is_success() {
            return TokenAnswer::read(&answer.body, now).ok_or_else(strange);
        }
        let secrets = secrets_of(form);
        if is_busy(status) {
            return Err(NoToken::Other(busy(&self.host(), answer, &secrets, now)));
        }
        let error = ServiceError::read(&answer.body, &secrets);
        Err(error.map_or_else(strange, NoToken::Refused))
    }

    /// What it means that there is no answer.
    pub(in crate::credentials) fn unreachable(&self, error: &TransportError) -> CredentialError {
        let host = self.host();
        match error {
            TransportError::Unusable(why) => CredentialError::failed(format!(
                "{host} cannot give a token: {why}; check AZURE_AUTHORITY_HOST, and whether a proxy answers in its place"
            )),
            _ => CredentialError::temporary(format!(
                "{host} cannot be reached: {error}; check the network, HTTPS_PROXY and AZURE_AUTHORITY_HOST"
            )),
        }
    }

    fn strange(&self, status: StatusCode) -> CredentialError {
        CredentialError::failed(format!(
            "{} answered with status {} and with something that is no token; if a proxy or a login page stands in \
             between, let this address through, else check AZURE_AUTHORITY_HOST",
            self.host(),
            status.as_u16()
        ))
    }
}

/// What a form holds that no message may repeat.
fn secrets_of(form: &[u8]) -> Vec<Secret> {
    let fields = form_urlencoded::parse(form);
    let secrets = fields.filter(|(name, _)| SECRET_FIELDS.contains(&&**name));
    secrets.map(|(_, value)| Secret::new(&*value)).collect()
}

const SECRET_FIELDS: [&str; 5] = [
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "refresh_token",
];

#[cfg(test)]
mod tests;
