//! What lets a call go on to another deployment, and what does not.

use crate::contract::types::{ErrorKind, ProviderError};

/// Why a deployment is left for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It has no room for this kind of request, such as those of the tier `flex`.
    Capacity,
    /// The conversation is too long for it, which provisioned throughput says sooner than others.
    ContextLength,
    /// Its endpoint cannot be reached, or cannot be trusted.
    Network,
    /// It does not exist, or its model is retired.
    NotFound,
    /// Its quota is used up.
    Quota,
    /// Too many requests or tokens for now.
    RateLimit,
    /// Its answer broke off.
    Stream,
    /// It did not answer in time.
    Timeout,
    /// It is down or overloaded.
    Unavailable,
}

impl Cause {
    /// The cause that an error is; none for what every deployment would refuse, and for what a person must mend: what the request
    /// says, what a filter stops, and who asks. A key that is wrong is not hidden behind another that is right.
    pub fn of(error: &ProviderError) -> Option<Self> {
        let code = error.code.as_deref().unwrap_or_default();
        Some(match error.kind {
            // One text alone is too long, wherever it is sent.
            ErrorKind::ContextLength if code == "string_above_max_length" => return None,
            ErrorKind::ContextLength => Self::ContextLength,
            ErrorKind::Network => Self::Network,
            ErrorKind::NotFound if MISSING.contains(&code) || error.status == Some(410) => {
                Self::NotFound
            }
            ErrorKind::QuotaExceeded => Self::Quota,
            ErrorKind::RateLimit => Self::RateLimit,
            ErrorKind::Stream if error.retryable => Self::Stream,
            ErrorKind::Timeout => Self::Timeout,
            ErrorKind::Unavailable if matches!(code, "flex_unavailable" | "no_capacity") => {
                Self::Capacity
            }
            ErrorKind::Unavailable => Self::Unavailable,
            _ => return None,
        })
    }

    /// Its name in events, errors and the shared table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Capacity => "capacity",
            Self::ContextLength => "context-length",
            Self::Network => "network",
            Self::NotFound => "not-found",
            Self::Quota => "quota",
            Self::RateLimit => "rate-limit",
            Self::Stream => "stream",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        ALL.into_iter().find(|cause| cause.name() == name)
    }

    /// Whether it may be over in a moment, so that a wait may be better than another deployment.
    pub(super) fn is_worth_waiting(self) -> bool {
        matches!(self, Self::RateLimit | Self::Stream | Self::Unavailable)
    }

    /// Whether waiting mends it at all.
    pub(super) fn passes(self) -> bool {
        !matches!(self, Self::ContextLength | Self::NotFound | Self::Quota)
    }

    /// Whether it is about this request alone.
    pub(super) fn is_of_request(self) -> bool {
        self == Self::ContextLength
    }

    /// Whether the endpoint's other deployments have it too.
    pub(super) fn is_of_endpoint(self) -> bool {
        self == Self::Network
    }
}

const ALL: [Cause; 9] = [
    Cause::Capacity,
    Cause::ContextLength,
    Cause::Network,
    Cause::NotFound,
    Cause::Quota,
    Cause::RateLimit,
    Cause::Stream,
    Cause::Timeout,
    Cause::Unavailable,
];

/// The codes of errors that say that a deployment or its model is not there. One whose model is retired has no other than that of a
/// path that does not exist, or none; anything else that is not found is something that the request names.
const MISSING: [&str; 4] = ["", "404", "DeploymentNotFound", "model_not_found"];
