//! A workload's identity: a token of another issuer, such as Kubernetes, exchanged for one of Entra ID.

use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::application::{self, Proof};
use super::{Authority, CLIENT_ID, TENANT_ID, not_set};
use crate::credentials::surroundings::{Surroundings, read_small_file};
use crate::credentials::{AccessToken, Credential, CredentialError};
use provider_host::secret::Secret;

/// The credential of a pod, or of anything else that is given a federated token in a file.
pub(in crate::credentials) struct WorkloadIdentityCredential {
    surroundings: Arc<Surroundings>,
}

impl WorkloadIdentityCredential {
    pub(in crate::credentials) fn new(surroundings: Arc<Surroundings>) -> Self {
        Self { surroundings }
    }

    /// The tenant, the application and the file, if all are set.
    fn settings(&self) -> Result<[&str; 3], CredentialError> {
        let variables = VARIABLES.map(|name| self.surroundings.variable(name));
        if let [Some(tenant), Some(client), Some(file)] = variables {
            return Ok([tenant, client, file]);
        }
        let is_missing = |name: &&str| self.surroundings.variable(name).is_none();
        let missing: Vec<&str> = VARIABLES.into_iter().filter(is_missing).collect();
        Err(CredentialError::unavailable(format!(
            "{}; the workload identity webhook of Kubernetes sets them in a pod whose service account has an identity",
            not_set(&missing)
        )))
    }
}

#[async_trait]
impl Credential for WorkloadIdentityCredential {
    fn name(&self) -> &'static str {
        "WorkloadIdentityCredential"
    }

    async fn get_token(&self, scope: &str) -> Result<AccessToken, CredentialError> {
        let [tenant, client, file] = self.settings()?;
        // Read for every token: the one in it lives for an hour or less.
        let proof = Proof::Assertion(read(Path::new(file)).await?);
        let authority = Authority::of(&self.surroundings, tenant)?;
        application::token(&self.surroundings, &authority, client, proof, scope).await
    }

    async fn origin(&self) -> Result<String, CredentialError> {
        let [tenant, client, file] = self.settings()?;
        read(Path::new(file)).await?;
        Ok(format!(
            "the application {client} of the tenant {tenant}, with the federated token in {file}"
        ))
    }
}

/// The federated token in a file. Entra's answer to an empty one would not name the file.
async fn read(file: &Path) -> Result<Secret, CredentialError> {
    let failed = |what: &str| {
        CredentialError::failed(format!(
            "the federated token file {} {what}; check AZURE_FEDERATED_TOKEN_FILE, and that the pod's service account \
             token is mounted there",
            file.display()
        ))
    };
    let content = read_small_file(file, MAX_TOKEN_BYTES).await;
    let content = content.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => failed("does not exist"),
        _ => failed(&format!("cannot be read: {error}")),
    })?;
    let token = str::from_utf8(content.trim_ascii()).map_err(|_| failed("is no text"))?;
    if token.is_empty() {
        return Err(failed("is empty"));
    }
    Ok(Secret::new(token))
}

/// The identity webhook sets all three.
const VARIABLES: [&str; 3] = [TENANT_ID, CLIENT_ID, "AZURE_FEDERATED_TOKEN_FILE"];

/// The most bytes of a federated token. Kubernetes' have about one thousand.
const MAX_TOKEN_BYTES: usize = 64 * 1024;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::credentials::CredentialErrorKind;
    use crate::credentials::testing::{Reply, Server, deserted, surroundings};

    #[tokio::test]
    async fn the_file_is_read_for_every_token() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let server = Server::start([Reply::token("1"), Reply::token("2")]).await;
        let credential = WorkloadIdentityCredential::new(Arc::new(surroundings([
            ("AZURE_AUTHORITY_HOST", server.address.as_str()),
            ("AZURE_TENANT_ID", "tenant"),
            ("AZURE_CLIENT_ID", "client"),
            ("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap()),
        ])));
        for (number, federated) in [("1", "first"), ("2", "second")] {
            std::fs::write(&file, format!("{federated}\n")).unwrap();
            let token = credential.get_token("s").await.unwrap();
            assert_eq!(token.token.expose(), number);
            let seen = server.seen().pop().unwrap();
            assert_eq!(seen.target, "/tenant/oauth2/v2.0/token");
            assert_eq!(seen.form()["client_assertion"], federated);
        }
    }

    #[tokio::test]
    async fn a_file_without_a_token_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (_socket, nobody) = deserted();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("empty"), "").unwrap();
        std::fs::write(path("blank"), " \n").unwrap();
        std::fs::write(path("binary"), b"\xff\xfe").unwrap();
        std::fs::write(path("large"), vec![b'a'; MAX_TOKEN_BYTES + 1]).unwrap();
        for (name, words) in [
            ("missing", "does not exist"),
            ("empty", "is empty"),
            ("blank", "is empty"),
            ("binary", "is no text"),
            ("large", "cannot be read"),
        ] {
            let credential = WorkloadIdentityCredential::new(Arc::new(surroundings([
                ("AZURE_AUTHORITY_HOST", nobody.as_str()),
                ("AZURE_TENANT_ID", "tenant"),
                ("AZURE_CLIENT_ID", "client"),
                ("AZURE_FEDERATED_TOKEN_FILE", &path(name)),
            ])));
            let error = credential.get_token("s").await.unwrap_err();
            assert_eq!(error.kind, CredentialErrorKind::Failed);
            for words in [words, &path(name), "check AZURE_FEDERATED_TOKEN_FILE"] {
                assert!(error.message.contains(words), "{name}: {error}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let partly = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", " ")];
        let credential = WorkloadIdentityCredential::new(Arc::new(surroundings(partly)));
        let error = credential.get_token("s").await.unwrap_err();
        assert_eq!(error.kind, CredentialErrorKind::Unavailable);
        assert!(
            error
                .message
                .starts_with("AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE are not set;"),
            "{error}"
        );
    }
}
