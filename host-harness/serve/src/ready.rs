//! Whether the provider answers.

use std::time::{Duration, Instant};

use provider_host::Provider;
use tokio::sync::Mutex;

/// What came of asking the provider last. Probes have no key, and asking runs an instance: however many probes come, it is
/// asked once in a while and by one of them.
#[derive(Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// Whether the provider answers, or did a moment ago. Why it does not is for the log.
    pub(super) async fn of(&self, host: &Provider) -> bool {
        // Held meanwhile: whoever comes then gets the same answer.
        let mut last = self.0.lock().await;
        if let Some((since, is_ready)) = *last
            && since.elapsed() < FRESH
        {
            return is_ready;
        }
        let is_ready = match tokio::time::timeout(PATIENCE, host.describe()).await {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the provider does not answer");
                false
            }
            Err(_) => {
                let seconds = PATIENCE.as_secs();
                tracing::warn!("the provider does not answer within {seconds} seconds");
                false
            }
        };
        *last = Some((Instant::now(), is_ready));
        is_ready
    }
}

/// How long an answer holds. Probes come every few seconds.
const FRESH: Duration = Duration::from_secs(1);

/// How long the provider may take for what takes it a tenth of a millisecond, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(10);
