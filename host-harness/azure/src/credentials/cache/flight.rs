//! A fetch that several wait for.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::entry::{self, Entry};
use crate::credentials::surroundings::Clock;
use crate::credentials::{AccessToken, Credential, CredentialError};

/// A fetch that is under way. Any number may wait for it.
#[derive(Clone)]
pub(super) struct Flight(watch::Receiver<Option<Landed>>);

type Landed = Result<AccessToken, CredentialError>;

impl Flight {
    /// Whether it will land.
    pub(super) fn is_under_way(&self) -> bool {
        self.0.has_changed().is_ok()
    }
}

/// Starts a fetch, whose token the entry takes in.
pub(super) fn take_off(
    entry: &Arc<Mutex<Entry>>,
    credential: &Arc<dyn Credential>,
    scope: &str,
    clock: &Clock,
) -> Flight {
    let (sender, receiver) = watch::channel(None);
    let (entry, clock) = (Arc::clone(entry), clock.clone());
    let (credential, scope) = (Arc::clone(credential), scope.to_owned());
    tokio::spawn(async move {
        let got = fetch(credential, scope).await;
        if let Err(error) = &got {
            tracing::debug!("no token: {error}");
        }
        entry::lock(&entry).land(&got, clock());
        sender.send_replace(Some(got));
    });
    Flight(receiver)
}

/// Waits until a fetch has ended.
pub(super) async fn landed(mut flight: Flight) -> Landed {
    match flight.0.wait_for(Option::is_some).await {
        Ok(landed) => landed.clone().unwrap_or_else(|| Err(interrupted())),
        Err(_) => Err(interrupted()),
    }
}

async fn fetch(credential: Arc<dyn Credential>, scope: String) -> Landed {
    let (name, limit) = (credential.name(), credential.time_limit());
    // A task within the task: neither a panic nor a hang of a credential takes the waiting ones with it. It ends with
    // the set.
    let mut task = JoinSet::new();
    task.spawn(async move { credential.get_token(&scope).await });
    match tokio::time::timeout(limit, task.join_next()).await {
        Ok(Some(Ok(got))) => got,
        Ok(_) => Err(interrupted()),
        Err(_) => Err(CredentialError::temporary(format!(
            "{name} gave no token within {} seconds; try again, and name a credential in AZURE_TOKEN_CREDENTIALS to \
             leave out slow ones",
            limit.as_secs()
        ))),
    }
}

fn interrupted() -> CredentialError {
    CredentialError::temporary("getting the token was interrupted; try again")
}
