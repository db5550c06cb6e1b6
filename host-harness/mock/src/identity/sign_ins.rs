//! People who have signed in: the codes that their clients exchange, and the refresh tokens that stay.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::refusal::Refusal;
use super::tokens::opaque;

/// All sign-ins of a mock.
pub(crate) struct SignIns {
    state: Mutex<State>,
    code_lifetime: Duration,
}

#[derive(Default)]
struct State {
    codes: HashMap<String, Code>,
    refresh_tokens: HashMap<String, RefreshToken>,
    declines: usize,
    count: u64,
}

/// What a person has agreed to.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) tenant: String,
    pub(super) client_id: String,
    /// The scopes, as the client asked for them.
    pub(super) scope: String,
    /// What the access tokens are for.
    pub(super) resource: String,
    /// Whether refresh tokens come with them.
    pub(super) is_offline: bool,
}

/// An authorization code.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect_uri: String,
    /// The hash of the verifier that only the client which asked for the code knows.
    pub(super) challenge: String,
    issued: Instant,
    state: CodeState,
}

#[derive(Clone, Copy)]
enum CodeState {
    New,
    Redeemed,
    Revoked,
}

struct RefreshToken {
    grant: Grant,
    is_revoked: bool,
}

impl SignIns {
    pub(super) fn new(code_lifetime: Duration) -> Self {
        Self {
            state: Mutex::default(),
            code_lifetime,
        }
    }

    /// Lets one more person decline.
    pub(crate) fn decline_next(&self) {
        self.state().declines += 1;
    }

    /// Whether this person declines.
    pub(super) fn declines(&self) -> bool {
        let mut state = self.state();
        let declines = state.declines > 0;
        state.declines = state.declines.saturating_sub(1);
        declines
    }

    /// A person has signed in.
    pub(super) fn issue_code(
        &self,
        grant: Grant,
        redirect_uri: String,
        challenge: String,
    ) -> String {
        let mut state = self.state();
        let text = state.next("authorization code");
        let code = Code {
            grant,
            redirect_uri,
            challenge,
            issued: Instant::now(),
            state: CodeState::New,
        };
        state.codes.insert(text.clone(), code);
        text
    }

    /// A code, once, if it is good still and `check` finds nothing against it. A code that is refused can be sent again.
    pub(super) fn redeem(
        &self,
        text: &str,
        check: impl FnOnce(&Code) -> Result<(), Refusal>,
    ) -> Result<Grant, Refusal> {
        let mut state = self.state();
        let code = state
            .codes
            .get_mut(text)
            .ok_or_else(Refusal::malformed_code)?;
        match code.state {
            CodeState::New if code.issued.elapsed() < self.code_lifetime => {}
            CodeState::New => return Err(Refusal::expired_code()),
            CodeState::Redeemed => return Err(Refusal::redeemed_code()),
            CodeState::Revoked => return Err(Refusal::revoked()),
        }
        check(code)?;
        code.state = CodeState::Redeemed;
        Ok(code.grant.clone())
    }

    /// A refresh token for later.
    pub(super) fn issue_refresh_token(&self, grant: Grant) -> String {
        let mut state = self.state();
        let text = state.next("refresh token");
        let token = RefreshToken {
            grant,
            is_revoked: false,
        };
        state.refresh_tokens.insert(text.clone(), token);
        text
    }

    /// What a refresh token of this client stands for.
    pub(super) fn refresh(
        &self,
        text: &str,
        tenant: &str,
        client_id: &str,
    ) -> Result<Grant, Refusal> {
        let state = self.state();
        let token = state
            .refresh_tokens
            .get(text)
            .filter(|token| (&*token.grant.tenant, &*token.grant.client_id) == (tenant, client_id))
            .ok_or_else(Refusal::unknown_refresh_token)?;
        match token.is_revoked {
            true => Err(Refusal::revoked()),
            false => Ok(token.grant.clone()),
        }
    }

    /// Ends all sign-ins.
    pub(crate) fn revoke(&self) {
        let mut state = self.state();
        for code in state.codes.values_mut() {
            code.state = CodeState::Revoked;
        }
        for token in state.refresh_tokens.values_mut() {
            token.is_revoked = true;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self, kind: &str) -> String {
        self.count += 1;
        opaque(kind, self.count)
    }
}
