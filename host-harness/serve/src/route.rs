//! Which path is for what.

use std::borrow::Cow;

use http::{Method, Uri};
use url::form_urlencoded;

use super::failure::{Failure, Form};

/// What a request is for.
#[derive(Debug, PartialEq)]
pub(super) enum Route {
    /// One exchange in the kernel's form.
    Complete,
    /// The same, as it arrives.
    Stream,
    /// The API of OpenAI.
    Forward {
        /// Path and query below `/openai/v1`.
        path: Uri,
        /// The route, as the metrics have it.
        name: &'static str,
    },
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
    pub(super) fn find(method: &Method, uri: &Uri) -> Result<Self, NoRoute> {
        let (route, allowed) = match uri.path() {
            "/v1/complete" => (Self::Complete, "POST"),
            "/v1/stream" => (Self::Stream, "POST"),
            "/health" => (Self::Health, GET),
            "/ready" => (Self::Ready, GET),
            "/metrics" => (Self::Metrics, GET),
            path => Self::of_openai(method, path, uri.query())?,
        };
        match allowed.split(", ").any(|allowed| allowed == method) {
            true => Ok(route),
            false => Err(NoRoute::Method {
                path: route.path(),
                allowed,
            }),
        }
    }

    /// A path of the API of OpenAI, as its own clients or those of Azure have it.
    fn of_openai(
        method: &Method,
        path: &str,
        query: Option<&str>,
    ) -> Result<(Self, &'static str), NoRoute> {
        let mut bases = ["/v1/", "/openai/v1/", "/openai/"].into_iter();
        let below = bases.find_map(|base| path.strip_prefix(base));
        let below = below
            .filter(|below| !below.is_empty())
            .ok_or(NoRoute::Path)?;
        if below == "models" {
            return Ok((Self::Models, GET));
        }
        // A model that somebody trained can be deleted, and that one is the service's.
        if let Some(id) = below.strip_prefix("models/").and_then(decoded)
            && method != Method::DELETE
        {
            return Ok((Self::Model(id), "GET, HEAD, DELETE"));
        }
        let path = match query {
            Some(query) => format!("/{below}?{query}"),
            None => format!("/{below}"),
        };
        let forward = Self::Forward {
            // It is a part of one that was read before.
            path: path.parse().map_err(|_| NoRoute::Path)?,
            name: name(below),
        };
        Ok((forward, "GET, POST, DELETE"))
    }

    /// The path, without what is different in each request.
    pub(super) fn path(&self) -> &'static str {
        match self {
            Self::Complete => "/v1/complete",
            Self::Stream => "/v1/stream",
            Self::Forward { name, .. } => name,
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
            Self::Forward { .. } | Self::Model(_) | Self::Models => Form::OpenAi,
        }
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
                    "nothing is at {path}; there are the API of OpenAI below /v1/, /v1/complete and /v1/stream in the \
                     kernel's form, /health, /ready and /metrics"
                ),
            ),
        }
    }
}

/// What the metrics call a route of the API: one that is known, by its beginning, or `/v1/*`.
fn name(below: &str) -> &'static str {
    let route = match below.strip_prefix("deployments/") {
        Some(rest) => rest.split_once('/').map_or("", |(_, route)| route),
        None => below,
    };
    let known = ROUTES.into_iter().find(|name| {
        let known = name.trim_start_matches("/v1/");
        match known.strip_suffix('*') {
            Some(beginning) => route.starts_with(beginning),
            None => route == known,
        }
    });
    known.unwrap_or("/v1/*")
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

/// The routes that metrics tell apart. What has an id in it, or is rare, is one with its like.
const ROUTES: [&str; 20] = [
    "/v1/responses",
    "/v1/responses/compact",
    "/v1/responses/input_tokens",
    "/v1/responses/*",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/audio/*",
    "/v1/images/*",
    "/v1/videos*",
    "/v1/files*",
    "/v1/uploads*",
    "/v1/batches*",
    "/v1/vector_stores*",
    "/v1/conversations*",
    "/v1/containers*",
    "/v1/assistants*",
    "/v1/threads*",
    "/v1/fine_tuning/*",
    "/v1/models/*",
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn paths_and_methods() {
        let method = |path, allowed| Err(NoRoute::Method { path, allowed });
        let model = |id: &str| Ok(Route::Model(id.to_owned()));
        let forward = |name, path: &str| {
            Ok(Route::Forward {
                path: path.parse().unwrap(),
                name,
            })
        };
        const API: &str = "GET, POST, DELETE";
        let table = [
            ("POST", "/v1/complete", Ok(Route::Complete)),
            ("POST", "/v1/stream", Ok(Route::Stream)),
            (
                "POST",
                "/v1/responses",
                forward("/v1/responses", "/responses"),
            ),
            (
                "POST",
                "/v1/responses?a=b",
                forward("/v1/responses", "/responses?a=b"),
            ),
            (
                "GET",
                "/v1/responses/resp_1",
                forward("/v1/responses/*", "/responses/resp_1"),
            ),
            (
                "POST",
                "/v1/responses/compact",
                forward("/v1/responses/compact", "/responses/compact"),
            ),
            ("PUT", "/v1/responses", method("/v1/responses", API)),
            ("HEAD", "/v1/responses", method("/v1/responses", API)),
            ("OPTIONS", "/v1/files", method("/v1/files*", API)),
            ("POST", "/v1/files", forward("/v1/files*", "/files")),
            (
                "GET",
                "/openai/v1/files/f/content",
                forward("/v1/files*", "/files/f/content"),
            ),
            (
                "POST",
                "/openai/deployments/d/chat/completions?api-version=2024-10-21",
                forward(
                    "/v1/chat/completions",
                    "/deployments/d/chat/completions?api-version=2024-10-21",
                ),
            ),
            (
                "POST",
                "/openai/responses",
                forward("/v1/responses", "/responses"),
            ),
            ("POST", "/v1/new/thing", forward("/v1/*", "/new/thing")),
            ("GET", "/v1/models", Ok(Route::Models)),
            ("GET", "/openai/v1/models", Ok(Route::Models)),
            ("GET", "/v1/models/gpt-5.1", model("gpt-5.1")),
            ("GET", "/v1/models/a%2Fb+c%20d&e=f", model("a/b+c d&e=f")),
            (
                "DELETE",
                "/v1/models/x",
                forward("/v1/models/*", "/models/x"),
            ),
            (
                "POST",
                "/v1/models/x",
                method("/v1/models/{id}", "GET, HEAD, DELETE"),
            ),
            ("GET", "/health", Ok(Route::Health)),
            ("HEAD", "/health", Ok(Route::Health)),
            ("POST", "/ready", method("/ready", GET)),
            ("GET", "/ready", Ok(Route::Ready)),
            ("GET", "/metrics", Ok(Route::Metrics)),
            ("OPTIONS", "/v1/complete", method("/v1/complete", "POST")),
            ("GET", "/v1/", Err(NoRoute::Path)),
            ("GET", "/v1", Err(NoRoute::Path)),
            ("GET", "/", Err(NoRoute::Path)),
        ];
        for (method, path, route) in table {
            let found = Route::find(&method.parse().unwrap(), &path.parse().unwrap());
            assert_eq!(found, route, "{method} {path}");
        }
    }
}
