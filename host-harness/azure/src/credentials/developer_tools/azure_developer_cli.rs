//! The login of the Azure Developer CLI.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::DateTime;
use serde::Deserialize;

use super::{DeveloperTool, check_scope};
use crate::credentials::surroundings::{Processes, Surroundings};
use crate::credentials::{AccessToken, Credential, CredentialError};

/// The login of the Azure Developer CLI, in the tenant that it has chosen.
pub(in crate::credentials) struct AzureDeveloperCliCredential {
    pub(super) processes: Processes,
}

impl AzureDeveloperCliCredential {
    /// The credential of the `azd` on the `PATH` of these surroundings.
    pub(in crate::credentials) fn new(surroundings: Arc<Surroundings>) -> Self {
        Self {
            processes: Processes::new(surroundings),
        }
    }
}

#[async_trait]
impl Credential for AzureDeveloperCliCredential {
    fn name(&self) -> &'static str {
        "AzureDeveloperCliCredential"
    }

    async fn get_token(&self, scope: &str) -> Result<AccessToken, CredentialError> {
        check_scope(scope)?;
        let tool = &AZURE_DEVELOPER_CLI;
        let arguments = [
            "auth",
            "token",
            "-o",
            "json",
            "--no-prompt",
            "--scope",
            scope,
        ];
        let program = self.processes.find(tool.program).await;
        let answer = tool.run(&self.processes, program, &arguments, scope);
        let answer = serde_json::from_str(&answer.await?);
        let Answer { token, expires_on } = answer.map_err(|_| tool.no_token())?;
        let expires_on = DateTime::parse_from_rfc3339(&expires_on);
        let expires_on = expires_on.map_err(|_| tool.no_token())?;
        tool.token(&token, expires_on.timestamp())
    }

    async fn origin(&self) -> Result<String, CredentialError> {
        let program = self.processes.find(AZURE_DEVELOPER_CLI.program).await;
        AZURE_DEVELOPER_CLI.origin(program)
    }
}

/// What it writes when all is well.
#[derive(Deserialize)]
struct Answer {
    token: String,
    /// As RFC 3339 has it.
    #[serde(rename = "expiresOn")]
    expires_on: String,
}

/// What it writes to standard error, when asked for JSON: one message a line.
#[derive(Deserialize)]
struct ConsoleMessage {
    data: MessageData,
}

#[derive(Deserialize)]
struct MessageData {
    message: String,
}

/// The messages, and whatever else there is as it is.
fn messages(stderr: &str) -> String {
    let lines = stderr.lines().map(|line| {
        serde_json::from_str(line)
            .map_or_else(|_| line.to_owned(), |ConsoleMessage { data }| data.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

const AZURE_DEVELOPER_CLI: DeveloperTool = DeveloperTool {
    name: "the Azure Developer CLI",
    program: "azd",
    install: "install it from https://aka.ms/azd",
    log_in: "azd auth login",
    log_in_again: "azd auth login",
    not_logged_in: &["azd auth login", "not logged in"],
    plain: messages,
};
