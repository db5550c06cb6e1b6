//! How long a call has computed.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Measures the time in which a call's future is polled: the component's own and that of what it asks the host for, and
/// none of what it waits for.
///
/// One thread at a time polls a future, and the engine asks from within.
pub(crate) struct Meter {
    base: Instant,
    /// Nanoseconds of polls that are over.
    spent: AtomicU64,
    /// When the present poll began, in nanoseconds since `base`; [`IDLE`] between polls.
    since: AtomicU64,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            base: Instant::now(),
            spent: AtomicU64::new(0),
            since: AtomicU64::new(IDLE),
        }
    }

    /// Begins at nothing, for another call.
    pub(crate) fn reset(&self) {
        self.spent.store(0, Ordering::Relaxed);
    }

    /// What the call has computed so far.
    pub(crate) fn spent(&self) -> Duration {
        let running = match self.since.load(Ordering::Relaxed) {
            IDLE => 0,
            since => self.now().saturating_sub(since),
        };
        Duration::from_nanos(self.spent.load(Ordering::Relaxed) + running)
    }

    /// Awaits a future, and measures it.
    pub(crate) async fn measure<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        poll_fn(|context| {
            let begin = self.now();
            self.since.store(begin, Ordering::Relaxed);
            let polled = future.as_mut().poll(context);
            self.since.store(IDLE, Ordering::Relaxed);
            let took = self.now().saturating_sub(begin);
            self.spent.fetch_add(took, Ordering::Relaxed);
            polled
        })
        .await
    }

    fn now(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_nanos()).unwrap_or(IDLE - 1)
    }
}

/// No poll is under way.
const IDLE: u64 = u64::MAX;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn waiting_is_not_computing() {
        let meter = Meter::new();
        let mut context = Context::from_waker(Waker::noop());
        let mut is_ready = false;
        let waiting = poll_fn(|_| match std::mem::replace(&mut is_ready, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        let mut measured = pin!(meter.measure(waiting));
        assert!(measured.as_mut().poll(&mut context).is_pending());
        spin(Duration::from_millis(20));
        assert!(measured.as_mut().poll(&mut context).is_ready());
        assert!(
            meter.spent() < Duration::from_millis(20),
            "{:?}",
            meter.spent()
        );
    }

    #[tokio::test]
    async fn computing_adds_up_until_the_next_call() {
        let meter = Meter::new();
        let busy = || async {
            spin(Duration::from_millis(5));
            // From within too.
            meter.spent()
        };
        let within = meter.measure(busy()).await;
        assert!(within >= Duration::from_millis(5), "{within:?}");
        meter.measure(busy()).await;
        assert!(meter.spent() >= Duration::from_millis(10));
        meter.reset();
        assert_eq!(meter.spent(), Duration::ZERO);
    }

    fn spin(duration: Duration) {
        let begin = Instant::now();
        while begin.elapsed() < duration {
            std::hint::spin_loop();
        }
    }
}
