//! Conversations of an agent: turns with tools, reasoning and images, which the mock accepts only if they hold together.

use std::fs;
use std::path::Path;

use azure_openai_mock::MockAzure;
use http::StatusCode;
use serde_json::{Value, json};

use super::{all, chat, tool, tools};
use crate::command_line::{file, variables};

#[tokio::test]
async fn three_turns_with_parallel_calls_and_reasoning() {
    let mock = MockAzure::builder().start().await.unwrap();
    let tools = tools(&[
        tool("weather", &["cat"]),
        tool(
            "clock",
            &[
                "sh",
                "-c",
                "read -r arguments; printf 'noon for %s' \"$arguments\"",
            ],
        ),
    ]);
    let output = chat(
        &variables(&mock),
        &[
            "--tools",
            tools.path().to_str().unwrap(),
            "--yes",
            "--reasoning-effort",
            "low",
            "--system",
            "Be brief.",
        ],
        &[
            "Use the tool weather and the tool clock in Bern",
            "Thank you",
            "Use the tool clock in Rome",
        ],
    )
    .await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(
        output.stdout,
        "The tool weather answered: {\"city\":\"Bern\"} The tool clock answered: noon for {\"city\":\"Bern\"}\n\
         Hello from the mock of Azure OpenAI (deployment gpt-5.1). You said: \"Thank you\"\n\
         The tool clock answered: noon for {\"city\":\"Rome\"}\n"
    );
    assert!(
        output
            .stderr
            .contains("weather {\"city\":\"Bern\"}\nweather -> {\"city\":\"Bern\"}\nclock {"),
        "{}",
        output.stderr
    );

    let requests = mock.requests();
    assert_eq!(requests.len(), 5);
    assert!(
        requests
            .iter()
            .all(|request| request.status == Some(StatusCode::OK))
    );
    let body = &requests[4].body;
    assert_eq!(body["instructions"], "Be brief.");
    let kinds: Vec<&str> = body["input"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["role"].as_str().or(item["type"].as_str()).unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "user",
            "reasoning",
            "function_call",
            "function_call",
            "function_call_output",
            "function_call_output",
            "reasoning",
            "assistant",
            "user",
            "reasoning",
            "assistant",
            "user",
            "reasoning",
            "function_call",
            "function_call_output",
        ]
    );
    assert!(
        all(&body["input"], "encrypted_content")[1].starts_with("gAAAA-mock-final-"),
        "{body}"
    );
    // What was said before is sent as it was, or the prompt cache would not know it.
    for (earlier, later) in requests.iter().zip(&requests[1..]) {
        let earlier = earlier.body["input"].as_array().unwrap();
        let later = later.body["input"].as_array().unwrap();
        assert_eq!(later[..earlier.len()], earlier[..]);
    }
}

