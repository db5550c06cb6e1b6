//! One build of a provider, opened, with its instances.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::CallError;
use crate::component::ProviderComponent;
use crate::contract::types::ProviderInfo;
use crate::instance::{Grants, Instance};

/// Which build of which provider, such as `azure-openai 0.1.0 (3f2a9c41d07b)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BuildId {
    /// The provider's id.
    pub provider: String,
    /// The version that it says it has.
    pub version: String,
    /// The SHA-256 of the component, in hexadecimal.
    pub digest: String,
}

impl fmt::Display for BuildId {
    /// Twelve digits of the digest tell builds apart.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = self.digest.get(..12).unwrap_or(&self.digest);
        write!(formatter, "{} {} ({digest})", self.provider, self.version)
    }
}

/// A build that answers calls, or did.
pub(super) struct Build {
    pub(super) id: BuildId,
    component: ProviderComponent,
    /// Instances with the provider opened, and no call.
    idle: Mutex<Vec<Instance>>,
    /// How many calls it works for.
    running: watch::Sender<usize>,
}

impl Build {
    pub(super) fn new(component: ProviderComponent, info: &ProviderInfo, first: Instance) -> Self {
        let id = BuildId {
            provider: info.id.clone(),
            version: info.version.clone(),
            digest: component.inspection().digest.clone(),
        };
        Self {
            id,
            component,
            idle: Mutex::new(vec![first]),
            running: watch::Sender::new(0),
        }
    }

    /// A warm instance, or a fresh one.
    pub(super) async fn instance(
        &self,
        grants: &Arc<Grants>,
        config: &str,
    ) -> Result<Instance, CallError> {
        let warm = self.idle().pop();
        match warm {
            Some(instance) => Ok(instance),
            None => {
                let opened = Instance::open(self.component.pre(), grants, config, true).await?;
                opened.map_err(|error| grants.error(error))
            }
        }
    }

    /// Keeps an instance for the next call, if so many may be idle.
    pub(super) fn keep(&self, instance: Instance, max_idle: usize) {
        let mut idle = self.idle();
        if idle.len() < max_idle {
            idle.push(instance);
        }
    }

    /// Drops the instances that nobody uses.
    pub(super) fn retire(&self) {
        // Outside the lock: dropping an instance is not quick.
        let idle = std::mem::take(&mut *self.idle());
        drop(idle);
    }

    pub(super) fn idle_count(&self) -> usize {
        self.idle().len()
    }

    /// One more call; it ends when the result is dropped.
    pub(super) fn begin_call(self: &Arc<Self>) -> RunningCall {
        self.running.send_modify(|running| *running += 1);
        RunningCall(Arc::clone(self))
    }

    /// Waits until it works for no call.
    pub(super) async fn is_drained(&self) {
        // It fails only when the sender is gone, which is here.
        let _ = self
            .running
            .subscribe()
            .wait_for(|running| *running == 0)
            .await;
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        // What is in the list is whole after every step.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A build while it works for a call.
pub(super) struct RunningCall(pub(super) Arc<Build>);

impl Drop for RunningCall {
    fn drop(&mut self) {
        self.0.running.send_modify(|running| *running -= 1);
    }
}
