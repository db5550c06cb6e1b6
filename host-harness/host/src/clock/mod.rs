//! What time it is for a provider.
//!
//! A provider's waits and time limits go by one clock, which is the system's unless [`crate::HostBuilder::clock`]
//! names another: a [`ManualClock`] in tests and simulations, where an hour of retries should take no time at all.

mod guest;
mod manual;

use std::time::Duration;

use async_trait::async_trait;

pub(crate) use self::guest::{GuestClock, HasClock};
pub use self::manual::ManualClock;

/// A clock that never goes back.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present moment, as the time since some other moment that is always the same.
    fn now(&self) -> Duration;

    /// Waits until a moment has come.
    async fn wait_until(&self, moment: Duration);
}
