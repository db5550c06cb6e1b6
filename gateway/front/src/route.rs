//! Which path is for what.

use percent_encoding::percent_decode_str;

use crate::failure::{Failure, Form};

/// What a request is for.
#[derive(Debug, PartialEq)]
pub enum Route {
    /// One exchange in the kernel's form.
    Complete,
    /// The same, as it arrives.
    Stream,
    /// The API of OpenAI: path and query below `/openai/v1/`.
    Forward(String),
    /// All models.
    Models,
    /// The model with this id.
    Model(String),
    /// Whether the gateway lives.
    Health,
    /// Whether its configuration is right.
    Ready,
}

/// A path that nothing is at, or where something else is than the method asks for.
#[derive(Debug, PartialEq)]
pub enum NoRoute {
    /// The methods that the path takes.
    Method(&'static str),
    /// Nothing is there.
    Path,
}

impl Route {
    /// Finds the route of a method and a path with its query.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn find(method: &str, path_with_query: &str) -> Result<Self, NoRoute> {
        let path = path_with_query.split('?').next().unwrap_or_default();
        let (route, allowed) = match path {
            "/v1/complete" => (Self::Complete, "POST"),
            "/v1/stream" => (Self::Stream, "POST"),
            "/health" => (Self::Health, GET),
            "/ready" => (Self::Ready, GET),
            _ => Self::of_openai(method, path, path_with_query)?,
        };
        if allowed.split(", ").any(|allowed| allowed == method) {
            Ok(route)
        } else {
            Err(NoRoute::Method(allowed))
        }
    }

    /// A path of the API of OpenAI, as its own clients or those of Azure have it.
    fn of_openai(
        method: &str,
        path: &str,
        path_with_query: &str,
    ) -> Result<(Self, &'static str), NoRoute> {
        let base = BASES.into_iter().find(|base| path.starts_with(base));
        let base = base.ok_or(NoRoute::Path)?;
        let below = &path[base.len()..];
        if below.is_empty() {
            return Err(NoRoute::Path);
        }
        if below == "models" {
            return Ok((Self::Models, GET));
        }
        // A model that somebody trained can be deleted, and that one is the service's.
        if let Some(id) = below.strip_prefix("models/")
            && !id.is_empty()
            && method != "DELETE"
        {
            let id = percent_decode_str(id).decode_utf8_lossy().into_owned();
            return Ok((Self::Model(id), "GET, HEAD, DELETE"));
        }
        let path = path_with_query[base.len()..].to_owned();
        Ok((Self::Forward(path), "GET, POST, DELETE"))
    }

    /// The form of the route's errors.
    pub fn form(&self) -> Form {
        match self {
            Self::Complete | Self::Stream | Self::Health | Self::Ready => Form::Kernel,
            Self::Forward(_) | Self::Model(_) | Self::Models => Form::OpenAi,
        }
    }

    /// Whether it matters who asks. Probes have no key and ask by any name; what they learn is a word.
    pub fn is_protected(&self) -> bool {
        !matches!(self, Self::Health | Self::Ready)
    }
}

impl NoRoute {
    /// What the client gets.
    pub fn failure(self, path: &str) -> Failure {
        match self {
            Self::Method(allowed) => Failure::method_not_allowed(allowed),
            Self::Path => {
                let message = format!(
                    "nothing is at {path}; there are the API of OpenAI below /v1/, /v1/complete and /v1/stream in the kernel's \
                     form, /health and /ready"
                );
                Failure::refused(404, message)
            }
        }
    }
}

/// Where clients look for the API.
const BASES: [&str; 3] = ["/v1/", "/openai/v1/", "/openai/"];

/// The methods of what is only read.
const GET: &str = "GET, HEAD";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_methods() {
        let method = |allowed| Err(NoRoute::Method(allowed));
        let model = |id: &str| Ok(Route::Model(id.to_owned()));
        let forward = |path: &str| Ok(Route::Forward(path.to_owned()));
        const API: &str = "GET, POST, DELETE";
        for (request, route) in [
            ("POST /v1/complete", Ok(Route::Complete)),
            ("POST /v1/stream", Ok(Route::Stream)),
            ("OPTIONS /v1/complete", method("POST")),
            ("POST /v1/responses", forward("responses")),
            ("POST /v1/responses?a=b", forward("responses?a=b")),
            ("GET /v1/responses/resp_1", forward("responses/resp_1")),
            ("GET /v1/files/a%20b?c=%2F", forward("files/a%20b?c=%2F")),
            ("PUT /v1/responses", method(API)),
            ("HEAD /v1/responses", method(API)),
            ("OPTIONS /v1/files", method(API)),
            ("GET /openai/v1/files/f/content", forward("files/f/content")),
            (
                "POST /openai/deployments/d/chat/completions?api-version=2024-10-21",
                forward("deployments/d/chat/completions?api-version=2024-10-21"),
            ),
            ("POST /openai/responses", forward("responses")),
            ("POST /v1/new/thing", forward("new/thing")),
            ("GET /v1/models", Ok(Route::Models)),
            ("GET /openai/v1/models?x=y", Ok(Route::Models)),
            ("GET /v1/models/gpt-5.1", model("gpt-5.1")),
            ("GET /v1/models/a%2Fb+c%20d&e=f", model("a/b+c d&e=f")),
            ("DELETE /v1/models/x", forward("models/x")),
            ("POST /v1/models/x", method("GET, HEAD, DELETE")),
            ("GET /health", Ok(Route::Health)),
            ("HEAD /health", Ok(Route::Health)),
            ("POST /ready", method(GET)),
            ("GET /ready?now", Ok(Route::Ready)),
            ("GET /v1/", Err(NoRoute::Path)),
            ("GET /v1", Err(NoRoute::Path)),
            ("GET /metrics", Err(NoRoute::Path)),
            ("GET /", Err(NoRoute::Path)),
        ] {
            let (method, path) = request.split_once(' ').unwrap_or_default();
            assert_eq!(Route::find(method, path), route, "{request}");
        }
    }
}
