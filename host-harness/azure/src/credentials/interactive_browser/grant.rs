//! What a sign-in leaves, and the tokens that the token endpoint gives for it.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use provider_host::secret::Secret;
use url::form_urlencoded;

use super::CLIENT_ID;
use crate::credentials::CredentialError;
use crate::credentials::answers::TokenAnswer;
use crate::credentials::entra::{NoToken, TokenEndpoint};

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

/// Why there are no tokens for a grant.
#[derive(Debug)]
pub(super) struct GrantError {
    pub(super) error: CredentialError,
    /// Whether a refresh token is of no more use and the person has to sign in again.
    pub(super) needs_person: bool,
}

impl Grant {
    /// Turns it into tokens.
    pub(super) async fn redeem(
        self,
        endpoint: &TokenEndpoint,
        scope: &str,
    ) -> Result<TokenAnswer, GrantError> {
        let headers = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
        let form = Bytes::from(self.form(scope));
        let answer = endpoint
            .send(HeaderMap::from_iter(headers), form.clone())
            .await;
        let answer = answer.map_err(|error| GrantError {
            error: endpoint.unreachable(&error),
            needs_person: false,
        })?;
        let tokens = endpoint.read(&answer, &form);
        tokens.map_err(|no_token| GrantError::new(no_token, endpoint))
    }

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

impl GrantError {
    fn new(no_token: NoToken, endpoint: &TokenEndpoint) -> Self {
        match no_token {
            NoToken::Refused(error) => Self {
                needs_person: (error.code.as_deref())
                    .is_some_and(|code| NEEDS_PERSON.contains(&code)),
                error: CredentialError::failed(format!(
                    "{} refused the sign-in: {error}; try again, or ask the tenant's administrator",
                    endpoint.host()
                )),
            },
            NoToken::Other(error) => Self {
                error,
                needs_person: false,
            },
        }
    }
}

const HEADERS: [(header::HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
    (header::ACCEPT, "application/json"),
];

/// The errors that a sign-in mends: the refresh token has ended or was revoked, or a rule of the tenant wants the person.
const NEEDS_PERSON: [&str; 4] = [
    "consent_required",
    "interaction_required",
    "invalid_grant",
    "login_required",
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::credentials::CredentialErrorKind::Failed;
    use crate::credentials::entra::Authority;
    use crate::credentials::testing::{self, Reply, Server};

    #[tokio::test]
    async fn a_person_is_asked_again_when_signing_in_mends_it() {
        for (code, needs_person) in [
            ("invalid_grant", true),
            ("interaction_required", true),
            ("invalid_client", false),
            ("temporarily_unavailable", false),
        ] {
            let body = serde_json::json!({"error": code, "error_description": "AADSTS1: canary."});
            let server = Server::start([Reply::json(400, &body)]).await;
            let surroundings = testing::surroundings([("AZURE_AUTHORITY_HOST", &*server.address)]);
            let authority = Authority::of(&surroundings, "t").unwrap();
            let endpoint = TokenEndpoint::new(Arc::new(surroundings), &authority);
            let grant = Grant::RefreshToken(Secret::new("canary"));
            let refused = grant.redeem(&endpoint, "s").await.unwrap_err();
            assert_eq!(refused.needs_person, needs_person, "{code}");
            let expected = format!(
                "{} refused the sign-in: {code}: AADSTS1: [REDACTED]; try again, or ask the tenant's administrator",
                server.address
            );
            assert_eq!(
                (refused.error.kind, refused.error.message),
                (Failed, expected)
            );
        }
    }
}
