//! The HTTP client of `azure_identity`.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::advice::advice;
use super::token_endpoint::{NoToken, TokenEndpoint};
use crate::credentials::surroundings::{Answer, TransportError};
use crate::credentials::{AccessToken, CredentialError, CredentialErrorKind};

/// Sends the token requests of `azure_identity` over the host's connections, and keeps what came of the last one. That
/// crate loses the reason of an error, because it cannot read descriptions that have an escape in them, which those of
/// Entra do; and it loses when a token is to be replaced.
pub(super) struct EntraClient {
    /// Where all requests go. `azure_identity` was told the same address, but always with https.
    endpoint: TokenEndpoint,
    outcome: Mutex<Option<Outcome>>,
}

type Outcome = Result<AccessToken, CredentialError>;

impl EntraClient {
    pub(super) fn new(endpoint: TokenEndpoint) -> Self {
        Self {
            endpoint,
            outcome: Mutex::default(),
        }
    }

    /// The token or the error of the last request; none if nothing was sent.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let outcome = self.outcome.lock();
        outcome.unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep(&self, outcome: Outcome) {
        let mut last = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(outcome);
    }

    fn judge(&self, answer: &Answer, form: &[u8]) -> Outcome {
        match self.endpoint.read(answer, form) {
            Ok(answer) => Ok(answer.access_token),
            Err(NoToken::Other(error)) => Err(error),
            Err(NoToken::Refused(error)) => Err(CredentialError::failed(format!(
                "{} refused to give a token: {}; {}",
                self.endpoint.host(),
                error.words(),
                advice(error.words())
            ))),
        }
    }
}

#[async_trait]
impl HttpClient for EntraClient {
    async fn execute_request(
        &self,
        request: &azure_core::http::Request,
    ) -> azure_core::Result<AsyncRawResponse> {
        let form = form(request);
        let answer = match self.endpoint.send(headers(request), form.clone()).await {
            Ok(answer) => answer,
            Err(error) => {
                self.keep(Err(self.endpoint.unreachable(&error)));
                let kind = match &error {
                    TransportError::Connect(_) => ErrorKind::Connection,
                    TransportError::Broken(_) => ErrorKind::Io,
                    // Not sent again: what hangs for that long hangs again.
                    TransportError::TimedOut(_) | TransportError::Unusable(_) => ErrorKind::Other,
                };
                return Err(azure_core::Error::new(kind, error));
            }
        };
        let outcome = self.judge(&answer, &form);
        let response = match &outcome {
            // In the place of the token, which is kept here: a lifetime that no calendar has would be a panic there.
            Ok(_) => Ok((Headers::new(), Bytes::from_static(SOME_TOKEN))),
            Err(error) if may_pass_soon(error) => Ok((wait(error.retry_after), answer.body)),
            // Any error of this kind ends it; its reason is kept here.
            Err(_) => Err(ErrorKind::Credential.into_error()),
        };
        self.keep(outcome);
        let (headers, body) = response?;
        let status = answer.status.as_u16().into();
        Ok(AsyncRawResponse::from_bytes(status, headers, body))
    }
}

/// Without the endpoint's answers.
impl fmt::Debug for EntraClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraClient")
            .field("endpoint", &self.endpoint.url().as_str())
            .finish_non_exhaustive()
    }
}

fn headers(request: &azure_core::http::Request) -> HeaderMap {
    let headers = request.headers().iter().filter_map(|(name, value)| {
        let name = HeaderName::try_from(name.as_str()).ok()?;
        Some((name, HeaderValue::try_from(value.as_str()).ok()?))
    });
    headers.collect()
}

fn form(request: &azure_core::http::Request) -> Bytes {
    match request.body() {
        Body::Bytes(bytes) => bytes.clone(),
        // Token requests are forms, which are never streams.
        Body::SeekableStream(_) => Bytes::new(),
    }
}

/// Whether it is worth waiting here. For a longer wait the cache is the place, which does not hold up whoever asks.
fn may_pass_soon(error: &CredentialError) -> bool {
    let wait = error.retry_after.unwrap_or_default();
    error.kind == CredentialErrorKind::Temporary && wait <= MAX_WAIT
}

/// How long to wait, as `azure_core` reads it.
fn wait(retry_after: Option<Duration>) -> Headers {
    let mut headers = Headers::new();
    if let Some(wait) = retry_after {
        headers.insert("retry-after-ms", wait.as_millis().to_string());
    }
    headers
}

/// An answer that `azure_identity` takes for one with a token.
const SOME_TOKEN: &[u8] =
    br#"{"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "access_token": "-"}"#;

/// How long a service may ask to wait before its request is sent again.
const MAX_WAIT: Duration = Duration::from_secs(3);
