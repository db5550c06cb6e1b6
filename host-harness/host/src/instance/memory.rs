//! How much memory an instance has, and may have.

use wasmtime::ResourceLimiter;

use crate::limits::LimitError;

/// Counts an instance's memory.
pub(super) struct MemoryLimiter {
    bytes: usize,
    limit: usize,
    /// Whether the present call wanted more than the instance may have.
    was_refused: bool,
}

impl MemoryLimiter {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            bytes: 0,
            limit,
            was_refused: false,
        }
    }

    /// Another call begins: what was refused before is none of its business.
    pub(super) fn begin(&mut self) {
        self.was_refused = false;
    }

    /// What the instance has.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The limit that the instance ran into. It may have gone on without the memory.
    pub(super) fn breach(&self) -> Option<LimitError> {
        self.was_refused
            .then_some(LimitError::Memory { limit: self.limit })
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // It would fail after all, and must not be counted.
            return Ok(false);
        }
        // Of this memory; a component may have several. What the system then does not have stays counted: wasmtime tells of
        // failures that it has not asked about before too, and a guest could bring those about to be counted down.
        let bytes = self.bytes.saturating_add(desired.saturating_sub(current));
        let is_granted = bytes <= self.limit;
        match is_granted {
            true => self.bytes = bytes,
            false => self.was_refused = true,
        }
        Ok(is_granted)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }
}

/// The most functions that a table may have: ten times what this provider's has.
const MAX_TABLE_ELEMENTS: usize = 10_000;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn memories_are_counted_together_up_to_the_limit() {
        let mut memory = MemoryLimiter::new(100);
        // from, to, at most → whether it is granted, what there is then, and whether it was too much
        for (current, desired, maximum, is_granted, bytes, is_breach) in [
            (0, 60, None, true, 60, false),
            // Another memory.
            (0, 30, Some(30), true, 90, false),
            // It is not ours to refuse.
            (30, 31, Some(30), false, 90, false),
            (60, 71, None, false, 90, true),
            (60, usize::MAX, None, false, 90, true),
            (60, 70, None, true, 100, false),
        ] {
            memory.begin();
            let granted = memory.memory_growing(current, desired, maximum).unwrap();
            assert_eq!((granted, memory.bytes()), (is_granted, bytes), "{desired}");
            let breach = is_breach.then_some(LimitError::Memory { limit: 100 });
            assert_eq!(memory.breach(), breach, "{desired}");
        }
    }
}
