//! One request and its answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, UPGRADE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use provider_host::Provider;
use provider_host::contract::types::ChatRequest;
use provider_host::kernel_json::{chat_request, chat_response};
use serde_json::{Value, json};

use super::body::{self, ServiceBody};
use super::failure::{Failure, Form};
use super::guard::Guard;
use super::ids::Ids;
use super::intake::{Intake, RequestBody};
use super::metrics::{self, Metrics};
use super::models;
use super::ready::Readiness;
use super::route::Route;
use super::tell;

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

impl Exchange {
    /// Answers a request. When the caller goes away, this is dropped, and the provider's call with it.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<ServiceBody>, Infallible> {
        let route = Route::find(request.method(), request.uri());
        let form = route.as_ref().map_or(Form::OpenAi, Route::form);
        let name = route.as_ref().map_or_else(|none| none.path(), Route::path);
        let mut watch = self.metrics.begin(name);
        let id = self.ids.next("req");
        let response = match route {
            Ok(route) => self.respond(route, request).await,
            Err(none) => Err(none.failure(request.uri().path())),
        };
        let mut response = response.unwrap_or_else(|failure| failure.response(form));
        if let Ok(id) = HeaderValue::from_str(&id) {
            // The service's own, where it has one, is what its support asks for.
            response.headers_mut().entry(REQUEST_ID).or_insert(id);
        }
        let status = response.status();
        tracing::debug!(%id, route = name, %status, "the service answered");
        watch.answered(status);
        // It ends with the body, at its end or with the connection.
        Ok(response.map(|body| body::keeping(body, watch)))
    }

    async fn respond(
        &self,
        route: Route,
        request: Request<Incoming>,
    ) -> Result<Response<ServiceBody>, Failure> {
        let (head, body) = request.into_parts();
        self.guard.check(&head, &route)?;
        match route {
            Route::Complete => self.complete(self.read(body).await?).await,
            Route::Stream => self.stream(self.read(body).await?).await,
            Route::Forward { path, .. } => self.forward(head, path, body).await,
            Route::Models => Ok(ok(&models::list(&self.host.models().await?))),
            Route::Model(id) => {
                let models = self.host.models().await?;
                let model = models.iter().find(|model| model.id == id);
                let model = model.ok_or_else(|| Failure::no_model(&id))?;
                Ok(ok(&models::model(model)))
            }
            Route::Health => Ok(ok(&json!({ "status": "alive" }))),
            Route::Ready => Ok(self.ready().await),
            Route::Metrics => {
                let text = self.metrics.to_text() + &metrics::of_host(&self.host.statistics());
                Ok(body::whole(
                    StatusCode::OK,
                    metrics::CONTENT_TYPE,
                    text.into(),
                ))
            }
        }
    }

    async fn complete(&self, body: RequestBody) -> Result<Response<ServiceBody>, Failure> {
        let request = body.parse(chat_request).await?;
        let response = self.host.complete(&request).await?;
        match chat_response::to_value(&response) {
            Ok(value) => Ok(ok(&value)),
            Err(error) => Err(Failure::not_a_response(&error)),
        }
    }

    async fn stream(&self, body: RequestBody) -> Result<Response<ServiceBody>, Failure> {
        let request = body.parse(chat_request).await?;
        let stream = self.host.stream(&request).await?;
        let keepalive = self.options.keepalive;
        Ok(body::events(move |sender| {
            tell::tell(stream, sender, keepalive)
        }))
    }

    /// Sends a client's request on, in its own words but for who it is here.
    async fn forward(
        &self,
        mut head: Parts,
        path: Uri,
        body: Incoming,
    ) -> Result<Response<ServiceBody>, Failure> {
        if head.headers.contains_key(UPGRADE) {
            return Err(Failure::no_upgrade());
        }
        head.headers.remove(AUTHORIZATION);
        head.headers.remove(API_KEY);
        // Held until the answer begins: the body is here as long as it may be sent again.
        let (bytes, _room) = self.read(body).await?.into_bytes();
        let mut request = Request::new(bytes);
        *request.method_mut() = head.method;
        *request.uri_mut() = path;
        *request.headers_mut() = head.headers;
        let response = self.host.forward(request).await?;
        Ok(response.map(body::forwarded))
    }

    async fn ready(&self) -> Response<ServiceBody> {
        if self.readiness.of(&self.host).await {
            return ok(&json!({ "status": "ready" }));
        }
        let status = StatusCode::SERVICE_UNAVAILABLE;
        body::json(status, &json!({ "status": "the provider does not answer" }))
    }

    async fn read(&self, body: Incoming) -> Result<RequestBody, Failure> {
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

fn ok(value: &Value) -> Response<ServiceBody> {
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
