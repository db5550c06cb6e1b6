//! Whole reports, compared with the files in `golden/doctor`; `UPDATE_GOLDEN=1 cargo xtask test` writes these anew.

use super::support::{EXPIRED_TOKEN, NO_PROGRAMS, borrowed, closed_port, endpoint, examine, mock};
use crate::command_line::{execute, file};
use crate::support::component;

#[tokio::test]
async fn a_key_that_works() {
    let mock = mock().await;
    let variables = [
        endpoint(&mock),
        ("AZURE_OPENAI_API_KEY", mock.api_key().to_owned()),
    ];
    let report = examine(&mock, &variables, &[]).await;
    report.is("api-key", 0);
    let probe = mock.requests().remove(0);
    assert_eq!(probe.body["max_output_tokens"], 16, "it asks for little");
}

#[tokio::test]
async fn nothing_is_configured() {
    let mock = mock().await;
    examine(&mock, &[], &[]).await.is("nothing", 2);
    assert_eq!(mock.requests().len(), 0);
}

#[tokio::test]
async fn everything_is_wrong() {
    let mock = mock().await;
    let config = file(
        ".toml",
        r#"
        [[providers]]
        module = "provider-azure-openai"
        [providers.config]
        azure_endpoint = "http://r.openai.azure.com"
        api_key = "two words"
        api_version = "v9"
        temperature = "hot"
        min_retry_delay = 9
        max_retry_delay = 3
        deployment_mapping = "gpt-5.1"
        "#,
    );
    let arguments = ["--config", config.path().to_str().unwrap()];
    examine(&mock, &[], &arguments).await.is("problems", 2);
}

#[tokio::test]
async fn a_deployment_that_is_not_there() {
    let mock = mock().await;
    let config = file(
        ".yaml",
        "providers: [{module: provider-azure-openai, config: {apikey: x, deployment_mapping: {gpt-5.1: nowhere}}}]",
    );
    let variables = [
        endpoint(&mock),
        ("AZURE_OPENAI_API_KEY", mock.api_key().to_owned()),
        ("AZURE_OPENAI_API_VERSION", "2024-10-21".to_owned()),
    ];
    let arguments = ["--config", config.path().to_str().unwrap()];
    let report = examine(&mock, &variables, &arguments).await;
    report.is("deployment-not-found", 1);
}

#[tokio::test]
async fn a_managed_identity_that_works() {
    let mock = mock().await;
    let variables: Vec<_> = mock
        .environment_of_virtual_machine()
        .into_iter()
        .chain([
            endpoint(&mock),
            ("AZURE_USE_MANAGED_IDENTITY", "true".to_owned()),
            ("AZURE_OPENAI_DEFAULT_DEPLOYMENT", "gpt-4o".to_owned()),
        ])
        .collect();
    let report = examine(&mock, &variables, &[]).await;
    report.is("managed-identity", 0);
    assert_eq!(
        mock.token_requests().len(),
        1,
        "the probe uses the same token"
    );
}

#[tokio::test]
async fn a_client_secret_that_is_wrong_ends_the_chain() {
    let mock = mock().await;
    let variables: Vec<_> = mock
        .environment_of_client_secret()
        .into_iter()
        .chain([
            endpoint(&mock),
            ("AZURE_USE_DEFAULT_CREDENTIAL", "true".to_owned()),
            ("AZURE_CLIENT_SECRET", "canary-of-a-secret".to_owned()),
        ])
        .collect();
    let report = examine(&mock, &variables, &[]).await;
    report.is("client-secret-refused", 1);
    assert_eq!(mock.requests().len(), 0, "without a token nothing is asked");
}

#[tokio::test]
async fn no_credential_is_available() {
    let mock = mock().await;
    let variables = [
        endpoint(&mock),
        ("AZURE_USE_DEFAULT_CREDENTIAL", "true".to_owned()),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", closed_port()),
        ("PATH", NO_PROGRAMS.to_owned()),
    ];
    let report = examine(&mock, &variables, &[]).await;
    report.is("no-credential", 1);
}

#[tokio::test]
async fn offline_nothing_is_sent() {
    let mock = mock().await;
    let variables: Vec<_> = mock
        .environment_of_client_secret()
        .into_iter()
        .chain([
            endpoint(&mock),
            ("AZURE_USE_DEFAULT_CREDENTIAL", "true".to_owned()),
            ("PATH", NO_PROGRAMS.to_owned()),
        ])
        .collect();
    let report = examine(&mock, &variables, &["--offline"]).await;
    report.is("offline", 0);
    assert_eq!(mock.requests().len() + mock.token_requests().len(), 0);
}

#[tokio::test]
async fn offline_there_must_be_something_that_may_give_a_token() {
    let mock = mock().await;
    let token = |token: &str| vec![("AZURE_OPENAI_AD_TOKEN", token.to_owned())];
    let developer = vec![
        ("AZURE_USE_DEFAULT_CREDENTIAL", "true".to_owned()),
        ("AZURE_TOKEN_CREDENTIALS", "dev".to_owned()),
        ("PATH", NO_PROGRAMS.to_owned()),
    ];
    for (mut variables, code, verdict) in [
        (token(EXPIRED_TOKEN), 1, "failed"),
        // Its `exp` is in the year 2100.
        (token("e30.eyJleHAiOjQxMDI0NDQ4MDB9.signature"), 0, "well"),
        (token("opaque"), 0, "well"),
        (developer, 1, "failed"),
    ] {
        variables.push(endpoint(&mock));
        let report = examine(&mock, &variables, &["--offline"]).await;
        assert_eq!(report.finished.code, code, "{:?}", report.finished);
        assert_eq!(report.json()["verdict"], verdict);
    }
    assert_eq!(mock.requests().len(), 0);
}

#[tokio::test]
async fn the_text_says_what_the_json_says() {
    let mock = mock().await;
    let variables = [
        endpoint(&mock),
        ("AZURE_OPENAI_API_KEY", "wrong-key".to_owned()),
        ("AZURE_OPENAI_API_VERSION", "2024-10-21".to_owned()),
    ];
    let component = component();
    let component = component.to_str().unwrap();
    let finished = execute(
        &borrowed(&variables),
        &["doctor", "--component", component],
        "",
    )
    .await;
    assert_eq!(finished.code, 1, "{finished:?}");
    for words in [
        "api_key                     [REDACTED]  (AZURE_OPENAI_API_KEY)",
        "timeout                     600  (default)",
        "Warnings\n  - `api_version` 2024-10-21 is older than the Responses API",
        "/openai/v1/responses\n  proxy: none\n",
        "Authentication\n  api_key\n",
        "gpt-5.1 -> gpt-5.1 (model_name, as gpt-5.1)",
        "does not accept the API key (401)\n  What to do\n  - compare the key",
    ] {
        assert!(
            finished.stdout.contains(words),
            "{words}: {}",
            finished.stdout
        );
    }
    assert!(!finished.stdout.contains("wrong-key"));
}
