//! Which path of the service a request is for.

use std::fmt::Write;

use super::invalid;
use crate::contract::types::ProviderError;
use crate::core::config::Resource;
use crate::core::deployment::Deployment;

/// The methods of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `DELETE`.
    Delete,
    /// `GET`.
    Get,
    /// `POST`.
    Post,
}

impl Method {
    /// Reads a method.
    pub(super) fn parse(name: &str) -> Result<Self, ProviderError> {
        match name {
            "DELETE" => Ok(Self::Delete),
            "GET" => Ok(Self::Get),
            "POST" => Ok(Self::Post),
            _ => Err(invalid(format!(
                "the method {name:?} is none of the API's, which are GET, POST and DELETE"
            ))),
        }
    }

    /// Its name in HTTP.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The path below `/openai/v1/`, such as `responses/resp_1/cancel`.
    pub route: String,
    /// The query, without the question mark and without an `api-version`; empty when there is none.
    pub query: String,
    /// The model that the path names, in the form that has deployments there.
    pub model: Option<String>,
}

impl Target {
    /// Reads a path below `/openai/v1/`, or one that begins with `deployments/NAME/`, with its query.
    ///
    /// # Errors
    ///
    /// When it leads to somewhere else, or can be read in more than one way.
    pub fn parse(path: &str) -> Result<Self, ProviderError> {
        let (route, query) = path.split_once('?').unwrap_or((path, ""));
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\');
        if !path.bytes().all(is_plain) {
            return Err(invalid(
                "the path has characters that must be percent-encoded",
            ));
        }
        // Clients of HTTP resolve dots, and some servers take what is encoded for a separator: the request would leave the API.
        let is_odd = |segment: &str| {
            let segment = segment.to_ascii_lowercase().replace("%2e", ".");
            matches!(&*segment, "" | "." | "..")
                || segment.contains("%2f")
                || segment.contains("%5c")
        };
        if route.split('/').any(is_odd) {
            return Err(invalid(format!(
                "the path {route:?} has a segment that is empty or made of dots, or an encoded separator"
            )));
        }
        let in_path = route
            .strip_prefix("deployments/")
            .and_then(|rest| rest.split_once('/'));
        let (model, route) = match in_path {
            Some((name, route)) => (Some(decoded(name)?), route),
            None => (None, route),
        };
        let kept = query
            .split('&')
            .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("api-version"));
        Ok(Self {
            route: route.to_owned(),
            query: kept.collect::<Vec<_>>().join("&"),
            model,
        })
    }

    /// Path and query at an endpoint.
    pub(super) fn path_at(&self, resource: &Resource, deployment: Option<&Deployment>) -> String {
        let version = &resource.api_version;
        let deployment = deployment.filter(|_| DEPLOYMENT_ROUTES.contains(&&*self.route));
        let route = match deployment {
            Some(deployment) if version.has_deployments_in_paths() => {
                format!("deployments/{}/{}", encoded(&deployment.name), self.route)
            }
            _ => self.route.clone(),
        };
        let mut path = version.path(&resource.endpoint, &route);
        if !self.query.is_empty() {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&self.query);
        }
        path
    }

    /// Whether the route computes an answer and creates nothing else.
    pub(super) fn only_computes(&self) -> bool {
        let route = &&*self.route;
        DEPLOYMENT_ROUTES.contains(route)
            || OTHER_COMPUTING_ROUTES.contains(route)
            || self.route.ends_with("/cancel")
    }

    /// Whether a request that names no model gets the default one, as chat requests do.
    pub(super) fn has_default_model(&self) -> bool {
        matches!(
            &*self.route,
            "chat/completions" | "responses" | "responses/compact" | "responses/input_tokens"
        )
    }

    /// Whether the `model` of a body is a deployment. Of fine-tuning it is the model that is trained.
    pub(super) fn has_deployment(&self) -> bool {
        !self.route.starts_with("fine_tuning/")
    }
}

/// A segment of a path without its percent-encoding.
fn decoded(segment: &str) -> Result<String, ProviderError> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        let digit = |digit: Option<u8>| char::from(digit?).to_digit(16);
        match byte {
            b'%' => match (digit(rest.next()), digit(rest.next())) {
                (Some(high), Some(low)) => bytes.push((high << 4 | low) as u8),
                _ => return Err(invalid("the path is not percent-encoded as it must be")),
            },
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| invalid("the deployment in the path is no text"))
}

/// A name as a segment of a path.
fn encoded(name: &str) -> String {
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            segment.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

/// The routes that dated versions have below `/openai/deployments/NAME/`: the data plane of
/// <https://learn.microsoft.com/azure/ai-services/openai/reference>. Each asks a model, and creates nothing.
const DEPLOYMENT_ROUTES: [&str; 8] = [
    "audio/speech",
    "audio/transcriptions",
    "audio/translations",
    "chat/completions",
    "completions",
    "embeddings",
    "images/edits",
    "images/generations",
];

/// The other routes whose `POST` only computes. A response or a chat that is stored is there twice when it is asked for twice,
/// but so it is whenever a client asks again.
const OTHER_COMPUTING_ROUTES: [&str; 5] = [
    "images/variations",
    "moderations",
    "responses",
    "responses/compact",
    "responses/input_tokens",
];
