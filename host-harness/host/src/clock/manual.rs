//! A clock that stands still until somebody advances it.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::Clock;

/// A clock that stands still until somebody advances it. Clones are the same clock.
///
/// Nothing that waits for it is woken by real time, so that a test says how long things take, and finds out what waits for
/// which moment.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use provider_host::Host;
/// use provider_host::clock::{Clock, ManualClock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let clock = ManualClock::new();
/// let builder = Host::builder().clock(Arc::new(clock.clone()));
/// # drop(builder);
/// let sleeper = tokio::spawn({
///     let clock = clock.clone();
///     async move { clock.wait_until(Duration::from_secs(3600)).await }
/// });
/// // Nobody knows when the task begins to wait, but the clock does.
/// assert_eq!(clock.next_moment().await, Duration::from_secs(3600));
/// clock.advance(Duration::from_secs(3600));
/// sleeper.await.unwrap();
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock(watch::Sender<State>);

#[derive(Debug, Default)]
struct State {
    now: Duration,
    /// What is waited for: each wait has its entry.
    moments: Vec<Duration>,
}

impl ManualClock {
    /// A clock at its beginning.
    pub fn new() -> Self {
        Self::default()
    }

    /// The time since the clock's beginning: all that it was advanced by.
    pub fn now(&self) -> Duration {
        self.0.borrow().now
    }

    /// Lets time pass. Who waits for a moment that has come by then goes on.
    pub fn advance(&self, time: Duration) {
        self.0
            .send_modify(|state| state.now = state.now.saturating_add(time));
    }

    /// The next moment that somebody waits for, as soon as somebody waits for one that is still to come.
    pub async fn next_moment(&self) -> Duration {
        let mut watched = self.0.subscribe();
        // It fails only when every sender is gone, and one is `self`.
        let waited_for = watched.wait_for(|state| state.next_moment().is_some());
        let next = waited_for.await.ok().and_then(|state| state.next_moment());
        next.unwrap_or(Duration::MAX)
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Duration {
        self.now()
    }

    async fn wait_until(&self, moment: Duration) {
        let mut watched = self.0.subscribe();
        self.0.send_modify(|state| state.moments.push(moment));
        let _wait = Wait {
            clock: self,
            moment,
        };
        // It fails only when every sender is gone, and one is `self`.
        let _ = watched.wait_for(|state| state.now >= moment).await;
    }
}

impl State {
    fn next_moment(&self) -> Option<Duration> {
        let moments = self.moments.iter().copied();
        moments.filter(|moment| *moment > self.now).min()
    }
}

/// One wait, which ends by being dropped too.
struct Wait<'a> {
    clock: &'a ManualClock,
    moment: Duration,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.clock.0.send_modify(|state| {
            let waits = state.moments.iter();
            if let Some(index) = waits.clone().position(|moment| *moment == self.moment) {
                state.moments.swap_remove(index);
            }
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;
    use std::task::Poll;

    use wasmtime::component::ResourceTable;
    use wasmtime_wasi::clocks::{WasiClocksCtx, WasiClocksCtxView};
    use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::Host;

    use super::super::GuestClock;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn a_wait_ends_when_its_moment_has_come_and_not_before() {
        let clock = ManualClock::new();
        clock.advance(SECOND);
        clock.wait_until(SECOND).await;
        let mut wait = Box::pin(clock.wait_until(3 * SECOND));
        assert!(look(&mut wait).await.is_pending());
        assert_eq!(clock.next_moment().await, 3 * SECOND);
        clock.advance(2 * SECOND - Duration::from_nanos(1));
        assert!(look(&mut wait).await.is_pending());
        clock.advance(Duration::from_nanos(1));
        assert!(look(&mut wait).await.is_ready());
    }

    #[tokio::test]
    async fn the_next_moment_is_the_first_that_somebody_still_waits_for() {
        let clock = ManualClock::new();
        let mut nobody = Box::pin(clock.next_moment());
        assert!(look(&mut nobody).await.is_pending());
        let mut first = Box::pin(clock.wait_until(SECOND));
        let mut second = Box::pin(clock.wait_until(2 * SECOND));
        assert!(look(&mut second).await.is_pending());
        assert_eq!(nobody.await, 2 * SECOND);
        assert!(look(&mut first).await.is_pending());
        assert_eq!(clock.next_moment().await, SECOND);
        drop(first);
        assert_eq!(clock.next_moment().await, 2 * SECOND);
    }

    #[tokio::test]
    async fn a_guest_sees_this_clock_and_no_other() {
        let clock = ManualClock::new();
        clock.advance(5 * SECOND);
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let (mut context, mut table) = (WasiClocksCtx::default(), ResourceTable::new());
        let mut guest = GuestClock {
            clock: Some(&shared),
            system: WasiClocksCtxView {
                ctx: &mut context,
                table: &mut table,
            },
        };
        assert_eq!(guest.now().unwrap(), 5_000_000_000);
        assert_eq!(guest.resolution().unwrap(), 1);
        guest.subscribe_instant(u64::MAX).unwrap();
        guest.subscribe_duration(u64::MAX).unwrap();
        clock.advance(Duration::MAX);
        assert_eq!(guest.now().unwrap(), u64::MAX);
    }

    /// One look at a future.
    async fn look<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
        std::future::poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context)))
            .await
    }
}
