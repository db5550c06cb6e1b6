//! Answers of the identity services, before they are HTTP.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use crate::script::{self, Step};
use crate::wire::body::{MockBody, Stage};
use crate::wire::reply;

/// The answer of a token endpoint.
pub(super) struct Answer {
    status: StatusCode,
    header: Option<(HeaderName, HeaderValue)>,
    body: Value,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self::new(StatusCode::OK, body)
    }

    pub(super) fn new(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            header: None,
            body,
        }
    }

    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }

    /// As HTTP, in the way that a step asks for.
    pub(super) fn into_response(self, step: &Step, stage: &Stage<'_>) -> Response<MockBody> {
        let bytes = Bytes::from(self.body.to_string());
        let mut response = reply::json(script::shaped(bytes, &step.stream, stage));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.header);
        step.mark(&mut response);
        response
    }
}

/// What ties an answer to its request, for those who look after the service.
pub(super) struct Trace {
    pub(super) trace_id: String,
    pub(super) correlation_id: String,
}

impl Trace {
    pub(super) fn new(headers: &HeaderMap, number: u64) -> Self {
        let given = headers.get("client-request-id");
        let given = given.and_then(|id| id.to_str().ok());
        let id = |kind| format!("{kind:08x}-0000-4000-8000-{number:012x}");
        Self {
            trace_id: id(3),
            correlation_id: given.map_or_else(|| id(4), str::to_owned),
        }
    }

    /// Adds what is on every answer, and keeps what a fault has put there.
    pub(super) fn mark(&self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::from_str(&self.trace_id) {
            headers.entry("x-ms-request-id").or_insert(id);
        }
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
}
