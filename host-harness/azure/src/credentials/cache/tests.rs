//! When tokens are handed out, and when others are got.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod failures;
mod kept;
mod refused;

use std::time::{Duration, SystemTime};

use provider_host::secret::Secret;
use tokio::task::JoinSet;

use super::*;
use crate::credentials::CredentialErrorKind;
use crate::credentials::testing::{Fake, epoch, token};

type Waiting = JoinSet<Result<AccessToken, CredentialError>>;

/// A cache whose clock stands still until it is set, and the credential that it asks.
struct Bench {
    cache: Arc<Cache>,
    fake: Arc<Fake>,
    now: Arc<Mutex<SystemTime>>,
}

impl Bench {
    fn new(fake: Fake) -> Self {
        let now = Arc::new(Mutex::new(epoch()));
        let clock = Arc::clone(&now);
        Self {
            cache: Arc::new(Cache::new(Arc::new(move || *clock.lock().unwrap()))),
            fake: Arc::new(fake),
            now,
        }
    }

    /// Sets the clock to so many seconds after the beginning.
    fn at(&self, seconds: u64) {
        *self.now.lock().unwrap() = epoch() + Duration::from_secs(seconds);
    }

    /// The token's name, or the error's message.
    async fn got(&self) -> Result<String, String> {
        self.ask(None).await
    }

    async fn got_after(&self, refused: &str) -> Result<String, String> {
        self.ask(Some(refused)).await
    }

    async fn ask(&self, refused: Option<&str>) -> Result<String, String> {
        let got = self
            .cache
            .token(&request(refused), &self.credential())
            .await;
        got.map(|token| token.token.expose().to_owned())
            .map_err(|error| error.message)
    }

    /// So many requests at the same time, which wait for the fetch that this is.
    async fn ask_at_once(&self, requests: usize, refused: Option<&str>, fetch: usize) -> Waiting {
        let mut waiting = JoinSet::new();
        for _ in 0..requests {
            let (cache, credential) = (Arc::clone(&self.cache), self.credential());
            let request = request(refused);
            waiting.spawn(async move { cache.token(&request, &credential).await });
        }
        self.fake.called(fetch).await;
        self.settle().await;
        waiting
    }

    fn credential(&self) -> Arc<dyn Credential> {
        Arc::clone(&self.fake) as _
    }

    /// Lets the tasks in the background run until they wait for something: tests have one thread.
    async fn settle(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
}

fn request(refused: Option<&str>) -> TokenRequest {
    TokenRequest::new(CredentialKind::DefaultChain, "s").with_refused(refused.map(Secret::new))
}

fn temporary(seconds: Option<u64>) -> CredentialError {
    CredentialError::temporary("busy").with_retry_after(seconds.map(Duration::from_secs))
}

fn ok(name: &str) -> Result<String, String> {
    Ok(name.to_owned())
}
