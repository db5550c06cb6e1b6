//! Another build in the place of the present one, while calls go on.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use super::build::Build;
use super::{BuildId, Builds, CallError, Opened, ProviderHost};
use crate::component::{LoadError, ProviderComponent};
use crate::contract::types::ProviderError;
use crate::instance::{self, Instance};

/// A swap that was done: new calls go to another build.
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

impl ProviderHost {
    /// Puts another build in the place of the present one. The candidate is loaded and checked, says what it is, and opens
    /// the configuration; only then do new calls go to it. Calls that run end on the build that they began on. When anything
    /// is wrong with the candidate, nothing changes.
    ///
    /// Limits and `max_concurrent_requests` stay as they are. A swap to the present build is none.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the candidate.
    pub async fn swap(&self, path: &Path) -> Result<Swap, SwapError> {
        let opened = &*self.0;
        let _one_at_a_time = opened.swapping.lock().await;
        let component = ProviderComponent::load(&opened.engine, path).await?;
        if component.inspection().digest == opened.build().id.digest {
            return Ok(opened.unchanged());
        }
        let info = instance::info(component.pre(), &opened.grants)
            .await
            .map_err(|failure| SwapError::Failed {
                step: "get-info",
                error: failure.into(),
            })?;
        if info.id != opened.info.id {
            return Err(SwapError::OtherProvider {
                expected: opened.info.id.clone(),
                found: info.id,
            });
        }
        // Its warnings were heard when the configuration was opened first.
        let first = Instance::open(component.pre(), &opened.grants, &opened.config, true)
            .await
            .map_err(|failure| SwapError::Failed {
                step: "open",
                error: failure.into(),
            })?
            .map_err(|error| SwapError::Rejected(Box::new(opened.grants.redacted(error))))?;
        Ok(opened.switch(Arc::new(Build::new(component, &info, first))))
    }

    /// Puts the build that was there before the last swap in its place again; none when there was none. Rolling back twice
    /// is going forward again.
    pub async fn roll_back(&self) -> Option<Swap> {
        let _one_at_a_time = self.0.swapping.lock().await;
        let previous = {
            let builds = self.0.builds.read();
            builds
                .unwrap_or_else(PoisonError::into_inner)
                .previous
                .clone()
        };
        Some(self.0.switch(previous?))
    }
}

impl Opened {
    /// From here on new calls go to this build.
    fn switch(&self, to: Arc<Build>) -> Swap {
        let from = {
            let mut builds = self.builds.write().unwrap_or_else(PoisonError::into_inner);
            let from = Arc::clone(&builds.present);
            *builds = Builds {
                present: Arc::clone(&to),
                previous: Some(Arc::clone(&from)),
            };
            from
        };
        from.retire();
        tracing::info!("{} answers now, and no longer {}", to.id, from.id);
        Swap {
            from: from.id.clone(),
            to: to.id.clone(),
            old: from,
        }
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
}
