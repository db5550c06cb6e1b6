//! The steps of most tests, in short.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;

use super::{Answer, Shape, Step, Stop, StopHow, StopPlace};

/// What happens to one request instead of, or on top of, its usual answer: the [`Step`]s that are needed most. See
/// [`MockAzure::push_fault`](crate::MockAzure::push_fault) and
/// [`MockAzure::push_token_fault`](crate::MockAzure::push_token_fault).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The connection ends after this many events of the stream, without a proper end: the client sees a body that
    /// breaks off. An answer that is not a stream breaks off halfway.
    CloseAfterEvents(usize),
    /// The connection ends before any byte of an answer.
    CloseBeforeHeaders,
    /// The request is read and nothing ever comes back.
    NeverAnswer,
    /// Status 200 with exactly these bytes as an event stream, properly ended.
    RawStream(Bytes),
    /// This answer, whatever the request was.
    Status {
        /// Its status.
        status: StatusCode,
        /// Its headers, besides those that every answer of the mock has.
        headers: HeaderMap,
        /// Its body.
        body: Bytes,
    },
}

impl Fault {
    /// A [`Fault::Status`] with a JSON body.
    pub fn json(status: StatusCode, body: &Value) -> Self {
        let json = HeaderValue::from_static("application/json");
        Self::Status {
            status,
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, json)]),
            body: body.to_string().into(),
        }
    }

    /// Adds a header to a [`Fault::Status`], such as `retry-after-ms`; other faults have none.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        if let Self::Status { headers, .. } = &mut self {
            headers.append(name, HeaderValue::from_static(value));
        }
        self
    }
}

impl From<Fault> for Step {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::CloseAfterEvents(count) => Self::stream(Shape {
                stop: Some(Stop {
                    place: StopPlace::Events(count),
                    how: StopHow::Close,
                }),
                ..Shape::default()
            }),
            Fault::CloseBeforeHeaders => Self::new(Answer::Close),
            Fault::NeverAnswer => Self::new(Answer::Hang),
            Fault::RawStream(bytes) => Self::new(Answer::raw_stream(bytes)),
            Fault::Status {
                status,
                headers,
                body,
            } => Self {
                status: Some(status),
                headers,
                ..Self::new(Answer::Body {
                    content_type: None,
                    bytes: body,
                })
            },
        }
    }
}
