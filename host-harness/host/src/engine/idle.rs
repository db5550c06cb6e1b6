//! The idle instances of all hosts that share an engine: they go when they are old, and when others need their place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

/// Instances without a call, of one build.
pub(crate) trait IdleInstances: Send + Sync {
    /// Drops those that have been idle for too long.
    fn expire(&self);

    /// Since when the one is idle that has been so longest; none without one.
    fn oldest(&self) -> Option<Instant>;

    /// Drops that one. False when there is none any more.
    fn evict_oldest(&self) -> bool;
}

/// The idle instances of everybody.
#[derive(Default)]
pub(super) struct AllIdle(Mutex<Vec<Weak<dyn IdleInstances>>>);

impl AllIdle {
    /// More of them, as long as they are there.
    pub(super) fn add(&self, instances: Weak<dyn IdleInstances>) {
        let mut lists = self.lock();
        lists.retain(|list| list.strong_count() > 0);
        lists.push(instances);
    }

    /// Drops those that have been idle for too long.
    pub(super) fn expire(&self) {
        for list in self.lists() {
            list.expire();
        }
    }

    /// Drops the one that has been idle longest, whoever's it is. False when there is none.
    pub(super) fn evict(&self) -> bool {
        let lists = self.lists();
        let mut aged: Vec<_> = lists
            .iter()
            .filter_map(|list| Some((list.oldest()?, list)))
            .collect();
        aged.sort_by_key(|(oldest, _)| *oldest);
        // A call may have taken the first one's meanwhile.
        aged.iter().any(|(_, list)| list.evict_oldest())
    }

    /// Not under the lock: dropping an instance is not quick.
    fn lists(&self) -> Vec<Arc<dyn IdleInstances>> {
        self.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<dyn IdleInstances>>> {
        // What is in the list is whole after every step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
