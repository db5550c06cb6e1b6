//! One token, and what is known about getting the next.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use provider_host::secret::Secret;

use super::flight::Flight;
use crate::credentials::{AccessToken, CredentialError, CredentialErrorKind};

/// One token, and what is known about getting the next.
#[derive(Default)]
pub(super) struct Entry {
    token: Option<AccessToken>,
    /// The fetch that is under way.
    flight: Option<Flight>,
    /// When the last fetch ended.
    last_fetch: Option<SystemTime>,
    /// When a token was last got because the one here was refused.
    last_forced: Option<SystemTime>,
    failure: Option<Failure>,
}

/// A failure that stands for the next one too.
struct Failure {
    error: CredentialError,
    since: SystemTime,
    /// How long not to ask again.
    pause: Duration,
}

/// What to do with a request.
pub(super) enum Decision {
    HandOut(AccessToken),
    /// And get another in the background.
    HandOutAndReplace(AccessToken),
    Refuse(CredentialError),
    /// Get another, and wait for it.
    Wait,
}

impl Entry {
    /// What to do with a request whose last token was refused, or not.
    pub(super) fn decide(&mut self, refused: Option<&Secret>, now: SystemTime) -> Decision {
        let Some(token) = self.token.clone() else {
            return self.wait(None, now);
        };
        let is_under_way = self.flight.as_ref().is_some_and(Flight::is_under_way);
        if refused == Some(&token.token) {
            if is_under_way {
                return Decision::Wait;
            }
            // Where the service refuses every token, getting another for each request would help nobody.
            if !is_within(self.last_forced, FORCED_PAUSE, now) {
                let decision = self.wait(None, now);
                if matches!(decision, Decision::Wait) {
                    self.last_forced = Some(now);
                }
                return decision;
            }
        }
        let left = left(&token, now);
        if left < MIN_LEFT {
            return self.wait((!left.is_zero()).then_some(token), now);
        }
        let is_due = left <= EARLY || token.refresh_on.is_some_and(|on| on <= now);
        let may_fetch = !is_under_way
            && !is_within(self.last_fetch, BACKGROUND_PAUSE, now)
            && self.remembered(now).is_none();
        match is_due && may_fetch {
            true => Decision::HandOutAndReplace(token),
            false => Decision::HandOut(token),
        }
    }

    /// Waits for a fetch, unless the last one failed just now.
    fn wait(&self, fallback: Option<AccessToken>, now: SystemTime) -> Decision {
        match (self.remembered(now), fallback) {
            (None, _) => Decision::Wait,
            (Some(_), Some(token)) => Decision::HandOut(token),
            (Some(error), None) => Decision::Refuse(error),
        }
    }

    /// The fetch that is under way, or else a new one.
    pub(super) fn join(&mut self, take_off: impl FnOnce() -> Flight) -> Flight {
        // One whose runtime has ended never lands.
        self.flight.take_if(|flight| !flight.is_under_way());
        self.flight.get_or_insert_with(take_off).clone()
    }

    /// Takes in what a fetch has brought.
    pub(super) fn land(&mut self, got: &Result<AccessToken, CredentialError>, now: SystemTime) {
        self.flight = None;
        self.last_fetch = Some(now);
        match got {
            Ok(token) => self.keep(token.clone()),
            Err(error) => {
                self.failure = Some(Failure {
                    error: error.clone(),
                    since: now,
                    pause: pause(error),
                });
            }
        }
    }

    pub(super) fn keep(&mut self, token: AccessToken) {
        self.token = Some(token);
        self.failure = None;
    }

    /// The token, if it is valid and was not refused.
    pub(super) fn still_valid(
        &self,
        refused: Option<&Secret>,
        now: SystemTime,
    ) -> Option<AccessToken> {
        let token = self.token.as_ref()?;
        let is_good = refused != Some(&token.token) && !left(token, now).is_zero();
        is_good.then(|| token.clone())
    }

    /// The last failure, if it is too early to ask again.
    fn remembered(&self, now: SystemTime) -> Option<CredentialError> {
        let failure = self.failure.as_ref()?;
        let since = now.duration_since(failure.since).ok()?;
        let left = failure
            .pause
            .checked_sub(since)
            .filter(|left| !left.is_zero())?;
        let mut error = failure.error.clone();
        error.retry_after = error.retry_after.map(|_| left);
        Some(error)
    }
}

pub(super) fn lock(entry: &Mutex<Entry>) -> MutexGuard<'_, Entry> {
    // It is whole after every step, so that a panic elsewhere does no harm.
    entry.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a token is valid yet.
fn left(token: &AccessToken, now: SystemTime) -> Duration {
    token.expires_on.duration_since(now).unwrap_or_default()
}

/// Whether something happened less than this long ago. What lies in the future does not count: the clock was set back.
fn is_within(event: Option<SystemTime>, span: Duration, now: SystemTime) -> bool {
    let since = event.and_then(|event| now.duration_since(event).ok());
    since.is_some_and(|since| since < span)
}

fn pause(error: &CredentialError) -> Duration {
    match error.kind {
        CredentialErrorKind::Temporary => error.retry_after.unwrap_or_default().min(MAX_PAUSE),
        CredentialErrorKind::Unavailable | CredentialErrorKind::Failed => FAILURE_PAUSE,
    }
}

/// A token with this much left is replaced in the background: the margin of Azure's own libraries.
const EARLY: Duration = Duration::from_secs(300);

/// A token with less left is not handed out when another can be had: the request would arrive with it too late.
const MIN_LEFT: Duration = Duration::from_secs(30);

/// How long to wait between fetches in the background, as Azure's own libraries do.
const BACKGROUND_PAUSE: Duration = Duration::from_secs(30);

/// How long to wait between fetches because of refused tokens.
const FORCED_PAUSE: Duration = Duration::from_secs(10);

/// How long a failure that does not pass by itself stands for the next: a storm of requests must be no storm of token
/// requests, and whoever mends it must not wait long.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

/// How long a service can make us wait at most.
const MAX_PAUSE: Duration = Duration::from_secs(3600);
