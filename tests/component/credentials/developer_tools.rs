//! The logins of the Azure CLI, Azure PowerShell and the Azure Developer CLI.

use azure_openai_mock::MockAzure;

use super::programs::{FAR_FUTURE, Programs};
use super::support::{assert_final, chain, mock, only, open};
use crate::support::Setup;

/// The programs, their credentials, and how they are called.
const TOOLS: [(&str, &str, &str); 3] = [
    (
        "az",
        "AzureCliCredential",
        "az account get-access-token -o json --scope https://cognitiveservices.azure.com/.default",
    ),
    (
        "azd",
        "AzureDeveloperCliCredential",
        "azd auth token -o json --no-prompt --scope https://cognitiveservices.azure.com/.default",
    ),
    (
        "pwsh",
        "AzurePowerShellCredential",
        "pwsh -NoProfile -NonInteractive -OutputFormat Text -EncodedCommand ",
    ),
];

#[tokio::test]
async fn a_login_gives_a_token_that_is_kept() {
    for (program, credential, command_line) in TOOLS {
        let programs = Programs::new();
        programs.install_logged_in(program, "token-of-a-login", FAR_FUTURE);
        let builder = MockAzure::builder().bearer_token("token-of-a-login");
        let setup = with_programs(&programs, credential, builder.start().await.unwrap()).await;
        for _ in 0..2 {
            assert_eq!(setup.token_taken().await, "token-of-a-login");
        }
        let runs = programs.runs();
        assert_eq!(runs.len(), 1);
        assert!(runs[0].starts_with(command_line), "{runs:?}");
    }
}

#[tokio::test]
async fn a_program_that_is_not_installed_says_how_to_get_it() {
    for ((_, credential, _), words) in TOOLS.into_iter().zip([
        ["https://aka.ms/azure-cli", "run `az login`"],
        ["https://aka.ms/azd", "run `azd auth login`"],
        ["https://aka.ms/powershell", "run `Connect-AzAccount`"],
    ]) {
        let setup = with_programs(&Programs::new(), credential, mock().await).await;
        let error = setup.refusal().await;
        assert_final(&error, &[credential, "is not on the PATH"]);
        assert_final(&error, &words);
    }
}

#[tokio::test]
async fn what_a_program_says_becomes_what_to_do() {
    // program, credential, exit code, standard output, standard error, words
    for (program, credential, code, stdout, stderr, words) in [
        (
            "az",
            "AzureCliCredential",
            1,
            "",
            "ERROR: Please run 'az login' to setup account.",
            "nobody is logged in to the Azure CLI; run `az login`",
        ),
        (
            "az",
            "AzureCliCredential",
            1,
            "",
            "ERROR: AADSTS700082: The refresh token has expired due to inactivity.\n\
             Interactive authentication is needed. Please run:\naz login",
            "the Azure CLI got no token: AADSTS700082: The refresh token has expired due to inactivity; if logging in \
             again can help, run `az login --scope https://cognitiveservices.azure.com/.default`",
        ),
        (
            "azd",
            "AzureDeveloperCliCredential",
            1,
            "",
            r#"{"type":"consoleMessage","timestamp":"2026-01-18T00:00:00Z","data":{"message":"\nERROR: not logged in, run `azd auth login` to login\n"}}"#,
            "nobody is logged in to the Azure Developer CLI; run `azd auth login`",
        ),
        (
            "azd",
            "AzureDeveloperCliCredential",
            1,
            "",
            "ERROR: fetching token: failed to authenticate:\n(invalid_grant) AADSTS700082: The refresh token has \
             expired due to inactivity.\n\nreauthentication required, run `azd auth login` to acquire a new token.",
            "AADSTS700082: The refresh token has expired due to inactivity; if logging in again can help, run `azd \
             auth login`",
        ),
        (
            "pwsh",
            "AzurePowerShellCredential",
            0,
            "NOBODY_IS_LOGGED_IN",
            "",
            "nobody is logged in to Azure PowerShell; run `Connect-AzAccount`",
        ),
        (
            "pwsh",
            "AzurePowerShellCredential",
            0,
            "AZ_ACCOUNTS_IS_NOT_INSTALLED",
            "",
            "run `Install-Module Az.Accounts`",
        ),
        (
            "pwsh",
            "AzurePowerShellCredential",
            1,
            "",
            "Your Azure credentials have not been set up or have expired, please run Connect-AzAccount to set up your \
             Azure credentials.\nUnable to acquire token for tenant 'organizations' with error 'AADSTS50076: no'",
            "Azure PowerShell got no token: Your Azure credentials have not been set up or have expired",
        ),
    ] {
        let programs = Programs::new();
        programs.install(program, code, stdout, stderr);
        let setup = with_programs(&programs, credential, mock().await).await;
        assert_final(&setup.refusal().await, &[credential, words]);
        assert_eq!(programs.runs().len(), 1, "{words}");
    }
}

#[tokio::test]
async fn output_that_is_no_token_is_not_taken_for_one_and_not_shown() {
    for (program, credential, _) in TOOLS {
        for output in [
            "",
            "canary",
            "{\"canary\": 1}",
            "{\"accessToken\": \"canary\"}",
        ] {
            let programs = Programs::new();
            programs.install(program, 0, output, "");
            let setup = with_programs(&programs, credential, mock().await).await;
            let words = [credential, "is no token; update it"];
            assert_final(&setup.refusal().await, &words);
        }
    }
}

async fn with_programs(programs: &Programs, credential: &str, mock: MockAzure) -> Setup {
    open(mock, chain(), vec![only(credential), programs.path()]).await
}
