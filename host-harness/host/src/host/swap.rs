//! Another build in the place of the present one, while calls go on.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use super::build::Build;
use super::{BuildId, Builds, CallError, Opened, Provider, Settings};
use crate::component::{LoadError, ProviderComponent, Source};
use crate::contract::types::ProviderError;
use crate::deadline::Deadline;
use crate::instance::{self, Failure, Instance};

/// A swap that was done: new calls go to another build.
#[non_exhaustive]
pub struct Swap {
    /// The build that took calls before.
    pub from: BuildId,
    /// The build that takes them now.
    pub to: BuildId,
    old: Arc<Build>,
}

impl Swap {
    /// Waits until the calls that began before the swap have ended.
    pub async fn drained(&self) {
        if self.from != self.to {
            self.old.is_drained().await;
        }
    }
}

impl Provider {
    /// Puts another build in the place of the present one. The candidate is loaded and checked, says what it is, and opens
    /// the configuration; only then do new calls go to it. Calls that run end on the build that they began on. When anything
    /// is wrong with the candidate, nothing changes.
    ///
    /// Limits and `max_concurrent_requests` stay as they are. A swap to the present build is none.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the candidate, or that the host is shut down.
    pub async fn swap(&self, path: impl AsRef<Path>) -> Result<Swap, SwapError> {
        self.swap_to(Source::File(path.as_ref().to_owned())).await
    }

    /// The same for a candidate that the program has in memory. Errors call it by this name.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the candidate, or that the host is shut down.
    pub async fn swap_bytes(
        &self,
        name: impl Into<PathBuf>,
        bytes: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Swap, SwapError> {
        let (name, bytes) = (name.into(), Box::new(bytes));
        self.swap_to(Source::Bytes { name, bytes }).await
    }

    async fn swap_to(&self, source: Source) -> Result<Swap, SwapError> {
        let opened = &*self.0;
        let _one_at_a_time = opened.swapping.lock().await;
        let component = ProviderComponent::load(&opened.engine, source).await?;
        if component.inspection().digest == opened.build().id.digest {
            return Ok(opened.unchanged());
        }
        let nothing = opened.capabilities.nothing();
        let (engine, pre, grants) = (&opened.engine, component.pre(), &opened.grants);
        let start_time = grants.limits.start_time;
        let deadline = Deadline::of_start(start_time);
        let info = instance::info(engine, pre, &nothing, deadline).await;
        let info = info.map_err(failed("get-info"))?;
        let expected = &opened.build().info.id;
        if info.id != *expected {
            return Err(SwapError::OtherProvider {
                expected: expected.clone(),
                found: info.id,
            });
        }
        let deadline = Deadline::of_start(start_time);
        // Its warnings were heard when the configuration was opened first.
        let first = Instance::open(engine, pre, grants, &opened.config, true, deadline).await;
        let mut first = first
            .map_err(failed("open"))?
            .map_err(|error| SwapError::Rejected(Box::new(grants.redacted(error))))?;
        let settings = Settings::of(&mut first, &grants.policy, deadline).await;
        let settings = settings.map_err(failed("describe"))?;
        let default_model = settings.default_model;
        let to = Build::new(
            engine,
            component,
            info,
            default_model,
            grants.limits.idle_time,
        );
        let swap = opened.switch(&to)?;
        opened.keep(&to, first);
        Ok(swap)
    }

    /// Puts the build that was there before the last swap in its place again; none when there was none, and when the host
    /// is shut down. Rolling back twice is going forward again.
    pub async fn roll_back(&self) -> Option<Swap> {
        let _one_at_a_time = self.0.swapping.lock().await;
        let previous = {
            let builds = self.0.builds.read();
            builds
                .unwrap_or_else(PoisonError::into_inner)
                .previous
                .clone()
        };
        self.0.switch(&previous?).ok()
    }
}

impl fmt::Debug for Swap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Swap")
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl Opened {
    /// From here on new calls go to this build.
    fn switch(&self, to: &Arc<Build>) -> Result<Swap, SwapError> {
        if self.gate.check_open().is_err() {
            return Err(SwapError::ShutDown);
        }
        let from = {
            let mut builds = self.builds.write().unwrap_or_else(PoisonError::into_inner);
            let from = Arc::clone(&builds.present);
            *builds = Builds {
                present: Arc::clone(to),
                previous: Some(Arc::clone(&from)),
            };
            from
        };
        from.retire();
        tracing::info!("{} answers now, and no longer {}", to.id, from.id);
        Ok(Swap {
            from: from.id.clone(),
            to: to.id.clone(),
            old: from,
        })
    }

    fn unchanged(&self) -> Swap {
        let build = self.build();
        Swap {
            from: build.id.clone(),
            to: build.id.clone(),
            old: build,
        }
    }
}

/// For `map_err` on what the candidate is asked for.
fn failed(step: &'static str) -> impl FnOnce(Failure) -> SwapError {
    move |failure| SwapError::Failed {
        step,
        error: failure.into(),
    }
}

/// Why a candidate was not taken. Everything goes on as before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwapError {
    /// It is no component that this host runs.
    #[error(transparent)]
    Load(#[from] LoadError),

    /// It broke while it was tried.
    #[error("the candidate failed in `{step}`: {error}")]
    Failed {
        /// What it was asked for.
        step: &'static str,
        /// How it failed.
        error: CallError,
    },

    /// It is another provider.
    #[error("the candidate is the provider `{found}`, and this host runs `{expected}`")]
    OtherProvider {
        /// What the host runs.
        expected: String,
        /// What the candidate says it is.
        found: String,
    },

    /// It does not take the configuration.
    #[error("the candidate rejects the configuration: {}", .0.message)]
    Rejected(Box<ProviderError>),

    /// The host takes no calls any more, on no build.
    #[error("the host is shut down")]
    ShutDown,
}
