//! How many calls run at once, and how many wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::CallError;
use super::tally::{Counted, Tally};

/// Lets calls in, in the order in which they came.
pub(super) struct Gate {
    /// How many may run at once; 0 when there is no limit.
    limit: usize,
    slots: Arc<Semaphore>,
    max_waiting: usize,
    waiting: AtomicUsize,
    running: Arc<Tally>,
}

impl Gate {
    /// A gate with this limit on calls that run, and on calls that wait.
    pub(super) fn new(limit: Option<usize>, max_waiting: usize) -> Arc<Self> {
        let slots = limit.unwrap_or(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            limit: limit.unwrap_or(0),
            slots: Arc::new(Semaphore::new(slots.min(Semaphore::MAX_PERMITS))),
            max_waiting,
            waiting: AtomicUsize::new(0),
            running: Tally::new(),
        })
    }

    /// Waits until one more call may run.
    ///
    /// # Errors
    ///
    /// When too many wait already, and when the host is shut down.
    pub(super) async fn enter(self: &Arc<Self>) -> Result<Slot, CallError> {
        let permit = match Arc::clone(&self.slots).try_acquire_owned() {
            Ok(permit) => permit,
            Err(TryAcquireError::Closed) => return Err(CallError::ShutDown),
            Err(TryAcquireError::NoPermits) => {
                let waiting = Waiting::begin(self)?;
                let permit = Arc::clone(&self.slots).acquire_owned().await;
                drop(waiting);
                permit.map_err(|_| CallError::ShutDown)?
            }
        };
        let slot = Slot {
            _counted: self.running.one_more(),
            _permit: permit,
        };
        // The gate may have been closed after the permit was given, and whoever closed it has counted without this one.
        self.check_open().map(|()| slot)
    }

    /// Lets no more calls in; those that wait fail.
    pub(super) fn close(&self) {
        self.slots.close();
    }

    /// Fails when no more calls are let in.
    pub(super) fn check_open(&self) -> Result<(), CallError> {
        match self.slots.is_closed() {
            true => Err(CallError::ShutDown),
            false => Ok(()),
        }
    }

    /// Waits until no call runs.
    pub(super) async fn is_empty(&self) {
        self.running.is_zero().await;
    }

    /// How many may run at once; 0 when there is no limit.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn running(&self) -> usize {
        self.running.count()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// The right to run. Others get it when it is dropped.
pub(super) struct Slot {
    _counted: Counted,
    _permit: OwnedSemaphorePermit,
}

/// A call that waits, also when it stops doing so half-way.
struct Waiting<'a>(&'a Gate);

impl<'a> Waiting<'a> {
    fn begin(gate: &'a Gate) -> Result<Self, CallError> {
        // Before the comparison, so that no two take the last place.
        let waiting = Self(gate);
        let before = gate.waiting.fetch_add(1, Ordering::Relaxed);
        match before < gate.max_waiting {
            true => Ok(waiting),
            false => Err(CallError::Overloaded {
                running: gate.running(),
                waiting: before,
            }),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn calls_run_in_the_order_in_which_they_came() {
        let gate = Gate::new(Some(1), 100);
        let first = gate.enter().await.unwrap();
        let (order, mut entered) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..50 {
            let (gate_of_task, order) = (Arc::clone(&gate), order.clone());
            tokio::spawn(async move {
                let slot = gate_of_task.enter().await.unwrap();
                order.send(number).unwrap();
                drop(slot);
            });
            while gate.waiting() <= number {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!((gate.running(), gate.waiting()), (1, 50));
        drop(first);
        for number in 0..50 {
            assert_eq!(entered.recv().await, Some(number));
        }
        gate.is_empty().await;
        assert_eq!(gate.waiting(), 0);
    }

    #[tokio::test]
    async fn one_more_than_may_wait_is_turned_away() {
        let gate = Gate::new(Some(1), 1);
        let running = gate.enter().await.unwrap();
        let mut waiting = Box::pin(gate.enter());
        assert!(is_pending(&mut waiting).await);
        let refused = gate.enter().await.map(drop);
        assert!(
            matches!(
                refused,
                Err(CallError::Overloaded {
                    running: 1,
                    waiting: 1
                })
            ),
            "{refused:?}"
        );
        // Whoever stops waiting makes room for another.
        drop(waiting);
        assert_eq!(gate.waiting(), 0);
        let mut waiting = Box::pin(gate.enter());
        assert!(is_pending(&mut waiting).await);
        drop(running);
        drop(waiting.await.unwrap());
    }

    #[tokio::test]
    async fn a_closed_gate_turns_away_those_who_wait_and_those_who_come() {
        let gate = Gate::new(Some(1), 1);
        let running = gate.enter().await.unwrap();
        let mut waiting = Box::pin(gate.enter());
        assert!(is_pending(&mut waiting).await);
        gate.close();
        assert!(matches!(waiting.await.map(drop), Err(CallError::ShutDown)));
        assert!(matches!(
            gate.enter().await.map(drop),
            Err(CallError::ShutDown)
        ));
        let mut empty = Box::pin(gate.is_empty());
        assert!(is_pending(&mut empty).await);
        drop(running);
        empty.await;
    }

    #[tokio::test]
    async fn a_call_whose_turn_comes_as_the_gate_closes_is_turned_away() {
        let gate = Gate::new(Some(1), 1);
        let running = gate.enter().await.unwrap();
        let mut waiting = Box::pin(gate.enter());
        assert!(is_pending(&mut waiting).await);
        // The permit is the waiting call's from here on, which has not seen it yet.
        drop(running);
        gate.close();
        gate.is_empty().await;
        let entered = waiting.await.map(drop);
        assert!(matches!(entered, Err(CallError::ShutDown)), "{entered:?}");
        assert_eq!(gate.running(), 0);
    }

    /// Whether a future, polled once, is not done.
    async fn is_pending<F: Future>(future: &mut std::pin::Pin<Box<F>>) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(future.as_mut().poll(context).is_pending())
        })
        .await
    }
}
