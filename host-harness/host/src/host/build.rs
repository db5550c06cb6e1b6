//! One build of a provider, opened, with its instances.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::CallError;
use super::tally::{Counted, Tally};
use crate::component::ProviderComponent;
use crate::contract::types::ProviderInfo;
use crate::deadline::Deadline;
use crate::engine::{IdleInstances, ProviderEngine};
use crate::instance::{Grants, Instance};

/// Which build of which provider, such as `acme 0.1.0 (3f2a9c41d07b)`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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
    engine: ProviderEngine,
    /// Instances with the provider opened and no call, and since when: the last one is the next to work, so that the first is
    /// the oldest.
    idle: Mutex<Vec<(Instant, Instance)>>,
    /// How long they may be so.
    idle_time: Duration,
    /// The calls that it works for.
    running: Arc<Tally>,
}

impl Build {
    /// A build that says this of itself, without an instance.
    pub(super) fn new(
        engine: &ProviderEngine,
        component: ProviderComponent,
        info: ProviderInfo,
        default_model: Option<String>,
        idle_time: Duration,
    ) -> Arc<Self> {
        let build = Arc::new(Self {
            id: BuildId {
                provider: info.id.clone(),
                version: info.version.clone(),
                digest: component.inspection().digest.clone(),
            },
            info: Arc::new(info),
            default_model,
            component,
            engine: engine.clone(),
            idle: Mutex::default(),
            idle_time,
            running: Tally::new(),
        });
        let idle: Arc<dyn IdleInstances> = build.clone();
        engine.add_idle(Arc::downgrade(&idle));
        build
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
            Some((_, instance)) => Ok(instance),
            None => {
                let (engine, pre) = (&self.engine, self.component.pre());
                let opened = Instance::open(engine, pre, grants, config, true, deadline).await?;
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
                idle.push((Instant::now(), instance));
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

    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, Instance)>> {
        // What is in the list is whole after every step.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IdleInstances for Build {
    fn expire(&self) {
        let expired: Vec<_> = {
            let mut idle = self.idle();
            let count = idle.partition_point(|(since, _)| since.elapsed() >= self.idle_time);
            idle.drain(..count).collect()
        };
        // Outside the lock: dropping an instance is not quick.
        drop(expired);
    }

    fn oldest(&self) -> Option<Instant> {
        self.idle().first().map(|(since, _)| *since)
    }

    fn evict_oldest(&self) -> bool {
        let evicted = {
            let mut idle = self.idle();
            (!idle.is_empty()).then(|| idle.remove(0))
        };
        evicted.is_some()
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
