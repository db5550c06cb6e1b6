//! Tokens of each identity that the gateway knows.

use azure_openai_mock::{MOCK_FEDERATED_TOKEN, MockAzure};
use serde_json::json;

use crate::client::post;
use crate::host::{Grants, Host};
use crate::owned;
use crate::support::gateway;

#[tokio::test]
async fn each_identity_opens_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, MOCK_FEDERATED_TOKEN).unwrap();
    let chain = ("AZURE_USE_DEFAULT_CREDENTIAL", "true");
    let machine = ("AZURE_USE_MANAGED_IDENTITY", "true");
    for (name, switch) in [
        ("client secret", chain),
        ("workload identity", chain),
        ("workload identity by variable", chain),
        ("App Service", machine),
        ("App Service", chain),
        ("virtual machine", machine),
        ("virtual machine", chain),
    ] {
        let mock = MockAzure::builder().start().await.unwrap();
        let identity = match name {
            "client secret" => mock.environment_of_client_secret(),
            "App Service" => mock.environment_of_app_service(),
            "virtual machine" => mock.environment_of_virtual_machine(),
            _ => mock.environment_of_workload_identity(&file),
        };
        let mut variables = owned(&[("AZURE_OPENAI_ENDPOINT", &mock.endpoint()), switch]);
        variables.extend(identity.into_iter().map(|(variable, value)| {
            let path = file.display().to_string();
            match name {
                "workload identity" if value == path => {
                    (variable.to_owned(), "/secrets/token".to_owned())
                }
                "workload identity by variable" if value == path => {
                    let token = MOCK_FEDERATED_TOKEN.to_owned();
                    ("AZURE_FEDERATED_TOKEN".to_owned(), token)
                }
                _ => (variable.to_owned(), value),
            }
        }));
        let grants = Grants {
            variables,
            secrets: Some(folder.path().to_owned()),
            ..Grants::default()
        };
        let host = Host::start(&gateway(), grants).await;
        let body = json!({ "model": "gpt-5.1", "input": "Hi" });
        let answer = post(host.address, "/v1/responses", &body).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert_eq!(mock.token_requests().len(), 1, "{name}");
        let authorization = mock.requests()[0].headers["authorization"].clone();
        assert!(
            authorization.to_str().unwrap().starts_with("Bearer "),
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_identity_that_is_refused_is_a_fault_behind_the_gateway() {
    let mock = MockAzure::builder().start().await.unwrap();
    let mut variables = owned(&[
        ("AZURE_OPENAI_ENDPOINT", &mock.endpoint()),
        ("AZURE_USE_DEFAULT_CREDENTIAL", "true"),
    ]);
    let identity = mock.environment_of_client_secret().into_iter();
    variables.extend(identity.map(|(name, value)| {
        let value = if name == "AZURE_CLIENT_SECRET" {
            "canary".to_owned()
        } else {
            value
        };
        (name.to_owned(), value)
    }));
    let host = crate::serve(variables).await;
    let answer = post(host.address, "/v1/responses", &json!({ "input": "Hi" })).await;
    assert_eq!(answer.status, 502, "{answer:?}");
    let message = answer.json()["error"]["message"].to_string();
    assert!(
        message.contains("Microsoft Entra ID gave no token (status 401)"),
        "{message}"
    );
    assert!(!message.contains("canary"), "{message}");
}
