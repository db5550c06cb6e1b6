//! The real component works with sealed secrets, and as well without.

use std::sync::Arc;

use azure_openai_mock::MockAzure;
use http::HeaderMap;
use provider_host::credentials::CredentialKind;
use provider_host::secret::Secret;
use provider_host::{Environment, Provider};
use serde_json::{Value, json};

use super::{SCOPE, Tokens};
use crate::support::{Events, ask, component};

#[tokio::test]
async fn keys_tokens_and_headers_arrive_from_wherever_they_come() {
    // settings, variables, the header that carries the secret, its value
    for (settings, variables, name, value) in [
        (
            json!({ "api_key": "secret-key" }),
            vec![],
            "api-key",
            "secret-key",
        ),
        (
            json!({ "api_key": " secret-key\n" }),
            vec![],
            "api-key",
            "secret-key",
        ),
        (
            json!({}),
            vec![("AZURE_OPENAI_API_KEY", "secret-key")],
            "api-key",
            "secret-key",
        ),
        (
            json!({}),
            vec![("AZURE_OPENAI_KEY", "\tsecret-key ")],
            "api-key",
            "secret-key",
        ),
        (
            json!({ "azure_ad_token": "secret-token" }),
            vec![],
            "authorization",
            "Bearer secret-token",
        ),
        (
            json!({}),
            vec![("AZURE_OPENAI_AD_TOKEN", "secret-token")],
            "authorization",
            "Bearer secret-token",
        ),
        (
            json!({ "use_default_credential": true }),
            vec![],
            "authorization",
            "Bearer secret-fetched-1",
        ),
        (
            json!({}),
            vec![("AZURE_USE_MANAGED_IDENTITY", "true")],
            "authorization",
            "Bearer secret-fetched-1",
        ),
    ] {
        for is_sealed in [true, false] {
            let scene = Scene::new(&settings, &variables, is_sealed).await;
            let headers = scene.headers_of_an_exchange().await;
            assert_eq!(headers[name], value, "{settings} {variables:?}");
            assert_eq!(headers["x-gateway-key"], "secret header", "{settings}");
            let other = match name {
                "api-key" => "authorization",
                _ => "api-key",
            };
            assert!(!headers.contains_key(other), "{settings} {variables:?}");
        }
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_told_to_the_credentials_as_it_is() {
    for is_sealed in [true, false] {
        let mock = MockAzure::builder().bearer_token("secret-fetched-2");
        let mock = mock.start().await.unwrap();
        let settings = json!({ "use_managed_identity": true, "managed_identity_client_id": "id" });
        let scene = Scene::with(mock, &settings, &[], is_sealed).await;
        let headers = scene.headers_of_an_exchange().await;
        assert_eq!(headers["authorization"], "Bearer secret-fetched-2");
        assert_eq!(scene.mock.requests().len(), 2);

        let asked = scene.tokens.asked();
        let refused: Vec<Option<Secret>> =
            asked.iter().map(|asked| asked.refused.clone()).collect();
        assert_eq!(refused, [None, Some(Secret::new("secret-fetched-1"))]);
        for request in asked {
            let client_id = Some("id".to_owned());
            assert_eq!(
                request.credential,
                CredentialKind::ManagedIdentity { client_id }
            );
            assert_eq!(request.scope, SCOPE);
        }
    }
}

#[tokio::test]
async fn neither_kind_of_host_lets_the_provider_tell_them() {
    let settings = json!({ "api_key": "secret-key", "debug": true, "raw_debug": true });
    for is_sealed in [true, false] {
        let scene = Scene::new(&settings, &[], is_sealed).await;
        scene.headers_of_an_exchange().await;
        let description = scene.provider.describe().await.unwrap();
        assert!(!description.contains("secret"), "{description}");
        let description: Value = serde_json::from_str(&description).unwrap();
        let shown = json!({ "value": "[REDACTED]", "source": "config" });
        assert_eq!(description["settings"]["api_key"], shown);
        for name in scene.events.names() {
            let told = json!(scene.events.of(&name)).to_string();
            assert!(!told.contains("secret"), "{name}: {told}");
        }
    }
}

/// The real component, the service, and the credentials of its host.
struct Scene {
    mock: MockAzure,
    tokens: Arc<Tokens>,
    events: Arc<Events>,
    provider: Provider,
}

impl Scene {
    async fn new(settings: &Value, variables: &[(&str, &str)], is_sealed: bool) -> Self {
        let mock = MockAzure::builder()
            .api_key("secret-key")
            .bearer_token("secret-token")
            .bearer_token("secret-fetched-1");
        Self::with(mock.start().await.unwrap(), settings, variables, is_sealed).await
    }

    async fn with(
        mock: MockAzure,
        settings: &Value,
        variables: &[(&str, &str)],
        is_sealed: bool,
    ) -> Self {
        let mut config = settings.as_object().unwrap().clone();
        config.insert("azure_endpoint".to_owned(), json!(mock.endpoint()));
        let headers = json!({ "X-Gateway-Key": "secret header" });
        config.insert("extra_headers".to_owned(), headers);
        let tokens = Tokens::new("secret-fetched");
        let events = Arc::new(Events::default());
        let mut host =
            provider_host_azure::host_builder(Environment::from_iter(variables.iter().copied()))
                .credentials(tokens.clone())
                .events(events.clone());
        // It is what hosts do unless they are told.
        if !is_sealed {
            host = host.sealed_secrets(false);
        }
        let host = host.load(&component()).await.unwrap();
        Self {
            mock,
            tokens,
            events,
            provider: host.open(&config).await.unwrap(),
        }
    }

    async fn headers_of_an_exchange(&self) -> HeaderMap {
        self.provider.complete(&ask("Hi")).await.unwrap();
        self.mock.requests().pop().unwrap().headers
    }
}
