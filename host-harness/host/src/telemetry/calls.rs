//! What a subscriber remembers of the calls that are going on.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::events::CallId;

/// Something for each call that is going on, up to a limit.
pub(super) struct Calls<T>(Mutex<BTreeMap<CallId, T>>);

impl<T> Calls<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Remembers something for a call, and returns what is forgotten for it: what this call had before, or when there are
    /// too many, the oldest other call that can be spared, else the oldest.
    pub(super) fn insert(
        &self,
        call: CallId,
        value: T,
        can_be_spared: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let mut calls = self.lock();
        let before = calls.insert(call, value);
        if calls.len() <= MAX_CALLS {
            return before;
        }
        // Ids grow: the first is the oldest.
        let mut others = calls.iter().filter(|(id, _)| **id != call);
        let spared = others.find(|(_, value)| can_be_spared(value));
        match spared.map(|(id, _)| *id) {
            Some(id) => calls.remove(&id),
            None => calls.pop_first().map(|(_, oldest)| oldest),
        }
    }

    /// Does something with what is remembered for a call, if there is anything.
    pub(super) fn with<R>(&self, call: CallId, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.lock().get_mut(&call).map(change)
    }

    /// Forgets a call.
    pub(super) fn take(&self, call: CallId) -> Option<T> {
        self.lock().remove(&call)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallId, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each call ends with an event, unless its component fails: what is remembered of those must not grow for ever. A host with
/// more calls than this at once has run out of memory for their instances long before.
const MAX_CALLS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_never_end_are_forgotten_from_the_oldest_on() {
        let calls = Calls::new();
        for id in 1..=MAX_CALLS as u64 {
            assert_eq!(calls.insert(CallId(id), id, |_| false), None);
        }
        assert_eq!(calls.insert(CallId(9_999), 9_999, |_| false), Some(1));
        let again = calls.insert(CallId(9_999), 10_000, |_| false);
        assert_eq!(again, Some(9_999));
        assert_eq!(calls.take(CallId(1)), None);
        assert_eq!(calls.with(CallId(2), |value| *value), Some(2));
        assert_eq!(calls.take(CallId(9_999)), Some(10_000));
    }

    #[test]
    fn what_can_be_spared_is_forgotten_before_what_is_older() {
        let calls = Calls::new();
        for id in 1..=MAX_CALLS as u64 {
            assert_eq!(calls.insert(CallId(id), id, |_| false), None);
        }
        let is_even = |value: &u64| value.is_multiple_of(2);
        assert_eq!(calls.insert(CallId(9_998), 9_998, is_even), Some(2));
        assert_eq!(calls.insert(CallId(9_999), 9_999, is_even), Some(4));
    }
}
