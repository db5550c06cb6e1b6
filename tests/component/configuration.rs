//! Where the settings come from, and where requests go.

use std::sync::Arc;

use azure_openai_mock::MockAzure;
use provider_host::Environment;
use provider_host::contract::types::ErrorKind;
use serde_json::{Map, Value, json};

use crate::support::{
    Events, Setup, ask, azure, component, config, open, path_of_only_request, provider_error,
    request,
};

#[tokio::test]
async fn models_go_to_their_deployments() {
    let mapping = json!({ "gpt-5.1": "production-gpt5", "gpt-5-mini": "fast-mini" });
    // settings, requested model → deployment on the wire
    for (settings, model, deployment) in [
        (
            json!({ "deployment_mapping": mapping }),
            Some("gpt-5.1"),
            "production-gpt5",
        ),
        (
            json!({ "deployment_mapping": mapping }),
            Some("gpt-5-mini"),
            "fast-mini",
        ),
        (
            json!({ "deployment_mapping": mapping }),
            None,
            "production-gpt5",
        ),
        (
            json!({ "deployment_mapping": mapping, "default_model": "gpt-5-mini" }),
            None,
            "fast-mini",
        ),
        (
            json!({ "deployment_mapping": mapping, "default_deployment": "catch-all" }),
            Some("claude-opus-4-1"),
            "catch-all",
        ),
        (
            json!({ "default_deployment": "catch-all" }),
            None,
            "catch-all",
        ),
        (
            json!({ "deployment_mapping": mapping }),
            Some("my-custom-deploy"),
            "my-custom-deploy",
        ),
        (json!({}), Some("my-custom-deploy"), "my-custom-deploy"),
        (json!({}), None, "gpt-5.1"),
    ] {
        let mock = [
            ("production-gpt5", "gpt-5.1"),
            ("fast-mini", "gpt-5-mini"),
            ("catch-all", "gpt-4.1"),
            ("my-custom-deploy", "gpt-4.1"),
        ]
        .into_iter()
        .fold(MockAzure::builder(), |mock, (name, model)| {
            mock.deployment(name, model)
        })
        .start()
        .await
        .unwrap();
        let setup = Setup::with(mock, settings.clone()).await;
        let mut request = ask("Hi");
        request.model = model.map(str::to_owned);
        setup.provider.complete(&request).await.unwrap();
        assert_eq!(
            setup.last_body()["model"],
            deployment,
            "{settings} {model:?}"
        );
        assert_eq!(setup.events.of("llm:request")[0]["model"], deployment);
    }
}

#[tokio::test]
async fn the_configuration_comes_before_the_environment() {
    let other = mock("other-key").await;
    let environment: Environment = [
        ("AZURE_OPENAI_ENDPOINT", other.endpoint()),
        ("AZURE_OPENAI_API_KEY", "other-key".to_owned()),
        ("AZURE_OPENAI_DEFAULT_MODEL", "gpt-4.1".to_owned()),
    ]
    .into_iter()
    .collect();

    let wanted = mock("wanted-key").await;
    let settings = config(&wanted);
    let setup = Setup::with_environment(wanted, settings, environment.clone()).await;
    setup.provider.complete(&ask("Hi")).await.unwrap();
    assert_eq!(
        setup.last_body()["model"],
        "gpt-4.1",
        "what the configuration leaves open"
    );
    assert_eq!(other.requests().len(), 0);

    let setup = Setup::with_environment(other, Map::new(), environment).await;
    setup.provider.complete(&ask("Hi")).await.unwrap();
    assert_eq!(setup.mock.requests().len(), 1);
}

