//! Forms to a tenant's endpoints and their answers: the HTTP client of `oauth2`, over the host's connections.

use std::fmt::Display;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use oauth2::{
    AsyncHttpClient, ErrorResponseType, HttpRequest, HttpResponse, RequestTokenError,
    StandardErrorResponse,
};

use serde_json::Map;
use tokio::time::Instant;
use url::Url;

use super::Authority;
use crate::credentials::CredentialError;
use crate::credentials::answers::{
    ServiceError, TokenAnswer, TokenFields, busy, is_busy, retry_after,
};
use crate::credentials::surroundings::{
    Answer, CONNECT_TIMEOUT, Request, Surroundings, TransportError,
};
use provider_host::secret::Secret;

/// Sends forms to a tenant's endpoints, and explains why an answer has no token in it.
pub(in crate::credentials) struct Exchange {
    surroundings: Arc<Surroundings>,
    /// The authority's name in messages.
    host: String,
    /// What the forms hold that no message may repeat: some services echo what they were sent.
    secrets: Vec<Secret>,
    /// How long to wait before each further try of a request whose failure may pass.
    waits: &'static [Duration],
}

/// Why an answer has no token in it.
#[derive(Debug)]
pub(in crate::credentials) enum NoToken {
    /// It says no: what to do depends on who asks.
    Refused(ServiceError),
    /// Anything else, with what to do.
    Other(CredentialError),
}

impl Exchange {
    /// An exchange whose forms are sent once.
    pub(in crate::credentials) fn new(
        surroundings: &Arc<Surroundings>,
        authority: &Authority,
        secrets: impl IntoIterator<Item = Secret>,
    ) -> Self {
        Self {
            surroundings: Arc::clone(surroundings),
            host: authority.host(),
            secrets: secrets.into_iter().collect(),
            waits: &[],
        }
    }

    /// The same, but a form is sent again while its failure is one that may pass within seconds.
    pub(super) fn with_retries(self) -> Self {
        Self {
            waits: &WAITS,
            ..self
        }
    }

    /// The authority's name in messages.
    pub(in crate::credentials) fn host(&self) -> &str {
        &self.host
    }

    /// The tokens in an answer.
    pub(in crate::credentials) fn tokens<K: ErrorResponseType + Display + 'static>(
        &self,
        answer: Result<TokenFields, RequestTokenError<CredentialError, StandardErrorResponse<K>>>,
    ) -> Result<TokenAnswer, NoToken> {
        let fields = answer.map_err(|error| self.explain(error))?;
        let tokens = fields.tokens(self.surroundings.now());
        tokens.ok_or_else(|| NoToken::Other(self.strange(None)))
    }

    /// What it means that an answer is not what was asked for.
    pub(in crate::credentials) fn explain<K: ErrorResponseType + Display + 'static>(
        &self,
        error: RequestTokenError<CredentialError, StandardErrorResponse<K>>,
    ) -> NoToken {
        match error {
            RequestTokenError::Request(error) => NoToken::Other(error),
            RequestTokenError::ServerResponse(error) => NoToken::Refused(ServiceError::of(
                &error.error().to_string(),
                error.error_description().map_or("", String::as_str),
                &self.secrets,
            )),
            // JSON all the same. Gateways have errors in other shapes than OAuth's.
            RequestTokenError::Parse(_, body) => match ServiceError::read(&body, &self.secrets) {
                Some(error) if error.has_words() => NoToken::Refused(error),
                _ => NoToken::Other(self.strange(None)),
            },
            RequestTokenError::Other(_) => NoToken::Other(self.strange(None)),
        }
    }

    /// Sends a form. An answer that is no JSON object is an error here, and so is that of a service that is busy: neither
    /// is OAuth's.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, CredentialError> {
        let start = Instant::now();
        let mut waits = self.waits.iter();
        let sent = loop {
            let sent = self.send_once(&request).await;
            match (self.asked_wait(&sent), waits.next()) {
                (Some(asked), Some(&wait)) if start.elapsed() < RETRYING => {
                    tokio::time::sleep(wait.max(asked)).await;
                }
                _ => break sent,
            }
        };
        let Answer {
            status,
            headers,
            body,
        } = sent.map_err(|error| self.unreachable(&error))?;
        if is_busy(status) {
            let answer = Answer {
                status,
                headers,
                body,
            };
            let now = self.surroundings.now();
            return Err(busy(&self.host, &answer, &self.secrets, now));
        }
        if serde_json::from_slice::<Map<String, serde_json::Value>>(&body).is_err() {
            return Err(self.strange(Some(status)));
        }
        // Without its headers: what is JSON is JSON, whatever it is called.
        let mut response = HttpResponse::new(body.into());
        *response.status_mut() = status;
        Ok(response)
    }

    async fn send_once(&self, request: &HttpRequest) -> Result<Answer, TransportError> {
        let address = request.uri().to_string();
        let url = Url::parse(&address)
            .map_err(|error| TransportError::Unusable(format!("{address}: {error}")))?;
        let request = Request {
            method: Method::POST,
            url,
            headers: request.headers().clone(),
            body: request.body().clone().into(),
            connect_timeout: CONNECT_TIMEOUT,
            timeout: self.surroundings.request_timeout,
        };
        self.surroundings.transport.send(request).await
    }

    /// How long a service asks to wait whose failure may pass soon; none if it is no such failure. For a longer wait the
    /// cache is the place, which does not hold up whoever asks.
    fn asked_wait(&self, sent: &Result<Answer, TransportError>) -> Option<Duration> {
        let wait = match sent {
            Ok(answer) if may_pass(answer.status) => {
                retry_after(&answer.headers, self.surroundings.now()).unwrap_or_default()
            }
            Err(TransportError::Connect(_) | TransportError::Broken(_)) => Duration::ZERO,
            // What hangs for that long hangs again.
            Ok(_) | Err(TransportError::TimedOut(_) | TransportError::Unusable(_)) => return None,
        };
        (wait <= MAX_WAIT).then_some(wait)
    }

    /// What it means that there is no answer.
    fn unreachable(&self, error: &TransportError) -> CredentialError {
        let host = &self.host;
        match error {
            TransportError::Unusable(why) => CredentialError::failed(format!(
                "{host} cannot give a token: {why}; check AZURE_AUTHORITY_HOST, and whether a proxy answers in its place"
            )),
            _ => CredentialError::temporary(format!(
                "{host} cannot be reached: {error}; check the network, HTTPS_PROXY and AZURE_AUTHORITY_HOST"
            )),
        }
    }

    fn strange(&self, status: Option<StatusCode>) -> CredentialError {
        let status = status.map(|status| format!(" with status {} and", status.as_u16()));
        CredentialError::failed(format!(
            "{} answered{} with something that is no token; if a proxy or a login page stands in between, let this \
             address through, else check AZURE_AUTHORITY_HOST",
            self.host,
            status.unwrap_or_default()
        ))
    }
}

impl<'c> AsyncHttpClient<'c> for Exchange {
    type Error = CredentialError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, CredentialError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Whether the same form may have another answer within seconds.
fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502..=504)
}

/// Between tries. Whoever waits for the token retries too.
const WAITS: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_millis(1000),
    Duration::from_millis(2000),
];

/// After how long nothing is sent again: enough for all tries of an answer that comes at once, and for a second one of a
/// connection that cannot be made. With it a chain of several credentials ends within its own limit.
const RETRYING: Duration = Duration::from_secs(5);

/// The longest wait that a service may ask for before its form is sent again.
const MAX_WAIT: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests;
