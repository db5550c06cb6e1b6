//! Bodies whose frames come together.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};

/// A body that puts frames together which are there already: over HTTP/1.1 each event of a stream is one, and each that
/// reaches a component by itself costs it a wait, a call and a wake-up.
///
/// When a frame comes soon after the last one, the body lets the task of the connection have a turn, in which that hands over
/// the next frame that it has read. No timer is set, and nothing is held back for longer than that turn. A frame that comes
/// after a pause is handed on at once.
pub(super) struct GatheredBody<B: Body> {
    body: Pin<Box<B>>,
    /// What was put together so far.
    gathered: Gathered,
    /// What came after that and is not data: trailers, an error, or the end.
    next: Option<Option<Result<Frame<Bytes>, B::Error>>>,
    /// The connection has had its turn since the last frame came.
    has_yielded: bool,
    /// When frames were handed on last.
    last: Option<Instant>,
}

/// Data of frames. The first one is not copied, which most often is the only one.
#[derive(Default)]
struct Gathered {
    first: Option<Bytes>,
    rest: BytesMut,
    frames: usize,
}

impl Gathered {
    fn add(&mut self, data: Bytes) {
        self.frames += 1;
        match self.first {
            None => self.first = Some(data),
            Some(_) => self.rest.extend_from_slice(&data),
        }
    }

    fn bytes(&self) -> usize {
        self.first.as_ref().map_or(0, Bytes::len) + self.rest.len()
    }

    fn is_full(&self) -> bool {
        self.frames >= MAX_FRAMES || self.bytes() >= MAX_BYTES
    }

    fn take(&mut self) -> Option<Bytes> {
        let Self { first, rest, .. } = std::mem::take(self);
        let first = first?;
        if rest.is_empty() {
            return Some(first);
        }
        Some([&first[..], &rest].concat().into())
    }
}

impl<B: Body> GatheredBody<B> {
    pub(super) fn new(body: B) -> Self {
        Self {
            body: Box::pin(body),
            gathered: Gathered::default(),
            next: None,
            has_yielded: false,
            last: None,
        }
    }

    /// Whether the next frame may be there already, and whoever polls would hear of it.
    fn may_gain(&self, context: &Context<'_>) -> bool {
        !self.has_yielded && !self.gathered.is_full() && {
            let is_burst = self.last.is_some_and(|last| last.elapsed() < BURST);
            is_burst && !context.waker().will_wake(Waker::noop())
        }
    }
}

impl<B: Body<Data = Bytes>> Body for GatheredBody<B>
where
    B::Error: Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        while this.next.is_none() && !this.gathered.is_full() {
            let Poll::Ready(frame) = this.body.as_mut().poll_frame(context) else {
                if this.gathered.frames == 0 {
                    return Poll::Pending;
                }
                if this.may_gain(context) {
                    this.has_yielded = true;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                break;
            };
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => {
                    this.gathered.add(data);
                    this.has_yielded = false;
                }
                Some(Ok(Err(other))) => this.next = Some(Some(Ok(other))),
                Some(Err(error)) => this.next = Some(Some(Err(error))),
                None => this.next = Some(None),
            }
        }
        if let Some(data) = this.gathered.take() {
            this.has_yielded = false;
            this.last = Some(Instant::now());
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        Poll::Ready(this.next.take().flatten())
    }

    fn is_end_stream(&self) -> bool {
        self.gathered.frames == 0 && self.next.is_none() && self.body.is_end_stream()
    }
}

/// Frames that come within this time of each other were written together, or the reader is slower than the service.
const BURST: Duration = Duration::from_millis(1);

/// The most frames that are put together: enough for the cost of one hardly to matter.
const MAX_FRAMES: usize = 64;

