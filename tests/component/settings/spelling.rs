//! How values may be written, and keys that no setting has.

use azure_openai_mock::MockAzure;
use provider_host::{Environment, Host};
use serde_json::{Map, Value, json};

use super::table::ROWS;
use crate::support::{Setup, azure, component, config, provider_error};

#[tokio::test]
async fn booleans_may_be_words_and_numbers_too() {
    let host = azure().load(&component()).await.unwrap();
    for row in ROWS.iter().filter(|row| row.expected == "true or false") {
        for value in trues().into_iter().chain(falses()) {
            let opened = host.open(&row.with(value.clone())).await;
            assert!(opened.is_ok(), "{} {value}", row.key);
        }
        for value in [
            json!("maybe"),
            json!(2),
            json!("10"),
            json!([true]),
            json!({}),
            json!(1.5),
        ] {
            let error = provider_error(host.open(&row.with(value.clone())).await);
            let problem = format!("`{}`: expected true or false, found {value}", row.key);
            assert!(error.message.contains(&problem), "{}", error.message);
        }
    }
}

#[tokio::test]
async fn each_spelling_of_a_boolean_has_its_meaning() {
    let host = azure().load(&component()).await.unwrap();
    for (values, method) in [
        (trues(), "use_managed_identity"),
        (falses(), "use_default_credential"),
    ] {
        for value in values {
            let mut config = base();
            config.insert("use_managed_identity".to_owned(), value.clone());
            assert_eq!(authentication(&host, &config).await, method, "{value}");

            let Value::String(text) = value else { continue };
            let environment =
                Environment::from_iter([("AZURE_USE_MANAGED_IDENTITY", text.clone())]);
            let host = provider_host_azure::host_builder(environment);
            let host = host.load(&component()).await.unwrap();
            assert_eq!(authentication(&host, &base()).await, method, "{text:?}");
        }
    }
}

#[tokio::test]
async fn unknown_keys_are_warned_of_with_what_was_probably_meant() {
    // key → warning
    for (key, warning) in [
        (
            "defualt_model",
            "unknown setting `defualt_model`; did you mean `default_model`?",
        ),
        ("endpoint", "unknown setting `endpoint`; it has no effect"),
        (
            "azure_endpont",
            "unknown setting `azure_endpont`; did you mean `azure_endpoint`?",
        ),
        (
            "max_output_token",
            "unknown setting `max_output_token`; did you mean `max_output_tokens`?",
        ),
        (
            "Api_Key",
            "unknown setting `Api_Key`; did you mean `api_key`?",
        ),
        ("banana", "unknown setting `banana`; it has no effect"),
    ] {
        let mock = MockAzure::builder().start().await.unwrap();
        let mut config = config(&mock);
        config.insert(key.to_owned(), json!("some value"));
        let setup = Setup::with_environment(mock, config, Environment::default()).await;
        let warnings = setup.events.of("provider:config_warning");
        assert_eq!(
            warnings,
            [json!({ "provider": "azure-openai", "message": warning })]
        );
        let description: Value =
            serde_json::from_str(&setup.provider.describe().await.unwrap()).unwrap();
        assert_eq!(description["warnings"], json!([warning]));
        assert!(description["settings"].get(key).is_none());
    }
}

fn trues() -> Vec<Value> {
    vec![
        json!(true),
        json!(1),
        json!("true"),
        json!("True"),
        json!("1"),
        json!("yes"),
        json!("YES"),
        json!("on"),
        json!(" On\n"),
    ]
}

fn falses() -> Vec<Value> {
    vec![
        json!(false),
        json!(0),
        json!("false"),
        json!("FALSE"),
        json!("0"),
        json!("no"),
        json!("No"),
        json!("off"),
        json!("\tOFF "),
    ]
}

fn base() -> Map<String, Value> {
    let base = json!({ "azure_endpoint": "https://r.example", "use_default_credential": true });
    serde_json::from_value(base).unwrap()
}

/// The way to authenticate that was chosen.
async fn authentication(host: &Host, config: &Map<String, Value>) -> String {
    let provider = host.open(config).await.unwrap();
    let description: Value = serde_json::from_str(&provider.describe().await.unwrap()).unwrap();
    description["authentication"]["method"]
        .as_str()
        .unwrap()
        .to_owned()
}
