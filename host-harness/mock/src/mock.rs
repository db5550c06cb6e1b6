//! The mock: a request is recorded, gets its step, and is answered by the service or by an identity service.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::Value;

use crate::identity::{Endpoint, Identity, Settings};
use crate::script::{Answer, Answers, Scripted, Step, Steps, Turn, shaped};
use crate::service::auth::{self, Keys};
use crate::service::chat;
use crate::service::deployments::Deployments;
use crate::service::dialect::Dialect;
use crate::service::error::ApiError;
use crate::service::responses::{self, Ids, Reply};
use crate::service::route::{self, Route};
use crate::wire::body::{self, Broken, ClosedStreams, MockBody, Stage};
use crate::wire::gate::Pace;
use crate::wire::program::Program;
use crate::wire::record::Records;
use crate::wire::reply::{JSON, json, stream};
use crate::wire::socket::Reset;

/// What a running mock goes by.
pub(crate) struct Options {
    pub(crate) api_key: String,
    pub(crate) bearer_tokens: Vec<String>,
    pub(crate) deployments: Deployments,
    pub(crate) pace: Pace,
}

/// What all connections share.
pub(crate) struct Mock {
    pub(crate) options: Options,
    pub(crate) answers: Answers,
    pub(crate) closed: ClosedStreams,
    pub(crate) identity: Identity,
    pub(crate) records: Records,
    pub(crate) steps: Steps,
    ids: Ids,
    requests: AtomicU64,
    /// How many connections there were.
    pub(crate) connections: AtomicUsize,
}

impl Mock {
    pub(crate) fn new(options: Options, identity: Settings, steps: Steps) -> Self {
        Self {
            options,
            answers: Answers::default(),
            closed: ClosedStreams::new(),
            identity: Identity::new(identity),
            records: Records::new(),
            steps,
            ids: Ids::default(),
            requests: AtomicU64::new(0),
            connections: AtomicUsize::new(0),
        }
    }

    /// Answers a request, or fails to in the way that its step asks for. `reset` is for its connection.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        reset: &Reset,
    ) -> Result<Response<MockBody>, Broken> {
        let (head, body) = request.into_parts();
        let bytes = body::read(body, MAX_REQUEST_BYTES).await?;
        let stage = Stage {
            closed: &self.closed,
            reset,
        };
        let response = match Endpoint::of(head.uri.path()) {
            Some(endpoint) => {
                let identity = &self.identity;
                let bytes = bytes.unwrap_or_default();
                identity.answer(endpoint, &head, &bytes, &stage).await?
            }
            None => self.answer_openai(&head, bytes, &stage).await?,
        };
        let status = response.status();
        tracing::debug!(method = %head.method, path = head.uri.path(), %status, "the mock answered");
        Ok(response)
    }

    async fn answer_openai(
        &self,
        head: &Parts,
        bytes: Option<Bytes>,
        stage: &Stage<'_>,
    ) -> Result<Response<MockBody>, Broken> {
        let is_too_large = bytes.is_none();
        let body = bytes.map_or(Value::Null, |bytes| {
            serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()))
        });
        let body = Arc::new(body);
        let number = self.records.add(head, &body);
        let mut response = match self.steps.next(head).begin(stage).await? {
            Turn::Instead(response) => response,
            Turn::Usual(_) if is_too_large => {
                failure(&ApiError::request_too_large(MAX_REQUEST_BYTES))
            }
            Turn::Usual(step) => self.respond(head, &body, *step, stage),
        };
        self.identify(response.headers_mut());
        self.records.answered(number, response.status());
        Ok(response)
    }

    fn respond(
        &self,
        head: &Parts,
        body: &Value,
        mut step: Step,
        stage: &Stage<'_>,
    ) -> Response<MockBody> {
        let answer = std::mem::take(&mut step.answer);
        let mut response = match self.reply(head, body, answer) {
            Ok(Reply::Events(events)) => {
                let program = Program::of_events(events, &step.stream);
                stream(body::played(program, self.options.pace.clone(), stage))
            }
            Ok(Reply::Lines(text)) => stream(body::whole(text.into())),
            Ok(Reply::Object(object)) => {
                json(shaped(object.to_string().into(), &step.stream, stage))
            }
            Err(error) => return failure(&error),
        };
        for (name, value) in RATE_LIMITS {
            let (name, value) = (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
            response.headers_mut().insert(name, value);
        }
        step.mark(&mut response);
        response
    }

    fn reply(&self, head: &Parts, body: &Value, answer: Answer) -> Result<Reply, ApiError> {
        let dialect = Dialect::of(head.uri.path());
        let route = route::find(&head.method, &head.uri, dialect)?;
        let keys = Keys {
            api_key: &self.options.api_key,
            bearer_tokens: &self.options.bearer_tokens,
        };
        let tokens = self.identity.tokens();
        let is_issued = |token: &str, audiences: &[&str]| tokens.admits(token, audiences);
        auth::check(&head.headers, dialect, &keys, is_issued)?;
        let deployments = &self.options.deployments;
        match route {
            Route::Responses => {}
            Route::Chat => return chat::complete(body, dialect, deployments, &self.ids),
            Route::Embeddings => return chat::embed(body, deployments),
        }
        let scripted = || match answer {
            Answer::Events(events) => Some(Scripted::Events(events)),
            Answer::Response(response) => Some(Scripted::Response(response)),
            _ => self.answers.next(),
        };
        responses::create(body, dialect, deployments, scripted, &self.ids)
    }

    /// Adds what the service puts on every answer, and keeps what a step has put there.
    fn identify(&self, headers: &mut HeaderMap) {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        for (name, kind) in [("apim-request-id", 1), ("x-request-id", 2)] {
            let id = Bytes::from(format!("{kind:08x}-0000-4000-8000-{number:012x}"));
            if let Ok(value) = HeaderValue::from_maybe_shared(id) {
                headers.entry(name).or_insert(value);
            }
        }
        headers
            .entry("x-ms-region")
            .or_insert(HeaderValue::from_static("Mock"));
        headers.entry(header::CONTENT_TYPE).or_insert(JSON);
    }
}

fn failure(error: &ApiError) -> Response<MockBody> {
    let mut response = json(body::whole(error.body.to_string().into()));
    *response.status_mut() = error.status;
    if error.status == StatusCode::METHOD_NOT_ALLOWED {
        response
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// The service takes 50 MB of images in a request. This is that in base64, and the rest of a conversation beside it.
const MAX_REQUEST_BYTES: usize = 80 * 1024 * 1024;

/// A quota that no test exhausts: what happens at its end is a matter of scripts.
const RATE_LIMITS: [(&str, &str); 6] = [
    ("x-ratelimit-limit-requests", "1000"),
    ("x-ratelimit-limit-tokens", "1000000"),
    ("x-ratelimit-remaining-requests", "999"),
    ("x-ratelimit-remaining-tokens", "999000"),
    ("x-ratelimit-reset-requests", "1"),
    ("x-ratelimit-reset-tokens", "1"),
];
