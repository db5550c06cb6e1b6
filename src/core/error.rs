//! Making the contract's error.

use crate::contract::types::{ErrorKind, ProviderError};

/// The id of this provider: in `provider-info`, in every error and in every event.
pub const PROVIDER_ID: &str = "azure-openai";

impl ProviderError {
    /// An error of a kind, with what happened, with which value, and what to do next.
    ///
    /// Whether it is worth trying again follows from the kind; the few cases where it does not set `retryable`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            status: None,
            code: None,
            retryable: matches!(
                kind,
                ErrorKind::RateLimit
                    | ErrorKind::Unavailable
                    | ErrorKind::Timeout
                    | ErrorKind::Network
                    | ErrorKind::Stream
            ),
            retry_after_ms: None,
            request_id: None,
            provider: PROVIDER_ID.to_owned(),
            model: None,
            details: None,
        }
    }
}

/// The kind's name in events, as the kernel's Python errors are called.
pub fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Aborted => "AbortError",
        ErrorKind::AccessDenied => "AccessDeniedError",
        ErrorKind::Authentication => "AuthenticationError",
        ErrorKind::Configuration => "ConfigurationError",
        ErrorKind::ContentFilter => "ContentFilterError",
        ErrorKind::ContextLength => "ContextLengthError",
        ErrorKind::InvalidRequest => "InvalidRequestError",
        ErrorKind::InvalidToolCall => "InvalidToolCallError",
        ErrorKind::Network => "NetworkError",
        ErrorKind::NotFound => "NotFoundError",
        ErrorKind::Other => "LLMError",
        ErrorKind::QuotaExceeded => "QuotaExceededError",
        ErrorKind::RateLimit => "RateLimitError",
        ErrorKind::Stream => "StreamError",
        ErrorKind::Timeout => "LLMTimeoutError",
        ErrorKind::Unavailable => "ProviderUnavailableError",
    }
}
