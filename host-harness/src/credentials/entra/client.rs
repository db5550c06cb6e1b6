//! The HTTP client of `azure_identity`.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::super::service_error::{ServiceError, retry_after};
use super::super::surroundings::{CONNECT_TIMEOUT, Clock, Surroundings};
use super::super::transport::{Answer, Request, Transport, TransportError};
use super::super::{CredentialError, CredentialErrorKind};
use super::advice::advice;
use crate::secret::Secret;

/// Sends token requests over the host's connections, and remembers what came of the last one: the errors of
/// `azure_identity` lose it, because it cannot read descriptions that have an escape in them, which those of Entra do.
pub(super) struct EntraClient {
    transport: Transport,
    clock: Clock,
    request_timeout: Duration,
    /// Where all requests go. `azure_identity` was told the same address, but always with https.
    endpoint: Url,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    failure: Option<CredentialError>,
    refresh_on: Option<SystemTime>,
}

impl EntraClient {
    pub(super) fn new(surroundings: &Surroundings, endpoint: Url) -> Self {
        Self {
            transport: surroundings.transport.clone(),
            clock: surroundings.clock.clone(),
            request_timeout: surroundings.request_timeout,
            endpoint,
            last: Mutex::default(),
        }
    }

    /// Why there is no token.
    pub(super) fn failure(&self) -> CredentialError {
        let failure = self.last().failure.take();
        failure.unwrap_or_else(|| {
            CredentialError::failed(format!("{} gave no token that can be read", self.host()))
        })
    }

    /// When the token should be replaced, if the answer said so.
    pub(super) fn refresh_on(&self) -> Option<SystemTime> {
        self.last().refresh_on
    }

    fn outgoing(&self, request: &azure_core::http::Request) -> Request {
        let headers = request.headers().iter().filter_map(|(name, value)| {
            let name = HeaderName::try_from(name.as_str()).ok()?;
            Some((name, HeaderValue::try_from(value.as_str()).ok()?))
        });
        let body = match request.body() {
            Body::Bytes(bytes) => bytes.clone(),
            // Token requests are forms, which are never streams.
            Body::SeekableStream(_) => Bytes::new(),
        };
        Request {
            method: http::Method::POST,
            url: self.endpoint.clone(),
            headers: headers.collect(),
            body,
            connect_timeout: CONNECT_TIMEOUT,
            timeout: self.request_timeout,
        }
    }

    /// When the token in an answer should be replaced; or why there is none.
    fn judge(&self, answer: &Answer, form: &[u8]) -> Result<Option<SystemTime>, CredentialError> {
        let now = (self.clock)();
        if answer.status.is_success() {
            let token: Option<Token> = serde_json::from_slice(&answer.body).ok();
            let usable = token.filter(|token| {
                !token.access_token.is_empty() && token.expires_in <= MAX_LIFETIME_SECONDS
            });
            let token = usable.ok_or_else(|| self.strange_answer(answer.status))?;
            let refresh_in = token.refresh_in.map(Duration::from_secs);
            return Ok(refresh_in.and_then(|refresh_in| now.checked_add(refresh_in)));
        }
        let error = ServiceError::read(&answer.body, &secrets_of(form));
        if is_temporary(answer.status) {
            let words = error.as_ref().map(ServiceError::words);
            return Err(CredentialError {
                kind: CredentialErrorKind::Temporary,
                message: format!(
                    "{} cannot answer now (status {}): {}; try again later",
                    self.host(),
                    answer.status.as_u16(),
                    words.unwrap_or("no reason given")
                ),
                retry_after: retry_after(&answer.headers, now),
            });
        }
        let error = error.ok_or_else(|| self.strange_answer(answer.status))?;
        Err(CredentialError::failed(format!(
            "{} refused to give a token: {}; {}",
            self.host(),
            error.words(),
            advice(error.words())
        )))
    }

