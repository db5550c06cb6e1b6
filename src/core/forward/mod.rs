//! Requests in the service's own form, which are sent on: the address, the sender and the model are ours, everything else
//! is the client's.

mod body;
mod form;
mod headers;
mod json_body;
mod path;
mod usage;

pub use self::body::Body;
use self::body::{Format, Found};
pub use self::headers::inbound as response_headers;
pub use self::path::{Method, Target};
pub use self::usage::UsageReader;
use crate::contract::gateway::HttpRequest;
use crate::contract::types::{ErrorKind, ProviderError};
use crate::core::config::{Configuration, Resource};
use crate::core::deployment::{Candidate, Deployment};

/// A request as it is sent on.
#[derive(Debug)]
pub struct Outbound {
    /// Its method.
    pub method: Method,
    /// What it asks for.
    pub target: Target,
    /// Path and query at the endpoint.
    pub path: String,
    /// The client's headers, as far as they are sent on. Who sends the request is not there.
    headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Body,
    /// The deployment that stands for the model; none where the request has nothing to do with one.
    pub deployment: Option<Deployment>,
    /// The deployments that may answer; none where the request has nothing to do with one.
    pub candidates: Vec<Candidate>,
    /// Where the body has the model.
    named: Option<(Format, Found)>,
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
        let body = Body::new(request.body);
        let format = Format::of(&request.headers, &target)?;
        let found = format.and_then(|format| Some((body.find(&format)?, format)));
        let mut outbound = Self {
            path: target.path_at(&configuration.primary, None),
            headers: headers::outbound(request.headers),
            method,
            target,
            body,
            deployment: None,
            candidates: Vec::new(),
            named: None,
        };
        let in_path = outbound.target.model.as_deref();
        let (model, is_bound) = match &found {
            None => (in_path.map(Some), false),
            Some((found, _)) => {
                let has_default = outbound.target.has_default_model() && !found.has_prompt;
                let model = match in_path.or(found.model.as_deref()) {
                    Some(model) => Some(Some(model)),
                    None if has_default && !found.has_other => Some(None),
                    None => None,
                };
                (model, found.is_bound || found.has_prompt)
            }
        };
        let Some(model) = model else {
            return Ok(outbound);
        };
        let mut candidates = configuration.candidates(model);
        if is_bound {
            candidates.retain(|candidate| candidate.resource == 0);
        }
        // What a service keeps, it keeps under the deployment and at the endpoint that were asked first.
        if !outbound.target.only_computes() {
            candidates.truncate(1);
        }
        outbound.named = found.map(|(found, format)| (format, found));
        if let Some(first) = candidates.first() {
            outbound.name(first, configuration.resource(first.resource));
        }
        outbound.candidates = candidates;
        Ok(outbound)
    }

    /// Names a deployment, at its endpoint, in place of the model.
    pub fn name(&mut self, candidate: &Candidate, resource: &Resource) {
        let deployment = &candidate.deployment;
        if let Some((format, found)) = &self.named {
            self.body.name(format, found, &deployment.name);
        }
        self.path = self.target.path_at(resource, Some(deployment));
        self.deployment = Some(deployment.clone());
    }

    /// The client's headers that an endpoint gets: its configured ones take the place of the client's.
    pub fn headers(&self, resource: &Resource) -> Vec<(&str, &[u8])> {
        let is_configured = |name: &str| {
            let mut configured = resource.extra_headers.iter();
            configured.any(|(configured, _)| name.eq_ignore_ascii_case(configured))
        };
        self.headers
            .iter()
            .filter(|(name, _)| !is_configured(name))
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect()
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
