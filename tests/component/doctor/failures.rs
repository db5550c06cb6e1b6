//! What is said of a deployment that does not answer.

use azure_openai_mock::{Fault, MockAzure};
use http::StatusCode;
use serde_json::{Value, json};

use super::support::{EXPIRED_TOKEN, closed_port, endpoint, examine, mock};
use crate::command_line::file;

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
