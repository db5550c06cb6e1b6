//! Which path is for what.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, any, get, post};
use http::{Method, Uri};

use super::exchange::{self, Exchange};
use super::failure::{Failure, Form};
use super::guard::Access;

/// What some routes have in common.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The form of their errors.
    pub(super) form: Form,
    /// Who may ask, and with what.
    pub(super) access: Access,
}

/// The routes of the service, each within [`exchange::answer`].
pub(super) fn router(exchange: Arc<Exchange>) -> Router {
    let within = |form, access| {
        let state = (Arc::clone(&exchange), Place { form, access });
        from_fn_with_state(state, exchange::answer)
    };
    let kernel = Router::new()
        .route("/v1/complete", only_post(exchange::complete))
        .route("/v1/stream", only_post(exchange::stream))
        .layer(within(Form::Kernel, Access::KeyAndJson));
    let probes = Router::new()
        .route("/health", only_get(exchange::health))
        .route("/ready", only_get(exchange::ready))
        .layer(within(Form::Kernel, Access::Free));
    let metrics = Router::new()
        .route("/metrics", only_get(exchange::metrics))
        .layer(within(Form::Kernel, Access::Key));
    let (mut models, mut api) = (Router::new(), Router::new());
    for base in BASES {
        models = models
            .route(&format!("{base}{MODELS}"), only_get(exchange::models))
            .route(
                &format!("{base}{MODEL}"),
                // A model that somebody trained can be deleted, and that one is the service's.
                get(exchange::model)
                    .delete(exchange::forward)
                    .fallback(|| async { Failure::method_not_allowed("GET, HEAD, DELETE") }),
            );
        api = api
            .route(&format!("{base}/"), any(exchange::nowhere))
            .route(&format!("{base}/{{*below}}"), any(exchange::forward));
    }
    let models = models.layer(within(Form::OpenAi, Access::Key));
    let api = api.layer(within(Form::OpenAi, Access::KeyAndApi));
    let nowhere = Router::new()
        .fallback(exchange::nowhere)
        .layer(within(Form::OpenAi, Access::Free));
    kernel
        .merge(probes)
        .merge(metrics)
        .merge(models)
        .merge(api)
        .merge(nowhere)
        .with_state(exchange)
}

/// The route's name in the metrics: the path, without what is different in each request, of which there is no end.
pub(super) fn name(matched: Option<&MatchedPath>, request: &Request) -> &'static str {
    let Some(matched) = matched.map(MatchedPath::as_str) else {
        return "other";
    };
    if let Some(name) = OWN.into_iter().find(|own| *own == matched) {
        return name;
    }
    let base = base(matched);
    match matched.strip_prefix(base) {
        Some(MODELS) => "/v1/models",
        Some(MODEL) if request.method() != Method::DELETE => "/v1/models/{id}",
        Some("/") | None => "other",
        Some(_) => {
            let path = request.uri().path();
            api_name(path.get(base.len() + 1..).unwrap_or_default())
        }
    }
}

/// Path and query of a request below its base, which is how the service has them.
pub(super) fn below(matched: &MatchedPath, uri: &Uri) -> Option<Uri> {
    let path = uri.path_and_query()?.as_str();
    path.strip_prefix(base(matched.as_str()))?.parse().ok()
}

/// What is before the path that the API has.
fn base(matched: &str) -> &'static str {
    let mut bases = BASES.into_iter();
    let base = bases.find(|base| {
        let below = matched.strip_prefix(base);
        below.is_some_and(|below| below.starts_with('/'))
    });
    base.unwrap_or_default()
}

fn only_get<H: Handler<T, Arc<Exchange>>, T: 'static>(handler: H) -> MethodRouter<Arc<Exchange>> {
    get(handler).fallback(|| async { Failure::method_not_allowed("GET, HEAD") })
}

fn only_post<H: Handler<T, Arc<Exchange>>, T: 'static>(handler: H) -> MethodRouter<Arc<Exchange>> {
    post(handler).fallback(|| async { Failure::method_not_allowed("POST") })
}

/// What the metrics call a route of the API: one that is known, by its beginning, or `/v1/*`.
fn api_name(below: &str) -> &'static str {
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

/// Where the API of OpenAI is, as its own clients or those of Azure have it. The longer ones come first.
const BASES: [&str; 3] = ["/openai/v1", "/openai", "/v1"];

/// All models, below a base.
const MODELS: &str = "/models";

/// One of them.
const MODEL: &str = "/models/{*id}";

/// The routes that are the service's own.
const OWN: [&str; 5] = [
    "/v1/complete",
    "/v1/stream",
    "/health",
    "/ready",
    "/metrics",
];

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
mod tests {
    use super::*;

    #[test]
    fn routes_of_the_api_have_the_names_of_their_kind() {
        for (below, name) in [
            ("responses", "/v1/responses"),
            ("responses/resp_1", "/v1/responses/*"),
            ("responses/compact", "/v1/responses/compact"),
            ("files", "/v1/files*"),
            ("files/f/content", "/v1/files*"),
            ("deployments/d/chat/completions", "/v1/chat/completions"),
            ("models/x", "/v1/models/*"),
            ("new/thing", "/v1/*"),
            ("deployments/d", "/v1/*"),
        ] {
            assert_eq!(api_name(below), name, "{below}");
        }
    }
}