#[tokio::test]
async fn the_api_version_decides_on_the_path() {
    for (version, path) in [
        (None, "/openai/v1/responses"),
        (Some("v1"), "/openai/v1/responses"),
        (Some("2024-10-21"), "/openai/v1/responses"),
        (Some("preview"), "/openai/v1/responses?api-version=preview"),
        (
            Some("2025-04-01-preview"),
            "/openai/responses?api-version=2025-04-01-preview",
        ),
    ] {
        let mock = mock("key").await;
        let mut settings =
            json!({ "azure_endpoint": format!("{}/gateway/openai/", mock.endpoint()) });
        if let Some(version) = version {
            settings["api_version"] = json!(version);
        }
        let setup = Setup::with(mock, settings).await;
        setup.provider.complete(&ask("Hi")).await.unwrap();
        assert_eq!(
            path_of_only_request(&setup.mock),
            format!("/gateway{path}"),
            "{version:?}"
        );
        let headers = &setup.mock.requests()[0].headers;
        assert_eq!(headers["api-key"], "key");
        assert!(!headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn every_problem_of_a_configuration_is_reported_at_once() {
    let settings = json!({
        "azure_endpoint": "http://example.openai.azure.com",
        "max_tokens": "many",
        "deployment_mapping": ["gpt-5.1"],
    });
    let opened = open(
        settings.as_object().unwrap(),
        Environment::default(),
        Arc::default(),
    )
    .await;
    let error = provider_error(opened);
    assert_eq!(error.kind, ErrorKind::Configuration);
    for key in [
        "azure_endpoint",
        "api_key",
        "max_tokens",
        "deployment_mapping",
    ] {
        assert!(
            error.message.contains(&format!("`{key}`")),
            "{key}: {}",
            error.message
        );
    }
}

#[tokio::test]
async fn a_warning_is_given_once_however_many_instances_open_the_configuration() {
    let mock = mock("key").await;
    let setup = Setup::with(mock, json!({ "defualt_model": "gpt-4.1" })).await;
    let request = ask("Hi");
    let streams = [
        setup.provider.stream(&request).await.unwrap(),
        setup.provider.stream(&request).await.unwrap(),
    ];
    drop(streams);
    let warnings = setup.events.of("provider:config_warning");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(
        warnings[0]["message"],
        "unknown setting `defualt_model`; did you mean `default_model`?"
    );
}

#[tokio::test]
async fn describe_and_models_need_no_network_and_show_no_secret() {
    let settings = json!({
        "azure_endpoint": "https://nowhere.openai.azure.com",
        "api_key": "canary-key",
        "deployment_mapping": { "gpt-5.1": "production-gpt5", "gpt-4.1": "old" },
    });
    let events = Arc::new(Events::default());
    let provider = open(
        settings.as_object().unwrap(),
        Environment::default(),
        events,
    )
    .await
    .unwrap();
    let description = provider.describe().await.unwrap();
    assert!(!description.contains("canary-key"), "{description}");
    let description: Value = serde_json::from_str(&description).unwrap();
    assert_eq!(
        description["route"],
        "POST https://nowhere.openai.azure.com/openai/v1/responses"
    );
    assert_eq!(description["settings"]["api_key"]["source"], "config");

    let models = provider.models().await.unwrap();
    let ids: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
    assert_eq!(ids, ["gpt-4.1", "gpt-5.1"]);
    assert!(models[1].capabilities.contains(&"thinking".to_owned()));
    assert!(!models[0].capabilities.contains(&"thinking".to_owned()));
}

#[tokio::test]
async fn info_needs_nothing() {
    let host = azure().load(&component()).await.unwrap();
    let info = host.info().await.unwrap();
    assert_eq!(info.id, "azure-openai");
    assert_eq!(
        info.credential_env_vars,
        ["AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"]
    );
    let defaults: Value = serde_json::from_str(&info.defaults).unwrap();
    assert_eq!(defaults["model"], "gpt-5.1");
    assert_eq!(defaults["max_tokens"], 4096);
}

#[tokio::test]
async fn system_and_developer_messages_have_their_places() {
    let setup = Setup::new().await;
    let request = request(json!({
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "First" },
            { "role": "system", "content": [{ "type": "text", "text": "Be kind." }] },
            { "role": "developer", "content": "some context" },
            { "role": "user", "content": "Second" },
        ],
    }));
    setup.provider.complete(&request).await.unwrap();
    let body = setup.last_body();
    assert_eq!(body["instructions"], "Be brief.\n\nBe kind.");
    let texts: Vec<&Value> = body["input"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["content"][0]["text"])
        .collect();
    assert_eq!(
        texts,
        [
            "First",
            "<context_file>\nsome context\n</context_file>",
            "Second"
        ]
    );
    assert_eq!(body["store"], json!(false));
    assert_eq!(body["max_output_tokens"], json!(4096));
}

async fn mock(key: &str) -> MockAzure {
    MockAzure::builder().api_key(key).start().await.unwrap()
}
