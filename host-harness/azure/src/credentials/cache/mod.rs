//! Tokens that are kept while they are good.
//!
//! However many requests ask for a token at once, one fetch is under way for it. A fetch runs in a task of its own, so
//! that whoever asked first may give up without taking it away from the others. A token that ends soon is replaced in
//! the background while it is handed out.

mod entry;
mod flight;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use self::entry::{Decision, Entry};
use super::surroundings::Clock;
use super::{AccessToken, Credential, CredentialError, CredentialKind, TokenRequest};

/// Tokens by credential and scope.
pub(super) struct Cache {
    slots: Mutex<HashMap<Key, Slot>>,
    clock: Clock,
}

/// With which credential, and for what.
type Key = (CredentialKind, String);

type Slot = Arc<Mutex<Entry>>;

impl Cache {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            slots: Mutex::default(),
            clock,
        }
    }

    /// The token that is kept, or a new one of this credential.
    pub(super) async fn token(
        &self,
        request: &TokenRequest,
        credential: &Arc<dyn Credential>,
    ) -> Result<AccessToken, CredentialError> {
        let slot = self.slot(&request.credential, &request.scope);
        let refused = request.refused.as_ref();
        let flight = {
            let mut entry = entry::lock(&slot);
            let take_off = || flight::take_off(&slot, credential, &request.scope, &self.clock);
            match entry.decide(refused, (self.clock)()) {
                Decision::HandOut(token) => return Ok(token),
                Decision::HandOutAndReplace(token) => {
                    entry.join(take_off);
                    return Ok(token);
                }
                Decision::Refuse(error) => return Err(error),
                Decision::Wait => entry.join(take_off),
            }
        };
        let landed = flight::landed(flight).await;
        // While it is valid, the old token is better than none.
        landed.or_else(|error| {
            let token = entry::lock(&slot).still_valid(refused, (self.clock)());
            token.ok_or(error)
        })
    }

    /// Keeps a token that was got elsewhere.
    pub(super) fn keep(&self, credential: &CredentialKind, scope: &str, token: AccessToken) {
        let slot = self.slot(credential, scope);
        entry::lock(&slot).keep(token);
    }

    fn slot(&self, credential: &CredentialKind, scope: &str) -> Slot {
        let key = (credential.clone(), scope.to_owned());
        // What is in the map is whole after every step, so that a panic elsewhere does no harm.
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MAX_SLOTS && !slots.contains_key(&key) {
            slots.clear();
        }
        Arc::clone(slots.entry(key).or_default())
    }
}

/// How many tokens are kept. A provider has one credential and one scope; a hostile one could make up any number, and
/// then tokens are got again.
const MAX_SLOTS: usize = 64;

#[cfg(test)]
mod tests;
