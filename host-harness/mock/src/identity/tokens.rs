//! The access tokens that the mock has issued.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::json;

/// All tokens that are good still.
pub(crate) struct Tokens(Mutex<State>);

struct State {
    issued: HashMap<String, Issued>,
    lifetime: Duration,
    count: u64,
}

struct Issued {
    audience: String,
    at: Instant,
    lifetime: Duration,
}

/// A new token, and what its answer says of it. Times are in seconds, those of days since 1970.
pub(crate) struct NewToken {
    pub(crate) text: String,
    pub(super) not_before: u64,
    pub(super) expires_on: u64,
    pub(super) expires_in: u64,
    /// When the service would like a new one to be got. It says so for tokens that live long.
    pub(super) refresh_in: Option<u64>,
}

impl Tokens {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self(Mutex::new(State {
            issued: HashMap::new(),
            lifetime,
            count: 0,
        }))
    }

    /// Issues a token for a client.
    pub(crate) fn issue(&self, audience: &str, tenant: &str, client_id: &str) -> NewToken {
        let mut state = self.state();
        let state = &mut *state;
        state.issued.retain(|_, token| token.is_valid());
        state.count += 1;
        let (lifetime, issued_at) = (state.lifetime, now());
        let expires_in = lifetime.as_secs();
        let token = NewToken {
            text: text(
                audience,
                tenant,
                client_id,
                state.count,
                issued_at,
                expires_in,
            ),
            not_before: issued_at.saturating_sub(BEFORE_ISSUE),
            expires_on: issued_at.saturating_add(expires_in),
            expires_in,
            refresh_in: (expires_in >= LONG_LIVED).then_some(expires_in / 2),
        };
        let issued = Issued {
            audience: audience.trim_end_matches('/').to_owned(),
            at: Instant::now(),
            lifetime,
        };
        state.issued.insert(token.text.clone(), issued);
        token
    }

    /// Whether a token is one that was issued for one of these, and is good still.
    pub(crate) fn admits(&self, token: &str, audiences: &[&str]) -> bool {
        let state = self.state();
        let issued = state.issued.get(token);
        issued.is_some_and(|issued| {
            issued.is_valid() && audiences.contains(&issued.audience.as_str())
        })
    }

    pub(crate) fn set_lifetime(&self, lifetime: Duration) {
        self.state().lifetime = lifetime;
    }

    pub(crate) fn revoke(&self) {
        self.state().issued.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Issued {
    fn is_valid(&self) -> bool {
        self.at.elapsed() < self.lifetime
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// A text that looks as if nobody could guess it, and is another one for each kind and number.
pub(super) fn opaque(kind: &str, number: u64) -> String {
    let hash = digest(&SHA256, format!("{kind} {number}").as_bytes());
    URL_SAFE_NO_PAD.encode(hash)
}

/// A token in the form of the service's. No one checks its signature, and it has none.
fn text(
    audience: &str,
    tenant: &str,
    client_id: &str,
    number: u64,
    issued_at: u64,
    expires_in: u64,
) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "mock"});
    let claims = json!({
        "aud": audience,
        "iss": format!("https://sts.windows.net/{tenant}/"),
        "iat": issued_at,
        "nbf": issued_at.saturating_sub(BEFORE_ISSUE),
        "exp": issued_at.saturating_add(expires_in),
        "appid": client_id,
        "tid": tenant,
        "uti": opaque("token id", number),
        "ver": "1.0",
    });
    let [header, claims] =
        [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string().as_bytes()));
    format!("{header}.{claims}.{}", opaque("token", number))
}

/// The service's tokens are good from five minutes before they are issued, for clocks that are late.
const BEFORE_ISSUE: u64 = 300;

/// From this lifetime on, the service says when to get a new token: halfway.
const LONG_LIVED: u64 = 7200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_audience_until_it_ends() {
        let tokens = Tokens::new(Duration::from_secs(60));
        let token = tokens.issue("https://one/", "tenant", "client");
        assert!(tokens.admits(&token.text, &["https://zero", "https://one"]));
        assert!(!tokens.admits(&token.text, &["https://two"]));
        assert!(!tokens.admits("other", &["https://one"]));

        tokens.set_lifetime(Duration::ZERO);
        let late = tokens.issue("https://one", "tenant", "client");
        assert!(!tokens.admits(&late.text, &["https://one"]));
        assert!(tokens.admits(&token.text, &["https://one"]));
        assert_ne!(token.text, late.text);
        tokens.revoke();
        assert!(!tokens.admits(&token.text, &["https://one"]));
    }

    #[test]
    fn only_tokens_that_live_long_say_when_to_get_new_ones() {
        for (lifetime, refresh_in) in [(3600, None), (7199, None), (7200, Some(3600))] {
            let token = Tokens::new(Duration::from_secs(lifetime)).issue("a", "t", "c");
            assert_eq!(token.refresh_in, refresh_in, "{lifetime}");
            assert_eq!(token.expires_in, lifetime);
            assert_eq!(token.expires_on, token.not_before + 300 + lifetime);
        }
    }

    #[test]
    fn a_lifetime_may_be_as_long_as_can_be() {
        let token = Tokens::new(Duration::MAX).issue("a", "t", "c");
        assert_eq!(token.expires_on, u64::MAX);
    }
}
