//! How many calls run at once, and how many wait.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, watch};

use super::CallError;
use super::tally::{Counted, Tally};

/// Lets the calls of one host in, in the order in which they came.
pub(super) struct Gate {
    slots: Arc<Slots>,
    is_closed: watch::Sender<bool>,
    max_waiting: usize,
    waiting: AtomicUsize,
    running: Arc<Tally>,
}

impl Gate {
    /// A gate with so many calls that run, and with this limit on calls that wait.
    pub(super) fn new(slots: Arc<Slots>, max_waiting: usize) -> Arc<Self> {
        Arc::new(Self {
            slots,
            is_closed: watch::Sender::new(false),
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
        self.check_open()?;
        let permit = match Arc::clone(&self.slots.semaphore).try_acquire_owned() {
            Ok(permit) => permit,
            // Nobody closes it: others may share it.
            Err(TryAcquireError::Closed) => return Err(CallError::ShutDown),
            Err(TryAcquireError::NoPermits) => {
                let waiting = Waiting::begin(self)?;
                let permit = self.wait().await;
                drop(waiting);
                permit?
            }
        };
        let slot = Slot {
            _counted: self.running.one_more(),
            _counted_by_all: self.slots.running.one_more(),
            _permit: permit,
        };
        // The gate may have been closed after the permit was given, and whoever closed it has counted without this one.
        self.check_open().map(|()| slot)
    }

    /// Lets no more calls in; those that wait fail.
    pub(super) fn close(&self) {
        self.is_closed.send_replace(true);
    }

    /// Fails when no more calls are let in.
    pub(super) fn check_open(&self) -> Result<(), CallError> {
        if *self.is_closed.borrow() {
            return Err(CallError::ShutDown);
        }
        Ok(())
    }

    /// Waits until no call runs.
    pub(super) async fn is_empty(&self) {
        self.running.is_zero().await;
    }

    /// What is counted together with others.
    pub(super) fn slots(&self) -> &Slots {
        &self.slots
    }

    pub(super) fn running(&self) -> usize {
        self.running.count()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    async fn wait(&self) -> Result<OwnedSemaphorePermit, CallError> {
        let mut is_closed = self.is_closed.subscribe();
        tokio::select! {
            biased;
            _ = is_closed.wait_for(|is_closed| *is_closed) => Err(CallError::ShutDown),
            permit = Arc::clone(&self.slots.semaphore).acquire_owned() => permit.map_err(|_| CallError::ShutDown),
        }
    }
}

/// How many calls may run at once, in one host or in several.
pub(super) struct Slots {
    /// 0 when there is no limit.
    limit: usize,
    semaphore: Arc<Semaphore>,
    waiting: AtomicUsize,
    running: Arc<Tally>,
}

impl Slots {
    /// So many; none is no limit.
    pub(super) fn new(limit: Option<usize>) -> Arc<Self> {
        let permits = limit.unwrap_or(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            limit: limit.unwrap_or(0),
            semaphore: Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS))),
            waiting: AtomicUsize::new(0),
            running: Tally::new(),
        })
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

/// Counts the requests of several hosts together: `max_concurrent_requests` is then for all of them that have the same
/// endpoint and the same limit. For a program in which many sessions open one configuration, each a host of its own.
#[derive(Clone, Default)]
pub struct RequestLimits(Arc<Mutex<HashMap<Shared, Weak<Slots>>>>);

/// What hosts that are counted together have in common: the endpoint as it is written, and the limit.
type Shared = (String, usize);

impl RequestLimits {
    /// Nothing is counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The slots for this endpoint and limit. Without a limit or an endpoint there is nothing to count together.
    pub(super) fn of(&self, endpoint: Option<&str>, limit: Option<usize>) -> Arc<Slots> {
        let (Some(endpoint), Some(limit)) = (endpoint, limit) else {
            return Slots::new(limit);
        };
        let key = (endpoint.trim().trim_end_matches('/').to_owned(), limit);
        // What is in the map is whole after every step.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slots) = all.get(&key).and_then(Weak::upgrade) {
            return slots;
        }
        all.retain(|_, slots| slots.strong_count() > 0);
        let slots = Slots::new(Some(limit));
        all.insert(key, Arc::downgrade(&slots));
        slots
    }
}

impl fmt::Debug for RequestLimits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RequestLimits")
            .finish_non_exhaustive()
    }
}

/// The right to run. Others get it when it is dropped.
pub(super) struct Slot {
    _counted: Counted,
    _counted_by_all: Counted,
    _permit: OwnedSemaphorePermit,
}

/// A call that waits, also when it stops doing so half-way.
struct Waiting<'a>(&'a Gate);

impl<'a> Waiting<'a> {
    fn begin(gate: &'a Gate) -> Result<Self, CallError> {
        // Before the comparison, so that no two take the last place.
        let waiting = Self(gate);
        gate.slots.waiting.fetch_add(1, Ordering::Relaxed);
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
        self.0.slots.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn calls_run_in_the_order_in_which_they_came() {
        let gate = Gate::new(Slots::new(Some(1)), 100);
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
        let gate = Gate::new(Slots::new(Some(1)), 1);
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
        let gate = Gate::new(Slots::new(Some(1)), 1);
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
        let gate = Gate::new(Slots::new(Some(1)), 1);
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

    #[tokio::test]
    async fn hosts_with_one_endpoint_and_limit_are_counted_together() {
        let limits = RequestLimits::new();
        let gate = |endpoint, limit| Gate::new(limits.of(Some(endpoint), limit), 1);
        let (first, second) = (gate("https://a", Some(1)), gate("https://a/", Some(1)));
        let running = first.enter().await.unwrap();
        let mut waiting = Box::pin(second.enter());
        assert!(is_pending(&mut waiting).await);
        assert_eq!((second.slots().running(), second.slots().waiting()), (1, 1));
        assert_eq!((second.running(), first.waiting()), (0, 0));
        for (endpoint, limit) in [
            ("https://b", Some(1)),
            ("https://a", Some(2)),
            ("https://a", None),
        ] {
            let other = gate(endpoint, limit).enter().await;
            assert!(other.is_ok(), "{endpoint} {limit:?}");
        }
        // One that closes lets the other go on.
        first.close();
        drop(running);
        drop(waiting.await.unwrap());
        assert!(matches!(
            first.enter().await.map(drop),
            Err(CallError::ShutDown)
        ));
        // What nobody uses any more is forgotten.
        drop((first, second));
        drop(gate("https://c", Some(1)));
        assert_eq!(limits.0.lock().unwrap().len(), 1);
    }

    /// Whether a future, polled once, is not done.
    async fn is_pending<F: Future>(future: &mut std::pin::Pin<Box<F>>) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(future.as_mut().poll(context).is_pending())
        })
        .await
    }
}
