//! What tokens are for, and where they go.

use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;
use provider_host::credentials::{AccessToken, CredentialError, TokenProvider, TokenRequest};
use serde_json::json;

use super::support::{assert_final, chain, mock, open, open_with};

#[tokio::test]
async fn the_scope_follows_the_cloud() {
    // endpoint → scope
    for (host, scope) in [
        (
            "contoso.openai.azure.com",
            "https://cognitiveservices.azure.com/.default",
        ),
        (
            "contoso.openai.azure.us",
            "https://cognitiveservices.azure.us/.default",
        ),
        (
            "contoso.openai.azure.cn",
            "https://cognitiveservices.azure.cn/.default",
        ),
        (
            "gateway.example",
            "https://cognitiveservices.azure.com/.default",
        ),
    ] {
        let nobody = Arc::new(Nobody::default());
        let mut settings = chain();
        settings["azure_endpoint"] = json!(format!("https://{host}"));
        let setup = open_with(mock().await, settings, Arc::clone(&nobody) as _).await;
        // Without a token nothing leaves for these hosts.
        assert_final(&setup.refusal().await, &["nobody is here"]);
        assert_eq!(*nobody.0.lock().unwrap(), [scope], "{host}");
    }
}

#[tokio::test]
async fn a_configured_scope_comes_before_the_clouds() {
    let mut settings = chain();
    settings["token_scope"] = json!("https://ai.azure.com/.default");
    let mock = mock().await;
    let variables = mock.environment_of_client_secret();
    let setup = open(mock, settings, variables).await;
    setup.token_taken().await;
    let scope = &setup.only_token_request().body["scope"];
    assert_eq!(scope, "https://ai.azure.com/.default");
}

#[tokio::test]
async fn a_scope_that_the_tenant_does_not_have_is_named() {
    let mut settings = chain();
    settings["token_scope"] = json!("https://nowhere.example/.default");
    let mock = mock().await;
    let variables = mock.environment_of_client_secret();
    let setup = open(mock, settings, variables).await;
    assert_final(
        &setup.refusal().await,
        &["AADSTS500011", "check token_scope"],
    );
    setup.only_token_request();
}

/// Has no token for anybody, and knows what was asked for.
#[derive(Default)]
struct Nobody(Mutex<Vec<String>>);

#[async_trait]
impl TokenProvider for Nobody {
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, CredentialError> {
        self.0.lock().unwrap().push(request.scope.clone());
        Err(CredentialError::failed("nobody is here"))
    }
}
