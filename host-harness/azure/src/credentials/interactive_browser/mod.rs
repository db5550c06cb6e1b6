//! A person who signs in: with the browser of this machine, by the authorization code flow with PKCE and a redirect to this
//! machine, or with any browser, by a code that the terminal shows.

mod browser;
mod device_code;
mod page;
mod redirect;

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use oauth2::{
    AuthorizationCode, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken,
    Scope,
};
use provider_host::secret::Secret;
use tokio::sync::Mutex;
use url::Url;

use self::browser::{BrowserOpener, SystemBrowser};
use self::device_code::DeviceCode;
use self::redirect::RedirectListener;
use super::answers::TokenAnswer;
use super::entra::{Authority, EntraClient, Exchange, NoToken, TENANT_ID};
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

    /// The tokens that an earlier sign-in is good for; none if the person is needed again.
    async fn refresh(
        &self,
        tenant: &Tenant,
        refresh_token: &Secret,
    ) -> Result<Option<TokenAnswer>, CredentialError> {
        let exchange = Exchange::new(
            &self.surroundings,
            &tenant.authority,
            [refresh_token.clone()],
        );
        let refresh_token = RefreshToken::new(refresh_token.expose().to_owned());
        let request = tenant.client.exchange_refresh_token(&refresh_token);
        let request = request.add_scope(tenant.scope.clone());
        match exchange.tokens(request.request_async(&exchange).await) {
            Ok(tokens) => Ok(Some(tokens)),
            Err(NoToken::Refused(error)) if error.is_one_of(&NEEDS_PERSON) => Ok(None),
            Err(no_token) => Err(refused(&exchange, no_token)),
        }
    }

    /// Has the person sign in.
    async fn sign_in(&self, tenant: &Tenant) -> Result<TokenAnswer, CredentialError> {
        let cannot_listen = |why: &dyn std::fmt::Display| {
            CredentialError::failed(format!(
                "cannot listen on this machine for the end of the sign-in: {why}"
            ))
        };
        let listener = RedirectListener::bind().await;
        let listener = listener.map_err(|error| cannot_listen(&error))?;
        let redirect = RedirectUrl::new(listener.uri()).map_err(|error| cannot_listen(&error))?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (address, state) = tenant
            .client
            .authorize_url(CsrfToken::new_random)
            .add_scope(tenant.scope.clone())
            .set_redirect_uri(Cow::Borrowed(&redirect))
            .set_pkce_challenge(challenge)
            .add_extra_param("response_mode", "query")
            // The browser's own session may be another account's.
            .add_extra_param("prompt", "select_account")
            .url();
        let signed_in = async {
            tokio::select! {
                code = listener.code(&state) => match code {
                    Ok(code) => Ok(SignedIn::Code(code)),
                    Err(error) => Err(CredentialError::failed(error.to_string())),
                },
                tokens = self.show(tenant, &address) => tokens.map(SignedIn::Tokens),
            }
        };
        let signed_in = self.time_limit.enforce(signed_in).await.ok_or_else(|| {
            CredentialError::failed(format!(
                "nobody signed in with the browser within {SIGN_IN_MINUTES} minutes; try again, or use another \
                 credential, such as `az login`"
            ))
        })?;
        match signed_in? {
            SignedIn::Code(code) => self.redeem(tenant, code, &redirect, verifier).await,
            SignedIn::Tokens(tokens) => Ok(tokens),
        }
    }

    /// Turns what the browser brought into tokens.
    async fn redeem(
        &self,
        tenant: &Tenant,
        code: Secret,
        redirect: &RedirectUrl,
        verifier: PkceCodeVerifier,
    ) -> Result<TokenAnswer, CredentialError> {
        let secrets = [code.clone(), Secret::new(verifier.secret().as_str())];
        let exchange = Exchange::new(&self.surroundings, &tenant.authority, secrets);
        let answer = tenant
            .client
            .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
            .set_redirect_uri(Cow::Borrowed(redirect))
            .set_pkce_verifier(verifier)
            .add_extra_param("scope", tenant.scope.as_str())
            .request_async(&exchange)
            .await;
        let tokens = exchange.tokens(answer);
        tokens.map_err(|no_token| refused(&exchange, no_token))
    }

    /// Opens the browser. Where that cannot be done, the person gets a code for a browser anywhere, and this ends with what
    /// came of it. Else it does not end, since only the redirect ends a sign-in.
    async fn show(&self, tenant: &Tenant, address: &Url) -> Result<TokenAnswer, CredentialError> {
        (self.tell)(&format!(
            "Sign in to Azure in the browser; waiting for {SIGN_IN_MINUTES} minutes at most."
        ));
        let Err(reason) = self.opener.open(address).await else {
            return std::future::pending().await;
        };
        match DeviceCode::request(&self.surroundings, tenant).await {
            Ok(device_code) => {
                (self.tell)(&format!(
                    "No browser could be opened ({reason}). {}\nOr open this address in a browser on this machine:\n\
                     {address}",
                    device_code.instruction()
                ));
                let tokens = device_code.tokens(&self.surroundings, tenant).await;
                tokens.map_err(|(exchange, no_token)| refused(&exchange, no_token))
            }
            // Not every authority has such codes.
            Err(_) => {
                (self.tell)(&format!(
                    "No browser could be opened ({reason}). Open this address in one on this machine:\n{address}"
                ));
                std::future::pending().await
            }
        }
    }
}

#[async_trait]
impl Credential for InteractiveBrowserCredential {
    fn name(&self) -> &'static str {
        "InteractiveBrowserCredential"
    }

    async fn get_token(&self, scope: &str) -> Result<AccessToken, CredentialError> {
        let authority = self.authority()?;
        let tenant = Tenant {
            client: authority.client(CLIENT_ID),
            authority,
            scope: Scope::new(format!("{scope} {SIGN_IN_SCOPES}")),
        };
        // Held throughout: whoever comes meanwhile uses the sign-in of the first, and asks for none of their own.
        let mut refresh_token = self.refresh_token.lock().await;
        if let Some(present) = &*refresh_token {
            if let Some(tokens) = self.refresh(&tenant, present).await? {
                if tokens.refresh_token.is_some() {
                    *refresh_token = tokens.refresh_token;
                }
                return Ok(tokens.access_token);
            }
            *refresh_token = None;
        }
        // A code is good for one try, so that nothing here may be tried again without the person.
        let tokens = self.sign_in(&tenant).await;
        let tokens = tokens.map_err(|error| CredentialError::failed(error.message))?;
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

/// Where a person signs in, and what for.
struct Tenant {
    authority: Authority,
    client: EntraClient,
    scope: Scope,
}

/// What a sign-in leaves.
enum SignedIn {
    /// What the browser of this machine brought.
    Code(Secret),
    /// What a browser elsewhere has led to.
    Tokens(TokenAnswer),
}

fn refused(exchange: &Exchange, no_token: NoToken) -> CredentialError {
    match no_token {
        NoToken::Other(error) => error,
        NoToken::Refused(error) => CredentialError::failed(format!(
            "{} refused the sign-in: {error}; try again, or ask the tenant's administrator",
            exchange.host()
        )),
    }
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

/// The errors that a sign-in mends: the refresh token has ended or was revoked, or a rule of the tenant wants the person.
const NEEDS_PERSON: [&str; 4] = [
    "consent_required",
    "interaction_required",
    "invalid_grant",
    "login_required",
];

#[cfg(test)]
mod tests;
