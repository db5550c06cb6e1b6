//! An application's own secret or certificate, in environment variables.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::application::{self, Proof};
use super::client_certificate::ClientCertificate;
use super::{Authority, CLIENT_ID, TENANT_ID, not_set};
use crate::credentials::surroundings::Surroundings;
use crate::credentials::{AccessToken, Credential, CredentialError};
use provider_host::secret::Secret;

/// The credential of an application: a client secret, or else a client certificate.
pub(in crate::credentials) struct EnvironmentCredential {
    surroundings: Arc<Surroundings>,
}

impl EnvironmentCredential {
    pub(in crate::credentials) fn new(surroundings: Arc<Surroundings>) -> Self {
        Self { surroundings }
    }

    /// A statement that this is the client, signed with the certificate in a file. The file is read for every token:
    /// certificates are renewed while programs run.
    async fn assertion(
        &self,
        authority: &Authority,
        client: &str,
        path: &Path,
    ) -> Result<Secret, CredentialError> {
        let certificate = ClientCertificate::read(path).await?;
        let sends_chain = self.surroundings.variable(SEND_CHAIN).is_some_and(is_true);
        let now = self.surroundings.now();
        certificate.assertion(client, &authority.endpoint("token"), now, sends_chain)
    }

    /// What the variables say of the application.
    fn settings(&self) -> Result<Settings<'_>, CredentialError> {
        let variable = |name| self.surroundings.variable(name);
        let proof = match (variable(SECRET), variable(CERTIFICATE)) {
            (Some(secret), _) => Source::Secret(secret),
            (None, Some(path)) => Source::Certificate(Path::new(path)),
            (None, None) => return Err(self.unavailable()),
        };
        match (variable(TENANT_ID), variable(CLIENT_ID)) {
            (Some(tenant), Some(client)) => Ok(Settings {
                tenant,
                client,
                proof,
            }),
            _ => Err(self.unavailable()),
        }
    }

    /// What is missing, or not supported.
    fn unavailable(&self) -> CredentialError {
        let is_set = |name: &str| self.surroundings.variable(name).is_some();
        let mut missing: Vec<&str> = [TENANT_ID, CLIENT_ID]
            .into_iter()
            .filter(|name| !is_set(name))
            .collect();
        if !is_set(SECRET) && !is_set(CERTIFICATE) {
            missing.push("AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH)");
        }
        let mut message = not_set(&missing);
        if is_set(USERNAME) || is_set(PASSWORD) {
            message.push_str(
                "; logging in with AZURE_USERNAME and AZURE_PASSWORD is deprecated, cannot pass multi-factor \
                 authentication and is not supported: use a client secret or a certificate",
            );
        }
        CredentialError::unavailable(message)
    }
}

#[async_trait]
impl Credential for EnvironmentCredential {
    fn name(&self) -> &'static str {
        "EnvironmentCredential"
    }

    async fn get_token(&self, scope: &str) -> Result<AccessToken, CredentialError> {
        let Settings {
            tenant,
            client,
            proof,
        } = self.settings()?;
        let authority = Authority::of(&self.surroundings, tenant)?;
        let proof = match proof {
            Source::Secret(secret) => Proof::ClientSecret(Secret::new(secret)),
            Source::Certificate(path) => {
                Proof::Assertion(self.assertion(&authority, client, path).await?)
            }
        };
        application::token(&self.surroundings, &authority, client, proof, scope).await
    }

    async fn origin(&self) -> Result<String, CredentialError> {
        let Settings {
            tenant,
            client,
            proof,
        } = self.settings()?;
        let proof = match proof {
            Source::Secret(_) => format!("the secret in {SECRET}"),
            Source::Certificate(path) => format!("the certificate {}", path.display()),
        };
        Ok(format!(
            "the application {client} of the tenant {tenant}, with {proof}"
        ))
    }
}

/// An application, and how it proves who it is.
struct Settings<'a> {
    tenant: &'a str,
    client: &'a str,
    proof: Source<'a>,
}

/// What an application proves with who it is. Not for `Debug`: it may hold a secret.
enum Source<'a> {
    Secret(&'a str),
    Certificate(&'a Path),
}

fn is_true(value: &str) -> bool {
    value == "1" || value.eq_ignore_ascii_case("true")
}

const SECRET: &str = "AZURE_CLIENT_SECRET";
const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
const SEND_CHAIN: &str = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN";
const USERNAME: &str = "AZURE_USERNAME";
const PASSWORD: &str = "AZURE_PASSWORD";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::credentials::{CredentialErrorKind, testing};

    #[tokio::test]
    async fn what_is_missing_is_named() {
        for (variables, expected) in [
            (
                [("", ""); 3],
                "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH) are not \
                 set",
            ),
            (
                [(TENANT_ID, " "), (CLIENT_ID, ""), (SECRET, "canary")],
                "AZURE_TENANT_ID and AZURE_CLIENT_ID are not set",
            ),
            (
                [(TENANT_ID, "t"), (CERTIFICATE, "c"), ("", "")],
                "AZURE_CLIENT_ID is not set",
            ),
            (
                [(TENANT_ID, "t"), (CLIENT_ID, "c"), (SECRET, "  ")],
                "AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH) is not set",
            ),
            (
                [(TENANT_ID, "t"), (CLIENT_ID, "c"), (PASSWORD, "canary")],
                "AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH) is not set; logging in with AZURE_USERNAME and \
                 AZURE_PASSWORD is deprecated, cannot pass multi-factor authentication and is not supported: use a \
                 client secret or a certificate",
            ),
        ] {
            let surroundings = Arc::new(testing::surroundings(variables));
            let error = EnvironmentCredential::new(surroundings)
                .get_token("s")
                .await;
            let error = error.unwrap_err();
            assert_eq!(error.kind, CredentialErrorKind::Unavailable);
            assert_eq!(error.message, expected);
        }
    }

    #[tokio::test]
    async fn a_secret_comes_before_a_certificate() {
        let server = testing::Server::start([testing::Reply::token("t")]).await;
        let surroundings = testing::surroundings([
            ("AZURE_AUTHORITY_HOST", server.address.as_str()),
            (TENANT_ID, "t"),
            (CLIENT_ID, "c"),
            (SECRET, " s\n"),
            (CERTIFICATE, "/nowhere"),
        ]);
        let credential = EnvironmentCredential::new(Arc::new(surroundings));
        assert_eq!(credential.get_token("s").await.unwrap().token.expose(), "t");
        assert_eq!(server.seen()[0].form()["client_secret"], "s");
    }
}
