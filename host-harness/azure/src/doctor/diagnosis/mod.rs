//! From the provider's error to what is wrong and what to do about it, in plain words.

mod access;
mod found;
mod network;
mod request;

use provider_host::contract::types::{ErrorKind, ProviderError};

pub(super) use self::found::Found;

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What is wrong, in a sentence.
    pub problem: String,
    /// What to do, the likeliest first.
    pub steps: Vec<String>,
}

impl Diagnosis {
    /// What an error of the deployment means.
    pub(super) fn of(error: &ProviderError, found: &Found<'_>) -> Self {
        match error.status {
            Some(300..400) => return network::redirect(found),
            Some(407) => return network::proxy_login(found),
            _ => {}
        }
        match error.kind {
            ErrorKind::Network => network::network(error, found),
            ErrorKind::Timeout => network::timeout(found),
            // It comes with 401 or 403.
            ErrorKind::Authentication if error.code.as_deref() == Some(access::NO_KEYS) => {
                access::access(error, found)
            }
            ErrorKind::Authentication => access::authentication(found),
            ErrorKind::AccessDenied if error.code.as_deref() == Some(network::DENIED) => {
                network::network(error, found)
            }
            ErrorKind::AccessDenied => access::access(error, found),
            ErrorKind::NotFound => request::not_found(error, found),
            ErrorKind::RateLimit | ErrorKind::QuotaExceeded => request::rate_limit(error, found),
            ErrorKind::InvalidRequest => request::invalid(error, found),
            ErrorKind::ContentFilter => request::content_filter(found),
            ErrorKind::ContextLength => request::context_length(found),
            ErrorKind::Unavailable => Self::new(
                format!("{} cannot serve requests now", found.host),
                ["try again; if it lasts, look at the status page of Azure".to_owned()],
            ),
            ErrorKind::Stream => Self::new(
                format!(
                    "{} answers with something else than the Responses API",
                    found.route
                ),
                [
                    "check that `azure_endpoint` is the service and not a web page or a sign-in"
                        .to_owned(),
                ],
            ),
            _ => Self::new("the deployment does not answer as it should".to_owned(), []),
        }
    }

    fn new(problem: String, steps: impl IntoIterator<Item = String>) -> Self {
        Self {
            problem,
            steps: steps.into_iter().collect(),
        }
    }
}

/// What the service itself says in an error, in small letters. The rest of the message is the provider's own, with
/// addresses and advice in it, which would be taken for the service's reasons.
fn service_words(error: &ProviderError) -> String {
    const BEGIN: &str = "the service says: ";
    let words = error.message.split_once(BEGIN).map(|(_, words)| words);
    words.unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests;
