//! What sends HTTP requests.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;

/// The body of a request or a response, as it arrives.
pub type HttpBody = UnsyncBoxBody<Bytes, HttpError>;

/// Sends HTTP requests: those of providers, when the host has let them through and put the secrets in, and those of credentials.
/// [`PooledClient`](super::PooledClient) is what a host has without another.
///
/// It follows no redirect, since that would carry secrets elsewhere, and adds nothing that says who asks. The host looks after
/// limits: it drops what takes too long, and what is dropped must end its exchange.
#[async_trait]
pub trait HttpClient: Send + Sync {
    /// Sends a request, and returns when the head of its response is there. Connecting may take so long.
    ///
    /// # Errors
    ///
    /// When there is no response.
    async fn send(
        &self,
        request: http::Request<HttpBody>,
        connect_timeout: Duration,
    ) -> Result<http::Response<HttpBody>, HttpError>;
}

/// Why there is no response, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct HttpError {
    /// What went wrong. The provider sees this, and no more.
    pub kind: HttpErrorKind,
    /// The same in words, for the log; never a secret, and so no address.
    pub message: String,
}

/// Kinds of [`HttpError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// The server's name has no address.
    Dns,
    /// Nobody listens there.
    Refused,
    /// Connecting took too long.
    ConnectTimeout,
    /// There is no connection, for another reason.
    Unreachable,
    /// The server's certificate is not one that the client trusts.
    Certificate,
    /// TLS failed otherwise.
    Tls,
    /// The server said nothing for too long.
    ReadTimeout,
    /// The connection ended.
    Terminated,
    /// The response ended before its end.
    Incomplete,
    /// The request's body is longer than the host lets it be.
    RequestTooLong,
    /// This machine can make no such connection, now or later: its trust store cannot be read.
    Unusable,
    /// This machine has no more of what a connection takes, such as file descriptors. The provider sees the message too.
    Exhausted,
}

impl HttpError {
    /// An error of this kind, in words.
    pub fn new(kind: HttpErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl HttpErrorKind {
    /// Whether there was no connection, so that nothing was sent.
    pub fn is_connect(self) -> bool {
        match self {
            Self::Dns
            | Self::Refused
            | Self::ConnectTimeout
            | Self::Unreachable
            | Self::Certificate
            | Self::Tls => true,
            Self::ReadTimeout
            | Self::Terminated
            | Self::Incomplete
            | Self::RequestTooLong
            | Self::Unusable
            | Self::Exhausted => false,
        }
    }
}
