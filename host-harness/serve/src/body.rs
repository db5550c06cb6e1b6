//! The bodies of answers: whole, or told event by event.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, SizeHint};
use provider_host::ForwardedBody;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::mpsc;

/// The body of any answer.
pub(super) type ServiceBody = UnsyncBoxBody<Bytes, BrokenOff>;

/// An answer of the service behind this one broke off. Hyper closes the connection without the end that belongs to the body,
/// so that the client sees that something is missing.
#[derive(Debug, Error)]
#[error("the service's answer broke off")]
pub(super) struct BrokenOff;

/// A JSON document.
pub(super) fn json(status: StatusCode, value: &Value) -> Response<ServiceBody> {
    let text = value.to_string().into();
    whole(status, "application/json", text)
}

/// A text of this type.
pub(super) fn whole(status: StatusCode, kind: &'static str, text: Bytes) -> Response<ServiceBody> {
    let body = Full::new(text).map_err(|never: Infallible| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// A stream of server-sent events, which `tell` sends. Dropping the body drops `tell` where it is.
pub(super) fn events<T>(tell: impl FnOnce(EventSender) -> T) -> Response<ServiceBody>
where
    T: Future<Output = ()> + Send + 'static,
{
    // One at a time: the connection writes each as soon as it is here, and whoever reads slowly holds `tell` back.
    let (sender, pieces) = mpsc::channel(1);
    let told = Told {
        tell: Some(Box::pin(tell(EventSender(sender)))),
        pieces,
    };
    let mut response = Response::new(told.boxed_unsync());
    for (name, value) in [
        (CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        // Proxies, too, are to hand on each event at once.
        (CACHE_CONTROL, "no-cache, no-transform"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// An answer of the service behind this one, as it arrives.
pub(super) fn forwarded(body: ForwardedBody) -> ServiceBody {
    Forwarded(body).boxed_unsync()
}

/// A body that keeps something as long as it is there itself.
pub(super) fn keeping(body: ServiceBody, kept: impl Send + Unpin + 'static) -> ServiceBody {
    Keeping { body, _kept: kept }.boxed_unsync()
}

/// Sends events. What it sends goes nowhere when the body is gone, and then whoever sends is gone as well.
pub(super) struct EventSender(mpsc::Sender<Bytes>);

impl EventSender {
    /// Sends an event. JSON has no line breaks, which would end its line.
    pub(super) async fn event(&self, name: &str, data: &Value) {
        self.piece(format!("event: {name}\ndata: {data}\n\n")).await;
    }

    /// Sends something that clients skip, so that nobody on the way takes the connection for dead.
    pub(super) async fn keepalive(&self) {
        self.piece(": keepalive\n\n".to_owned()).await;
    }

    async fn piece(&self, text: String) {
        let _ = self.0.send(text.into()).await;
    }
}

struct Told {
    tell: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    pieces: mpsc::Receiver<Bytes>,
}

impl Body for Told {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if let Some(tell) = &mut self.tell
            && tell.as_mut().poll(context).is_ready()
        {
            self.tell = None;
        }
        let piece = self.pieces.poll_recv(context);
        piece.map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}

struct Forwarded(ForwardedBody);

impl Body for Forwarded {
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
    body: ServiceBody,
    _kept: K,
}

impl<K: Unpin> Body for Keeping<K> {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
