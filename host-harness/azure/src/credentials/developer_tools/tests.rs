//! The credentials of programs that people log in with, with scripts in the place of the programs that write what the
//! real ones do.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::credentials::CredentialErrorKind::{Failed, Unavailable};
use crate::credentials::testing::{Folder, limit_after};
use crate::credentials::{Credential, CredentialErrorKind};

const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

/// 2038-01-19 at 03:14:07 UTC.
const EXPIRES_ON: u64 = 2_147_483_647;

/// The credentials, and the programs that they ask.
const PROGRAMS: [&str; 3] = ["az", "azd", "pwsh"];

fn credential(program: &str, folder: &Folder) -> Box<dyn Credential> {
    credential_of(program, Processes::new(folder.surroundings(&[])))
}

fn credential_of(program: &str, processes: Processes) -> Box<dyn Credential> {
    match program {
        "az" => Box::new(AzureCliCredential { processes }),
        "azd" => Box::new(AzureDeveloperCliCredential { processes }),
        _ => Box::new(AzurePowerShellCredential { processes }),
    }
}

/// What the credential makes of a program that ends like this.
async fn outcome(
    program: &str,
    code: u8,
    stdout: &str,
    stderr: &str,
) -> Result<AccessToken, CredentialError> {
    let folder = Folder::new();
    folder.install_output(program, code, stdout, stderr);
    credential(program, &folder).get_token(SCOPE).await
}

#[tokio::test]
async fn a_login_gives_a_token() {
    let table = [
        (
            "az",
            r#"{
  "accessToken": "token-of-az",
  "expiresOn": "2038-01-19 03:14:07.000000",
  "expires_on": 2147483647,
  "subscription": "00000000-0000-0000-0000-000000000001",
  "tenant": "00000000-0000-0000-0000-000000000002",
  "tokenType": "Bearer"
}"#,
            "WARNING: A new version is available.",
        ),
        (
            "azd",
            r#"{"token":"token-of-azd","expiresOn":"2038-01-19T03:14:07Z"}"#,
            "",
        ),
        (
            "pwsh",
            "INITIALIZATION: Fallback context save mode\n{\"token\":\"token-of-pwsh\",\"expires_on\":2147483647}",
            "",
        ),
    ];
    for (program, stdout, stderr) in table {
        let token = outcome(program, 0, stdout, stderr).await.unwrap();
        assert_eq!(token.token.expose(), format!("token-of-{program}"));
        let expires_on = SystemTime::UNIX_EPOCH + Duration::from_secs(EXPIRES_ON);
        assert_eq!(token.expires_on, expires_on);
    }
}

#[tokio::test]
async fn the_programs_are_asked_for_this_scope_without_a_question_to_the_person() {
    let table = [
        (
            "az",
            format!("account get-access-token -o json --scope {SCOPE}"),
        ),
        (
            "azd",
            format!("auth token -o json --no-prompt --scope {SCOPE}"),
        ),
        (
            "pwsh",
            "-NoProfile -NonInteractive -OutputFormat Text -EncodedCommand ".to_owned(),
        ),
    ];
    for (program, arguments) in table {
        let folder = Folder::new();
        let out = folder.file("out");
        folder.install(program, &format!("echo \"$*\" > '{out}'"));
        credential(program, &folder)
            .get_token(SCOPE)
            .await
            .unwrap_err();
        let asked = std::fs::read_to_string(&out).unwrap();
        assert!(asked.starts_with(&arguments), "{asked}");
    }
}

