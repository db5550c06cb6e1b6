//! Without an endpoint a mock answers.

use super::{file, run};

#[tokio::test]
async fn without_an_endpoint_the_embedded_mock_answers_and_says_so() {
    let output = run(&[], &["Say hello from the sandbox"]).await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(
        output.stdout,
        "Hello from the mock of Azure OpenAI (deployment gpt-5.1). You said: \"Say hello from the sandbox\"\n"
    );
    assert!(
        output
            .stderr
            .contains("the embedded mock of Azure OpenAI answers"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn a_configuration_can_be_tried_before_it_has_an_endpoint() {
    let config = file(
        ".yaml",
        "providers: [{module: provider-azure-openai, config: {deployment_mapping: {gpt-5.1: production-gpt5}}}]",
    );
    for (environment, arguments, deployment) in [
        (
            vec![("AZURE_OPENAI_DEFAULT_DEPLOYMENT", "mine")],
            vec!["Hi"],
            "mine",
        ),
        (
            vec![],
            vec!["--config", config.path().to_str().unwrap(), "Hi"],
            "production-gpt5",
        ),
    ] {
        let output = run(&environment, &arguments).await;
        assert!(
            output
                .stdout
                .contains(&format!("(deployment {deployment})")),
            "{output:?}"
        );
    }
}

#[tokio::test]
async fn an_endpoint_that_is_no_text_is_an_error_and_not_the_mocks_answer() {
    let config = file(
        ".yaml",
        "providers: [{module: provider-azure-openai, config: {azure_endpoint: 5, api_key: k}}]",
    );
    let output = run(&[], &["--config", config.path().to_str().unwrap(), "Hi"]).await;
    assert_eq!(output.code, 2, "{output:?}");
    assert!(
        output
            .stderr
            .contains("`azure_endpoint`: expected an address"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn the_embedded_mock_never_gets_a_real_key() {
    let output = run(&[("AZURE_OPENAI_API_KEY", "canary")], &["Say hello"]).await;
    assert_eq!(
        output.code, 0,
        "the mock accepts only its own key: {output:?}"
    );
}

#[tokio::test]
async fn other_ways_to_authenticate_do_not_matter_to_the_embedded_mock() {
    let config = file(
        ".yaml",
        "providers: [{module: provider-azure-openai, config: {use_default_credential: true}}]",
    );
    let variables = [
        ("AZURE_USE_DEFAULT_CREDENTIAL", "true"),
        ("AZURE_USE_MANAGED_IDENTITY", "true"),
        ("AZURE_MANAGED_IDENTITY_CLIENT_ID", "id"),
        ("AZURE_OPENAI_AD_TOKEN", "canary"),
    ];
    let path = config.path().to_str().unwrap();
    let output = run(&variables, &["--config", path, "Say hello"]).await;
    assert_eq!(output.code, 0, "{output:?}");
    assert!(!output.stderr.contains("warning"), "{output:?}");
}
