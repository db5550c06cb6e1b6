//! HTTP for credentials: the host's connections, small answers, a limit on time, and no redirects.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Full};
use provider_host::{HttpClient, HttpError, HttpErrorKind, Origin, PooledClient};
use url::Url;

/// Sends the requests of credentials.
#[derive(Clone)]
pub(in crate::credentials) struct Transport {
    http: Arc<dyn HttpClient>,
}

impl Default for Transport {
    /// A transport over connections of its own.
    fn default() -> Self {
        Self::new(Arc::new(PooledClient::default()))
    }
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
    pub(in crate::credentials) fn new(http: Arc<dyn HttpClient>) -> Self {
        Self { http }
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
        let unusable = || TransportError::Unusable(format!("{url} is no http or https address"));
        Origin::parse(url.as_str()).ok_or_else(unusable)?;
        let uri: http::Uri = url.as_str().parse().map_err(|_| unusable())?;
        let body = Full::new(body).map_err(|never| match never {});
        let mut request = http::Request::new(body.boxed_unsync());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let exchange = async {
            let response = self
                .http
                .send(request, connect_timeout)
                .await
                .map_err(explain)?;
            let (head, mut body) = response.into_parts();
            let mut bytes = Vec::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(explain)?;
                let chunk = frame.data_ref().map_or(&[][..], |chunk| chunk);
                if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
                    return Err(TransportError::Unusable(format!(
                        "the answer is longer than {MAX_ANSWER_BYTES} bytes"
                    )));
                }
                bytes.extend_from_slice(chunk);
            }
            Ok(Answer {
                status: head.status,
                headers: head.headers,
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

fn explain(error: HttpError) -> TransportError {
    match error.kind {
        HttpErrorKind::Unusable => TransportError::Unusable(error.message),
        kind if kind.is_connect() => TransportError::Connect(error.message),
        _ => TransportError::Broken(error.message),
    }
}

/// The most bytes of an answer. A token has two to four thousand; what is longer than this is no token.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