    fn strange_answer(&self, status: StatusCode) -> CredentialError {
        CredentialError::failed(format!(
            "{} answered with status {} and with something that is no token; if a proxy or a login page stands in \
             between, let this address through, else check AZURE_AUTHORITY_HOST",
            self.host(),
            status.as_u16()
        ))
    }

    fn unreachable(&self, error: &TransportError) -> CredentialError {
        CredentialError::temporary(format!(
            "{} cannot be reached: {error}; check the network, HTTPS_PROXY and AZURE_AUTHORITY_HOST",
            self.host()
        ))
    }

    fn host(&self) -> String {
        self.endpoint.origin().ascii_serialization()
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpClient for EntraClient {
    async fn execute_request(
        &self,
        request: &azure_core::http::Request,
    ) -> azure_core::Result<AsyncRawResponse> {
        let request = self.outgoing(request);
        let form = request.body.clone();
        let answer = match self.transport.send(request).await {
            Ok(answer) => answer,
            Err(error) => {
                self.last().failure = Some(self.unreachable(&error));
                let kind = match &error {
                    TransportError::Connect(_) => ErrorKind::Connection,
                    TransportError::Other(_) => ErrorKind::Io,
                    // Not sent again: what hangs for that long hangs again.
                    TransportError::TimedOut(_) => ErrorKind::Other,
                };
                return Err(azure_core::Error::new(kind, error));
            }
        };
        let judged = self.judge(&answer, &form);
        let is_final = judged
            .as_ref()
            .is_err_and(|failure| !may_pass_soon(failure));
        *self.last() = match judged {
            Ok(refresh_on) => Last {
                failure: None,
                refresh_on,
            },
            Err(failure) => Last {
                failure: Some(failure),
                refresh_on: None,
            },
        };
        if is_final {
            // Any error of this kind ends it; its reason is kept above.
            return Err(ErrorKind::Credential.into_error());
        }
        Ok(AsyncRawResponse::from_bytes(
            answer.status.as_u16().into(),
            waits(&answer.headers),
            answer.body,
        ))
    }
}

/// Without the endpoint's answers.
impl fmt::Debug for EntraClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraClient")
            .field("endpoint", &self.endpoint.as_str())
            .finish_non_exhaustive()
    }
}

/// What `azure_identity` will read too, checked before: it takes a missing token for an empty one, and panics at a
/// lifetime that no calendar has.
#[derive(Deserialize)]
struct Token {
    access_token: String,
    expires_in: u64,
    refresh_in: Option<u64>,
}

fn is_temporary(status: StatusCode) -> bool {
    let is_asking_to_wait = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
    );
    is_asking_to_wait || status.is_server_error()
}

/// Whether it is worth waiting here. For a longer wait the cache is the place, which does not hold up whoever asks.
fn may_pass_soon(failure: &CredentialError) -> bool {
    let wait = failure.retry_after.unwrap_or_default();
    failure.kind == CredentialErrorKind::Temporary && wait <= MAX_WAIT
}

/// The headers that `azure_core` reads.
fn waits(headers: &HeaderMap) -> Headers {
    let mut waits = Headers::new();
    for name in ["retry-after", "retry-after-ms", "x-ms-retry-after-ms"] {
        if let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) {
            waits.insert(name, value.to_owned());
        }
    }
    waits
}

/// The secrets in a token request.
fn secrets_of(form: &[u8]) -> Vec<Secret> {
    let secrets = form_urlencoded::parse(form)
        .filter(|(name, _)| matches!(&**name, "client_secret" | "client_assertion"));
    secrets
        .filter(|(_, value)| !value.is_empty())
        .map(|(_, value)| Secret::new(&*value))
        .collect()
}

/// How long a service may ask to wait before its request is sent again.
const MAX_WAIT: Duration = Duration::from_secs(3);

/// Ten years. Tokens live for an hour or a day.
const MAX_LIFETIME_SECONDS: u64 = 10 * 365 * 24 * 60 * 60;
