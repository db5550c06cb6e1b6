//! One request and its answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{MatchedPath, Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, UPGRADE};
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use provider_host::Provider;
use provider_host::contract::types::ChatRequest;
use provider_host::kernel_json::{chat_request, chat_response};
use serde_json::{Value, json};

use super::failure::Failure;
use super::guard::Guard;
use super::ids::Ids;
use super::intake::{Intake, RequestBody};
use super::metrics::{self, Metrics};
use super::ready::Readiness;
use super::route::{self, Place};
use super::{body, event_stream, models};

/// What all connections share.
pub(super) struct Exchange {
    pub(super) host: Provider,
    pub(super) guard: Guard,
    pub(super) metrics: Arc<Metrics>,
    pub(super) ids: Ids,
    pub(super) intake: Intake,
    pub(super) readiness: Readiness,
    pub(super) options: Options,
}

/// How the service answers.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) keepalive: Duration,
    pub(super) max_body_bytes: usize,
    pub(super) max_bytes_in_work: usize,
    pub(super) max_connections: usize,
    pub(super) header_time: Duration,
    pub(super) body_time: Duration,
    pub(super) send_time: Duration,
}

/// What the handlers of requests have.
type Shared = State<Arc<Exchange>>;

/// What handlers answer.
type Answer = Result<Response, Failure>;

/// What every request goes through: it is counted, its sender is checked, its answer gets an id, and a failure gets the form
/// of its route. When the caller goes away, this is dropped, and the provider's call with it.
pub(super) async fn answer(
    State((exchange, place)): State<(Arc<Exchange>, Place)>,
    matched: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let route = route::name(matched.as_ref(), &request);
    let mut watch = exchange.metrics.begin(route);
    let id = exchange.ids.next("req");
    let allowed = (exchange.guard).check(request.method(), request.headers(), place.access);
    let mut response = match allowed {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    };
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        response = failure.response(place.form);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        // The service's own, where it has one, is what its support asks for.
        response.headers_mut().entry(REQUEST_ID).or_insert(id);
    }
    let status = response.status();
    tracing::debug!(%id, route, %status, "the service answered");
    watch.answered(status);
    // It ends with the body, at its end or with the connection.
    response.map(|body| body::keeping(body, watch))
}

/// One exchange in the kernel's form.
pub(super) async fn complete(State(exchange): Shared, request: Request) -> Answer {
    let body = exchange.read(request.into_body()).await?;
    let request = body.parse(chat_request).await?;
    let response = exchange.host.complete(&request).await?;
    match chat_response::to_value(&response) {
        Ok(value) => Ok(ok(&value)),
        Err(error) => Err(Failure::not_a_response(&error)),
    }
}

/// The same, as it arrives.
pub(super) async fn stream(State(exchange): Shared, request: Request) -> Answer {
    let body = exchange.read(request.into_body()).await?;
    let request = body.parse(chat_request).await?;
    let stream = exchange.host.stream(&request).await?;
    Ok(event_stream::response(stream, exchange.options.keepalive))
}

/// The API of OpenAI: sends a client's request on, in its own words but for who it is here.
pub(super) async fn forward(
    State(exchange): Shared,
    matched: MatchedPath,
    request: Request,
) -> Answer {
    let (mut head, body) = request.into_parts();
    if ![Method::GET, Method::POST, Method::DELETE].contains(&head.method) {
        return Err(Failure::method_not_allowed("GET, POST, DELETE"));
    }
    if head.headers.contains_key(UPGRADE) {
        return Err(Failure::no_upgrade());
    }
    let path = route::below(&matched, &head.uri).ok_or_else(|| Failure::nothing_at(&head.uri))?;
    head.headers.remove(AUTHORIZATION);
    head.headers.remove(API_KEY);
    // Held until the answer begins: the body is here as long as it may be sent again.
    let (bytes, _room) = exchange.read(body).await?.into_bytes();
    let mut request = http::Request::new(bytes);
    *request.method_mut() = head.method;
    *request.uri_mut() = path;
    *request.headers_mut() = head.headers;
    let response = exchange.host.forward(request).await?;
    Ok(response.map(body::forwarded))
}

/// All models.
pub(super) async fn models(State(exchange): Shared) -> Answer {
    Ok(ok(&models::list(&exchange.host.models().await?)))
}

/// The model with this id.
pub(super) async fn model(
    State(exchange): Shared,
    id: Result<Path<String>, PathRejection>,
) -> Answer {
    let Path(id) = id.map_err(|error| {
        let message = format!("the model's id cannot be read: {error}");
        Failure::refused(StatusCode::BAD_REQUEST, message)
    })?;
    let models = exchange.host.models().await?;
    let model = models.iter().find(|model| model.id == id);
    let model = model.ok_or_else(|| Failure::no_model(&id))?;
    Ok(ok(&models::model(model)))
}

/// Whether the service lives.
pub(super) async fn health() -> Response {
    ok(&json!({ "status": "alive" }))
}

/// Whether the provider answers.
pub(super) async fn ready(State(exchange): Shared) -> Response {
    if exchange.readiness.of(&exchange.host).await {
        return ok(&json!({ "status": "ready" }));
    }
    let status = StatusCode::SERVICE_UNAVAILABLE;
    body::json(status, &json!({ "status": "the provider does not answer" }))
}

/// What the service counts.
pub(super) async fn metrics(State(exchange): Shared) -> Response {
    let text = exchange.metrics.to_text() + &metrics::of_host(&exchange.host.statistics());
    body::whole(StatusCode::OK, metrics::CONTENT_TYPE, text)
}

/// A path that nothing is at.
pub(super) async fn nowhere(uri: Uri) -> Failure {
    Failure::nothing_at(&uri)
}

impl Exchange {
    async fn read(&self, body: Body) -> Result<RequestBody, Failure> {
        let limit = self.options.body_time;
        let read = tokio::time::timeout(limit, self.intake.read(body)).await;
        read.unwrap_or_else(|_| {
            let seconds = limit.as_secs();
            Err(Failure::refused(
                StatusCode::REQUEST_TIMEOUT,
                format!("the body was not there within {seconds} seconds"),
            ))
        })
    }
}

fn ok(value: &Value) -> Response {
    body::json(StatusCode::OK, value)
}

fn chat_request(bytes: &[u8]) -> Result<ChatRequest, Failure> {
    Ok(chat_request::parse(text(bytes)?)?)
}

fn text(bytes: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(bytes).map_err(|error| {
        Failure::refused(
            StatusCode::BAD_REQUEST,
            format!("the body is no text: {error}"),
        )
    })
}

/// What an SDK shows of an answer when it is asked for help.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where clients of Azure have their key.
pub(super) const API_KEY: HeaderName = HeaderName::from_static("api-key");
