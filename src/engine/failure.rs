//! What goes wrong on the way, in words.

use std::time::Duration;

use super::edge::{Instant, TransportError};
use super::exchange::Deadlines;
use crate::contract::types::{ErrorKind, ProviderError};
use crate::core::config::TimeLimits;
use crate::core::sse;

/// The error for a token that the service refused, and that the host has no other for.
pub(super) fn refused_and_not_renewed(
    refused: ProviderError,
    error: &ProviderError,
) -> ProviderError {
    ProviderError {
        message: format!(
            "{}; and when another was asked for, {}",
            refused.message, error.message
        ),
        retryable: error.retryable,
        retry_after_ms: error.retry_after_ms,
        ..refused
    }
}

/// The error for a request without a response.
pub(super) fn unanswered(error: &TransportError, url: &str, limits: TimeLimits) -> ProviderError {
    let (kind, message) = match error {
        TransportError::TimedOut => (
            ErrorKind::Timeout,
            format!(
                "{url} did not answer within {} seconds; try again, or raise `timeout`",
                seconds(limits.attempt)
            ),
        ),
        TransportError::Denied(_) => (
            ErrorKind::AccessDenied,
            format!(
                "the request to {url} was not sent: {error}; add the host to the host's allow-list"
            ),
        ),
        TransportError::Refused(_) => (
            ErrorKind::InvalidRequest,
            format!("the request to {url} was not sent: {error}"),
        ),
        TransportError::Unreadable(_) => (
            ErrorKind::Stream,
            format!(
                "{url} gave an answer that cannot be read: {error}; check the proxy or gateway in front of the service"
            ),
        ),
        TransportError::Broken(_) => (
            ErrorKind::Network,
            format!("{url} did not answer: {error}; try again"),
        ),
        TransportError::Untrusted(_) => (
            ErrorKind::Network,
            format!(
                "{url} cannot be trusted: {error}; check the address, the system's certificates and the proxy"
            ),
        ),
        TransportError::Unreachable(_) => (
            ErrorKind::Network,
            format!(
                "{url} cannot be reached: {error}; check the endpoint, the name service, the proxy and the firewall"
            ),
        ),
    };
    let mut unanswered = ProviderError::new(kind, message);
    // Neither does a certificate become valid by asking again, nor an answer readable.
    unanswered.retryable &= !matches!(
        error,
        TransportError::Untrusted(_) | TransportError::Unreadable(_)
    );
    unanswered.code = error.code().map(str::to_owned);
    unanswered
}

/// The error for an answer that cannot be unpacked.
pub(super) fn compressed(encoding: &str, url: &str) -> ProviderError {
    final_error(format!(
        "the answer of {url} is compressed (`{encoding}`), although the request asks for one that is not; let the proxy or \
         gateway in front of the service leave it as it is"
    ))
}

/// A time limit in seconds, for people.
pub(super) fn seconds(limit: Duration) -> String {
    match limit.subsec_millis() {
        0 => limit.as_secs().to_string(),
        milliseconds => format!("{}.{milliseconds:03}", limit.as_secs()),
    }
}

/// Why a stream broke off.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamFailure {
    #[error(transparent)]
    EventTooLong(#[from] sse::EventTooLong),
    #[error("the service reported an error")]
    Reported(ProviderError),
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl From<ProviderError> for StreamFailure {
    fn from(error: ProviderError) -> Self {
        Self::Reported(error)
    }
}

impl StreamFailure {
    pub(super) fn explain(
        self,
        Deadlines { limits, attempt }: Deadlines,
        deadline: Instant,
    ) -> ProviderError {
        match self {
            Self::Reported(error) => error,
            Self::EventTooLong(error) => final_error(error.to_string()),
            Self::Transport(TransportError::TimedOut) if deadline < attempt => ProviderError::new(
                ErrorKind::Timeout,
                format!(
                    "no event came for {} seconds; try again, or raise `stream_idle_timeout`",
                    seconds(limits.stream_idle)
                ),
            ),
            Self::Transport(TransportError::TimedOut) => ProviderError::new(
                ErrorKind::Timeout,
                format!(
                    "the response was not complete after {} seconds; try again, or raise `timeout`",
                    seconds(limits.attempt)
                ),
            ),
            Self::Transport(error @ TransportError::Unreadable(_)) => {
                final_error(format!("the response cannot be read: {error}"))
            }
            Self::Transport(error) => ProviderError::new(
                ErrorKind::Stream,
                format!("the response broke off: {error}; try again"),
            ),
        }
    }
}

/// The error for an answer that would be the same the next time.
pub(super) fn final_error(message: String) -> ProviderError {
    ProviderError {
        retryable: false,
        ..ProviderError::new(ErrorKind::Stream, message)
    }
}
