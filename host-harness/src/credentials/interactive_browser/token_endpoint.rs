//! The token endpoint of Microsoft Entra ID, as an application without a secret uses it.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded;

use super::CLIENT_ID;
use crate::credentials::transport::{Answer, Request, Transport, TransportError};
use crate::credentials::words::first_error_line;
use crate::credentials::{AccessToken, CredentialError};
use crate::secret::Secret;

/// Gives tokens for what a sign-in has left.
pub(super) struct TokenEndpoint<'a> {
    pub(super) transport: &'a Transport,
    pub(super) url: Url,
    pub(super) scope: &'a str,
}

/// What a token is given for.
pub(super) enum Grant {
    /// What the browser brought.
    Code {
        code: Secret,
        redirect_uri: String,
        verifier: Secret,
    },
    /// What came with an earlier token.
    RefreshToken(Secret),
}

/// What it gives.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) access_token: AccessToken,
    pub(super) refresh_token: Option<Secret>,
}

/// Why it gave none. The first field is the endpoint's address.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenEndpointError {
    /// There is no answer.
    #[error("{0} gave no answer: {1}; check the network and the proxy settings")]
    NoAnswer(Url, TransportError),
    /// It asks to wait, or has trouble of its own.
    #[error("{0} answered with status {1}; try again later")]
    Busy(Url, StatusCode, Option<Duration>),
    /// It says no.
    #[error("{0} refused the sign-in: {reason}", reason = .1.words())]
    Refused(Url, Refusal),
    /// Something answers there that is no token endpoint.
    #[error(
        "{0} answered with status {1} and neither a token nor an error; check AZURE_AUTHORITY_HOST, and whether a \
         proxy answers in its place"
    )]
    NoTokenEndpoint(Url, StatusCode),
}

/// An error of the token endpoint.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl TokenEndpoint<'_> {
    /// Turns a grant into tokens.
    pub(super) async fn redeem(&self, grant: Grant) -> Result<Tokens, TokenEndpointError> {
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form);
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::ACCEPT, json);
        let request = Request {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: grant.form(self.scope).into(),
            connect_timeout: CONNECT_TIMEOUT,
            timeout: TIMEOUT,
        };
        let answer = self.transport.send(request).await;
        let answer =
            answer.map_err(|error| TokenEndpointError::NoAnswer(self.url.clone(), error))?;
        self.read(&answer, SystemTime::now())
    }

    fn read(&self, answer: &Answer, now: SystemTime) -> Result<Tokens, TokenEndpointError> {
        let url = || self.url.clone();
        let status = answer.status;
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let wait = answer.headers.get(header::RETRY_AFTER);
            let wait = wait.and_then(|wait| wait.to_str().ok()?.trim().parse().ok());
            return Err(TokenEndpointError::Busy(
                url(),
                status,
                wait.map(Duration::from_secs),
            ));
        }
        let tokens = match status.is_success() {
            true => serde_json::from_slice(&answer.body)
                .ok()
                .and_then(|response: TokenResponse| response.tokens(now)),
            false => None,
        };
        tokens.ok_or_else(|| match serde_json::from_slice(&answer.body) {
            Ok(refusal) => TokenEndpointError::Refused(url(), refusal),
            Err(_) => TokenEndpointError::NoTokenEndpoint(url(), status),
        })
    }
}

impl Grant {
    fn form(&self, scope: &str) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("client_id", CLIENT_ID)
            .append_pair("scope", scope);
        match self {
            Self::Code {
                code,
                redirect_uri,
                verifier,
            } => form
                .append_pair("grant_type", "authorization_code")
                .append_pair("code", code.expose())
                .append_pair("redirect_uri", redirect_uri)
                .append_pair("code_verifier", verifier.expose()),
            Self::RefreshToken(token) => form
                .append_pair("grant_type", "refresh_token")
                .append_pair("refresh_token", token.expose()),
        };
        form.finish()
    }
}

impl TokenEndpointError {
    /// Whether a refresh token is of no more use and the person has to sign in again.
    pub(super) fn needs_person(&self) -> bool {
        matches!(self, Self::Refused(_, refusal) if NEEDS_PERSON.contains(&refusal.error.as_str()))
    }
}

impl From<TokenEndpointError> for CredentialError {
    fn from(error: TokenEndpointError) -> Self {
        let message = error.to_string();
        match error {
            TokenEndpointError::NoAnswer(..) => Self::temporary(message),
            TokenEndpointError::Busy(_, _, retry_after) => Self {
                retry_after,
                ..Self::temporary(message)
            },
            TokenEndpointError::Refused(..) | TokenEndpointError::NoTokenEndpoint(..) => {
                Self::failed(message)
            }
        }
    }
}

impl Refusal {
    fn words(&self) -> String {
        let Self {
            error,
            error_description,
        } = self;
        first_error_line(&format!("{error}: {error_description}")).unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    expires_in: Seconds,
    refresh_in: Option<Seconds>,
    refresh_token: Option<String>,
}

impl TokenResponse {
    fn tokens(self, now: SystemTime) -> Option<Tokens> {
        let later = |seconds: Seconds| now.checked_add(seconds.duration()?);
        if self.access_token.is_empty() {
            return None;
        }
        Some(Tokens {
            access_token: AccessToken {
                token: Secret::new(self.access_token),
                expires_on: later(self.expires_in)?,
                refresh_on: self.refresh_in.and_then(later),
            },
            refresh_token: self.refresh_token.map(Secret::new),
        })
    }
}

/// Numbers in version 2.0 of the endpoint, strings in version 1.0 and in some gateways.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

impl Seconds {
    fn duration(self) -> Option<Duration> {
        let seconds = match self {
            Self::Number(seconds) => Some(seconds),
            Self::Text(text) => text.trim().parse().ok(),
        };
        seconds.map(Duration::from_secs)
    }
}

/// The errors that a sign-in mends: the refresh token has ended or was revoked, or a rule of the tenant wants the person.
const NEEDS_PERSON: [&str; 4] = [
    "consent_required",
    "interaction_required",
    "invalid_grant",
    "login_required",
];

/// How long connecting may take. A person waits.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the answer may take. It takes a second or two.
const TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
