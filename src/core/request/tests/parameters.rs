//! The parameters beside the conversation.

use super::*;
use crate::contract::types::{JsonSchema, ResponseFormat};

#[test]
fn models_that_reason_get_reasoning_instead_of_temperature() {
    let mut request = request(vec![user("Hi")]);
    request.temperature = Some(0.0);
    request.top_p = Some(0.5);
    let plain = translated(&request).unwrap();
    assert_eq!(plain.body.to_value()["temperature"], json!(0.0));
    assert_eq!(plain.body.to_value()["top_p"], json!(0.5));
    assert!(!plain.body.has("include"));

    request.model = Some("gpt-5.1".into());
    request.reasoning_effort = Some("high".into());
    let reasoning = translated(&request).unwrap();
    assert_eq!(
        reasoning.body.to_value()["include"],
        json!(["reasoning.encrypted_content"])
    );
    assert_eq!(
        reasoning.body.to_value()["reasoning"],
        json!({ "effort": "high", "summary": "auto" })
    );
    assert!(!reasoning.body.has("temperature") && !reasoning.body.has("top_p"));
    let dropped: Vec<&str> = reasoning
        .dropped
        .iter()
        .map(|dropped| dropped.parameter.as_str())
        .collect();
    assert_eq!(dropped, ["temperature", "top_p"]);
}

