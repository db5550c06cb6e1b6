//! One request and its answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::body::{self, ServiceBody};
use super::failure::{Failure, Form};
use super::guard::Guard;
use super::ids::Ids;
use super::metrics::{self, Metrics};
use super::openai::{self, Draft};
use super::route::Route;
use super::tell::{self, Kernel, OpenAi};
use crate::host::ProviderHost;
use crate::kernel_json::{chat_request, chat_response};
use crate::listener;

/// What all connections share.
pub(super) struct Exchange {
    pub(super) host: ProviderHost,
    pub(super) guard: Guard,
    pub(super) metrics: Arc<Metrics>,
    pub(super) ids: Arc<Ids>,
    pub(super) options: Options,
}

/// How the service answers.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) keepalive: Duration,
    pub(super) max_body_bytes: usize,
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
            Route::Complete => self.complete(&self.read(body).await?).await,
            Route::Stream => self.stream(&self.read(body).await?).await,
            Route::Responses => self.create_response(&self.read(body).await?).await,
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

    async fn complete(&self, bytes: &[u8]) -> Result<Response<ServiceBody>, Failure> {
        let request = chat_request::parse(text(bytes)?)?;
        let response = self.host.complete(&request).await?;
        match chat_response::to_value(&response) {
            Ok(value) => Ok(ok(&value)),
            Err(error) => Err(Failure::not_a_response(&error)),
        }
    }

    async fn stream(&self, bytes: &[u8]) -> Result<Response<ServiceBody>, Failure> {
        let request = chat_request::parse(text(bytes)?)?;
        let stream = self.host.stream(&request).await?;
        let keepalive = self.options.keepalive;
        Ok(body::events(move |sender| {
            tell::tell(stream, Kernel::default(), sender, keepalive)
        }))
    }

    async fn create_response(&self, bytes: &[u8]) -> Result<Response<ServiceBody>, Failure> {
        let request = openai::parse(json(bytes)?)?;
        let clock = Arc::clone(&self.options.clock);
        let draft = Draft::new(request.echo, Arc::clone(&self.ids), clock());
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

    /// Whether the provider answers. Why it does not is for the log: probes have no key.
    async fn ready(&self) -> Response<ServiceBody> {
        match self.host.describe().await {
            Ok(_) => ok(&json!({ "status": "ready" })),
            Err(error) => {
                tracing::warn!(%error, "the provider does not answer");
                let status = StatusCode::SERVICE_UNAVAILABLE;
                body::json(status, &json!({ "status": "the provider does not answer" }))
            }
        }
    }

    async fn read(&self, body: Incoming) -> Result<Bytes, Failure> {
        let Options {
            max_body_bytes,
            body_time,
            ..
        } = self.options;
        let read = listener::read(body, max_body_bytes);
        match tokio::time::timeout(body_time, read).await {
            Ok(Ok(Some(bytes))) => Ok(bytes),
            Ok(Ok(None)) => Err(Failure::refused(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!(
                    "the body has more than {max_body_bytes} bytes, which is the most that is taken"
                ),
            )),
            Ok(Err(error)) => Err(Failure::refused(
                StatusCode::BAD_REQUEST,
                format!("the body cannot be read: {error}"),
            )),
            Err(_) => Err(Failure::refused(
                StatusCode::REQUEST_TIMEOUT,
                format!(
                    "the body was not there within {} seconds",
                    body_time.as_secs()
                ),
            )),
        }
    }
}

fn ok(value: &Value) -> Response<ServiceBody> {
    body::json(StatusCode::OK, value)
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
