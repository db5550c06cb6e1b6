//! What a request says beside its conversation.

use super::*;

#[test]
fn equal_requests_are_equal_bytes_whatever_the_order_of_their_keys() {
    let bytes = |turn: fn(&str) -> String| {
        let mut request = request(vec![
            blocks(
                Role::User,
                vec![BlockContent::Image(Image {
                    extensions: Some(turn(r#"{"mimeType":"image/png","x":{"p":1,"q":2}}"#)),
                    ..picture(FileSource::Base64("QUJD".into()))
                })],
            ),
            blocks(
                Role::Assistant,
                vec![call("a", &turn(r#"{"x":1,"y":{"p":1,"q":2}}"#))],
            ),
            blocks(
                Role::Tool,
                vec![BlockContent::ToolResult(ToolResult {
                    tool_call_id: "a".into(),
                    output: turn(r#"{"ok":true,"at":"b"}"#),
                })],
            ),
        ]);
        request.extensions = Some(turn(
            r#"{"prompt_cache_key":"k","reasoning":"none","include":["file_search_call.results"]}"#,
        ));
        request.tools = vec![
            ToolSpec::Hosted(turn(r#"{"type":"web_search","filters":{"a":1,"b":2}}"#)),
            ToolSpec::Function(FunctionTool {
                name: "f".into(),
                description: Some("d".into()),
                parameters: turn(r#"{"type":"object","properties":{"x":{},"y":{}}}"#),
                strict: None,
                extensions: Some(turn(
                    r#"{"defer_loading":true,"allowed_callers":["direct"]}"#,
                )),
            }),
        ];
        translated(&request).unwrap().body.write()
    };
    assert_eq!(bytes(str::to_owned), bytes(reversed));
}

#[test]
fn a_value_of_the_wrong_type_is_an_error_that_names_its_key() {
    for (key, value, problem) in [
        (
            "parallel_tool_calls",
            json!("yes"),
            "expected true or false",
        ),
        ("store", json!(1), "expected true or false"),
        ("auto_continue", json!("no"), "expected true or false"),
        ("extended_thinking", json!("yes"), "expected true or false"),
        (
            "thinking_budget_tokens",
            json!(-1),
            "expected a whole number, 0 or more",
        ),
        (
            "max_tool_calls",
            json!(0),
            "expected a whole number, 1 or more",
        ),
        (
            "max_tool_calls",
            json!(1.5),
            "expected a whole number, 1 or more",
        ),
        ("include", json!("all"), "expected a list of texts"),
        ("include", json!([1]), "expected a list of texts"),
        (
            "reasoning",
            json!(3),
            "expected an object, or the effort as text",
        ),
        ("truncation", json!(true), "expected text"),
        ("prompt_cache_key", json!(5), "expected text"),
        ("prompt_cache_retention", json!({}), "expected text"),
        ("safety_identifier", json!([]), "expected text"),
        ("service_tier", json!(1), "expected text"),
        ("text_verbosity", json!(false), "expected text"),
    ] {
        let mut request = request(vec![user("Hi")]);
        request.extensions = Some(json!({ key: value }).to_string());
        let error = translated(&request).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidRequest);
        assert_eq!(error.message, format!("{key}: {problem}"));

        request.extensions = Some(json!({ key: null }).to_string());
        assert!(translated(&request).is_ok(), "{key}: null");
    }
}

#[test]
fn numbers_out_of_their_range_are_errors() {
    let base = || request(vec![user("Hi")]);
    for model in ["gpt-4.1", "gpt-5.1"] {
        for temperature in [-0.1, 2.1, f64::NAN, f64::INFINITY] {
            let request = ChatRequest {
                model: Some(model.into()),
                temperature: Some(temperature),
                ..base()
            };
            let error = translated(&request).unwrap_err();
            assert_eq!(error.message, "temperature: expected a number from 0 to 2");
        }
        for top_p in [-0.1, 1.1, f64::NAN] {
            let request = ChatRequest {
                model: Some(model.into()),
                top_p: Some(top_p),
                ..base()
            };
            let error = translated(&request).unwrap_err();
            assert_eq!(error.message, "top_p: expected a number from 0 to 1");
        }
    }
}

#[test]
fn a_limit_of_0_is_none() {
    let request = ChatRequest {
        max_output_tokens: Some(0),
        ..request(vec![user("Hi")])
    };
    let body = translated(&request).unwrap().body.to_value();
    assert!(body.get("max_output_tokens").is_none(), "{body:?}");
}

#[test]
fn json_that_cannot_be_read_is_an_error_wherever_it_is() {
    let deep = [r#"{"a":"#.repeat(1000), "1".to_owned(), "}".repeat(1000)].concat();
    let surrogate = r#"{"a":"\ud800"}"#;
    for broken in [deep.as_str(), surrogate, "{", "nonsense"] {
        let hi = |extensions: Option<String>| ContentBlock {
            content: BlockContent::Text("Hi".into()),
            visibility: None,
            extensions,
        };
        let with = |content| message(Role::User, MessageContent::Blocks(content));
        let base = || request(vec![user("Hi")]);
        let tool = ToolSpec::Function(FunctionTool {
            name: "f".into(),
            description: None,
            parameters: "{}".into(),
            strict: None,
            extensions: Some(broken.into()),
        });
        let output = BlockContent::ToolResult(ToolResult {
            tool_call_id: "a".into(),
            output: broken.into(),
        });
        for (place, request) in [
            (
                "extensions",
                ChatRequest {
                    extensions: Some(broken.into()),
                    ..base()
                },
            ),
            (
                "tools[0].extensions",
                ChatRequest {
                    tools: vec![tool],
                    ..base()
                },
            ),
            (
                "tools[0]",
                ChatRequest {
                    tools: vec![ToolSpec::Hosted(broken.into())],
                    ..base()
                },
            ),
            (
                "tool_choice",
                ChatRequest {
                    tool_choice: Some(ToolChoice::Custom(broken.into())),
                    ..base()
                },
            ),
            (
                "messages[0].content[0].extensions",
                request(vec![with(vec![hi(Some(broken.into()))])]),
            ),
            (
                "messages[0].extensions",
                request(vec![Message {
                    extensions: Some(broken.into()),
                    ..message(Role::Assistant, MessageContent::Text("Hi".into()))
                }]),
            ),
            (
                "messages[0].content[0]",
                request(vec![blocks(Role::Assistant, vec![call("a", broken)])]),
            ),
            (
                "messages[0].content[0]",
                request(vec![blocks(Role::User, vec![output])]),
            ),
            (
                "messages[0].content[0].source",
                request(vec![blocks(
                    Role::User,
                    vec![BlockContent::Image(Image {
                        source: None,
                        ..picture(FileSource::Url(String::new()))
                    })],
                )]),
            ),
        ] {
            let error = translated(&request).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidRequest);
            assert!(
                error.message.starts_with(&format!("{place}: ")),
                "{place}: {}",
                error.message
            );
        }
    }
}

#[test]
fn what_is_not_sent_for_one_reason_is_told_once() {
    let named = |name: &str| Message {
        name: Some(name.into()),
        ..user("Hi")
    };
    let thought = || {
        blocks(
            Role::Assistant,
            vec![
                BlockContent::RedactedThinking("x".into()),
                BlockContent::Text("Hm.".into()),
            ],
        )
    };
    let request = request(vec![
        user("Hi"),
        named("ann"),
        thought(),
        named("bob"),
        named(""),
    ]);
    let dropped = translated(&request).unwrap().dropped;
    let told: Vec<(&str, &str)> = dropped
        .iter()
        .map(|dropped| (dropped.parameter.as_str(), dropped.reason.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "messages[1].name",
                "the Responses API has no names of authors; this is the first of 2 such places"
            ),
            ("messages[2].content[0]", "only its author can read it"),
        ]
    );
}

/// The same JSON with the keys of all objects in the opposite order.
fn reversed(text: &str) -> String {
    fn write(value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .rev()
                    .map(|(key, value)| format!("{}:{}", json!(key), write(value)))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
            Value::Array(elements) => {
                format!(
                    "[{}]",
                    elements.iter().map(write).collect::<Vec<_>>().join(",")
                )
            }
            other => other.to_string(),
        }
    }
    let reversed = write(&serde_json::from_str(text).unwrap());
    assert_ne!(
        reversed,
        serde_json::from_str::<Value>(text).unwrap().to_string()
    );
    reversed
}
