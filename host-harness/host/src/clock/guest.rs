//! `wasi:clocks/monotonic-clock` over a clock of ours.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::clocks::WasiClocksCtxView;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::{self, Instant};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use super::Clock;

/// The clock of one instance: the host's own, or the system's where there is none.
pub(crate) struct GuestClock<'a> {
    pub(crate) clock: Option<&'a Arc<dyn Clock>>,
    pub(crate) system: WasiClocksCtxView<'a>,
}

/// Says that an instance has a [`GuestClock`].
pub(crate) struct HasClock;

impl HasData for HasClock {
    type Data<'a> = GuestClock<'a>;
}

impl monotonic_clock::Host for GuestClock<'_> {
    fn now(&mut self) -> wasmtime::Result<Instant> {
        match self.clock {
            Some(clock) => Ok(nanoseconds(clock.now())),
            None => self.system.now(),
        }
    }

    fn resolution(&mut self) -> wasmtime::Result<monotonic_clock::Duration> {
        match self.clock {
            Some(_) => Ok(1),
            None => self.system.resolution(),
        }
    }

    fn subscribe_instant(&mut self, when: Instant) -> wasmtime::Result<Resource<DynPollable>> {
        match self.clock {
            Some(clock) => {
                let timer = Timer {
                    clock: Arc::clone(clock),
                    moment: Duration::from_nanos(when),
                    has_yielded: false,
                };
                let timer = self.system.table.push(timer)?;
                subscribe(self.system.table, timer)
            }
            None => self.system.subscribe_instant(when),
        }
    }

    fn subscribe_duration(
        &mut self,
        duration: monotonic_clock::Duration,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        match self.clock {
            Some(clock) => {
                let now = nanoseconds(clock.now());
                self.subscribe_instant(now.saturating_add(duration))
            }
            None => self.system.subscribe_duration(duration),
        }
    }
}

/// Is ready from a moment on.
struct Timer {
    clock: Arc<dyn Clock>,
    moment: Duration,
    has_yielded: bool,
}

#[async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        if self.clock.now() < self.moment {
            self.clock.wait_until(self.moment).await;
        } else if !std::mem::replace(&mut self.has_yielded, true) {
            // A guest that asks for a moment in the past again and again must not keep the network from being read.
            tokio::task::yield_now().await;
        }
    }
}

/// As WASI counts: 2^64 nanoseconds are five hundred years.
fn nanoseconds(moment: Duration) -> u64 {
    u64::try_from(moment.as_nanos()).unwrap_or(u64::MAX)
}
