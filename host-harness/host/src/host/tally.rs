//! How many there are of something, and the wait until there is none.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts.
pub(super) struct Tally(watch::Sender<usize>);

impl Tally {
    /// There is none yet.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(0)))
    }

    /// One more, until the result is dropped.
    pub(super) fn one_more(self: &Arc<Self>) -> Counted {
        self.0.send_modify(|count| *count += 1);
        Counted(Arc::clone(self))
    }

    pub(super) fn count(&self) -> usize {
        *self.0.borrow()
    }

    /// Waits until there is none.
    pub(super) async fn is_zero(&self) {
        // It fails only when the sender is gone, which is here.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

/// One of those that are counted.
pub(super) struct Counted(Arc<Tally>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}
