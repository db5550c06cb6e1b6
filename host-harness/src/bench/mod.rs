//! Measures a provider and its host beside a bare HTTP client, in one run and on the same server, so that the differences
//! hold on a noisy machine.

mod component;
mod exchanges;
mod load;
mod numbers;
mod plot;
mod report;
mod subject;

use std::path::Path;

pub use self::load::Level;
pub use self::report::{Report, Row};
use self::subject::Subject;
use crate::component::LoadError;
use crate::host::CallError;

/// A server to measure against: a mock, in a process of its own, so that what it computes is not counted.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its address.
    pub endpoint: String,
    /// Its key.
    pub api_key: String,
}

/// How much is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effort {
    /// How often something short is measured.
    pub short: usize,
    /// How often something longer is measured.
    pub long: usize,
    /// How many words streams have.
    pub words: usize,
    /// How many messages the shorter history has; the longer one has ten times as many.
    pub messages: usize,
    /// How many streams run at once for the row on concurrency.
    pub streams: usize,
    /// How many instances are kept idle for the row on their memory.
    pub instances: usize,
    /// How many requests run at once for the plot, one number after the other.
    pub levels: Vec<usize>,
    /// How many requests there are for each of them.
    pub requests: usize,
}

impl Effort {
    /// Enough for figures that can be compared: some twenty seconds.
    pub fn full() -> Self {
        Self {
            short: 400,
            long: 60,
            words: 500,
            messages: 100,
            streams: 1_000,
            instances: 32,
            levels: vec![1, 4, 16, 64, 256],
            requests: 1_000,
        }
    }

    /// Enough to see that everything can be measured: some seconds.
    pub fn quick() -> Self {
        Self {
            short: 40,
            long: 10,
            words: 500,
            messages: 40,
            streams: 100,
            instances: 8,
            levels: vec![1, 4, 16],
            requests: 64,
        }
    }
}

/// Measures everything, and tells what comes next.
///
/// # Errors
///
/// When the component cannot be loaded, or an exchange with the server fails.
pub async fn run(
    path: &Path,
    server: &Server,
    effort: &Effort,
    mut tell: impl FnMut(&str),
) -> Result<Report, BenchError> {
    tell("the component");
    let mut rows = component::rows(path, effort).await?;
    let subject = Subject::new(path, server).await?;
    tell("memory");
    rows.push(component::memory(&subject, effort).await?);
    tell("one exchange");
    rows.push(exchanges::overhead(&subject, effort).await?);
    tell("a long stream");
    rows.push(exchanges::stream(&subject, effort).await?);
    tell("a long history");
    rows.push(exchanges::history(&subject, effort).await?);
    tell("many streams");
    rows.extend(load::streams(&subject, effort).await?);
    let mut levels = Vec::new();
    for concurrency in &effort.levels {
        tell(&format!("{concurrency} at once"));
        levels.push(load::level(&subject, *concurrency, effort.requests).await?);
    }
    Ok(Report { rows, levels })
}

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The component does not run here.
    #[error(transparent)]
    Load(#[from] LoadError),

    /// The provider failed.
    #[error("an exchange failed while it was measured: {0}")]
    Call(#[from] CallError),

    /// The bare client failed.
    #[error("the bare client failed while it was measured: {0}")]
    Bare(String),
}
