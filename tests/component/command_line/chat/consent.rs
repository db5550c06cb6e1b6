//! No command runs without consent.

use azure_openai_mock::MockAzure;

use super::{chat, tool, tools};
use crate::command_line::variables;

#[tokio::test]
async fn through_a_pipe_nothing_runs_without_yes_and_the_model_is_told() {
    let mock = MockAzure::builder().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let tools = tools(&[tool("weather", &["touch", mark.to_str().unwrap()])]);
    let path = tools.path().to_str().unwrap();
    // The second line answers no question: it is the next message.
    let lines = ["Use the tool weather in Bern", "y"];

    let output = chat(&variables(&mock), &["--tools", path], &lines).await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(
        output.stdout,
        "The tool weather answered: The person declined to run this tool.\n\
         Hello from the mock of Azure OpenAI (deployment gpt-5.1). You said: \"y\"\n"
    );
    assert!(
        output
            .stderr
            .contains("nobody can be asked whether it may run"),
        "{}",
        output.stderr
    );
    assert!(!mark.exists());

    let output = chat(&variables(&mock), &["--tools", path, "--yes"], &lines).await;
    assert_eq!(output.code, 0, "{output:?}");
    assert!(mark.exists());
}
