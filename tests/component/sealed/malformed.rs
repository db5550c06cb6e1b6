//! Secrets that cannot be sent: the provider does not see them either, and says the same of them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use azure_openai_mock::MockAzure;
use provider_host::Environment;
use provider_host::credentials::{AccessToken, CredentialError, TokenProvider, TokenRequest};
use provider_host::secret::Secret;
use serde_json::{Map, Value, json};

use crate::hostile::Hostile;
use crate::support::{ask, azure, component, provider_error};

#[tokio::test]
async fn a_malformed_secret_is_not_shown() {
    for (config, variables, parts) in cases() {
        let host = provider_host_azure::host_builder(Environment::from_iter(variables.clone()));
        let hostile = Hostile::open_in(host, config.clone()).await;
        let (bytes, memory) = hostile.memory().await;
        assert_eq!(memory.chars().count(), bytes);
        assert!(!memory.contains("[REDACTED]"), "{config} {variables:?}");
        for part in parts {
            assert!(!memory.contains(part), "{config} {variables:?}: {part}");
            assert!(!hostile.holds(part).await, "{config} {variables:?}: {part}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_it_is_said_as_if_it_had_been_seen() {
    for (config, variables, parts) in cases() {
        let mut all: Map<String, Value> = serde_json::from_value(config.clone()).unwrap();
        all.insert("azure_endpoint".to_owned(), json!("https://r.example"));
        all.insert("use_default_credential".to_owned(), json!(true));
        let mut messages = Vec::new();
        for is_sealed in [true, false] {
            let host = provider_host_azure::host_builder(Environment::from_iter(variables.clone()))
                .sealed_secrets(is_sealed);
            let host = host.load(&component()).await.unwrap();
            let error = provider_error(host.open(&all).await);
            for part in &parts {
                let said = format!("{error:?}");
                assert!(!said.contains(part), "{config} {variables:?}: {said}");
            }
            messages.push(error.message);
        }
        assert_eq!(messages[0], messages[1], "{config} {variables:?}");
        assert!(messages[0].contains(": expected "), "{}", messages[0]);
    }
}

#[tokio::test]
async fn a_credentials_token_is_one_line_or_none_at_all() {
    // what the credential gives → what is sent
    for (given, sent) in [
        ("secret-token", Some("Bearer secret-token")),
        ("secret-token\r\n", Some("Bearer secret-token")),
        ("secret\r\nx-more: token", None),
        ("secret token", None),
        ("\n", None),
    ] {
        let mock = MockAzure::builder().start().await.unwrap();
        let host = azure().credentials(Arc::new(Given(given)));
        let host = host.load(&component()).await.unwrap();
        let config = json!({ "azure_endpoint": mock.endpoint(), "use_default_credential": true, "max_retries": 0 });
        let host = host.open(config.as_object().unwrap()).await.unwrap();
        let answered = host.complete(&ask("Hi")).await;
        let requests = mock.requests();
        let found = requests
            .first()
            .map(|request| request.headers["authorization"].clone());
        assert_eq!(
            found.as_ref().map(|header| header.to_str().unwrap()),
            sent,
            "{given:?}"
        );
        if sent.is_none() {
            let error = provider_error(answered);
            assert!(
                error.message.contains("no header can carry"),
                "{}",
                error.message
            );
            assert!(!error.message.contains("secret"), "{}", error.message);
        }
    }
}

/// Gives the same each time.
struct Given(&'static str);

#[async_trait]
impl TokenProvider for Given {
    async fn token(&self, _: &TokenRequest) -> Result<AccessToken, CredentialError> {
        Ok(AccessToken {
            token: Secret::new(self.0),
            expires_on: SystemTime::now() + Duration::from_secs(3600),
            refresh_on: None,
        })
    }
}

type Case = (Value, Vec<(&'static str, &'static str)>, Vec<&'static str>);

/// Configuration, variables, and the parts of the secret that must not be anywhere.
fn cases() -> Vec<Case> {
    let of_config = |config: Value, parts: &[&'static str]| (config, Vec::new(), parts.to_vec());
    let mut cases = vec![
        of_config(
            json!({ "extra_headers": "x-key: canary-text" }),
            &["canary-text"],
        ),
        of_config(
            json!({ "extra_headers": ["canary-listed"] }),
            &["canary-listed"],
        ),
        of_config(json!({ "extra_headers": 918_273_645 }), &["918273645"]),
        of_config(
            json!({ "extra_headers": { "x-key": 918_273_645 } }),
            &["918273645"],
        ),
        of_config(
            json!({ "extra_headers": { "x-key": ["canary-listed"] } }),
            &["canary-listed"],
        ),
        of_config(
            json!({ "extra_headers": { "x-key": { "value": "canary-nested" } } }),
            &["canary-nested"],
        ),
        of_config(
            json!({ "extra_headers": { "x-key": "canary-above\ncanary-below" } }),
            &["canary-above", "canary-below"],
        ),
        of_config(
            json!({ "extra_headers": { "no name": "canary-unnamed" } }),
            &["canary-unnamed"],
        ),
        of_config(
            json!({ "extra_headers": { "": "canary-unnamed" } }),
            &["canary-unnamed"],
        ),
        of_config(
            json!({ "extra_headers": { "host": "canary-of-host" } }),
            &["canary-of-host"],
        ),
        of_config(
            json!({ "extra_headers": { "authorization": "Bearer canary-own" } }),
            &["canary-own"],
        ),
        of_config(
            json!({ "extra_headers": { "x-key": "canary-lower", "X-Key": "canary-upper" } }),
            &["canary-lower", "canary-upper"],
        ),
    ];
    for key in ["api_key", "azure_ad_token"] {
        for (value, parts) in [
            (
                json!("canary-above\ncanary-below"),
                &["canary-above", "canary-below"][..],
            ),
            (
                json!("canary-left canary-right"),
                &["canary-left", "canary-right"],
            ),
            (
                json!("canary-\u{e4}-umlaut"),
                &["canary-\u{c3}\u{a4}", "-umlaut"],
            ),
            (json!("canary-\0-zero"), &["canary-\0", "-zero"]),
            (json!(918_273_645), &["918273645"]),
            (json!(91_827.364_5), &["91827.3645"]),
            (json!(["canary-listed"]), &["canary-listed"]),
            (json!({ "value": "canary-nested" }), &["canary-nested"]),
        ] {
            cases.push(of_config(json!({ key: value }), parts));
        }
    }
    for name in [
        "AZURE_OPENAI_API_KEY",
        "AZURE_OPENAI_KEY",
        "AZURE_OPENAI_AD_TOKEN",
    ] {
        let parts = vec!["canary-above", "canary-below"];
        cases.push((
            json!({}),
            vec![(name, "canary-above\ncanary-below")],
            parts.clone(),
        ));
        cases.push((json!({}), vec![(name, "canary-above canary-below")], parts));
    }
    cases
}
