//! HTTP for credentials: the host's connections, small answers, a limit on time, and no redirects.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use provider_host::Origin;
use provider_host::http::Clients;
use url::Url;

/// Sends the requests of credentials.
#[derive(Clone, Default)]
pub(in crate::credentials) struct Transport {
    clients: Clients,
}

/// A request of a credential. Not for `Debug`: headers and body hold secrets.
pub(in crate::credentials) struct Request {
    pub(in crate::credentials) method: Method,
    pub(in crate::credentials) url: Url,
    pub(in crate::credentials) headers: HeaderMap,
    pub(in crate::credentials) body: Bytes,
    /// How long connecting may take.
    pub(in crate::credentials) connect_timeout: Duration,
    /// How long all of it may take.
    pub(in crate::credentials) timeout: Duration,
}

/// An answer, whatever its status. Not for `Debug`: its body may hold a token.
pub(in crate::credentials) struct Answer {
    pub(in crate::credentials) status: StatusCode,
    pub(in crate::credentials) headers: HeaderMap,
    pub(in crate::credentials) body: Bytes,
}

impl Transport {
    /// A transport over these connections.
    pub(in crate::credentials) fn new(clients: Clients) -> Self {
        Self { clients }
    }

    /// Sends a request and reads its answer.
    pub(in crate::credentials) async fn send(
        &self,
        request: Request,
    ) -> Result<Answer, TransportError> {
        let Request {
            method,
            url,
            headers,
            body,
            connect_timeout,
            timeout,
        } = request;
        let origin = Origin::of(&url).ok_or_else(|| {
            TransportError::Unusable(format!("{url} is no http or https address"))
        })?;
        let exchange = async {
            let client = self
                .clients
                .get(&origin, connect_timeout)
                .map_err(|error| TransportError::Unusable(error.to_string()))?;
            let sending = client
                .request(method, url)
                .headers(headers)
                .body(body)
                .send();
            let mut response = sending.await.map_err(explain)?;
            let (status, headers) = (response.status(), response.headers().clone());
            let mut bytes = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(explain)? {
                if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
                    return Err(TransportError::Unusable(format!(
                        "the answer is longer than {MAX_ANSWER_BYTES} bytes"
                    )));
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(Answer {
                status,
                headers,
                body: bytes.into(),
            })
        };
        tokio::time::timeout(timeout, exchange)
            .await
            .unwrap_or(Err(TransportError::TimedOut(timeout)))
    }
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(in crate::credentials) enum TransportError {
    /// There is no connection to the service.
    #[error("no connection: {0}")]
    Connect(String),
    /// The connection ended before the answer did.
    #[error("{0}")]
    Broken(String),
    /// The time limit passed.
    #[error("no answer within {} seconds", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The request cannot be sent, or its answer cannot be taken: the next time is no better.
    #[error("{0}")]
    Unusable(String),
}

fn explain(error: reqwest::Error) -> TransportError {
    let is_connect = error.is_connect();
    // The address may hold a secret, and whoever asked knows it anyway.
    let error = error.without_url();
    let causes = std::iter::successors(Some(&error as &dyn StdError), |&error| error.source());
    let words = causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ");
    match is_connect {
        true => TransportError::Connect(words),
        false => TransportError::Broken(words),
    }
}

/// The most bytes of an answer. A token has two to four thousand; what is longer than this is no token.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