#[tokio::test]
async fn a_chain_passes_by_what_is_not_there_and_stops_at_what_is_refused() {
    type Row = (
        &'static str,
        u8,
        &'static str,
        &'static str,
        CredentialErrorKind,
        &'static str,
    );
    let table: &[Row] = &[
        (
            "az",
            1,
            "",
            "ERROR: Please run 'az login' to setup account.",
            Unavailable,
            "nobody is logged in to the Azure CLI; run `az login`",
        ),
        (
            "az",
            1,
            "",
            "ERROR: No subscription found. Run 'az account set' to select a subscription.",
            Unavailable,
            "nobody is logged in to the Azure CLI; run `az login`",
        ),
        (
            "az",
            1,
            "",
            "ERROR: AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks.\n\
             Interactive authentication is needed. Please run:\naz login --scope https://cognitiveservices.azure.com/.default",
            Failed,
            "the Azure CLI got no token: AADSTS70043: The refresh token has expired or is invalid due to sign-in \
             frequency checks; if logging in again can help, run `az login --scope \
             https://cognitiveservices.azure.com/.default`",
        ),
        (
            "az",
            2,
            "",
            "",
            Failed,
            "the Azure CLI got no token: it does not say why; if logging in again can help, run `az login --scope \
             https://cognitiveservices.azure.com/.default`",
        ),
        (
            "azd",
            1,
            "",
            r#"{"type":"consoleMessage","timestamp":"2026-01-18T00:00:00Z","data":{"message":"\nERROR: not logged in, run `azd auth login` to login\n"}}"#,
            Unavailable,
            "nobody is logged in to the Azure Developer CLI; run `azd auth login`",
        ),
        (
            "azd",
            1,
            "",
            "ERROR: not logged in, run `azd auth login` to login",
            Unavailable,
            "nobody is logged in to the Azure Developer CLI; run `azd auth login`",
        ),
        (
            "azd",
            1,
            "",
            r#"{"type":"consoleMessage","timestamp":"2026-01-18T00:00:00Z","data":{"message":"\nERROR: fetching token: failed to authenticate:\n(invalid_grant) AADSTS700082: The refresh token has expired due to inactivity.\n\nreauthentication required, run `azd auth login` to acquire a new token.\n"}}"#,
            Failed,
            "the Azure Developer CLI got no token: fetching token: failed to authenticate: (invalid_grant) \
             AADSTS700082: The refresh token has expired due to inactivity; if logging in again can help, run \
             `azd auth login`",
        ),
        (
            "pwsh",
            0,
            "NOBODY_IS_LOGGED_IN",
            "",
            Unavailable,
            "nobody is logged in to Azure PowerShell; run `Connect-AzAccount`",
        ),
        (
            "pwsh",
            1,
            "",
            "Run Connect-AzAccount to login.",
            Unavailable,
            "nobody is logged in to Azure PowerShell; run `Connect-AzAccount`",
        ),
        (
            "pwsh",
            0,
            "AZ_ACCOUNTS_IS_NOT_INSTALLED",
            "",
            Unavailable,
            "PowerShell is installed without the module Az.Accounts 2.2.0 or newer; run `Install-Module Az.Accounts`, \
             then `Connect-AzAccount`",
        ),
        (
            "pwsh",
            1,
            "",
            "Your Azure credentials have not been set up or have expired, please run Connect-AzAccount to set up your \
             Azure credentials.\nUnable to acquire token for tenant 'organizations' with error 'AADSTS50076: no'",
            Failed,
            "Azure PowerShell got no token: Your Azure credentials have not been set up or have expired, please run \
             Connect-AzAccount to set up your Azure credentials; if logging in again can help, run \
             `Connect-AzAccount`",
        ),
    ];
    for (program, code, stdout, stderr, kind, message) in table {
        let error = outcome(program, *code, stdout, stderr).await.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (*kind, *message));
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_unavailable() {
    let table = [
        (
            "az",
            "the Azure CLI (az) is not on the PATH; install version 2.54 or newer from https://aka.ms/azure-cli, then run `az login`",
        ),
        (
            "azd",
            "the Azure Developer CLI (azd) is not on the PATH; install it from https://aka.ms/azd, then run `azd auth login`",
        ),
        (
            "pwsh",
            "Azure PowerShell (pwsh) is not on the PATH; install PowerShell from https://aka.ms/powershell and run `Install-Module Az.Accounts`, then run `Connect-AzAccount`",
        ),
    ];
    for (program, message) in table {
        let error = credential(program, &Folder::new())
            .get_token(SCOPE)
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (Unavailable, message));
    }
}

#[tokio::test]
async fn output_that_is_no_token_is_a_failure_and_is_not_shown() {
    let long_ago = r#"{"token": "canary", "expires_on": -1, "expiresOn": "1900-01-01T00:00:00Z"}"#;
    let old_version = r#"{"accessToken": "canary", "expiresOn": "2038-01-19 03:14:07.000000", "tokenType": "Bearer"}"#;
    let empty = r#"{"accessToken": "", "token": "", "expires_on": 2147483647, "expiresOn": "2038-01-19T03:14:07Z", "tokenType": ""}"#;
    for program in PROGRAMS {
        for stdout in [
            "",
            "canary",
            "<html>canary</html>",
            "{\"canary\": 1}",
            "\"canary\"",
            long_ago,
            old_version,
            empty,
        ] {
            let error = outcome(program, 0, stdout, "").await.unwrap_err();
            assert_eq!(error.kind, Failed, "{program}, {stdout}");
            assert!(error.message.contains("is no token; update it"), "{error}");
            assert!(!error.message.contains("canary"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_program_that_cannot_be_run_is_passed_by() {
    for program in PROGRAMS {
        for (is_started, folder) in [(true, Folder::new()), (false, Folder::new())] {
            if is_started {
                folder.install(program, "exec missing-interpreter");
            } else {
                folder.install_broken(program);
            }
            let error = credential(program, &folder).get_token(SCOPE).await;
            let error = error.unwrap_err();
            assert_eq!(error.kind, Unavailable);
            assert!(error.message.contains("cannot be run"), "{error}");
        }
    }
}

#[tokio::test]
async fn where_the_host_was_started_does_not_matter_to_a_program() {
    for program in PROGRAMS {
        let folder = Folder::new();
        let out = folder.file("out");
        folder.install(program, &format!("pwd > '{out}'"));
        let error = credential(program, &folder).get_token(SCOPE).await;
        error.unwrap_err();
        let shown = std::fs::read_to_string(&out).unwrap();
        let expected = std::fs::canonicalize(folder.file("")).unwrap();
        assert_eq!(std::path::Path::new(shown.trim_end()), expected);
    }
}

#[tokio::test]
async fn a_hung_program_is_killed_and_the_limit_is_named() {
    for program in PROGRAMS {
        let folder = Folder::new();
        let hung = folder.install_hung(program);
        let (limit, pass) = limit_after(hung.started);
        let processes = Processes::new(folder.surroundings(&[])).time_limit(limit);
        let credential = credential_of(program, processes);
        let (result, ()) = tokio::join!(credential.get_token(SCOPE), pass);
        let error = result.unwrap_err();
        assert_eq!(error.kind, Failed);
        assert!(
            error.message.contains("did not end within 10 seconds"),
            "{error}"
        );
        hung.ended.await.unwrap();
    }
}

#[tokio::test]
async fn a_scope_that_a_shell_could_misread_runs_nothing() {
    for program in PROGRAMS {
        let folder = Folder::new();
        let out = folder.file("out");
        folder.install(program, &format!("echo > '{out}'"));
        let credential = credential(program, &folder);
        for scope in ["", "a; touch b", "a' b", "a\u{2019}b'", "$(b)", "a b"] {
            let error = credential.get_token(scope).await.unwrap_err();
            assert_eq!(error.kind, Failed);
            assert!(error.message.contains("is not a scope"), "{error}");
        }
        assert!(!std::path::Path::new(&out).exists());
    }
}
