//! The moment at which a call's time is over.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::limits::LimitError;

/// When the time of a call is over. It holds for everything that the call waits for, its place in the queue included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    limit: Duration,
    /// What is over with it.
    over: fn(Duration) -> LimitError,
    /// None when no clock goes that far: there is no limit then.
    at: Option<Instant>,
    /// Whether somebody polls what is held when the time is over.
    is_watched: bool,
}

impl Deadline {
    /// The end of a call's time, so long from now.
    pub(crate) fn after(limit: Duration) -> Self {
        Self {
            limit,
            over: |limit| LimitError::WallTime { limit },
            at: Instant::now().checked_add(limit),
            is_watched: false,
        }
    }

    /// The end of the time that a component has to start, so long from now.
    pub(crate) fn of_start(limit: Duration) -> Self {
        Self {
            over: |limit| LimitError::StartTime { limit },
            ..Self::after(limit)
        }
    }

    /// The sooner of two.
    pub(crate) fn or_sooner(self, other: Self) -> Self {
        match (self.at, other.at) {
            (Some(at), Some(other_at)) if at <= other_at => self,
            (Some(_), None) => self,
            _ => other,
        }
    }

    /// The same moment; when it is watched, for futures that somebody polls once more when it has [`passed`](Self::passed).
    /// They need no timers of their own, of which there would be one for each event of a stream.
    pub(crate) fn watched(self, is_watched: bool) -> Self {
        Self { is_watched, ..self }
    }

    /// Awaits a future, as long as there is time.
    ///
    /// # Errors
    ///
    /// When there is none any more; the future is dropped.
    pub(crate) async fn hold<T>(&self, future: impl Future<Output = T>) -> Result<T, LimitError> {
        match self.at {
            Some(at) if self.is_watched => {
                let mut future = pin!(future);
                let poll = |context: &mut Context<'_>| match future.as_mut().poll(context) {
                    Poll::Pending if Instant::now() >= at => Poll::Ready(Err(self.error())),
                    polled => polled.map(Ok),
                };
                poll_fn(poll).await
            }
            Some(at) => timeout_at(at, future).await.map_err(|_| self.error()),
            None => Ok(future.await),
        }
    }

    /// Waits for the moment, for ever if it never comes.
    pub(crate) async fn passed(&self) {
        match self.at {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// What a call ends with at this moment.
    pub(crate) fn error(&self) -> LimitError {
        (self.over)(self.limit)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_takes_longer_ends_in_the_limits_error() {
        let limit = Duration::from_millis(20);
        let deadline = Deadline::after(limit);
        assert_eq!(deadline.hold(std::future::ready(1)).await, Ok(1));
        let held = deadline.hold(std::future::pending::<()>()).await;
        assert_eq!(held, Err(LimitError::WallTime { limit }));
        deadline.passed().await;
    }

    #[tokio::test]
    async fn what_is_watched_ends_when_it_is_polled_after_its_time() {
        let limit = Duration::from_millis(20);
        let deadline = Deadline::after(limit).watched(true);
        assert_eq!(deadline.hold(std::future::ready(1)).await, Ok(1));
        let mut held = pin!(deadline.hold(std::future::pending::<()>()));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(held.as_mut().poll(&mut context).is_pending());
        deadline.passed().await;
        let polled = held.as_mut().poll(&mut context);
        assert_eq!(polled, Poll::Ready(Err(LimitError::WallTime { limit })));
    }

    #[test]
    fn of_two_the_sooner_one_counts() {
        let [soon, late, never] = [1, 2, u64::MAX].map(Duration::from_secs);
        for (first, second, expected) in [
            (soon, late, soon),
            (late, soon, soon),
            (never, soon, soon),
            (soon, never, soon),
            (never, never, never),
        ] {
            let sooner = Deadline::after(first).or_sooner(Deadline::after(second));
            assert_eq!(sooner.limit, expected);
        }
    }

    #[tokio::test]
    async fn a_limit_beyond_all_clocks_is_none() {
        let deadline = Deadline::after(Duration::MAX);
        assert_eq!(deadline.hold(std::future::ready(1)).await, Ok(1));
        let passing = tokio::time::timeout(Duration::from_millis(20), deadline.passed());
        passing.await.unwrap_err();
    }
}
