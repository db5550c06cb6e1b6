//! The login of the Azure CLI.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use super::{DeveloperTool, check_scope};
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
        check_scope(scope)?;
        let arguments = [
            "account",
            "get-access-token",
            "-o",
            "json",
            "--scope",
            scope,
        ];
        let program = self.processes.find(AZURE_CLI.program).await;
        let answer = AZURE_CLI.run(&self.processes, program, &arguments, scope);
        let answer = serde_json::from_str(&answer.await?);
        let Answer {
            access_token,
            expires_on,
        } = answer.map_err(|_| AZURE_CLI.no_token())?;
        AZURE_CLI.token(&access_token, expires_on)
    }

    async fn origin(&self) -> Result<String, CredentialError> {
        let program = self.processes.find(AZURE_CLI.program).await;
        AZURE_CLI.origin(program)
    }
}

/// What it writes. Versions before 2.54 have only a time of the machine's own zone.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "accessToken")]
    access_token: String,
    /// In seconds since 1970.
    expires_on: i64,
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
