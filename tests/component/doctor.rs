//! `host-harness doctor` and `host-harness models`: what they say of configurations that work, and of others.
//!
//! The reports are compared with the files in `golden/doctor`; `UPDATE_GOLDEN=1 cargo xtask test` writes these anew.

use std::fs;
use std::path::Path;

use host_harness::mock::{Fault, MockAzure};
use http::StatusCode;
use serde_json::{Value, json};

use crate::command_line::{Finished, execute, file};
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
async fn a_token_that_has_expired_is_told_when_the_service_refuses_it() {
    let mock = mock().await;
    let variables = [
        endpoint(&mock),
        ("AZURE_OPENAI_AD_TOKEN", EXPIRED_TOKEN.to_owned()),
    ];
    let report = examine(&mock, &variables, &[]).await;
    assert_eq!(report.finished.code, 1, "{:?}", report.finished);
    let step = &report.json()["probe"]["steps"][0];
    assert!(
        step.as_str()
            .unwrap()
            .contains("expired at 2023-11-14T22:13:20Z"),
        "{step}"
    );
}

#[tokio::test]
async fn the_deployment_of_a_model_is_the_one_that_the_provider_asks() {
    let mock = MockAzure::builder()
        .deployment("prod", "gpt-5.1")
        .start()
        .await
        .unwrap();
    let config = file(
        ".yaml",
        "providers: [{module: provider-azure-openai, config: {deployment_mapping: {gpt-5.1: prod}, \
         default_deployment: prod}}]",
    );
    let variables = [
        endpoint(&mock),
        ("AZURE_OPENAI_API_KEY", mock.api_key().to_owned()),
    ];
    let config = config.path().to_str().unwrap();
    // A model without an entry goes to the default deployment, which the mapping says to have gpt-5.1.
    for model in ["gpt-5.1", "my-model", " my-model ", ""] {
        let arguments = ["--config", config, "--model", model];
        let report = examine(&mock, &variables, &arguments).await;
        let probe = &report.json()["probe"];
        assert_eq!(probe["outcome"], "answered", "{model}: {probe}");
        assert_eq!(probe["deployment"], "prod");
        assert_eq!(probe["advice"], Value::Null, "{model}");
    }
}

