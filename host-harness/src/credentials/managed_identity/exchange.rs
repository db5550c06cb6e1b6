//! Requests to metadata services, again and again where that may help.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::super::service_error::{ServiceError, retry_after};
use super::super::surroundings::Surroundings;
use super::super::transport::{Answer, Request, TransportError};
use super::super::{CredentialError, CredentialErrorKind};
use crate::secret::Secret;

/// A request for a token: a `GET` with a few headers.
pub(super) struct Exchange<'a> {
    pub(super) surroundings: &'a Surroundings,
    /// The service's name in messages.
    pub(super) service: &'static str,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    /// What no message may repeat.
    pub(super) secrets: Vec<Secret>,
    /// Whether the same request may have another answer later.
    pub(super) may_pass: fn(StatusCode) -> bool,
}

impl Exchange<'_> {
    /// Sends it, and once more after each wait while its failure is one that may pass.
    pub(super) async fn send(&self, waits: &[Duration]) -> Result<Answer, TransportError> {
        let end = Instant::now() + TOTAL_TIMEOUT;
        let mut waits = waits.iter();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let sent = self.send_once(left).await;
            let asked = match &sent {
                Ok(answer) if (self.may_pass)(answer.status) => self.least_wait(answer),
                Err(TransportError::Other(_)) => Duration::ZERO,
                // Nobody is there, or whoever is there hangs: that does not pass within seconds.
                Ok(_) | Err(TransportError::Connect(_) | TransportError::TimedOut(_)) => {
                    return sent;
                }
            };
            let Some(&wait) = waits.next() else {
                return sent;
            };
            let wait = wait.max(asked);
            if Instant::now() + wait >= end {
                return sent;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Sends it once.
    pub(super) async fn send_once(&self, timeout: Duration) -> Result<Answer, TransportError> {
        let request = Request {
            method: Method::GET,
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: Default::default(),
            connect_timeout: CONNECT_TIMEOUT,
            timeout: timeout.min(self.surroundings.request_timeout),
        };
        self.surroundings.transport.send(request).await
    }

    /// What an answer that is no token means.
    pub(super) fn refused(&self, answer: &Answer) -> CredentialError {
        let status = answer.status.as_u16();
        let service = self.service;
        let words = self.words(answer);
        match (self.may_pass)(answer.status) {
            true => CredentialError {
                kind: CredentialErrorKind::Temporary,
                message: format!(
                    "{service} cannot answer now (status {status}): {words}; try again later"
                ),
                retry_after: retry_after(&answer.headers, self.surroundings.now()),
            },
            false => CredentialError::failed(format!(
                "{service} refused to give a token (status {status}): {words}; check that this machine has the managed \
                 identity"
            )),
        }
    }

    /// What an exchange without an answer means, where the service is known to be there.
    pub(super) fn lost(&self, error: &TransportError) -> CredentialError {
        CredentialError::temporary(format!(
            "{} does not answer at {}: {error}; try again later",
            self.service,
            self.url.origin().ascii_serialization()
        ))
    }

    /// What an answer says.
    pub(super) fn words(&self, answer: &Answer) -> String {
        let error = ServiceError::read(&answer.body, &self.secrets);
        match error {
            Some(error) => error.words().to_owned(),
            None => "its answer is no JSON".to_owned(),
        }
    }

    fn least_wait(&self, answer: &Answer) -> Duration {
        let asked = retry_after(&answer.headers, self.surroundings.now());
        let own = match answer.status {
            StatusCode::GONE => UPDATE_WAIT,
            _ => Duration::ZERO,
        };
        asked.unwrap_or_default().max(own)
    }
}

/// Whether an answer means that the service is busy.
pub(super) fn is_busy(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// Between tries: at once, then twice as long each time, as Azure's documentation advises.
pub(super) const WAITS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(1600),
    Duration::from_millis(3200),
    Duration::from_millis(6400),
];

/// How long all tries may take. A person is waiting.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);

/// How long to wait at least while the metadata service is updated (status 410), which takes a minute or so.
const UPDATE_WAIT: Duration = Duration::from_secs(5);

/// How long connecting may take: these services are on this machine, or next to it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
