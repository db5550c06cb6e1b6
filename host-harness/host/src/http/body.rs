//! Bodies that are held to limits.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep};
use wasmtime_wasi_http::Error;

/// A body that may have so many bytes, with no longer a pause between them than the provider set.
pub(super) struct LimitedBody<B> {
    body: Pin<Box<B>>,
    left: usize,
    /// What going over the limit is.
    too_long: fn() -> Error,
    pause: Option<Pause>,
}

struct Pause {
    longest: Duration,
    end: Pin<Box<Sleep>>,
}

impl<B> LimitedBody<B> {
    pub(super) fn new(
        body: B,
        limit: usize,
        too_long: fn() -> Error,
        longest_pause: Option<Duration>,
    ) -> Self {
        Self {
            body: Box::pin(body),
            left: limit,
            too_long,
            pause: longest_pause.map(|longest| Pause {
                longest,
                end: Box::pin(sleep(longest)),
            }),
        }
    }
}

impl<B: Body<Data = Bytes, Error = Error>> Body for LimitedBody<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        let Poll::Ready(frame) = this.body.as_mut().poll_frame(context) else {
            if let Some(Pause { end, .. }) = &mut this.pause {
                ready!(end.as_mut().poll(context));
                return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
            }
            return Poll::Pending;
        };
        if let Some(Pause { longest, end }) = &mut this.pause {
            end.as_mut().reset(Instant::now() + *longest);
        }
        let length = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
            _ => 0,
        };
        match this.left.checked_sub(length) {
            Some(left) => {
                this.left = left;
                Poll::Ready(frame)
            }
            None => {
                this.left = 0;
                Poll::Ready(Some(Err((this.too_long)())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;

    const TOO_LONG: fn() -> Error = || Error::HttpResponseBodySize(Some(4));

    #[tokio::test]
    async fn a_body_may_be_as_long_as_its_limit() {
        for (text, is_whole) in [("", true), ("four", true), ("fives", false)] {
            let body = Full::new(Bytes::from(text)).map_err(|never| match never {});
            let read = LimitedBody::new(body, 4, TOO_LONG, None).collect().await;
            match read {
                Ok(read) => assert!(is_whole && read.to_bytes() == text, "{text}"),
                Err(Error::HttpResponseBodySize(Some(4))) => assert!(!is_whole, "{text}"),
                Err(error) => panic!("{text}: {error:?}"),
            }
        }
    }

    #[tokio::test]
    async fn only_a_pause_that_is_too_long_ends_a_body() {
        for (longest, is_whole) in [
            (Duration::from_secs(60), true),
            (Duration::from_millis(20), false),
        ] {
            let (sender, receiver) = tokio::sync::mpsc::channel(1);
            let body = LimitedBody::new(
                StreamBody::new(Frames(receiver)),
                4,
                TOO_LONG,
                Some(longest),
            );
            let frame = Frame::data(Bytes::from_static(b"four"));
            sender.send(Ok(frame)).await.unwrap();
            // The end comes at once, or never.
            let sender = (!is_whole).then_some(sender);
            match body.collect().await {
                Ok(read) => assert!(is_whole && read.to_bytes() == "four", "{longest:?}"),
                Err(Error::ConnectionReadTimeout) => assert!(!is_whole, "{longest:?}"),
                Err(error) => panic!("{longest:?}: {error:?}"),
            }
            drop(sender);
        }
    }

    struct Frames(tokio::sync::mpsc::Receiver<Result<Frame<Bytes>, Error>>);

    impl futures_core::Stream for Frames {
        type Item = Result<Frame<Bytes>, Error>;

        fn poll_next(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Self::Item>> {
            self.0.poll_recv(context)
        }
    }
}
