//! What providers ask of the host beside WASI: to hear their events, and for tokens.

use std::time::SystemTime;

use super::HostState;
use crate::contract::credentials as wit;
use crate::contract::events::{self, Level, Subscription};
use crate::contract::types;
use crate::credentials::{
    AccessToken, CredentialError, CredentialErrorKind, CredentialKind, TokenRequest,
};
use crate::secret::Secret;

impl types::Host for HostState {}

impl events::Host for HostState {
    fn subscribed(&mut self) -> wasmtime::Result<Subscription> {
        Ok(self.reporter.subscription())
    }

    fn emit(&mut self, name: String, payload: String) -> wasmtime::Result<()> {
        let emitted = self.reporter.emit(&name, &payload);
        emitted.map_err(|limit| self.breach(limit))
    }

    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let logged = self.reporter.log(level, &message);
        logged.map_err(|limit| self.breach(limit))
    }
}

impl wit::Host for HostState {
    async fn get_token(
        &mut self,
        request: wit::TokenRequest,
    ) -> Result<wit::AccessToken, wit::CredentialError> {
        let wit::TokenRequest {
            credential,
            scope,
            force_refresh,
        } = request;
        if !self.grants.token_scopes.contains(&scope) {
            return Err(self.out_of_scope(&scope));
        }
        let credential = match credential {
            wit::Credential::DefaultChain => CredentialKind::DefaultChain,
            wit::Credential::ManagedIdentity(client_id) => {
                CredentialKind::ManagedIdentity { client_id }
            }
        };
        let key = (credential.clone(), scope.clone());
        let request = TokenRequest {
            credential,
            scope,
            refused: self.tokens.get(&key).filter(|_| force_refresh).cloned(),
        };
        let token = self
            .grants
            .credentials
            .token(&request)
            .await
            .map_err(explain)?;
        let token = sendable(token)?;
        self.tokens.insert(key, token.token.clone());
        Ok(self.sealed(&token))
    }
}

impl HostState {
    fn sealed(&self, token: &AccessToken) -> wit::AccessToken {
        let expires_on = token.expires_on.duration_since(SystemTime::UNIX_EPOCH);
        wit::AccessToken {
            token: self.grants.secrets.seal_token(token),
            expires_on: expires_on.unwrap_or_default().as_secs(),
        }
    }

    fn out_of_scope(&self, scope: &str) -> wit::CredentialError {
        let advice = match self.grants.policy.scope_key() {
            Some(key) => format!("; if the endpoint takes them, put it into `{key}`"),
            None => String::new(),
        };
        wit::CredentialError {
            kind: wit::CredentialErrorKind::Failed,
            message: format!("this host gives providers no tokens for {scope}{advice}"),
            retry_after_ms: None,
        }
    }
}

/// A token that a header can carry: without the line's end that came with it, as from a file. One that is not one line of ASCII
/// would never get to the service, which would say that there is none.
fn sendable(token: AccessToken) -> Result<AccessToken, wit::CredentialError> {
    let text = token.token.expose().trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wit::CredentialError {
            kind: wit::CredentialErrorKind::Failed,
            message: "the credential gave something that is no token: it is empty, or has blanks, line breaks or other \
                      characters that no header can carry"
                .to_owned(),
            retry_after_ms: None,
        });
    }
    Ok(AccessToken {
        token: Secret::new(text),
        ..token
    })
}

fn explain(error: CredentialError) -> wit::CredentialError {
    let CredentialError {
        kind,
        message,
        retry_after,
    } = error;
    wit::CredentialError {
        kind: match kind {
            CredentialErrorKind::Failed => wit::CredentialErrorKind::Failed,
            CredentialErrorKind::Temporary => wit::CredentialErrorKind::Temporary,
            CredentialErrorKind::Unavailable => wit::CredentialErrorKind::Unavailable,
        },
        message,
        retry_after_ms: retry_after.and_then(|wait| wait.as_millis().try_into().ok()),
    }
}
