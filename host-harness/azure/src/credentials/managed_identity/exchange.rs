//! Requests to metadata services, again and again where that may help.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use provider_host::secret::Secret;
use tokio::time::Instant;
use url::Url;

use crate::credentials::answers::{ServiceError, TokenAnswer, busy, retry_after};
use crate::credentials::surroundings::{Answer, Request, Surroundings, TransportError};
use crate::credentials::{AccessToken, CredentialError};

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
                Err(TransportError::Broken(_)) => Duration::ZERO,
                // Nobody is there, or whoever is there hangs: that does not pass within seconds.
                Ok(_) | Err(_) => return sent,
            };
            let Some(&wait) = waits.next() else {
                return sent;
            };
            let wait = wait.max(asked);
            if wait >= end.saturating_duration_since(Instant::now()) {
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

    /// The token in an answer, or what it means that there is none.
    pub(super) fn token(&self, answer: &Answer) -> Result<AccessToken, CredentialError> {
        if !answer.status.is_success() {
            return Err(self.refused(answer));
        }
        let now = self.surroundings.now();
        let token = TokenAnswer::read(&answer.body, now).ok_or_else(|| {
            CredentialError::failed(format!(
                "{} answered with something that is no token; check that nothing else listens at {}",
                self.service,
                self.url.origin().ascii_serialization()
            ))
        })?;
        let token = token.access_token;
        Ok(AccessToken {
            refresh_on: token.refresh_on.or_else(|| half_life(&token, now)),
            ..token
        })
    }

    /// What an answer that is no token means.
    pub(super) fn refused(&self, answer: &Answer) -> CredentialError {
        let service = self.service;
        match (self.may_pass)(answer.status) {
            true => busy(service, answer, &self.secrets, self.surroundings.now()),
            false => CredentialError::failed(format!(
                "{service} refused to give a token (status {}): {}; check that this machine has the managed identity",
                answer.status.as_u16(),
                self.words(answer)
            )),
        }
    }

    /// What an exchange without an answer means, where the service is known to be there.
    pub(super) fn lost(&self, error: &TransportError) -> CredentialError {
        let (service, origin) = (self.service, self.url.origin().ascii_serialization());
        match error {
            TransportError::Unusable(why) => CredentialError::failed(format!(
                "{service} at {origin} cannot give a token: {why}; check the variables that say where it is, and that \
                 nothing else listens there"
            )),
            _ => CredentialError::temporary(format!(
                "{service} does not answer at {origin}: {error}; try again later"
            )),
        }
    }

    /// What an answer says.
    pub(super) fn words(&self, answer: &Answer) -> String {
        ServiceError::words_of(answer, &self.secrets)
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

/// The address of a token: for a resource, and of the user-assigned identity with this client id if there is one.
pub(super) fn address(
    mut url: Url,
    api_version: &str,
    resource: &str,
    client_id: Option<&str>,
) -> Url {
    let parameters = [("api-version", api_version), ("resource", resource)];
    let client_id = client_id.map(|client_id| ("client_id", client_id));
    url.query_pairs_mut()
        .extend_pairs(parameters.into_iter().chain(client_id));
    url
}

/// The header that shows a metadata service that no redirect has led here.
pub(super) fn metadata() -> HeaderMap {
    let header = (
        HeaderName::from_static("metadata"),
        HeaderValue::from_static("true"),
    );
    HeaderMap::from_iter([header])
}

/// When a token with a long life is to be replaced, if the service does not say so.
fn half_life(token: &AccessToken, now: SystemTime) -> Option<SystemTime> {
    let life = token.expires_on.duration_since(now).ok()?;
    (life >= LONG_LIFE).then_some(now + life / 2)
}

/// A token that lives at least this long is replaced after half of its life: a new identity's roles take effect with a
/// new token only, and the service may be away for hours.
const LONG_LIFE: Duration = Duration::from_secs(7200);

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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::credentials::answers::is_busy;
    use crate::credentials::testing::{self, epoch};

    #[test]
    fn a_token_with_a_long_life_is_replaced_after_half_of_it() {
        let mut surroundings = testing::surroundings([]);
        surroundings.clock = Arc::new(epoch);
        let exchange = Exchange {
            surroundings: &surroundings,
            service: "a service",
            url: "http://a.example".parse().unwrap(),
            headers: metadata(),
            secrets: Vec::new(),
            may_pass: is_busy,
        };
        for (times, seconds) in [
            (r#""expires_in": "7200""#, Some(3600)),
            (r#""expires_in": "7199""#, None),
            (r#""expires_on": "1700086400""#, Some(43_200)),
            (r#""expires_in": "86400", "refresh_in": "1000""#, Some(1000)),
            (r#""expires_on": "5""#, None),
        ] {
            let answer = Answer {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                body: format!(r#"{{"access_token": "t", {times}}}"#).into(),
            };
            let token = exchange.token(&answer).unwrap();
            let expected = seconds.map(|seconds| epoch() + Duration::from_secs(seconds));
            assert_eq!(token.refresh_on, expected, "{times}");
        }
    }
}
