//! `host-harness/azure/examples/embed.rs` does what it says.

use std::path::Path;
use std::process::Stdio;

use azure_openai_mock::MockAzure;
use tokio::process::Command;

use crate::support::{component, example, in_time};

#[tokio::test]
async fn the_example_of_a_host_shows_an_answer_and_its_usage() {
    let mock = MockAzure::builder().start().await.unwrap();
    // It looks for it at its place in this repository.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(component().ends_with("target/component/azure_openai_provider.wasm"));
    let output = Command::new(example("embed"))
        .current_dir(root)
        .env("AZURE_OPENAI_ENDPOINT", mock.endpoint())
        .env("AZURE_OPENAI_API_KEY", mock.api_key())
        .stdin(Stdio::null())
        .output();
    let output = in_time(output).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let (answer, usage) = text.split_once('\n').unwrap();
    assert!(answer.contains("You said: \"Hello\""), "{text}");
    assert!(usage.starts_with("Some(Usage"), "{text}");
    assert_eq!(mock.requests().len(), 1);
}
