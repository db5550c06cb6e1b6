//! `host-harness run`: what goes with a prompt.

use std::fs;

use azure_openai_mock::MockAzure;
use serde_json::{Value, json};

use super::{file, run, run_with_input, variables};

#[tokio::test]
async fn parameters_of_the_command_line_come_before_those_of_the_request() {
    let mock = MockAzure::builder().start().await.unwrap();
    let document = json!({
        "messages": [{ "role": "user", "content": "Hi" }],
        "model": "gpt-5.1",
        "reasoning_effort": "high",
        "temperature": 0.1,
        "max_output_tokens": 500,
    });
    for (arguments, key, expected) in [
        (
            &["--reasoning-effort", "low"][..],
            "/reasoning/effort",
            json!("low"),
        ),
        (&[], "/reasoning/effort", json!("high")),
        (
            &["--max-output-tokens", "400"],
            "/max_output_tokens",
            json!(400),
        ),
        (&[], "/max_output_tokens", json!(500)),
    ] {
        let arguments = [&["--request", "-"], arguments].concat();
        let output = run_with_input(&variables(&mock), &arguments, &document.to_string()).await;
        assert_eq!(output.code, 0, "{output:?}");
        let requests = mock.requests();
        let body = &requests.last().unwrap().body;
        assert_eq!(body.pointer(key), Some(&expected), "{arguments:?}");
    }
    let arguments = ["--model", "gpt-4.1", "--temperature", "0.25", "Hi"];
    let output = run(&variables(&mock), &arguments).await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(mock.requests().last().unwrap().body["temperature"], 0.25);
}

#[tokio::test]
async fn an_answer_follows_the_schema_of_a_file() {
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string" }, "degrees": { "type": "integer" } },
        "required": ["city", "degrees"],
        "additionalProperties": false,
    });
    let wrapper = json!({ "name": "weather", "schema": schema, "strict": true });
    for (document, name) in [(&schema, None), (&wrapper, Some("weather"))] {
        let mock = MockAzure::builder().start().await.unwrap();
        let file = file(".json", &document.to_string());
        let output = run(
            &variables(&mock),
            &[
                "--schema",
                file.path().to_str().unwrap(),
                "18 degrees in Bern",
            ],
        )
        .await;
        assert_eq!(output.code, 0, "{output:?}");
        let answer: Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!(answer, json!({ "city": "Bern", "degrees": 18 }));
        let requests = mock.requests();
        let format = &requests[0].body["text"]["format"];
        assert_eq!(format["type"], "json_schema");
        assert_eq!(format["schema"], schema);
        if let Some(name) = name {
            assert_eq!(format["name"], name);
            assert_eq!(format["strict"], true);
        }
    }
}

#[tokio::test]
async fn tools_are_told_to_the_model_and_never_run() {
    let mock = MockAzure::builder().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let tools = format!(
        r#"
            [[tools]]
            name = "weather"
            strict = true
            command = ["touch", {mark:?}]
            timeout = 5

            [tools.parameters]
            type = "object"
            properties = {{ city = {{ type = "string" }} }}
            required = ["city"]
            additionalProperties = false

            [[tools]]
            name = "clock"
            parameters = {{ type = "object", properties = {{}} }}
        "#
    );
    let tools = file(".toml", &tools);
    let output = run(
        &variables(&mock),
        &[
            "--tools",
            tools.path().to_str().unwrap(),
            "Use the tool weather in Bern",
        ],
    )
    .await;
    assert_eq!(output.code, 0, "{output:?}");
    assert!(
        output.stdout.ends_with("weather {\"city\":\"Bern\"}\n"),
        "{}",
        output.stdout
    );
    assert!(!mark.exists());
    let requests = mock.requests();
    let sent = &requests[0].body["tools"];
    assert_eq!(sent[0]["name"], "weather");
    assert_eq!(sent[0]["strict"], true);
    assert_eq!(sent[1]["name"], "clock");
    for key in ["command", "timeout"] {
        assert_eq!(sent[0].get(key), None, "{sent}");
    }
}

#[tokio::test]
async fn images_and_documents_go_with_the_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("picture");
    let contract = folder.path().join("contract.pdf");
    fs::write(&picture, b"\x89PNG\r\n\x1a\n").unwrap();
    fs::write(&contract, "abc").unwrap();
    let attached = [
        "--image",
        picture.to_str().unwrap(),
        "--image",
        "https://a.example/b.jpg",
        "--file",
        contract.to_str().unwrap(),
    ];
    let request = json!({ "messages": [
        { "role": "user", "content": "Compare" },
        { "role": "developer", "content": "Context" },
    ] });
    for (arguments, input) in [
        (&["Compare"][..], String::new()),
        (&[], "Compare".to_owned()),
        (&["--request", "-"], request.to_string()),
    ] {
        let mock = MockAzure::builder().start().await.unwrap();
        let arguments = [&attached, arguments].concat();
        let output = run_with_input(&variables(&mock), &arguments, &input).await;
        assert_eq!(output.code, 0, "{output:?}");
        let requests = mock.requests();
        let parts = &requests[0].body["input"][0]["content"];
        assert_eq!(parts[0], json!({ "type": "input_text", "text": "Compare" }));
        assert_eq!(parts[1]["type"], "input_image");
        assert_eq!(parts[1]["image_url"], "data:image/png;base64,iVBORw0KGgo=");
        assert_eq!(parts[2]["image_url"], "https://a.example/b.jpg");
        assert_eq!(parts[3]["type"], "input_file");
        assert_eq!(parts[3]["filename"], "contract.pdf");
        assert_eq!(parts[3]["file_data"], "data:application/pdf;base64,YWJj");
    }
}

#[tokio::test]
async fn a_part_that_cannot_be_sent_is_named() {
    let text = file(".png", "not a picture");
    let no_schema = file(".json", "[]");
    let path = |file: &tempfile::NamedTempFile| file.path().to_str().unwrap().to_owned();
    for (option, value, words) in [
        ("--image", path(&text), "neither PNG, JPEG, GIF nor WebP"),
        (
            "--image",
            "nowhere.png".to_owned(),
            "cannot read nowhere.png",
        ),
        (
            "--file",
            "nowhere.pdf".to_owned(),
            "cannot read nowhere.pdf",
        ),
        ("--schema", path(&text), "not valid JSON"),
        ("--schema", path(&no_schema), "response_format.schema"),
        (
            "--tools",
            path(&text),
            "ends in .toml, .yaml, .yml or .json",
        ),
        ("--tools", path(&no_schema), ""),
        ("--temperature", "hot".to_owned(), "--temperature"),
    ] {
        let output = run(&[], &[option, &value, "Hi"]).await;
        if words.is_empty() {
            assert_eq!(output.code, 0, "an empty list of tools: {output:?}");
            continue;
        }
        assert_eq!(output.code, 2, "{option} {value}: {output:?}");
        assert!(output.stderr.contains(words), "{}", output.stderr);
        assert_eq!(output.stdout, "");
    }
}
