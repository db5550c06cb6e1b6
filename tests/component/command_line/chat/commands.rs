//! Lines that begin with a slash.

use std::fs;

use azure_openai_mock::MockAzure;
use provider_host::kernel_json::chat_request;
use serde_json::{Value, json};

use super::{all, chat};
use crate::command_line::variables;

#[tokio::test]
async fn what_was_said_is_forgotten_on_reset_but_not_the_instructions() {
    let mock = MockAzure::builder().start().await.unwrap();
    let output = chat(
        &variables(&mock),
        &["--system", "Be brief."],
        &["One", "", "Two", "/reset", "//help me", "/exit", "Never"],
    )
    .await;
    assert_eq!(output.code, 0, "{output:?}");
    let requests = mock.requests();
    let counts: Vec<usize> = requests
        .iter()
        .map(|request| request.body["input"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [1, 3, 1]);
    let last = &requests[2].body;
    assert_eq!(last["instructions"], "Be brief.");
    assert_eq!(all(&last["input"][0]["content"], "text"), ["/help me"]);
}

#[tokio::test]
async fn a_conversation_is_saved_and_goes_on_later() {
    let mock = MockAzure::builder().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conversation.json");
    let path = path.to_str().unwrap();
    let arguments = ["--reasoning-effort", "low", "--system", "Be brief."];
    let save = format!("/save {path}");
    let output = chat(&variables(&mock), &arguments, &["One", &save, "Two"]).await;
    assert_eq!(output.code, 0, "{output:?}");

    let saved: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(
        all(&saved["messages"], "role"),
        ["system", "user", "assistant"]
    );
    assert_eq!(
        all(&saved["messages"][2]["content"], "type"),
        ["thinking", "text"]
    );
    let request = chat_request::from_value(saved.clone()).unwrap();
    assert_eq!(chat_request::to_value(&request), Ok(saved));

    let output = chat(&variables(&mock), &["--resume", path], &["Two"]).await;
    assert_eq!(output.code, 0, "{output:?}");
    let requests = mock.requests();
    assert_eq!(
        requests[2].body, requests[1].body,
        "the conversation goes on as if it had never been interrupted"
    );
}

#[tokio::test]
async fn images_and_documents_go_with_the_next_message() {
    let mock = MockAzure::builder().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("a picture.png");
    let notes = folder.path().join("notes.md");
    fs::write(&picture, b"\x89PNG\r\n\x1a\n").unwrap();
    fs::write(&notes, "abc").unwrap();
    let image = format!("/image {}", picture.display());
    let output = chat(
        &variables(&mock),
        &["--file", notes.to_str().unwrap()],
        &[
            "Read this",
            &image,
            "/image https://a.example/b.png",
            "Look",
        ],
    )
    .await;
    assert_eq!(output.code, 0, "{output:?}");
    let requests = mock.requests();
    let input = &requests[1].body["input"];
    let first = &input[0]["content"];
    assert_eq!(all(first, "type"), ["input_text", "input_file"]);
    assert_eq!(first[1]["filename"], "notes.md");
    assert_eq!(first[1]["file_data"], "data:text/markdown;base64,YWJj");
    let second = &input[2]["content"];
    assert_eq!(second[0], json!({ "type": "input_text", "text": "Look" }));
    assert_eq!(
        all(second, "image_url")[1..],
        [
            "data:image/png;base64,iVBORw0KGgo=",
            "https://a.example/b.png"
        ]
    );
}

#[tokio::test]
async fn a_command_that_is_wrong_ends_a_script() {
    let mock = MockAzure::builder().start().await.unwrap();
    for (line, words) in [
        ("/imgae cat.png", "there is no command \"/imgae\""),
        ("/save", "/save needs a file"),
        ("/image nowhere.png", "cannot read nowhere.png"),
        (
            "/save /nowhere/at/all.json",
            "cannot write /nowhere/at/all.json",
        ),
    ] {
        let output = chat(&variables(&mock), &[], &[line, "Never"]).await;
        assert_eq!(output.code, 2, "{output:?}");
        assert!(output.stderr.contains(words), "{}", output.stderr);
        assert_eq!(output.stdout, "", "{line}");
    }
    assert!(mock.requests().is_empty());
}
