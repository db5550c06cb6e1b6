#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use super::*;

const TOML: &str = r#"
[[tools]]
name = "weather"
description = "The weather in a city."
strict = true
command = ["./weather.sh", "--metric"]
timeout = 0.5
parameters = { type = "object", properties = { city = { type = "string" } } }

[[tools]]
type = "web_search"
command = "theirs"
"#;

const YAML: &str = "
tools:
  - name: weather
    description: The weather in a city.
    strict: true
    command: [./weather.sh, --metric]
    timeout: 0.5
    input_schema: {type: object, properties: {city: {type: string}}}
  - {type: web_search, command: theirs}
";

const JSON: &str = r#"[
    {"type": "function", "name": "weather", "description": "The weather in a city.", "strict": true,
        "command": ["./weather.sh", "--metric"], "timeout": 0.5,
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
    {"type": "web_search", "command": "theirs"}
]"#;

#[test]
fn every_format_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for (extension, text) in [("toml", TOML), ("yaml", YAML), ("json", JSON)] {
        let path = folder.path().join("tools").with_extension(extension);
        fs::write(&path, text).unwrap();
        let tools = Tools::read(&path).unwrap();

        let mut request = chat_request::parse(r#"{"messages":[]}"#).unwrap();
        request.tools = tools.specs().to_vec();
        assert_eq!(
            chat_request::to_value(&request).unwrap()["tools"],
            json!([
                {
                    "name": "weather",
                    "description": "The weather in a city.",
                    "strict": true,
                    "parameters": { "type": "object", "properties": { "city": { "type": "string" } } },
                },
                { "type": "web_search", "command": "theirs" },
            ])
        );
        assert_eq!(
            tools.command("weather"),
            Some(&ToolCommand {
                program: folder.path().join("./weather.sh"),
                arguments: vec!["--metric".to_owned()],
                timeout: Duration::from_millis(500),
            })
        );
        assert_eq!(tools.command("web_search"), None);
    }
}

#[test]
fn a_command_takes_a_minute_at_most_and_need_not_be_there() {
    let document = json!({ "tools": [
            { "name": "a", "parameters": {}, "command": ["cat"] },
            { "name": "b", "parameters": {} },
        ] });
    let tools = parse(document, Path::new("")).unwrap();
    assert_eq!(tools.command("a").unwrap().timeout, Duration::from_secs(60));
    assert_eq!(tools.command("b"), None);
    assert_eq!(tools.specs().len(), 2);
}

#[test]
fn a_path_is_seen_from_the_file_and_a_name_is_not() {
    for (program, folder, expected) in [
        ("cat", "/etc/agent", "cat"),
        ("/bin/cat", "/etc/agent", "/bin/cat"),
        ("bin/weather", "/etc/agent", "/etc/agent/bin/weather"),
        ("./weather", "", "././weather"),
        ("./weather", "agent", "agent/./weather"),
        ("../weather", "agent", "agent/../weather"),
        ("bin/weather", "", "./bin/weather"),
    ] {
        assert_eq!(
            located(program, Path::new(folder)).as_os_str(),
            expected,
            "{program}"
        );
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let tool = |more: Value| {
        let mut tool = json!({ "name": "a", "parameters": {} });
        tool.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({ "tools": [{ "type": "web_search" }, tool] })
    };
    for (document, expected) in [
        (json!({}), "there is no list `tools`"),
        (json!({ "tools": {} }), "there is no list `tools`"),
        (json!("tools"), "there is no list `tools`"),
        (
            tool(json!({ "command": "cat" })),
            "tools[1].command: expected a list",
        ),
        (
            tool(json!({ "command": [] })),
            "tools[1].command: expected a list",
        ),
        (
            tool(json!({ "command": [""] })),
            "tools[1].command: expected a list",
        ),
        (
            tool(json!({ "command": ["cat", 1] })),
            "tools[1].command: expected a list",
        ),
        (
            tool(json!({ "timeout": 0 })),
            "tools[1].timeout: expected a number of seconds",
        ),
        (
            tool(json!({ "timeout": "60" })),
            "tools[1].timeout: expected a number of seconds",
        ),
        (
            tool(json!({ "timeout": 1e300 })),
            "tools[1].timeout: expected a number of seconds",
        ),
        (
            tool(json!({ "name": 1 })),
            "tools[1].name: expected a string, found 1",
        ),
        (
            json!([{ "name": "a", "parameters": {} }, { "name": "a", "parameters": {} }]),
            "tools[1]: a second tool has the name \"a\"",
        ),
        (
            json!({ "tools": [1] }),
            "tools[0]: expected an object, found 1",
        ),
    ] {
        let error = parse(document, Path::new("")).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let error = Tools::read("tools.ini".as_ref()).unwrap_err().to_string();
    assert!(error.contains("tools.ini"), "{error}");
}
