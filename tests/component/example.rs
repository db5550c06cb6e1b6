//! The examples of the host do what they say.

use std::path::Path;
use std::process::Stdio;

use azure_openai_mock::MockAzure;
use tokio::process::Command;

use crate::network::TlsFront;
use crate::serve::recorder::Recorder;
use crate::support::{acme_component, component, example, in_time};

#[tokio::test]
async fn the_example_of_a_host_shows_an_answer_and_its_usage() {
    let mock = MockAzure::builder().start().await.unwrap();
    let text = run("embed", &of_azure(&mock)).await;
    let (answer, usage) = text.split_once('\n').unwrap();
    assert!(answer.contains("You said: \"Hello\""), "{text}");
    assert!(usage.starts_with("Some(Usage"), "{text}");
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test]
async fn the_example_of_two_providers_shows_what_each_of_them_says() {
    assert!(acme_component().ends_with("target/component/acme_provider.wasm"));
    let mock = MockAzure::builder().start().await.unwrap();
    let acme = Recorder::start().await;
    acme.answer(&[b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nHi"]);
    let mut variables = of_azure(&mock);
    variables.push(("ACME_BASE_URL", acme.endpoint()));
    variables.push(("ACME_KEY", "key-of-acme".to_owned()));
    let text = run("two_providers", &variables).await;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("Azure OpenAI: "), "{text}");
    assert!(lines[0].ends_with("You said: \"Hello\""), "{text}");
    assert_eq!(lines[1..], ["Acme: Hi"]);
    let seen = acme.seen();
    assert_eq!(seen[0].header("x-api-key"), Some("key-of-acme"));
}

#[tokio::test]
async fn the_example_of_a_client_of_its_own_trusts_a_companys_certificates() {
    let mock = MockAzure::builder().start().await.unwrap();
    let front = TlsFront::start(&mock).await;
    let authority = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/certificates/authority.pem"
    );
    let variables = [
        ("AZURE_OPENAI_ENDPOINT", front.endpoint()),
        ("AZURE_OPENAI_API_KEY", mock.api_key().to_owned()),
        ("COMPANY_CA", authority.to_owned()),
    ];
    let text = run("injected_client", &variables).await;
    let lines: Vec<&str> = text.lines().collect();
    let request = "POST /openai/v1/responses: 200 OK after ";
    assert!(lines[0].starts_with(request), "{text}");
    assert!(lines[1].starts_with("Some(Usage"), "{text}");
    assert_eq!(mock.requests().len(), 1);
}

fn of_azure(mock: &MockAzure) -> Vec<(&'static str, String)> {
    vec![
        ("AZURE_OPENAI_ENDPOINT", mock.endpoint()),
        ("AZURE_OPENAI_API_KEY", mock.api_key().to_owned()),
    ]
}

/// What an example prints.
async fn run(name: &str, variables: &[(&str, String)]) -> String {
    // It looks for the component at its place in this repository.
    assert!(component().ends_with("target/component/azure_openai_provider.wasm"));
    let output = Command::new(example(name))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output();
    let output = in_time(output).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{error}");
    text
}
