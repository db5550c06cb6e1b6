//! What the instances of a provider know together: a text that the host does not read, and what their calls work with.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::HostState;
use crate::contract::shared_state::{Host, State};

/// What the instances of an opened provider know together, of every build.
#[derive(Default)]
pub(crate) struct SharedState(Mutex<Known>);

#[derive(Default)]
struct Known {
    text: String,
    /// How often the text was written.
    version: u64,
    /// The names of what calls work with, and how many calls.
    busy: Vec<(String, u32)>,
}

/// A call works with something, until this is dropped.
pub(super) struct Work {
    shared: Arc<SharedState>,
    name: String,
}

impl SharedState {
    fn read(&self) -> State {
        let known = self.known();
        State {
            text: known.text.clone(),
            version: known.version,
            busy: known.busy.clone(),
        }
    }

    fn write(&self, text: String, version: u64) -> bool {
        let mut known = self.known();
        let is_replaced = version == known.version && text.len() <= MAX_TEXT_BYTES;
        if is_replaced {
            known.text = text;
            known.version += 1;
        }
        is_replaced
    }

    /// One more call works with something of that name; none where the host keeps no more names, or none so long.
    fn begin(self: &Arc<Self>, name: String) -> Option<Work> {
        let mut known = self.known();
        let has_room = known.busy.len() < MAX_NAMES && name.len() <= MAX_NAME_BYTES;
        match known.busy.iter_mut().find(|(busy, _)| *busy == name) {
            Some((_, count)) => *count += 1,
            None if has_room => known.busy.push((name.clone(), 1)),
            None => return None,
        }
        Some(Work {
            shared: Arc::clone(self),
            name,
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Whole after every step, so that a panic elsewhere does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let mut known = self.shared.known();
        let position = known.busy.iter().position(|(busy, _)| *busy == self.name);
        if let Some(position) = position {
            let (_, count) = &mut known.busy[position];
            *count -= 1;
            if *count == 0 {
                known.busy.swap_remove(position);
            }
        }
    }
}

impl Host for HostState {
    async fn read(&mut self) -> State {
        self.grants.shared.read()
    }

    async fn write(&mut self, text: String, version: u64) -> bool {
        self.grants.shared.write(text, version)
    }

    async fn work_with(&mut self, name: String) {
        // First the old one: a call works with one thing.
        self.work = None;
        self.work = self.grants.shared.begin(name);
    }
}

/// The most bytes of the text. A hundred deployments that rest take six thousand.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// The most names of what calls work with. More deployments than any provider has.
const MAX_NAMES: usize = 256;

/// The most bytes of such a name. Names of deployments have 64.
const MAX_NAME_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_replaced_by_whoever_has_read_the_present_one() {
        let shared = SharedState::default();
        assert_eq!(
            (shared.read().text, shared.read().version),
            (String::new(), 0)
        );
        assert!(shared.write("a".into(), 0));
        assert!(!shared.write("b".into(), 0));
        assert_eq!((shared.read().text, shared.read().version), ("a".into(), 1));
        assert!(shared.write("b".into(), 1));
        // Longer than the host keeps: nothing is changed.
        assert!(!shared.write("x".repeat(MAX_TEXT_BYTES + 1), 2));
        assert_eq!((shared.read().text, shared.read().version), ("b".into(), 2));
        assert!(shared.write("x".repeat(MAX_TEXT_BYTES), 2));
    }

    #[test]
    fn a_call_works_with_something_until_its_end() {
        let shared = Arc::new(SharedState::default());
        let first = shared.begin("a".into());
        let second = shared.begin("a".into());
        let third = shared.begin("b".into());
        assert_eq!(shared.read().busy, [("a".into(), 2), ("b".into(), 1)]);
        drop((first, third));
        assert_eq!(shared.read().busy, [("a".into(), 1)]);
        drop(second);
        assert_eq!(shared.read().busy, []);
    }

    #[test]
    fn names_without_an_end_are_not_kept() {
        let shared = Arc::new(SharedState::default());
        let names = (0..MAX_NAMES + 10).map(|number| shared.begin(number.to_string()));
        let kept: Vec<_> = names.flatten().collect();
        assert_eq!(kept.len(), MAX_NAMES);
        assert!(shared.begin("0".into()).is_some());
        drop(kept);
        assert!(shared.begin("x".repeat(MAX_NAME_BYTES + 1)).is_none());
    }
}
