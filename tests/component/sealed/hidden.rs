//! What a provider finds of the secrets when it looks everywhere: nothing but placeholders.

use std::collections::BTreeSet;

use provider_host::Environment;
use serde_json::{Value, json};

use super::{SCOPE, Tokens};
use crate::hostile::Hostile;
use crate::support::azure;

#[tokio::test]
async fn environment_configuration_and_memory_hold_no_secret() {
    let hostile = hostile(true).await;
    let placeholders = placeholders(&hostile).await;
    let (bytes, memory) = hostile.memory().await;
    // The host takes secrets out of events: that it had nothing to take out shows that none was there.
    assert_eq!(memory.chars().count(), bytes);
    assert!(!memory.contains("[REDACTED]"));
    for secret in SECRETS {
        assert!(!memory.contains(secret), "{secret}");
        assert!(!hostile.holds(secret).await, "{secret}");
    }
    for placeholder in placeholders {
        assert!(memory.contains(&placeholder), "{placeholder}");
    }
}

#[tokio::test]
async fn each_secret_has_a_placeholder_of_its_own_that_says_nothing() {
    let mut seen = BTreeSet::new();
    // The same secrets again have other placeholders.
    for hostile in [hostile(true).await, hostile(true).await] {
        for placeholder in placeholders(&hostile).await {
            let random = placeholder.strip_prefix("sealed-").unwrap();
            assert_eq!(random.len(), 32, "{placeholder}");
            assert!(random.bytes().all(|byte| byte.is_ascii_hexdigit()));
            assert!(seen.insert(placeholder));
        }
    }
    assert_eq!(seen.len(), 2 * SECRETS.len());
}

#[tokio::test]
async fn the_same_token_has_the_same_placeholder() {
    let tokens = Tokens::new("fetched-secret");
    let host = azure().credentials(tokens.clone());
    let hostile = Hostile::open_in(host, json!({})).await;
    let first = token(&hostile).await;
    assert_ne!(token(&hostile).await, first);
    // Then the first one comes again.
    tokens.asked.lock().unwrap().clear();
    assert_eq!(token(&hostile).await, first);
}

#[tokio::test]
async fn a_host_that_does_not_seal_shows_them_so_that_the_search_finds_something() {
    let hostile = hostile(false).await;
    // Placeholders are none, and a description is without secrets in any case.
    let shown = placeholders(&hostile).await;
    let (token, described) = shown.split_last().unwrap();
    assert!(
        described.iter().all(|value| value == "[REDACTED]"),
        "{described:?}"
    );
    assert_eq!(Some(&token.as_str()), SECRETS.last());
    for secret in SECRETS {
        assert!(hostile.holds(secret).await, "{secret}");
    }
    // So is everything else that such a provider says.
    let (_, memory) = hostile.memory().await;
    assert!(memory.contains("[REDACTED]"));
    for secret in SECRETS {
        assert!(!memory.contains(secret), "{secret}");
    }
}

/// A secret in every place that a provider gets secrets from.
async fn hostile(is_sealed: bool) -> Hostile {
    let [
        key,
        token,
        header,
        key_variable,
        other_variable,
        token_variable,
        ..,
    ] = SECRETS;
    let config = json!({
        "azure_endpoint": "https://r.openai.azure.com",
        // With the blanks that pasting leaves, which are not part of it.
        "api_key": format!(" {key}\n"),
        "azure_ad_token": token,
        "extra_headers": { "x-gateway-key": header },
    });
    let environment = Environment::from_iter([
        ("AZURE_OPENAI_API_KEY", key_variable),
        ("AZURE_OPENAI_KEY", other_variable),
        ("AZURE_OPENAI_AD_TOKEN", token_variable),
    ]);
    let host = provider_host_azure::host_builder(environment)
        .credentials(Tokens::new("fetched-secret"))
        .sealed_secrets(is_sealed);
    Hostile::open_in(host, config).await
}

/// What the provider sees in place of [`SECRETS`], in their order.
async fn placeholders(hostile: &Hostile) -> Vec<String> {
    let description = hostile.provider.describe().await.unwrap();
    let description: Value = serde_json::from_str(&description).unwrap();
    let config: Value = serde_json::from_str(description["config"].as_str().unwrap()).unwrap();
    let variable = |name: &str| {
        let variables = description["environment"].as_array().unwrap();
        let mut values = variables.iter().filter(|variable| variable[0] == name);
        values.next().unwrap()[1].clone()
    };
    let seen = [
        config["api_key"].clone(),
        config["azure_ad_token"].clone(),
        config["extra_headers"]["x-gateway-key"].clone(),
        variable("AZURE_OPENAI_API_KEY"),
        variable("AZURE_OPENAI_KEY"),
        variable("AZURE_OPENAI_AD_TOKEN"),
        json!(token(hostile).await),
    ];
    let texts = seen.iter().map(|seen| seen.as_str().unwrap().trim());
    texts.map(str::to_owned).collect()
}

async fn token(hostile: &Hostile) -> String {
    let instruction = json!({ "do": "token", "credential": "default-chain", "scope": SCOPE });
    let got = hostile.carry_out(instruction).await;
    got["token"].as_str().unwrap().to_owned()
}

const SECRETS: [&str; 7] = [
    "key-of-the-configuration",
    "token-of-the-configuration",
    "header of the configuration",
    "key-of-the-environment",
    "other-key-of-the-environment",
    "token-of-the-environment",
    "fetched-secret-1",
];
