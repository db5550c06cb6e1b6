//! Waiting for something, but not for ever.

use std::time::Duration;

use wasi::clocks::monotonic_clock;
use wasi::io::poll::{self, Pollable};

use crate::engine::edge::{Instant, TransportError};

/// Waits until things are ready, up to deadlines that move on.
///
/// One timer serves many waits: while deadlines only move into the future, as between the events of a stream, a new timer
/// is set only when the old one goes off.
#[derive(Debug, Default)]
pub(super) struct Waiter {
    timer: Option<(Instant, Pollable)>,
}

impl Waiter {
    /// Waits until one of these is ready, or until `deadline`.
    pub(super) fn wait(
        &mut self,
        ready: &[&Pollable],
        deadline: Instant,
    ) -> Result<(), TransportError> {
        loop {
            let (_, timer) = match self.timer.take() {
                Some((goes_off, timer)) if goes_off <= deadline => {
                    self.timer.insert((goes_off, timer))
                }
                _ => self.timer.insert((deadline, set(deadline))),
            };
            let mut pollables = Vec::with_capacity(ready.len() + 1);
            pollables.extend_from_slice(ready);
            pollables.push(timer);
            // What is ready together with the timer has arrived and is not late.
            let is_ready = |index: &u32| (*index as usize) < ready.len();
            if poll::poll(&pollables).iter().any(is_ready) {
                return Ok(());
            }
            self.timer = None;
            if Instant(Duration::from_nanos(monotonic_clock::now())) >= deadline {
                return Err(TransportError::TimedOut);
            }
        }
    }
}

/// Waits until a moment has come.
pub(super) fn until(moment: Instant) {
    set(moment).block();
}

fn set(Instant(deadline): Instant) -> Pollable {
    // 2^64 nanoseconds are five hundred years.
    monotonic_clock::subscribe_instant(u64::try_from(deadline.as_nanos()).unwrap_or(u64::MAX))
}
