//! Which path is for what.

use std::borrow::Cow;

use http::Method;
use url::form_urlencoded;

use super::failure::{Failure, Form};

/// What a request is for.
#[derive(Debug, PartialEq)]
pub(super) enum Route {
    /// One exchange in the kernel's form.
    Complete,
    /// The same, as it arrives.
    Stream,
    /// One exchange in the form of the API of OpenAI.
    Responses,
    /// All models.
    Models,
    /// The model with this id.
    Model(String),
    /// Whether the service lives.
    Health,
    /// Whether the provider answers.
    Ready,
    /// What the service counts.
    Metrics,
}

/// A path that nothing is at, or where something else is than the method asks for.
#[derive(Debug, PartialEq)]
pub(super) enum NoRoute {
    Method {
        path: &'static str,
        allowed: &'static str,
    },
    Path,
}

impl Route {
    /// Finds the route.
    pub(super) fn find(method: &Method, path: &str) -> Result<Self, NoRoute> {
        let (route, allowed) = match path {
            "/v1/complete" => (Self::Complete, "POST"),
            "/v1/stream" => (Self::Stream, "POST"),
            "/v1/responses" => (Self::Responses, "POST"),
            "/v1/models" => (Self::Models, GET),
            "/health" => (Self::Health, GET),
            "/ready" => (Self::Ready, GET),
            "/metrics" => (Self::Metrics, GET),
            path => match path.strip_prefix("/v1/models/").and_then(decoded) {
                Some(id) => (Self::Model(id), GET),
                None => return Err(NoRoute::Path),
            },
        };
        match allowed.split(", ").any(|allowed| allowed == method) {
            true => Ok(route),
            false => Err(NoRoute::Method {
                path: route.path(),
                allowed,
            }),
        }
    }

    /// The path, without what is different in each request.
    pub(super) fn path(&self) -> &'static str {
        match self {
            Self::Complete => "/v1/complete",
            Self::Stream => "/v1/stream",
            Self::Responses => "/v1/responses",
            Self::Models => "/v1/models",
            Self::Model(_) => "/v1/models/{id}",
            Self::Health => "/health",
            Self::Ready => "/ready",
            Self::Metrics => "/metrics",
        }
    }

    /// The form of the route's errors.
    pub(super) fn form(&self) -> Form {
        match self {
            Self::Complete | Self::Stream | Self::Health | Self::Ready | Self::Metrics => {
                Form::Kernel
            }
            Self::Model(_) | Self::Models | Self::Responses => Form::OpenAi,
        }
    }

    /// Whether it takes a JSON document.
    pub(super) fn takes_json(&self) -> bool {
        matches!(self, Self::Complete | Self::Responses | Self::Stream)
    }

    /// Whether the key is asked for. Probes have none; what they learn is a word.
    pub(super) fn is_protected(&self) -> bool {
        !matches!(self, Self::Health | Self::Ready)
    }
}

impl NoRoute {
    /// The path, as the metrics have it: not one of the caller's choice, of which there is no end.
    pub(super) fn path(&self) -> &'static str {
        match self {
            Self::Method { path, .. } => path,
            Self::Path => "other",
        }
    }

    pub(super) fn failure(self, path: &str) -> Failure {
        match self {
            Self::Method { allowed, .. } => Failure::method_not_allowed(allowed),
            Self::Path => Failure::refused(
                http::StatusCode::NOT_FOUND,
                format!(
                    "nothing is at {path}; there are /v1/responses and /v1/models for SDKs of OpenAI, /v1/complete and \
                     /v1/stream in the kernel's form, /health, /ready and /metrics"
                ),
            ),
        }
    }
}

/// A segment of a path in which some characters are written by their codes.
fn decoded(segment: &str) -> Option<String> {
    if segment.is_empty() {
        return None;
    }
    // Of a form's pairs only the plus and the ampersand are special beside that.
    let escaped = segment
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    let mut pairs = form_urlencoded::parse(escaped.as_bytes());
    pairs.next().map(|(id, _)| Cow::into_owned(id))
}

/// The methods of what is only read. The server leaves the body out where only the head is wanted.
const GET: &str = "GET, HEAD";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn paths_and_methods() {
        let method = |path, allowed| Err(NoRoute::Method { path, allowed });
        let model = |id: &str| Ok(Route::Model(id.to_owned()));
        let table = [
            ("POST", "/v1/complete", Ok(Route::Complete)),
            ("POST", "/v1/stream", Ok(Route::Stream)),
            ("POST", "/v1/responses", Ok(Route::Responses)),
            ("GET", "/v1/responses", method("/v1/responses", "POST")),
            ("GET", "/v1/responses/resp_1", Err(NoRoute::Path)),
            ("GET", "/v1/models", Ok(Route::Models)),
            ("GET", "/v1/models/", Err(NoRoute::Path)),
            ("GET", "/v1/models/gpt-5.1", model("gpt-5.1")),
            ("GET", "/v1/models/a%2Fb+c%20d&e=f", model("a/b+c d&e=f")),
            ("DELETE", "/v1/models/x", method("/v1/models/{id}", GET)),
            ("GET", "/health", Ok(Route::Health)),
            ("HEAD", "/health", Ok(Route::Health)),
            ("HEAD", "/v1/responses", method("/v1/responses", "POST")),
            ("POST", "/ready", method("/ready", GET)),
            ("GET", "/ready", Ok(Route::Ready)),
            ("GET", "/metrics", Ok(Route::Metrics)),
            ("OPTIONS", "/v1/complete", method("/v1/complete", "POST")),
            ("GET", "/", Err(NoRoute::Path)),
        ];
        for (method, path, route) in table {
            let found = Route::find(&method.parse().unwrap(), path);
            assert_eq!(found, route, "{method} {path}");
        }
    }
}
