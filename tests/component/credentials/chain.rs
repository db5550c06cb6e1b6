//! Several credentials: which of them gives the tokens, and which are asked.

use azure_openai_mock::Fault;
use http::StatusCode;
use serde_json::json;

use super::machine::{ALL, Machine};
use super::support::{assert_final, assert_passing};

#[tokio::test]
async fn the_first_that_is_available_gives_the_token_and_no_other_is_asked() {
    for (number, first) in ALL.into_iter().enumerate() {
        let machine = Machine::start(&ALL[number..], None).await;
        machine.setup.token_taken().await;
        assert_eq!(machine.asked(), [first]);
    }
}

#[tokio::test]
async fn one_that_fails_ends_the_chain() {
    for (number, name) in ALL.into_iter().enumerate() {
        let machine = Machine::start(&ALL[number..], None).await;
        machine.refuse(name);
        let says = format!("there is no token: {name}: ");
        assert_final(&machine.setup.refusal().await, &[&says, "AADSTS99"]);
        assert_eq!(machine.asked(), [name]);
    }
}

#[tokio::test]
async fn one_that_is_busy_ends_the_chain_for_as_long_as_it_asks() {
    for name in ["EnvironmentCredential", "ManagedIdentityCredential"] {
        let machine = Machine::start(&[name, "AzureCliCredential"], None).await;
        let busy = Fault::json(StatusCode::TOO_MANY_REQUESTS, &json!({}));
        machine.answer_instead(name, busy.header("retry-after", "60"));
        let error = machine.setup.refusal().await;
        assert_passing(&error, &[name, "(status 429)"]);
        assert!(error.retry_after_ms.is_some_and(|wait| wait > 50_000));
        assert_eq!(machine.asked(), [name]);

        machine.clock.pass(61);
        machine.setup.token_taken().await;
        assert_eq!(machine.asked(), [name, name]);
    }
}

#[tokio::test]
async fn the_one_that_gave_a_token_gives_the_next() {
    let machine = Machine::start(&["ManagedIdentityCredential", "AzureCliCredential"], None).await;
    let unreachable = json!("the network is unreachable");
    let fault = Fault::json(StatusCode::FORBIDDEN, &unreachable);
    machine.setup.mock.push_token_fault(fault);
    assert_eq!(machine.setup.token_taken().await, "token-of-az");
    assert_eq!(machine.looks(), 1);

    // The metadata service would answer now, and is not asked.
    machine.clock.pass(3601);
    machine.log_in("az", "another-token-of-az");
    assert_eq!(machine.setup.token_taken().await, "another-token-of-az");
    assert_eq!(machine.asked(), ["AzureCliCredential"; 2]);
    assert_eq!(machine.looks(), 1);

    // A login that is refused is no reason to become somebody else.
    machine.clock.pass(3601);
    machine.programs.install(
        "az",
        1,
        "",
        "ERROR: AADSTS70043: The refresh token has expired.",
    );
    let words = ["there is no token: AzureCliCredential: ", "AADSTS70043"];
    assert_final(&machine.setup.refusal().await, &words);
    assert_eq!(machine.asked(), ["AzureCliCredential"; 3]);

    // A login that was undone is.
    machine.clock.pass(6);
    machine.programs.install(
        "az",
        1,
        "",
        "ERROR: Please run 'az login' to setup account.",
    );
    machine.setup.token_taken().await;
    let asked = machine.asked();
    assert_eq!(asked[0], "ManagedIdentityCredential");
    assert_eq!(asked[1..], ["AzureCliCredential"; 4]);
}

#[tokio::test]
async fn a_variable_narrows_the_chain() {
    for (value, first) in [
        ("dev", "AzureCliCredential"),
        (" DEV ", "AzureCliCredential"),
        ("prod", "EnvironmentCredential"),
        ("", "EnvironmentCredential"),
    ]
    .into_iter()
    .chain(ALL.map(|name| (name, name)))
    .chain([("azuredeveloperclicredential", "AzureDeveloperCliCredential")])
    {
        let machine = Machine::start(&ALL, Some(value)).await;
        machine.setup.token_taken().await;
        assert_eq!(machine.asked(), [first], "{value}");
        // The only one there is need not be looked for.
        assert_eq!(machine.looks(), 0, "{value}");
    }
}

#[tokio::test]
async fn a_value_of_the_variable_that_means_nothing_is_an_error() {
    for value in ["cli", "dev,prod", "VisualStudioCodeCredential"] {
        let machine = Machine::start(&ALL, Some(value)).await;
        let says = format!("AZURE_TOKEN_CREDENTIALS is {value:?}");
        let words = [
            &*says,
            "set it to `dev`, `prod` or one of EnvironmentCredential, ",
        ];
        assert_final(&machine.setup.refusal().await, &words);
        assert!(machine.asked().is_empty());
    }
}

#[tokio::test]
async fn without_any_the_error_says_of_each_what_to_do() {
    let deployed = [
        "EnvironmentCredential: AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
        "WorkloadIdentityCredential: AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE are not set",
        "ManagedIdentityCredential: the Instance Metadata Service is not at http://127.0.0.1:1",
    ];
    let developer = [
        "AzureCliCredential: the Azure CLI (az) is not on the PATH",
        "AzurePowerShellCredential: Azure PowerShell (pwsh) is not on the PATH",
        "AzureDeveloperCliCredential: the Azure Developer CLI (azd) is not on the PATH",
        "InteractiveBrowserCredential: nobody is at the terminal",
    ];
    for (value, lines) in [
        (None, [&deployed[..], &developer].concat()),
        (Some("prod"), deployed.to_vec()),
        (Some("dev"), developer.to_vec()),
    ] {
        let machine = Machine::start(&[], value).await;
        let error = machine.setup.refusal().await;
        assert_final(&error, &["no credential is available; mend one of these:"]);
        let mut said = error.message.lines();
        said.next().unwrap();
        let said: Vec<&str> = said.map(str::trim).collect();
        assert_eq!(said.len(), lines.len(), "{}", error.message);
        for (said, line) in said.iter().zip(lines) {
            assert!(said.starts_with(line), "{line}: {said}");
        }
    }
}

#[tokio::test]
async fn one_that_ends_the_chain_is_named_before_those_that_are_not_available() {
    let machine = Machine::start(&["AzureCliCredential"], None).await;
    machine
        .programs
        .install("az", 1, "", "ERROR: AADSTS99: It is refused.");
    let error = machine.setup.refusal().await;
    let words = [
        "AADSTS99",
        "before it, these are not available:",
        "EnvironmentCredential: ",
        "WorkloadIdentityCredential: ",
        "ManagedIdentityCredential: ",
    ];
    assert_final(&error, &words);
    assert!(
        !error.message.contains("AzurePowerShellCredential"),
        "{}",
        error.message
    );
}
