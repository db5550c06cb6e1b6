//! A workload's identity: a token of another issuer, such as Kubernetes, exchanged for one of Entra ID.

use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use azure_identity::{
    ClientAssertionCredentialOptions, WorkloadIdentityCredential as CoreCredential,
    WorkloadIdentityCredentialOptions,
};

use super::application::Application;
use super::{CLIENT_ID, TENANT_ID, not_set};
use crate::credentials::surroundings::{Surroundings, read_small_file};
use crate::credentials::{AccessToken, Credential, CredentialError};

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
        let file = Path::new(file);
        check(file).await?;
        let credential = |client_options| {
            Ok(CoreCredential::new(Some(WorkloadIdentityCredentialOptions {
                credential_options: ClientAssertionCredentialOptions { client_options },
                client_id: Some(client.to_owned()),
                tenant_id: Some(tenant.to_owned()),
                token_file_path: Some(file.to_owned()),
            }))? as _)
        };
        // Made anew, it reads the file anew: the token in it lives for an hour or less.
        let application = Application::new(&self.surroundings, tenant)?;
        application.token(scope, credential).await
    }

    async fn origin(&self) -> Result<String, CredentialError> {
        let [tenant, client, file] = self.settings()?;
        check(Path::new(file)).await?;
        Ok(format!(
            "the application {client} of the tenant {tenant}, with the federated token in {file}"
        ))
    }
}

/// `azure_identity` takes an empty file for a token, and Entra's answer to that does not name the file.
async fn check(file: &Path) -> Result<(), CredentialError> {
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
    match content.trim_ascii().is_empty() {
        true => Err(failed("is empty")),
        false => Ok(()),
    }
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
            std::fs::write(&file, federated).unwrap();
            let token = credential.get_token("s").await.unwrap();
            assert_eq!(token.token.expose(), number);
            let seen = server.seen().pop().unwrap();
            assert_eq!(seen.target, "/tenant/oauth2/v2.0/token");
            let assertion = format!("client_assertion={federated}&");
            assert!(seen.body.contains(&assertion), "{}", seen.body);
        }
    }

    #[tokio::test]
    async fn a_file_without_a_token_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (_socket, nobody) = deserted();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("empty"), "").unwrap();
        std::fs::write(path("blank"), " \n").unwrap();
        std::fs::write(path("large"), vec![b'a'; MAX_TOKEN_BYTES + 1]).unwrap();
        for (name, words) in [
            ("missing", "does not exist"),
            ("empty", "is empty"),
            ("blank", "is empty"),
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
