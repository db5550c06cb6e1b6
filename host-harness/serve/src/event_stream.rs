//! A response as it arrives, in the kernel's form: server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use provider_host::ResponseStream;
use provider_host::contract::types::{ProviderError, StreamEvent};
use provider_host::kernel_json::stream_event;

use super::failure;

/// The answer that has these events. While there is none, something that clients skip goes out in this interval, so that
/// nobody on the way takes the connection for dead.
pub(super) fn response(stream: ResponseStream, keepalive: Duration) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        // Proxies, too, are to hand on each event at once.
        (CACHE_CONTROL, "no-cache, no-transform"),
    ];
    let keepalive = KeepAlive::new().interval(keepalive).text("keepalive");
    (headers, Sse::new(events(stream)).keep_alive(keepalive)).into_response()
}

/// The events, each made when the connection has room for it: whoever reads slowly holds the provider back, and dropping
/// this drops the call where it is.
fn events(stream: ResponseStream) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    stream::unfold(Some(stream), |stream| async {
        let mut stream = stream?;
        let error = match stream.next().await {
            Ok(Some(event)) => match stream_event::to_value(&event) {
                Ok(data) => {
                    let is_last = matches!(event, StreamEvent::Completed(_));
                    let named = Event::default().event(stream_event::name(&event));
                    let rest = (!is_last).then_some(stream);
                    return Some((Ok(named.data(data.to_string())), rest));
                }
                Err(error) => failure::not_a_response(&error),
            },
            Ok(None) => ProviderError::ended_without_response(),
            Err(error) => failure::of_call(error),
        };
        let data = failure::to_kernel(&error).to_string();
        Some((Ok(Event::default().event("error").data(data)), None))
    })
}
