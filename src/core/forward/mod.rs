//! Requests in the service's own form, which are sent on: the address, the sender and the model are ours, everything else
//! is the client's.

mod body;
mod form;
mod headers;
mod json_body;
mod path;
mod usage;

pub use self::body::Body;
use self::body::Format;
pub use self::headers::inbound as response_headers;
pub use self::path::{Method, Target};
pub use self::usage::UsageReader;
use crate::contract::gateway::HttpRequest;
use crate::contract::types::{ErrorKind, ProviderError};
use crate::core::config::Configuration;
use crate::core::deployment::Deployment;

/// A request as it is sent on.
#[derive(Debug)]
pub struct Outbound {
    /// Its method.
    pub method: Method,
    /// What it asks for.
    pub target: Target,
    /// Path and query at the endpoint.
    pub path: String,
    /// The client's headers, as far as they are sent on. Neither who sends the request nor the configured ones are there.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Body,
    /// The deployment that stands for the model; none where the request has nothing to do with one.
    pub deployment: Option<Deployment>,
}

impl Outbound {
    /// Prepares a client's request.
    ///
    /// # Errors
    ///
    /// When it is none that can be sent on.
    pub fn new(request: HttpRequest, configuration: &Configuration) -> Result<Self, ProviderError> {
        let method = Method::parse(&request.method)?;
        let target = Target::parse(&request.path)?;
        let mut body = Body::new(request.body);
        let deployment = match Format::of(&request.headers, &target)? {
            Some(format) => body.name_deployment(&format, &target, &configuration.deployments),
            None => None,
        };
        let deployment = deployment.or_else(|| {
            let model = target.model.as_deref()?;
            Some(configuration.deployments.resolve(Some(model)))
        });
        Ok(Self {
            path: target.path_at(configuration, deployment.as_ref()),
            headers: headers::outbound(request.headers, &configuration.extra_headers),
            method,
            target,
            body,
            deployment,
        })
    }

    /// It is not sent again, and its body may be large.
    pub fn forget_body(&mut self) {
        self.body = Body::new(Vec::new());
    }

    /// Whether it may be sent again although the service may have acted on it. What only computes an answer may be, as
    /// chat requests are; what creates something would create it twice.
    pub fn is_repeatable(&self) -> bool {
        self.method != Method::Post || self.target.only_computes()
    }
}

/// A request that cannot be sent on.
fn invalid(message: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::InvalidRequest, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
