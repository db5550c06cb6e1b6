//! A client's secret, which the provider never gets, and what becomes of it in the host.

use super::{CLIENT_SECRET, Scenario, repeating};

#[tokio::test]
async fn a_client_secret_that_is_wrong_or_has_no_use() {
    for (scenario, words) in [
        (
            Scenario::with_client_secret("wrong")
                .variable("AZURE_CLIENT_SECRET", "canary-wrong-0123456789"),
            "refused to give a token",
        ),
        (
            Scenario::with_client_secret("without a client").variable("AZURE_CLIENT_ID", ""),
            "AZURE_CLIENT_ID is not set",
        ),
        (
            Scenario::with_client_secret("two lines")
                .variable("AZURE_CLIENT_SECRET", "canary-above\ncanary-below"),
            "there is no token",
        ),
        (
            Scenario::with_client_secret("a password in the authority").variable(
                "AZURE_AUTHORITY_HOST",
                "https://canary:canary@login.example",
            ),
            "AZURE_AUTHORITY_HOST",
        ),
        (
            Scenario::with_client_secret("a tenant that is none")
                .variable("AZURE_TENANT_ID", "a/b"),
            "AZURE_TENANT_ID",
        ),
        (
            Scenario::with_client_secret("an authority that cannot be reached")
                .variable("AZURE_AUTHORITY_HOST", "http://127.0.0.1:9"),
            "cannot be reached",
        ),
    ] {
        scenario.fails(1, words).check().await;
    }
}

#[tokio::test]
async fn a_refusal_of_the_authority_that_repeats_the_client_secret() {
    for (name, fault) in repeating(401, CLIENT_SECRET) {
        let scenario = Scenario::with_client_secret(name).token_fault(fault);
        scenario.fails(1, "there is no token").check().await;
    }
}