#[tokio::test]
async fn each_failure_of_the_deployment_is_explained() {
    let azure = |status, code: &str, message: &str| {
        Fault::json(
            status,
            &json!({ "error": { "code": code, "message": message } }),
        )
    };
    for (fault, problem, step) in [
        (
            azure(
                StatusCode::UNAUTHORIZED,
                "401",
                "Access token is missing, invalid …",
            ),
            "does not accept the API key (401)",
            "az cognitiveservices account keys list",
        ),
        (
            azure(
                StatusCode::UNAUTHORIZED,
                "PermissionDenied",
                "The principal lacks the data action",
            ),
            "does not let the API key's owner in (401)",
            "disableLocalAuth",
        ),
        (
            azure(
                StatusCode::BAD_REQUEST,
                "unsupported_value",
                "Unsupported value: 'service_tier' does not support 'flex' with this model.",
            ),
            "does not take the parameter `service_tier`",
            "`service_tier`",
        ),
        (
            azure(StatusCode::BAD_REQUEST, "BadRequest", "No"),
            "refuses the request to the deployment `gpt-5.1`",
            "what the service says",
        ),
        (
            azure(
                StatusCode::FORBIDDEN,
                "403",
                "Access denied due to Virtual Network/Firewall rules.",
            ),
            "a network rule of",
            "Networking",
        ),
        (
            azure(StatusCode::NOT_FOUND, "404", "Resource not found"),
            "there is nothing at",
            "`azure_endpoint`",
        ),
        (
            azure(StatusCode::TOO_MANY_REQUESTS, "429", "Too many").header("retry-after", "7"),
            "too many requests or tokens (429)",
            "the service asks to wait 7 seconds",
        ),
        (
            azure(StatusCode::TEMPORARY_REDIRECT, "", "")
                .header("location", "https://nowhere.invalid"),
            "answers with a redirect",
            "the final address",
        ),
        (
            azure(StatusCode::SERVICE_UNAVAILABLE, "", "busy"),
            "cannot serve requests now",
            "status page",
        ),
    ] {
        let mock = mock().await;
        mock.push_fault(fault);
        let variables = [
            endpoint(&mock),
            ("AZURE_OPENAI_API_KEY", mock.api_key().to_owned()),
        ];
        let report = examine(&mock, &variables, &[]).await;
        assert_eq!(report.finished.code, 1, "{:?}", report.finished);
        let probe = &report.json()["probe"];
        let words = probe["problem"].as_str().unwrap();
        assert!(words.contains(problem), "{probe}");
        let has_step = probe["steps"].to_string().contains(step);
        assert!(has_step, "{problem}: {probe}");
        assert_eq!(
            mock.requests().len(),
            1,
            "a problem is shown, not waited out"
        );
    }
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_reached_is_told_apart() {
    let mock = mock().await;
    for (address, problem) in [
        (closed_port(), "nothing listens at 127.0.0.1:"),
        (
            "https://name-that-is-not.invalid".to_owned(),
            "the name name-that-is-not.invalid is not known (DNS)",
        ),
        // The mock speaks no TLS.
        (
            mock.endpoint().replace("http:", "https:"),
            "does not speak TLS the way it should",
        ),
    ] {
        let variables = [
            ("AZURE_OPENAI_ENDPOINT", address),
            ("AZURE_OPENAI_API_KEY", "key".to_owned()),
        ];
        let report = examine(&mock, &variables, &[]).await;
        let probe = &report.json()["probe"];
        assert!(
            probe["problem"].as_str().unwrap().contains(problem),
            "{probe}"
        );
    }
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

async fn mock() -> MockAzure {
    MockAzure::builder().start().await.unwrap()
}

fn endpoint(mock: &MockAzure) -> (&'static str, String) {
    ("AZURE_OPENAI_ENDPOINT", mock.endpoint())
}

/// An address where nobody listens: the port was free a moment ago, and is not given out again so soon.
fn closed_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Runs `doctor --json`.
async fn examine(mock: &MockAzure, variables: &[(&str, String)], arguments: &[&str]) -> Examined {
    let component = component();
    let component = component.to_str().unwrap();
    let arguments = [&["doctor", "--json", "--component", component], arguments].concat();
    Examined {
        finished: execute(&borrowed(variables), &arguments, "").await,
        endpoint: mock.endpoint(),
    }
}

struct Examined {
    finished: Finished,
    endpoint: String,
}

impl Examined {
    fn json(&self) -> Value {
        serde_json::from_str(&self.finished.stdout).unwrap()
    }

    /// Compares the report with the golden file of this name.
    fn is(&self, name: &str, code: i32) {
        let Finished {
            code: found,
            stderr,
            ..
        } = &self.finished;
        assert_eq!(*found, code, "{:?}", self.finished);
        assert_eq!(stderr, "");
        let mut report = self.json();
        steady(&mut report, self.endpoint.trim_start_matches("http://"));
        let text = serde_json::to_string_pretty(&report).unwrap() + "\n";
        assert!(!text.contains("canary"), "{text}");
        let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/component/golden/doctor")
            .join(format!("{name}.json"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &text).unwrap();
        }
        assert_eq!(
            text,
            fs::read_to_string(&golden).unwrap(),
            "{}",
            golden.display()
        );
    }
}

/// Replaces what differs from run to run, and from one operating system to another.
fn steady(report: &mut Value, mock: &str) {
    match report {
        Value::Object(members) => {
            for (key, value) in members {
                match key.as_str() {
                    "duration_ms" => *value = json!("MILLISECONDS"),
                    "expires_on" if value.is_string() => *value = json!("TIME"),
                    _ => steady(value, mock),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|value| steady(value, mock)),
        Value::String(text) => {
            *text = text.replace(mock, "mock.example");
            // Of the ports of the system's choice, only closed ones are left.
            replace(text, "127.0.0.1:", "closed.example", |rest| {
                rest.find(|character: char| !character.is_ascii_digit())
            });
            // The system's own words.
            replace(text, "error sending request", "REASON", |rest| {
                rest.find("): this")
            });
        }
        _ => {}
    }
}

/// Puts other words in the place of `begin` and what follows it, up to an end.
fn replace(text: &mut String, begin: &str, with: &str, end: impl Fn(&str) -> Option<usize>) {
    if let Some(start) = text.find(begin) {
        let rest = &text[start + begin.len()..];
        let length = end(rest).unwrap_or(rest.len());
        text.replace_range(start..start + begin.len() + length, with);
    }
}

fn borrowed<'a>(variables: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

/// A `PATH` without programs.
const NO_PROGRAMS: &str = "/nowhere";

/// Its `exp` is 1700000000.
const EXPIRED_TOKEN: &str = "e30.eyJleHAiOjE3MDAwMDAwMDB9.signature";
