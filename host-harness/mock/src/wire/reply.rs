//! Answers with a body of a known type.

use http::{HeaderValue, Response, header};

use super::body::MockBody;

/// A JSON document.
pub(crate) fn json(body: MockBody) -> Response<MockBody> {
    with_type(JSON, body)
}

/// A stream of events.
pub(crate) fn stream(body: MockBody) -> Response<MockBody> {
    with_type(
        HeaderValue::from_static("text/event-stream; charset=utf-8"),
        body,
    )
}

/// A page for a person.
pub(crate) fn html(body: MockBody) -> Response<MockBody> {
    with_type(HeaderValue::from_static("text/html; charset=utf-8"), body)
}

fn with_type(content_type: HeaderValue, body: MockBody) -> Response<MockBody> {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// The type of most answers.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
