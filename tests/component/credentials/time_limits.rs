//! What hangs is given up in time, all of it here, so that the tests wait once.

use std::time::Instant;

use azure_openai_mock::{Fault, MockAzure};
use serde_json::Value;
use tokio::task::JoinSet;

use super::programs::Programs;
use super::support::{
    Variables, assert_final, assert_passing, chain, managed_identity, mock, only, open,
};
use crate::support::in_time;

#[tokio::test]
async fn what_hangs_is_given_up_after_ten_seconds() {
    type Environment = fn(&MockAzure) -> Variables;
    let services: [(Value, Environment, &str); 3] = [
        (
            chain(),
            MockAzure::environment_of_client_secret,
            "EnvironmentCredential: ",
        ),
        (
            managed_identity(),
            MockAzure::environment_of_virtual_machine,
            "the Instance Metadata Service does not answer",
        ),
        (
            managed_identity(),
            MockAzure::environment_of_app_service,
            "App Service does not answer",
        ),
    ];
    let programs = [
        ("az", "AzureCliCredential", "run `az login` in a terminal"),
        (
            "azd",
            "AzureDeveloperCliCredential",
            "run `azd auth login` in a terminal",
        ),
        (
            "pwsh",
            "AzurePowerShellCredential",
            "run `Connect-AzAccount` in a terminal",
        ),
    ];

    let mut hanging = JoinSet::new();
    for (settings, environment, words) in services {
        hanging.spawn(async move {
            let mock = mock().await;
            mock.push_token_fault(Fault::NeverAnswer);
            let variables = environment(&mock);
            let setup = open(mock, settings, variables).await;
            let error = setup.refusal().await;
            assert_passing(&error, &[words, "no answer within 10 seconds"]);
            setup.only_token_request();
            in_time(setup.mock.wait_for_closed_streams(1)).await;
        });
    }
    for (program, credential, words) in programs {
        hanging.spawn(async move {
            let programs = Programs::new();
            let ended = programs.install_hung(program);
            let variables = vec![only(credential), programs.path()];
            let setup = open(mock().await, chain(), variables).await;
            let error = setup.refusal().await;
            assert_final(&error, &["did not end within 10 seconds", words]);
            // Neither the program nor what it started runs any more.
            in_time(ended).await.unwrap();
        });
    }
    let started = Instant::now();
    hanging.join_all().await;
    let took = started.elapsed();
    assert!((10..20).contains(&took.as_secs()), "{took:?}");
}
