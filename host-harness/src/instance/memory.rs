//! How much memory an instance has, and may have.

use wasmtime::ResourceLimiter;

use crate::limits::LimitError;

/// Counts an instance's memory.
pub(super) struct MemoryLimiter {
    bytes: usize,
    limit: usize,
    /// Whether the instance wanted more than it may have.
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
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Of this memory; a component may have several.
        let bytes = self.bytes - current.min(self.bytes) + desired;
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
