//! A person who signs in with a browser: the authorization code flow with PKCE, and a redirect to this machine.

mod browser;
mod grant;
mod page;
mod proof;
mod redirect;

use std::convert::Infallible;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use provider_host::secret::Secret;
use tokio::sync::Mutex;
use url::Url;

use self::browser::{BrowserOpener, SystemBrowser};
use self::grant::Grant;
use self::proof::Proof;
use self::redirect::RedirectListener;
use super::entra::{Authority, TENANT_ID, TokenEndpoint};
use super::surroundings::{Surroundings, TimeLimit};
use super::{AccessToken, Credential, CredentialError};

/// A person who signs in with a browser. Only for where a person is at the terminal.
///
/// Once somebody has signed in, the refresh token serves for as long as it is good.
pub(super) struct InteractiveBrowserCredential {
    surroundings: Arc<Surroundings>,
    opener: Arc<dyn BrowserOpener>,
    tell: Arc<dyn Fn(&str) + Send + Sync>,
    time_limit: TimeLimit,
    refresh_token: Mutex<Option<Secret>>,
}

impl InteractiveBrowserCredential {
    /// The credential of whoever signs in with the browser of these surroundings.
    pub(super) fn new(surroundings: Arc<Surroundings>) -> Self {
        Self {
            opener: Arc::new(SystemBrowser::new(Arc::clone(&surroundings))),
            // Whoever cannot be told signs in without it: the browser is open.
            tell: Arc::new(|line| drop(writeln!(io::stderr(), "{line}"))),
            surroundings,
            time_limit: TimeLimit::Of(SIGN_IN_LIMIT),
            refresh_token: Mutex::new(None),
        }
    }

    fn authority(&self) -> Result<Authority, CredentialError> {
        let tenant = self.surroundings.variable(TENANT_ID);
        Authority::of(&self.surroundings, tenant.unwrap_or(ANY_ORGANIZATION))
    }

    /// Has the person sign in.
    async fn sign_in(&self, authority: &Authority, scope: &str) -> Result<Grant, CredentialError> {
        let proof = Proof::new().ok_or_else(|| {
            CredentialError::failed("this machine's source of random numbers does not work")
        })?;
        let listener = RedirectListener::bind().await.map_err(|error| {
            CredentialError::failed(format!(
                "cannot listen on this machine for the end of the sign-in: {error}"
            ))
        })?;
        let redirect_uri = listener.uri();
        let address = authorize_address(authority, scope, &proof, &redirect_uri);
        let answer = tokio::select! {
            answer = self.time_limit.enforce(listener.code(&proof)) => answer,
            never = self.show(&address) => match never {},
        };
        let code = answer.ok_or_else(|| {
            CredentialError::failed(format!(
                "nobody signed in with the browser within {SIGN_IN_MINUTES} minutes; try again, or use another \
                 credential, such as `az login`"
            ))
        })?;
        Ok(Grant::Code {
            code: code.map_err(|error| CredentialError::failed(error.to_string()))?,
            redirect_uri,
            verifier: proof.verifier,
        })
    }

    /// Opens the browser. Does not end, since only the redirect ends a sign-in.
    async fn show(&self, address: &Url) -> Infallible {
        (self.tell)(&format!(
            "Sign in to Azure in the browser; waiting for {SIGN_IN_MINUTES} minutes at most."
        ));
        if let Err(reason) = self.opener.open(address).await {
            (self.tell)(&format!(
                "No browser could be opened ({reason}). Open this address in one on this machine:\n{address}"
            ));
        }
        std::future::pending().await
    }
}

#[async_trait]
impl Credential for InteractiveBrowserCredential {
    fn name(&self) -> &'static str {
        "InteractiveBrowserCredential"
    }

    async fn get_token(&self, scope: &str) -> Result<AccessToken, CredentialError> {
        let authority = self.authority()?;
        let endpoint = TokenEndpoint::new(Arc::clone(&self.surroundings), &authority);
        let scope = format!("{scope} {SIGN_IN_SCOPES}");
        // Held throughout: whoever comes meanwhile uses the sign-in of the first, and asks for none of their own.
        let mut refresh_token = self.refresh_token.lock().await;
        if let Some(present) = refresh_token.clone() {
            match Grant::RefreshToken(present).redeem(&endpoint, &scope).await {
                Ok(tokens) => {
                    *refresh_token = tokens.refresh_token.or(refresh_token.take());
                    return Ok(tokens.access_token);
                }
                Err(error) if error.needs_person => *refresh_token = None,
                Err(error) => return Err(error.error),
            }
        }
        let grant = self.sign_in(&authority, &scope).await?;
        // A code is good for one try, so that nothing here may be tried again without the person.
        let tokens = grant.redeem(&endpoint, &scope).await;
        let tokens = tokens.map_err(|error| CredentialError::failed(error.error.message))?;
        *refresh_token = tokens.refresh_token;
        Ok(tokens.access_token)
    }

    async fn origin(&self) -> Result<String, CredentialError> {
        self.authority()?;
        Ok("a person who signs in with a browser".to_owned())
    }

    /// The person's time, and some for the requests after it.
    fn time_limit(&self) -> Duration {
        SIGN_IN_LIMIT + Duration::from_secs(60)
    }
}

fn authorize_address(authority: &Authority, scope: &str, proof: &Proof, redirect_uri: &str) -> Url {
    let mut address = authority.endpoint("authorize");
    address
        .query_pairs_mut()
        .append_pair("client_id", CLIENT_ID)
        .append_pair("response_type", "code")
        .append_pair("response_mode", "query")
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", scope)
        .append_pair("state", &proof.state)
        .append_pair("code_challenge", &proof.challenge())
        .append_pair("code_challenge_method", "S256")
        // The browser's own session may be another account's.
        .append_pair("prompt", "select_account");
    address
}

/// The application for developers' sign-ins that Azure's own libraries use; it exists in every tenant and cloud.
const CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Instead of a tenant: the one that the account is at home in.
const ANY_ORGANIZATION: &str = "organizations";

/// What is asked for besides the scope: a refresh token, and the two that come with every sign-in.
const SIGN_IN_SCOPES: &str = "openid profile offline_access";

/// How long a person may take. Finding a second factor takes minutes; a window that nobody has touched for longer was
/// closed or overlooked, and whoever waits for the token must learn that.
const SIGN_IN_LIMIT: Duration = Duration::from_secs(60 * SIGN_IN_MINUTES);
const SIGN_IN_MINUTES: u64 = 5;

#[cfg(test)]
mod tests;