/// From so many bytes on nothing more is put together: one read of a component takes no more.
const MAX_BYTES: usize = 64 * 1024;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[test]
    fn a_frame_that_comes_after_a_pause_is_handed_on_at_once() {
        let mut body = GatheredBody::new(Script::of([Some("a"), None, Some("b"), Some("c"), None]));
        let woken = Woken::default();
        assert_eq!(poll(&mut body, &woken), Some("a".to_owned()));
        body.last = Instant::now().checked_sub(Duration::from_secs(1));
        // What is there is put together even so.
        assert_eq!(poll(&mut body, &woken), Some("bc".to_owned()));
        assert_eq!(woken.count(), 0, "nobody was let wait");
    }

    #[test]
    fn frames_of_a_burst_come_together_one_turn_of_the_connection_later() {
        let frames = [
            Some("a"),
            None,
            Some("b"),
            None,
            Some("c"),
            None,
            None,
            Some("d"),
            None,
        ];
        let mut body = GatheredBody::new(Script::of(frames));
        let woken = Woken::default();
        assert_eq!(poll(&mut body, &woken), Some("a".to_owned()));
        // However long the test takes.
        body.last = Some(Instant::now() + Duration::from_secs(3600));
        for turn in 1..3 {
            assert_eq!(poll(&mut body, &woken), None);
            assert_eq!(woken.count(), turn, "it wakes itself");
        }
        // A turn in which nothing came is the last one.
        assert_eq!(poll(&mut body, &woken), Some("bc".to_owned()));
        assert_eq!(woken.count(), 2);
    }

    #[test]
    fn so_much_is_put_together_and_no_more() {
        let frames = std::iter::repeat_n(Some("x"), MAX_FRAMES + 1).chain([None]);
        let mut body = GatheredBody::new(Script::of(frames));
        let woken = Woken::default();
        assert_eq!(poll(&mut body, &woken), Some("x".repeat(MAX_FRAMES)));
        let large = "x".repeat(MAX_BYTES);
        let frames = [Some(large.as_str()), Some("y"), None];
        let mut body = GatheredBody::new(Script::of(frames));
        assert_eq!(poll(&mut body, &woken), Some(large.clone()));
        assert_eq!(body.gathered.frames, 0);
    }

    #[test]
    fn what_is_no_data_comes_after_the_data_before_it() {
        let mut body = GatheredBody::new(Script::of([Some("a"), Some("!"), None]));
        let woken = Woken::default();
        assert_eq!(poll(&mut body, &woken), Some("a".to_owned()));
        assert_eq!(poll(&mut body, &woken), Some("error".to_owned()));
        // The end.
        let mut body = GatheredBody::new(Script::of([Some("a")]));
        assert_eq!(poll(&mut body, &woken), Some("a".to_owned()));
        assert_eq!(poll(&mut body, &woken), Some("end".to_owned()));
    }

    /// What a poll gives: data, `error`, `end`, or nothing yet.
    fn poll(body: &mut GatheredBody<Script>, woken: &Woken) -> Option<String> {
        let waker = Waker::from(Arc::clone(&woken.0));
        let frame = Pin::new(body).poll_frame(&mut Context::from_waker(&waker));
        match frame {
            Poll::Pending => None,
            Poll::Ready(None) => Some("end".to_owned()),
            Poll::Ready(Some(Err(()))) => Some("error".to_owned()),
            Poll::Ready(Some(Ok(frame))) => {
                let data = frame.into_data().unwrap();
                Some(String::from_utf8(data.to_vec()).unwrap())
            }
        }
    }

    /// Frames, and between them polls that find nothing; `!` is an error.
    struct Script(VecDeque<Option<String>>);

    impl Script {
        fn of<'a>(frames: impl IntoIterator<Item = Option<&'a str>>) -> Self {
            let frames = frames.into_iter();
            Self(frames.map(|frame| frame.map(str::to_owned)).collect())
        }
    }

    impl Body for Script {
        type Data = Bytes;
        type Error = ();

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, ()>>> {
            match self.0.pop_front() {
                None => Poll::Ready(None),
                Some(None) => Poll::Pending,
                Some(Some(text)) if text == "!" => Poll::Ready(Some(Err(()))),
                Some(Some(text)) => Poll::Ready(Some(Ok(Frame::data(text.into())))),
            }
        }
    }

    /// Counts how often somebody was woken.
    #[derive(Default)]
    struct Woken(Arc<Count>);

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Woken {
        fn count(&self) -> usize {
            self.0.0.load(Ordering::Relaxed)
        }
    }

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}
