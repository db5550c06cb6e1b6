//! The ids that the service gives to its answers.

use std::sync::atomic::{AtomicU64, Ordering};

use ring::rand::{SecureRandom, SystemRandom};

/// Makes ids: unique in one service, and, by a random beginning, among services. They open nothing, and so may be guessed.
pub(super) struct Ids {
    beginning: u64,
    count: AtomicU64,
}

impl Ids {
    /// Ids with a random beginning.
    pub(super) fn random() -> Self {
        let mut bytes = [0; 8];
        // Without random numbers they are unique in one service, which is all that this one relies on.
        if SystemRandom::new().fill(&mut bytes).is_err() {
            tracing::warn!(
                "there are no random numbers; ids of requests may repeat after a restart"
            );
        }
        Self::beginning_with(u64::from_be_bytes(bytes))
    }

    /// Ids with this beginning.
    pub(super) fn beginning_with(beginning: u64) -> Self {
        Self {
            beginning,
            count: AtomicU64::new(0),
        }
    }

    /// The next id, of this kind.
    pub(super) fn next(&self, kind: &str) -> String {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{kind}_{:016x}{number:016x}", self.beginning)
    }
}
