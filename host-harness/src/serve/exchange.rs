//! One request and its answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::body::{self, ServiceBody};
use super::failure::{Failure, Form};
use super::guard::Guard;
use super::ids::Ids;
use super::intake::{Intake, RequestBody};
use super::metrics::{self, Metrics};
use super::openai::{self, Draft};
use super::ready::Readiness;
use super::route::Route;
use super::tell::{self, Kernel, OpenAi};
use crate::contract::types::ChatRequest;
use crate::host::ProviderHost;
use crate::kernel_json::{chat_request, chat_response};

/// What all connections share.
pub(super) struct Exchange {
    pub(super) host: ProviderHost,
    pub(super) guard: Guard,
    pub(super) metrics: Arc<Metrics>,
    pub(super) ids: Arc<Ids>,
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
    pub(super) clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl Exchange {
    /// Answers a request. When the caller goes away, this is dropped, and the provider's call with it.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<ServiceBody>, Infallible> {
        let path = request.uri().path();
        let route = Route::find(request.method(), path);
        let form = route.as_ref().map_or(Form::OpenAi, Route::form);
        let name = route.as_ref().map_or_else(|none| none.path(), Route::path);
        let mut watch = self.metrics.begin(name);
        let id = self.ids.next("req");
        let response = match route {
            Ok(route) => self.respond(route, request).await,
            Err(none) => Err(none.failure(path)),
        };
        let mut response = response.unwrap_or_else(|failure| failure.response(form));
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, id);
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
            Route::Responses => self.create_response(self.read(body).await?).await,
            Route::Models => Ok(ok(&openai::list(&self.host.models().await?))),
            Route::Model(id) => {
                let models = self.host.models().await?;
                let model = models.iter().find(|model| model.id == id);
                let model = model.ok_or_else(|| Failure::no_model(&id))?;
                Ok(ok(&openai::model(model)))
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
            tell::tell(stream, Kernel::default(), sender, keepalive)
        }))
    }

    async fn create_response(&self, body: RequestBody) -> Result<Response<ServiceBody>, Failure> {
        let request = body.parse(|bytes| Ok(openai::parse(json(bytes)?)?)).await?;
        let clock = Arc::clone(&self.options.clock);
        let draft = Draft::new(request.echo.clone(), Arc::clone(&self.ids), clock());
        if !request.is_streamed {
            let response = self.host.complete(&request.chat).await?;
            return Ok(ok(&draft.complete(&response, clock())));
        }
        let stream = self.host.stream(&request.chat).await?;
        let keepalive = self.options.keepalive;
        Ok(body::events(move |sender| {
            tell::tell(stream, OpenAi::new(draft, clock), sender, keepalive)
        }))
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

fn json(bytes: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(bytes).map_err(|error| {
        Failure::refused(
            StatusCode::BAD_REQUEST,
            format!("the body is not valid JSON: {error}"),
        )
    })
}

/// What an SDK shows of an answer when it is asked for help.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
