//! One build of a provider, opened, with its instances.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::CallError;
use super::tally::{Counted, Tally};
use crate::component::ProviderComponent;
use crate::contract::types::ProviderInfo;
use crate::deadline::Deadline;
use crate::instance::{Grants, Instance};

/// Which build of which provider, such as `azure-openai 0.1.0 (3f2a9c41d07b)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
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
    pub(super) info: Arc<ProviderInfo>,
    /// The model of requests that name none.
    pub(super) default_model: Option<String>,
    component: ProviderComponent,
    /// Instances with the provider opened, and no call.
    idle: Mutex<Vec<Instance>>,
    /// The calls that it works for.
    running: Arc<Tally>,
}

impl Build {
    /// A build that says this of itself, without an instance.
    pub(super) fn new(
        component: ProviderComponent,
        info: ProviderInfo,
        default_model: Option<String>,
    ) -> Self {
        Self {
            id: BuildId {
                provider: info.id.clone(),
                version: info.version.clone(),
                digest: component.inspection().digest.clone(),
            },
            info: Arc::new(info),
            default_model,
            component,
            idle: Mutex::default(),
            running: Tally::new(),
        }
    }

    /// A warm instance, or a fresh one.
    pub(super) async fn instance(
        &self,
        grants: &Arc<Grants>,
        config: &str,
        deadline: Deadline,
    ) -> Result<Instance, CallError> {
        let warm = self.idle().pop();
        match warm {
            Some(instance) => Ok(instance),
            None => {
                let pre = self.component.pre();
                let opened = Instance::open(pre, grants, config, true, deadline).await?;
                opened.map_err(|error| grants.error(error))
            }
        }
    }

    /// Keeps an instance for the next call, if so many may be idle. Otherwise the caller has it again: dropping it is not
    /// quick, and not for a place where a lock is held.
    pub(super) fn keep(&self, instance: Instance, max_idle: usize) -> Option<Instance> {
        let mut idle = self.idle();
        match idle.len() < max_idle {
            true => {
                idle.push(instance);
                None
            }
            false => Some(instance),
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

    /// Waits until it works for no call.
    pub(super) async fn is_drained(&self) {
        self.running.is_zero().await;
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        // What is in the list is whole after every step.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A build while it works for a call.
pub(super) struct RunningCall {
    pub(super) build: Arc<Build>,
    _of_build: Counted,
    _of_host: Counted,
}

impl RunningCall {
    /// One more call of this build, and of the host whose calls these are; it ends when the result is dropped.
    pub(super) fn begin(build: &Arc<Build>, of_host: &Arc<Tally>) -> Self {
        Self {
            build: Arc::clone(build),
            _of_build: build.running.one_more(),
            _of_host: of_host.one_more(),
        }
    }
}
