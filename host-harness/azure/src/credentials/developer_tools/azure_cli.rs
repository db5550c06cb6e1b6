//! The login of the Azure CLI.

use std::sync::Arc;

use async_trait::async_trait;
use azure_identity::AzureCliCredentialOptions;

use super::DeveloperTool;
use crate::credentials::surroundings::{Processes, Surroundings};
use crate::credentials::{AccessToken, Credential, CredentialError};

/// The login of the Azure CLI, in the tenant that the CLI has chosen.
pub(in crate::credentials) struct AzureCliCredential {
    pub(super) processes: Processes,
}

impl AzureCliCredential {
    /// The credential of the `az` on the `PATH` of these surroundings.
    pub(in crate::credentials) fn new(surroundings: Arc<Surroundings>) -> Self {
        Self {
            processes: Processes::new(surroundings),
        }
    }
}

#[async_trait]
impl Credential for AzureCliCredential {
    fn name(&self) -> &'static str {
        "AzureCliCredential"
    }

    async fn get_token(&self, scope: &str) -> Result<AccessToken, CredentialError> {
        let credential = |executor| {
            azure_identity::AzureCliCredential::new(Some(AzureCliCredentialOptions {
                executor: Some(executor),
                ..AzureCliCredentialOptions::default()
            }))
        };
        AZURE_CLI
            .get_token(&self.processes, scope, credential)
            .await
    }

    async fn origin(&self) -> Result<String, CredentialError> {
        let program = self.processes.find(AZURE_CLI.program).await;
        AZURE_CLI.origin(program)
    }
}

const AZURE_CLI: DeveloperTool = DeveloperTool {
    name: "the Azure CLI",
    program: "az",
    install: "install version 2.54 or newer from https://aka.ms/azure-cli",
    log_in: "az login",
    log_in_again: "az login --scope SCOPE",
    // The second is what it says to somebody without a subscription.
    not_logged_in: &["az login", "az account set"],
    plain: str::to_owned,
};
