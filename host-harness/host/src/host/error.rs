//! Why a call failed.

use std::fmt;

use crate::contract::types::{ErrorKind, ProviderError};
use crate::instance::{Failure, Grants};
use crate::limits::LimitError;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The provider says what is wrong.
    #[error("{}", .0.message)]
    Provider(Box<ProviderError>),

    /// The component broke. The instance is gone; the next call gets another.
    #[error("the provider component failed: {0}")]
    Component(ComponentError),

    /// The call wanted more than it may have.
    #[error(transparent)]
    Limit(#[from] LimitError),

    /// So many calls run and wait that this one was not begun.
    #[error(
        "the host is overloaded: {running} calls run and {waiting} wait; try again later, or raise `max_concurrent_requests`"
    )]
    Overloaded {
        /// How many run.
        running: usize,
        /// How many wait.
        waiting: usize,
    },

    /// The engine's instances are all at work, for this host and those that share the engine with it.
    #[error(
        "the engine has no instance left for this call: all are at work; try again later, run fewer calls at once (`max_concurrent_requests`), or give the host an engine of its own"
    )]
    NoInstance,

    /// The host takes no calls any more.
    #[error("the host is shut down")]
    ShutDown,
}

/// How a component broke, in the engine's words. `{:?}` shows where, as far as that is known.
pub struct ComponentError(wasmtime::Error);

impl CallError {
    /// The error in the kernel's terms: the provider's own, or what the host has to say in the same form.
    pub fn to_provider_error(&self) -> ProviderError {
        let message = self.to_string();
        let kind = match self {
            Self::Provider(error) => return (**error).clone(),
            Self::Overloaded { .. } | Self::NoInstance | Self::ShutDown => ErrorKind::Unavailable,
            Self::Limit(LimitError::Request { .. }) => ErrorKind::InvalidRequest,
            Self::Limit(LimitError::StartTime { .. } | LimitError::WallTime { .. }) => {
                ErrorKind::Timeout
            }
            Self::Limit(_) | Self::Component(_) => ErrorKind::Other,
        };
        ProviderError {
            retryable: kind == ErrorKind::Unavailable,
            retry_after_ms: matches!(self, Self::Overloaded { .. } | Self::NoInstance)
                .then_some(OVERLOAD_MS),
            ..ProviderError::of_host(kind, message)
        }
    }
}

impl fmt::Display for ComponentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The cause of all: what is around it says in which function, which is for those who made the component.
        fmt::Display::fmt(self.0.root_cause(), formatter)
    }
}

impl fmt::Debug for ComponentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for ComponentError {}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Limit(limit) => Self::Limit(limit),
            Failure::Component(error) => Self::Component(ComponentError(error)),
            Failure::NoInstance => Self::NoInstance,
        }
    }
}

impl From<ProviderError> for CallError {
    fn from(error: ProviderError) -> Self {
        Self::Provider(Box::new(error))
    }
}

impl Grants {
    pub(super) fn error(&self, error: ProviderError) -> CallError {
        self.redacted(error).into()
    }

    /// The provider's error, without the secrets that a service may have repeated in it.
    pub(super) fn redacted(&self, mut error: ProviderError) -> ProviderError {
        let redact = |text: &mut String| *text = self.secrets.redact(text).into_owned();
        redact(&mut error.message);
        for text in [
            &mut error.code,
            &mut error.details,
            &mut error.model,
            &mut error.request_id,
        ] {
            text.as_mut().map(redact);
        }
        error
    }
}

/// Whoever was turned away may come again after so many milliseconds: some of the calls that ran have ended then.
const OVERLOAD_MS: u64 = 1_000;
