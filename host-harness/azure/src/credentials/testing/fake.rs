//! A credential that does what it is told.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Semaphore, watch};

use crate::credentials::{AccessToken, Credential, CredentialError};

/// A credential that does what it is told.
pub(in crate::credentials) struct Fake {
    name: &'static str,
    script: Mutex<VecDeque<Result<AccessToken, CredentialError>>>,
    calls: watch::Sender<usize>,
    /// One permit for each call that may go on.
    gate: Semaphore,
    time_limit: Duration,
}

impl Fake {
    /// One that is not available.
    pub(in crate::credentials) fn new(name: &'static str) -> Self {
        Self {
            name,
            script: Mutex::default(),
            calls: watch::channel(0).0,
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            time_limit: Duration::from_secs(60),
        }
    }

    /// What comes next. After it, the credential is not available.
    pub(in crate::credentials) fn then(
        self,
        outcome: Result<AccessToken, CredentialError>,
    ) -> Self {
        self.push(outcome);
        self
    }

    pub(in crate::credentials) fn push(&self, outcome: Result<AccessToken, CredentialError>) {
        self.script.lock().unwrap().push_back(outcome);
    }

    /// Calls wait for [`Fake::let_one_go`].
    pub(in crate::credentials) fn gated(mut self) -> Self {
        self.gate = Semaphore::new(0);
        self
    }

    pub(in crate::credentials) fn limited(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    pub(in crate::credentials) fn let_one_go(&self) {
        self.gate.add_permits(1);
    }

    pub(in crate::credentials) fn calls(&self) -> usize {
        *self.calls.borrow()
    }

    /// Waits until it has been called so many times.
    pub(in crate::credentials) async fn called(&self, calls: usize) {
        let mut seen = self.calls.subscribe();
        seen.wait_for(|&seen| seen >= calls).await.unwrap();
    }
}

#[async_trait]
impl Credential for Fake {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn get_token(&self, _: &str) -> Result<AccessToken, CredentialError> {
        self.calls.send_modify(|calls| *calls += 1);
        self.gate.acquire().await.unwrap().forget();
        let next = self.script.lock().unwrap().pop_front();
        next.unwrap_or_else(|| Err(CredentialError::unavailable("not here")))
    }

    fn time_limit(&self) -> Duration {
        self.time_limit
    }
}
