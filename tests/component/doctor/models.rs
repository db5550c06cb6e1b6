//! `host-harness models`.

use serde_json::{Value, json};

use super::support::{endpoint, examine, mock};
use crate::command_line::{execute, file};
use crate::support::component;

#[tokio::test]
async fn models_are_listed_with_their_deployments() {
    let config = file(
        ".yaml",
        "providers: [{module: provider-azure-openai, config: {deployment_mapping: {gpt-5.1: production-gpt5, gpt-4o: old}}}]",
    );
    let component = component();
    let arguments = [
        "models",
        "--config",
        config.path().to_str().unwrap(),
        "--component",
    ];
    let arguments = [&arguments[..], &[component.to_str().unwrap()]].concat();
    let text = execute(&[], &arguments, "").await;
    assert_eq!(text.code, 0, "{text:?}");
    let lines: Vec<&str> = text.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with("gpt-4o  -> old              128000 tokens, 16384 of them output; 2.5 in (1.25 cached), 10 out, USD per million tokens; "),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with(
            "gpt-5.1 -> production-gpt5  400000 tokens, 128000 of them output; 1.25 in "
        ),
        "{lines:?}"
    );

    let json = execute(&[], &[&arguments[..], &["--json"]].concat(), "").await;
    let models: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(models[1]["id"], "gpt-5.1");
    assert_eq!(models[1]["context_window"], 400_000);
    assert_eq!(models[1]["pricing"]["input_per_million"], 1.25);
    let defaults = json!({
        "reasoning_effort": "none",
        "reasoning_efforts": ["none", "low", "medium", "high"],
        "max_input_tokens": 272_000,
    });
    assert_eq!(models[1]["defaults"], defaults);
    assert_eq!(models[1]["deployment"], "production-gpt5");
    assert_eq!(models[1]["logical_model"], "gpt-5.1");
    assert!(
        models[1]["capabilities"]
            .as_array()
            .unwrap()
            .contains(&json!("thinking"))
    );
}

#[tokio::test]
async fn doctor_names_models_that_are_retired() {
    let mock = mock().await;
    let config = file(
        ".yaml",
        "providers: [{module: provider-azure-openai, config: {deployment_mapping: {o3: old, gpt-6-sol: new}}}]",
    );
    let variables = [
        endpoint(&mock),
        ("AZURE_OPENAI_API_KEY", mock.api_key().to_owned()),
    ];
    let arguments = ["--offline", "--config", config.path().to_str().unwrap()];
    let report = examine(&mock, &variables, &arguments).await.json();
    let retired = "the model o3 (deployment `old`) was retired on 2026-11-19; Microsoft names gpt-5.6-sol in its place";
    let named = report["retirements"].as_array().unwrap();
    assert!(named.contains(&json!(retired)), "{named:?}");
    let is_of_sol = |line: &&Value| line.as_str().unwrap().contains("gpt-6-sol (");
    assert_eq!(named.iter().find(is_of_sol), None);
}

#[tokio::test]
async fn models_tells_of_settings_that_the_provider_does_not_know() {
    let config = file(
        ".yaml",
        "providers: [{module: provider-azure-openai, config: {deployment_maping: {gpt-5.1: production-gpt5}}}]",
    );
    let component = component();
    let arguments = [
        "models",
        "--config",
        config.path().to_str().unwrap(),
        "--component",
        component.to_str().unwrap(),
    ];
    let finished = execute(&[], &arguments, "").await;
    assert_eq!(finished.code, 0, "{finished:?}");
    for words in ["warning: ", "deployment_maping"] {
        assert!(finished.stderr.contains(words), "{finished:?}");
    }
}
