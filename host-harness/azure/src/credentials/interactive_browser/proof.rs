//! What ties the parts of a sign-in together: a state for the browser, and PKCE for the token endpoint.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use provider_host::secret::Secret;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

/// Two values that nobody else knows before the sign-in begins.
#[derive(Clone)]
pub(super) struct Proof {
    /// Comes back with the redirect.
    pub(super) state: String,
    /// Goes to the token endpoint with the code, which is worth nothing without it.
    pub(super) verifier: Secret,
}

impl Proof {
    /// New values; none if the system gives no random bytes.
    pub(super) fn new() -> Option<Self> {
        Some(Self {
            state: random()?,
            verifier: Secret::new(random()?),
        })
    }

    /// What the browser shows of the verifier.
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.verifier.expose().as_bytes()))
    }

    /// Whether this is the state. Digests are compared, so that the time it takes tells nothing of the state itself.
    pub(super) fn has_state(&self, state: &str) -> bool {
        let of = |text: &str| digest(&SHA256, text.as_bytes());
        of(state).as_ref() == of(&self.state).as_ref()
    }
}

fn random() -> Option<String> {
    let mut bytes = [0; RANDOM_BYTES];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

/// 43 characters, the fewest that PKCE allows: 256 bits are beyond guessing.
const RANDOM_BYTES: usize = 32;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_the_standard() {
        // RFC 7636, appendix B.
        let proof = Proof {
            state: String::new(),
            verifier: Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        };
        assert_eq!(
            proof.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn every_sign_in_has_values_of_its_own() {
        let (one, other) = (Proof::new().unwrap(), Proof::new().unwrap());
        assert!(one.has_state(&one.state));
        assert!(!one.has_state(&other.state) && !one.has_state(""));
        assert_ne!(one.verifier, other.verifier);
        assert_ne!(one.state, one.verifier.expose());
        assert_eq!(one.verifier.expose().len(), 43);
    }
}
