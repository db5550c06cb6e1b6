//! What does not outlive a fork.

use std::mem::ManuallyDrop;
use std::process;

use crate::failure::Failure;

/// Something that belongs to the process that made it. After a fork the child has it too, but none of the threads that work
/// for it: there it cannot be used, and is left as it is at its end, since locks in it may be held by threads that are not.
pub(crate) struct OfProcess<T> {
    process: u32,
    value: ManuallyDrop<T>,
}

impl<T> OfProcess<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            process: process::id(),
            value: ManuallyDrop::new(value),
        }
    }

    /// It, in its own process.
    ///
    /// # Errors
    ///
    /// In a child of that process.
    pub(crate) fn get(&self) -> Result<&T, Failure> {
        if self.is_here() {
            return Ok(&self.value);
        }
        Err(Failure::new(
            "configuration",
            "this provider was mounted before the process was forked; mount it again in the child, or start children with \
             multiprocessing's `spawn`",
        ))
    }

    fn is_here(&self) -> bool {
        self.process == process::id()
    }
}

impl<T> Drop for OfProcess<T> {
    #[expect(
        unsafe_code,
        reason = "what is left as it is in a child is dropped by hand"
    )]
    fn drop(&mut self) {
        if self.is_here() {
            // SAFETY: once, and nobody uses it after this.
            unsafe { ManuallyDrop::drop(&mut self.value) }
        }
    }
}
