//! `host-harness models`.

use serde_json::{Value, json};

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
        lines[0].starts_with("gpt-4o  -> old              128000 tokens"),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("gpt-5.1 -> production-gpt5  400000 tokens"),
        "{lines:?}"
    );

    let json = execute(&[], &[&arguments[..], &["--json"]].concat(), "").await;
    let models: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(models[1]["id"], "gpt-5.1");
    assert_eq!(models[1]["context_window"], 400_000);
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