#[tokio::test]
async fn a_tool_can_show_an_image() {
    let mock = MockAzure::builder().start().await.unwrap();
    let content = json!({ "content": [
        { "type": "text", "text": "Rain on Monday" },
        { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo=" } },
    ] });
    let tools = tools(&[tool("chart", &["printf", "%s", &content.to_string()])]);
    let output = chat(
        &variables(&mock),
        &["--tools", tools.path().to_str().unwrap(), "--yes"],
        &["Use the tool chart in Bern", "And now?"],
    )
    .await;
    assert_eq!(output.code, 0, "{output:?}");
    assert!(
        output
            .stdout
            .starts_with("The tool chart answered: Rain on Monday [input_image]\n"),
        "{}",
        output.stdout
    );
    assert!(
        output.stderr.contains("chart -> Rain on Monday [image]\n"),
        "{}",
        output.stderr
    );
    let requests = mock.requests();
    let body = &requests.last().unwrap().body;
    let results: Vec<&Value> = body["input"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["type"] == "function_call_output")
        .collect();
    assert_eq!(results.len(), 1);
    assert_eq!(
        results[0]["output"][0],
        json!({ "type": "input_text", "text": "Rain on Monday" })
    );
    assert_eq!(results[0]["output"][1]["type"], "input_image");
    assert_eq!(
        results[0]["output"][1]["image_url"],
        "data:image/png;base64,iVBORw0KGgo="
    );
}

#[tokio::test]
async fn a_command_that_fails_is_an_answer_to_the_model() {
    let mock = MockAzure::builder().start().await.unwrap();
    let tools = tools(&[
        tool("weather", &["sh", "-c", "echo 'no such city' >&2; exit 3"]),
        tool("clock", &["./no-such-program"]),
    ]);
    let output = chat(
        &variables(&mock),
        &["--tools", tools.path().to_str().unwrap(), "--yes"],
        &["Use the tool weather and the tool clock in Bern"],
    )
    .await;
    assert_eq!(output.code, 0, "{output:?}");
    assert!(
        output.stdout.starts_with(
            "The tool weather answered: The command failed with the exit code 3.\nStandard error:\nno such city \
             The tool clock answered: The command could not be started: "
        ),
        "{}",
        output.stdout
    );
}

#[cfg(unix)]
#[tokio::test]
async fn the_tools_file_of_the_documentation_works() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/command-line.md");
    let page = fs::read_to_string(page).unwrap();
    let block = |language: &str| {
        let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
        rest.split("```").next().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let tools = folder.path().join("tools.toml");
    let source = folder.path().join("source");
    fs::write(&tools, block("toml")).unwrap();
    fs::write(&source, block("sh")).unwrap();
    // By another process: a file that this one has had open for writing cannot always be executed right after.
    let installed = std::process::Command::new("install")
        .args(["-m", "755"])
        .args([&source, &folder.path().join("weather.sh")])
        .status()
        .unwrap();
    assert!(installed.success());

    let output = chat(
        &[],
        &["--tools", tools.to_str().unwrap(), "--yes"],
        &["What is the weather in Bern?", "And the weather in Rome?"],
    )
    .await;
    assert_eq!(
        output.stdout,
        "The tool weather answered: 18 degrees and light rain in Bern\n\
         The tool weather answered: 18 degrees and light rain in Rome\n",
        "{output:?}"
    );
}

#[tokio::test]
async fn a_model_that_calls_on_and_on_is_stopped() {
    let mock = MockAzure::builder().start().await.unwrap();
    let tools = tools(&[tool("weather", &["cat"])]);
    let output = chat(
        &variables(&mock),
        &[
            "--tools",
            tools.path().to_str().unwrap(),
            "--yes",
            "--max-turns",
            "1",
        ],
        &["Use the tool weather in Bern", "Go on"],
    )
    .await;
    assert_eq!(output.code, 0, "{output:?}");
    assert!(
        output
            .stderr
            .contains("the limit of --max-turns 1 is reached"),
        "{}",
        output.stderr
    );
    assert!(output.stdout.contains("You said: \"Go on\""), "{output:?}");
}

#[tokio::test]
async fn tools_do_not_see_what_opens_the_service() {
    let mock = MockAzure::builder().start().await.unwrap();
    let script = "echo ${AZURE_OPENAI_ENDPOINT-none} ${AZURE_CLIENT_SECRET-none} ${IDENTITY_HEADER-none} \
                  ${KEY_OF_TEST-none} ${PROXY_TOKEN_OF_TEST-none} ${KEPT-none}";
    let tools = tools(&[tool("weather", &["sh", "-c", script])]);
    let config = file(
        ".yaml",
        "
providers:
  - module: provider-azure-openai
    config:
      api_key: ${KEY_OF_TEST}
      extra_headers: {x-gateway: '${PROXY_TOKEN_OF_TEST}'}
",
    );
    let endpoint = mock.endpoint();
    let output = chat(
        &[
            ("AZURE_OPENAI_ENDPOINT", &endpoint),
            ("AZURE_CLIENT_SECRET", "canary"),
            ("IDENTITY_HEADER", "canary"),
            ("KEY_OF_TEST", mock.api_key()),
            ("PROXY_TOKEN_OF_TEST", "canary"),
            ("KEPT", "kept"),
        ],
        &[
            "--tools",
            tools.path().to_str().unwrap(),
            "--config",
            config.path().to_str().unwrap(),
            "--yes",
        ],
        &["Use the tool weather in Bern"],
    )
    .await;
    assert_eq!(
        output.stdout, "The tool weather answered: none none none none none kept\n",
        "{output:?}"
    );
}
