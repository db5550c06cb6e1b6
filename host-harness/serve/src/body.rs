//! The bodies of answers.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_core::Stream;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body::{Body as HttpBody, Frame, SizeHint};
use provider_host::ForwardedBody;
use serde_json::Value;
use thiserror::Error;

/// An answer of the service behind this one broke off. Hyper closes the connection without the end that belongs to the body,
/// so that the client sees that something is missing.
#[derive(Debug, Error)]
#[error("the service's answer broke off")]
pub(super) struct BrokenOff;

/// A JSON document.
pub(super) fn json(status: StatusCode, value: &Value) -> Response {
    whole(status, "application/json", value.to_string())
}

/// A text of this type.
pub(super) fn whole(status: StatusCode, kind: &'static str, text: String) -> Response {
    (status, [(CONTENT_TYPE, kind)], text).into_response()
}

/// An answer of the service behind this one, as it arrives.
pub(super) fn forwarded(body: ForwardedBody) -> Body {
    Body::new(Forwarded(body))
}

/// A body that keeps something as long as it is there itself.
pub(super) fn keeping(body: Body, kept: impl Send + Unpin + 'static) -> Body {
    Body::new(Keeping { body, _kept: kept })
}

struct Forwarded(ForwardedBody);

impl HttpBody for Forwarded {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let next = Pin::new(&mut self.0).poll_next(context);
        next.map(|next| {
            next.map(|part| {
                part.map(Frame::data).map_err(|error| {
                    tracing::warn!("an answer broke off: {error}");
                    BrokenOff
                })
            })
        })
    }

    fn size_hint(&self) -> SizeHint {
        match self.0.known_length() {
            Some(length) => SizeHint::with_exact(length as u64),
            None => SizeHint::default(),
        }
    }
}

struct Keeping<K> {
    body: Body,
    _kept: K,
}

impl<K: Unpin> HttpBody for Keeping<K> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
