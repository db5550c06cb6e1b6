//! Turns that fail or are cancelled, and chats that cannot begin.

use azure_openai_mock::{Fault, MockAzure};
use http::StatusCode;
use serde_json::{Value, json};

use super::{all, chat, tool, tools};
use crate::command_line::{file, variables};

#[tokio::test]
async fn a_turn_that_fails_is_taken_back_and_the_chat_goes_on() {
    let mock = MockAzure::builder().start().await.unwrap();
    let tools = tools(&[tool("weather", &["cat"])]);
    let error = json!({ "error": { "code": "content_filter", "message": "Filtered." } });
    for (fails_at, said) in [(0, ""), (1, "; what its tools did stays done")] {
        let before = mock.requests().len();
        for _ in 0..fails_at {
            // The first exchange of the turn calls the tool, as usual.
            mock.push_fault(Fault::CloseAfterEvents(usize::MAX));
        }
        mock.push_fault(Fault::json(StatusCode::BAD_REQUEST, &error));
        let output = chat(
            &variables(&mock),
            &["--tools", tools.path().to_str().unwrap(), "--yes"],
            &["Use the tool weather in Bern", "Hello"],
        )
        .await;
        assert_eq!(output.code, 1, "{output:?}");
        let notice =
            format!("this turn failed and is taken back: the model will not remember it{said}\n");
        assert!(output.stderr.contains(&notice), "{}", output.stderr);
        assert!(
            output.stdout.ends_with("You said: \"Hello\"\n"),
            "{output:?}"
        );
        let requests = mock.requests();
        assert_eq!(requests.len() - before, fails_at + 2);
        let input = &requests.last().unwrap().body["input"];
        assert_eq!(all(input, "role"), ["user"]);
        assert_eq!(all(&input[0]["content"], "text"), ["Hello"]);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_cancels_an_answer() {
    use std::process::Stdio;

    use tokio::io::AsyncWriteExt;

    use crate::support::{component, host_harness, in_time};

    let mock = MockAzure::builder().start().await.unwrap();
    mock.push_fault(Fault::NeverAnswer);
    let mut chat = tokio::process::Command::new(host_harness())
        .args(["chat", "--component", component().to_str().unwrap()])
        .envs(variables(&mock))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = chat.stdin.take().unwrap();
    stdin.write_all(b"Hello\nNever\n").await.unwrap();
    in_time(mock.wait_for_requests(1)).await;
    let id = chat.id().unwrap().to_string();
    let signal = std::process::Command::new("sh")
        .args(["-c", "kill -INT \"$0\"", &id])
        .status()
        .unwrap();
    assert!(signal.success());
    let output = in_time(chat.wait_with_output()).await.unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("this turn was cancelled"), "{stderr}");
    assert!(stderr.contains("unknown"), "its cost: {stderr}");
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test]
async fn a_chat_that_cannot_begin_says_why() {
    let mock = MockAzure::builder().start().await.unwrap();
    let no_tools = file(".toml", "tool = 1\n");
    let no_command = file(
        ".yaml",
        "tools: [{name: weather, parameters: {type: object}}]",
    );
    let no_request = file(".json", r#"{"messages": [{"role": "user"}]}"#);
    let path = |file: &tempfile::NamedTempFile| file.path().to_str().unwrap().to_owned();
    for (option, value, words) in [
        ("--tools", path(&no_tools), "there is no list `tools`"),
        ("--tools", path(&no_command), "\"weather\" has no `command`"),
        ("--tools", "nowhere.toml".to_owned(), "nowhere.toml"),
        ("--resume", path(&no_request), "messages[0].content"),
        ("--image", path(&no_request), "neither PNG"),
        ("--schema", path(&no_tools), "not valid JSON"),
        ("--max-turns", "0".to_owned(), "--max-turns"),
    ] {
        for arguments in [&[option, &value][..], &[option, &value, "--json"]] {
            let output = chat(&variables(&mock), arguments, &["Never"]).await;
            assert_eq!(output.code, 2, "{output:?}");
            let told = match arguments.len() {
                2 => output.stderr,
                _ => {
                    let error: Value = serde_json::from_str(&output.stderr).unwrap();
                    assert!(error["kind"].is_string(), "{error}");
                    error["message"].as_str().unwrap().to_owned()
                }
            };
            assert!(told.contains(words), "{told}");
        }
    }
    let output = chat(&[("AZURE_OPENAI_ENDPOINT", "nonsense")], &[], &["Never"]).await;
    assert_eq!(output.code, 2, "{output:?}");
    assert!(mock.requests().is_empty());
}