#[test]
fn structured_output_has_the_services_flat_form() {
    let schema = |schema: &str, name: Option<&str>| {
        ResponseFormat::JsonSchema(JsonSchema {
            schema: schema.into(),
            name: name.map(str::to_owned),
            description: None,
            strict: Some(true),
            extensions: None,
        })
    };
    for (format, expected) in [
        (ResponseFormat::Text, json!({ "type": "text" })),
        (ResponseFormat::Json, json!({ "type": "json_object" })),
        (
            schema(r#"{"type":"object"}"#, None),
            json!({ "type": "json_schema", "name": "response", "schema": { "type": "object" }, "strict": true }),
        ),
        (
            schema(
                r#"{"name":"person","schema":{"type":"object"},"description":"d"}"#,
                None,
            ),
            json!({
                "type": "json_schema",
                "name": "person",
                "description": "d",
                "schema": { "type": "object" },
                "strict": true,
            }),
        ),
        (
            schema(
                r#"{"type":"object","properties":{"schema":{}}}"#,
                Some("mine"),
            ),
            json!({
                "type": "json_schema",
                "name": "mine",
                "schema": { "type": "object", "properties": { "schema": {} } },
                "strict": true,
            }),
        ),
    ] {
        let mut request = request(vec![user("Hi")]);
        request.response_format = Some(format);
        let translated = translated(&request).unwrap();
        assert_eq!(translated.body.to_value()["text"]["format"], expected);
    }
}

#[test]
fn tools_and_choices_in_every_form() {
    let hosted = r#"{"type":"web_search","filters":{"b":1,"a":2}}"#;
    let mut request = request(vec![user("Hi")]);
    request.tools = vec![
        ToolSpec::Function(FunctionTool {
            name: "f".into(),
            description: None,
            parameters: "{}".into(),
            strict: None,
            extensions: None,
        }),
        ToolSpec::Hosted(hosted.into()),
    ];
    for (choice, expected) in [
        (ToolChoice::Auto, json!("auto")),
        (ToolChoice::None, json!("none")),
        (ToolChoice::Required, json!("required")),
        (
            ToolChoice::Function("f".into()),
            json!({ "type": "function", "name": "f" }),
        ),
        (
            ToolChoice::Custom(r#"{"type":"web_search"}"#.into()),
            json!({ "type": "web_search" }),
        ),
    ] {
        request.tool_choice = Some(choice);
        let body = translated(&request).unwrap().body.to_value();
        assert_eq!(body["tool_choice"], expected);
        assert_eq!(
            body["tools"],
            json!([
                { "type": "function", "name": "f", "parameters": {}, "strict": false },
                { "type": "web_search", "filters": { "a": 2, "b": 1 } },
            ])
        );
    }
}

#[test]
fn json_that_is_wrong_is_an_error_that_names_its_place() {
    let tool = |parameters: &str| {
        ToolSpec::Function(FunctionTool {
            name: "f".into(),
            description: None,
            parameters: parameters.into(),
            strict: None,
            extensions: None,
        })
    };
    let mut with_tool = request(vec![user("Hi")]);
    with_tool.tools = vec![tool("{}"), tool("[]")];
    let mut with_hosted = request(vec![user("Hi")]);
    with_hosted.tools = vec![ToolSpec::Hosted("nonsense".into())];
    let mut with_choice = request(vec![user("Hi")]);
    with_choice.tool_choice = Some(ToolChoice::Custom("\"x\"".into()));
    let mut with_temperature = request(vec![user("Hi")]);
    with_temperature.temperature = Some(f64::NAN);
    for (request, message) in [
        (with_tool, "tools[1].parameters: expected a JSON object"),
        (with_hosted, "tools[0]: expected a JSON object"),
        (with_choice, "tool_choice: expected a JSON object"),
        (
            with_temperature,
            "temperature: expected a number from 0 to 2",
        ),
        (
            request(vec![
                user("Hi"),
                blocks(Role::Assistant, vec![call("a", "[1]")]),
            ]),
            "messages[1].content[0]: the arguments of a tool call must be a JSON object",
        ),
    ] {
        let error = translated(&request).unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (ErrorKind::InvalidRequest, message)
        );
    }
}

#[test]
fn parameters_that_are_optional_can_be_dropped_once() {
    let mut request = request(vec![user("Hi")]);
    request.model = Some("gpt-5.1".into());
    request.reasoning_effort = Some("low".into());
    let mut translated = translated(&request).unwrap();
    let mut drop = |name: &str| {
        let refused = Refusal::Parameter(RefusedParameter {
            name: Some(name.to_owned()),
            words: String::new(),
            is_unsupported: true,
            says_why: true,
        });
        let dropped = translated.remedy(&refused)?;
        Some(dropped[0].parameter.clone())
    };
    assert_eq!(drop("input"), None);
    assert_eq!(drop("top_p"), None, "it was not sent");
    let both = Some("include, reasoning".to_owned());
    assert_eq!(drop("reasoning"), both);
    assert_eq!(drop("reasoning"), None);
}

#[test]
fn a_temperature_goes_out_only_where_the_model_takes_it() {
    let at_none = "the model gpt-5.1 accepts it only at the effort `none`";
    let never = "the model o3 does not accept it";
    // model, effort, temperature asked for, configured → temperature sent, why not
    for (model, effort, requested, configured, sent, reason) in [
        ("gpt-4.1", None, None, None, Some(0.7), None),
        ("gpt-4.1", None, None, Some(0.2), Some(0.2), None),
        ("gpt-5.1", None, None, None, None, None),
        ("gpt-5.1", None, None, Some(0.2), Some(0.2), None),
        ("gpt-5.1", None, Some(0.9), Some(0.2), Some(0.9), None),
        ("gpt-5.1", Some("none"), Some(0.9), None, Some(0.9), None),
        ("gpt-5.1", Some("low"), None, Some(0.2), None, Some(at_none)),
        (
            "gpt-5.1",
            Some("low"),
            Some(0.9),
            Some(0.2),
            None,
            Some(at_none),
        ),
        ("gpt-5.1", Some("low"), None, None, None, None),
        ("o3", None, None, Some(0.2), None, Some(never)),
        ("my-own", None, None, None, None, None),
        ("my-own", None, None, Some(0.2), Some(0.2), None),
    ] {
        let mut request = request(vec![user("Hi")]);
        request.model = Some(model.to_owned());
        request.reasoning_effort = effort.map(str::to_owned);
        request.temperature = requested;
        let settings = configured.map_or(json!({}), |value| json!({ "temperature": value }));
        let translated = with_settings(&request, &settings).unwrap();
        let found = translated
            .body
            .parameters
            .get("temperature")
            .and_then(Value::as_f64);
        assert_eq!(
            found, sent,
            "{model} {effort:?} {requested:?} {configured:?}"
        );
        let reasons: Vec<&str> = translated
            .dropped
            .iter()
            .map(|dropped| dropped.reason.as_str())
            .collect();
        let expected: Vec<&str> = reason.into_iter().collect();
        assert_eq!(
            reasons, expected,
            "{model} {effort:?} {requested:?} {configured:?}"
        );
    }
}

#[test]
fn an_effort_that_the_model_refuses_is_changed_and_reported() {
    // model, asked for, configured → sent, changed from
    for (model, requested, configured, sent, changed) in [
        ("gpt-5-pro", Some("low"), None, Some("high"), Some("low")),
        ("gpt-5-pro", None, Some("none"), Some("high"), Some("none")),
        ("gpt-5-pro", None, None, None, None),
        (
            "gpt-5.1",
            Some("max"),
            Some("low"),
            Some("high"),
            Some("max"),
        ),
        ("gpt-5.1", Some("none"), None, Some("none"), None),
        (
            "gpt-5.1",
            Some("as you like"),
            None,
            Some("as you like"),
            None,
        ),
        ("my-own", Some("max"), None, Some("max"), None),
    ] {
        let mut request = request(vec![user("Hi")]);
        request.model = Some(model.to_owned());
        request.reasoning_effort = requested.map(str::to_owned);
        let settings = configured.map_or(json!({}), |value| json!({ "reasoning_effort": value }));
        let translated = with_settings(&request, &settings).unwrap();
        let found = translated
            .body
            .parameters
            .get("reasoning")
            .and_then(|found| json::text(found, "effort"));
        assert_eq!(found, sent, "{model} {requested:?} {configured:?}");
        let changes: Vec<(String, String)> = translated
            .dropped
            .into_iter()
            .filter_map(|dropped| dropped.changed)
            .collect();
        let expected: Vec<(String, String)> = changed
            .map(|from| (from.to_owned(), sent.unwrap_or_default().to_owned()))
            .into_iter()
            .collect();
        assert_eq!(changes, expected, "{model} {requested:?} {configured:?}");
    }
}

#[test]
fn a_retention_that_the_model_refuses_is_left_out() {
    for (model, retention, is_sent) in [
        ("gpt-5.4", "in_memory", true),
        ("gpt-5.5", "in_memory", false),
        ("gpt-5.5", "24h", true),
        ("gpt-6-sol", "24h", false),
    ] {
        let mut request = request(vec![user("Hi")]);
        request.model = Some(model.to_owned());
        let settings = json!({ "prompt_cache_retention": retention });
        let translated = with_settings(&request, &settings).unwrap();
        assert_eq!(
            translated.body.has("prompt_cache_retention"),
            is_sent,
            "{model}"
        );
        let dropped: Vec<&str> = translated
            .dropped
            .iter()
            .map(|dropped| dropped.parameter.as_str())
            .collect();
        let expected = if is_sent {
            vec![]
        } else {
            vec!["prompt_cache_retention"]
        };
        assert_eq!(dropped, expected, "{model} {retention}");
    }
}
