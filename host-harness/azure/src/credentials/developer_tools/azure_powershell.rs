//! The login of Azure PowerShell.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{DeveloperTool, check_scope};
use crate::credentials::surroundings::{Processes, Surroundings};
use crate::credentials::{AccessToken, Credential, CredentialError};

/// The login of Azure PowerShell, in the tenant that it has chosen.
pub(in crate::credentials) struct AzurePowerShellCredential {
    pub(super) processes: Processes,
}

impl AzurePowerShellCredential {
    /// The credential of the PowerShell on the `PATH` of these surroundings.
    pub(in crate::credentials) fn new(surroundings: Arc<Surroundings>) -> Self {
        Self {
            processes: Processes::new(surroundings),
        }
    }

    async fn program(&self) -> Option<PathBuf> {
        for program in PROGRAMS {
            if let Some(file) = self.processes.find(program).await {
                return Some(file);
            }
        }
        None
    }
}

#[async_trait]
impl Credential for AzurePowerShellCredential {
    fn name(&self) -> &'static str {
        "AzurePowerShellCredential"
    }

    async fn get_token(&self, scope: &str) -> Result<AccessToken, CredentialError> {
        check_scope(scope)?;
        // Encoded, so that no shell and no PowerShell takes a character of it for something else.
        let script = encoded(&script(scope));
        let arguments = [
            "-NoProfile",
            "-NonInteractive",
            "-OutputFormat",
            "Text",
            "-EncodedCommand",
            &script,
        ];
        let program = self.program().await;
        let answer = AZURE_POWERSHELL.run(&self.processes, program, &arguments, scope);
        read(&answer.await?).unwrap_or_else(|| Err(AZURE_POWERSHELL.no_token()))
    }

    async fn origin(&self) -> Result<String, CredentialError> {
        AZURE_POWERSHELL.origin(self.program().await)
    }
}

/// What the script writes when all is well.
#[derive(Deserialize)]
struct Answer {
    token: String,
    /// In seconds since 1970.
    expires_on: i64,
}

/// The script's answer, if there is one. Modules may write lines of their own before it.
fn read(stdout: &str) -> Option<Result<AccessToken, CredentialError>> {
    stdout.lines().map(str::trim).find_map(|line| match line {
        NO_MODULE => Some(Err(CredentialError::unavailable(
            "PowerShell is installed without the module Az.Accounts 2.2.0 or newer; run `Install-Module Az.Accounts`, \
             then `Connect-AzAccount`",
        ))),
        NOBODY_LOGGED_IN => Some(Err(AZURE_POWERSHELL.nobody_logged_in())),
        line => {
            let Answer { token, expires_on } = serde_json::from_str(line).ok()?;
            Some(AZURE_POWERSHELL.token(&token, expires_on))
        }
    })
}

/// The script that gets a token for a scope, which was checked.
fn script(scope: &str) -> String {
    let resource = scope.strip_suffix("/.default").unwrap_or(scope);
    format!(
        "$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
try {{
    if (-not (Import-Module Az.Accounts -MinimumVersion 2.2.0 -PassThru -ErrorAction SilentlyContinue)) {{
        Write-Output '{NO_MODULE}'
        exit
    }}
    $context = Get-AzContext
    if (-not $context -or -not $context.Account) {{
        Write-Output '{NOBODY_LOGGED_IN}'
        exit
    }}
    $answer = Get-AzAccessToken -ResourceUrl '{resource}'
    $token = $answer.Token
    if ($token -is [System.Security.SecureString]) {{
        $token = [System.Net.NetworkCredential]::new('', $token).Password
    }}
    $seconds = $answer.ExpiresOn.ToUnixTimeSeconds()
    Write-Output (@{{ token = $token; expires_on = $seconds }} | ConvertTo-Json -Compress)
}} catch {{
    [Console]::Error.WriteLine($_.Exception.Message)
    exit 1
}}
"
    )
}

/// As PowerShell takes a script: base64 of UTF-16, its low bytes first.
fn encoded(script: &str) -> String {
    let bytes: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
    STANDARD.encode(bytes)
}

/// PowerShell 7 and newer, then the one that is a part of Windows.
const PROGRAMS: &[&str] = match cfg!(windows) {
    true => &["pwsh", "powershell"],
    false => &["pwsh"],
};

/// What the script writes when the module is missing.
const NO_MODULE: &str = "AZ_ACCOUNTS_IS_NOT_INSTALLED";

/// What the script writes when nobody is logged in.
const NOBODY_LOGGED_IN: &str = "NOBODY_IS_LOGGED_IN";

const AZURE_POWERSHELL: DeveloperTool = DeveloperTool {
    name: "Azure PowerShell",
    program: "pwsh",
    install: "install PowerShell from https://aka.ms/powershell and run `Install-Module Az.Accounts`",
    log_in: "Connect-AzAccount",
    log_in_again: "Connect-AzAccount",
    not_logged_in: &["Run Connect-AzAccount to login"],
    plain: str::to_owned,
};

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_script_asks_for_the_scopes_resource() {
        let script = script("https://cognitiveservices.azure.com/.default");
        let call = "Get-AzAccessToken -ResourceUrl 'https://cognitiveservices.azure.com'\n";
        assert!(script.contains(call), "{script}");
    }

    #[test]
    fn a_script_is_encoded_as_powershell_takes_it() {
        assert_eq!(encoded("dir 'é'"), "ZABpAHIAIAAnAOkAJwA=");
    }
}
