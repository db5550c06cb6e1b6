//! Answers that go wrong on request.

use std::collections::VecDeque;
use std::future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use super::body::{self, Broken, ClosedStreams, MockBody};
use super::reply;

/// What happens to one request instead of, or on top of, its usual answer. See
/// [`MockAzure::push_fault`](super::MockAzure::push_fault) and
/// [`MockAzure::push_token_fault`](super::MockAzure::push_token_fault).
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

/// The faults to come, one for each request.
#[derive(Default)]
pub(super) struct Faults(Mutex<VecDeque<Fault>>);

impl Faults {
    pub(super) fn push(&self, fault: Fault) {
        self.queue().push_back(fault);
    }

    /// Takes the next fault, if there is one, and lets it happen to a request.
    pub(super) async fn next_outcome(&self, closed: &ClosedStreams) -> Result<Outcome, Broken> {
        let fault = self.queue().pop_front();
        let response = match fault {
            None => return Ok(Outcome::Usual { break_after: None }),
            Some(Fault::CloseAfterEvents(count)) => {
                return Ok(Outcome::Usual {
                    break_after: Some(count),
                });
            }
            Some(Fault::CloseBeforeHeaders) => return Err(Broken),
            Some(Fault::NeverAnswer) => {
                let _unfinished = closed.watch();
                future::pending().await
            }
            Some(Fault::RawStream(bytes)) => reply::stream(body::whole(bytes)),
            Some(Fault::Status {
                status,
                headers,
                body,
            }) => {
                let mut response = Response::new(body::whole(body));
                *response.status_mut() = status;
                *response.headers_mut() = headers;
                response
            }
        };
        Ok(Outcome::Instead(response))
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a request is answered after its fault.
pub(super) enum Outcome {
    /// With this.
    Instead(Response<MockBody>),
    /// As usual; with `break_after`, the connection ends after so many events, or halfway through an answer without.
    Usual { break_after: Option<usize> },
}
