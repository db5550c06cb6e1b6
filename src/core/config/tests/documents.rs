//! Documents with settings in other places and other words than ours.

use super::*;

/// Settings beside those that every configuration needs.
fn with(settings: Value) -> Configuration {
    let mut document: Value = serde_json::from_str(VALID).unwrap();
    let members = settings.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(members);
    resolve(&document.to_string(), &[]).unwrap()
}

#[test]
fn settings_among_the_models_are_taken_for_settings() {
    let configuration = with(json!({ "deployment_mapping": {
        "gpt-5.1": "my-gpt5-deployment",
        "gpt-5-mini": "my-mini-deployment",
        "default_deployment": "my-default-deployment",
        "default_model": "gpt-5-mini",
        "max_output_tokens": 100,
        "temperature": 0.5,
        "debug": true,
        "raw_debug": false,
        "priority": 1,
    } }));
    let deployments = &configuration.deployments;
    let models: Vec<&str> = deployments
        .mapping
        .0
        .iter()
        .map(|(model, _)| model.as_str())
        .collect();
    assert_eq!(models, ["gpt-5-mini", "gpt-5.1"]);
    assert_eq!(
        deployments.default_deployment.as_deref(),
        Some("my-default-deployment")
    );
    assert_eq!(deployments.default_model, "gpt-5-mini");
    assert_eq!(configuration.defaults.max_output_tokens, Some(100));
    assert_eq!(configuration.defaults.temperature, 0.5);
    assert_eq!(configuration.debug, Debugging::Events);
    assert_eq!(
        configuration.warnings,
        [
            "`deployment_mapping` contains settings: `debug`, `default_deployment`, `default_model`, `max_output_tokens`, \
          `priority`, `raw_debug`, `temperature`. TOML puts everything after a table's header into that table. They are \
          used as settings; move them above the header of `deployment_mapping`"
        ]
    );
    let settings = &configuration.describe()["settings"];
    assert_eq!(
        settings["default_model"],
        json!({"value": "gpt-5-mini", "source": "config"})
    );
    assert_eq!(
        settings["deployment_mapping"]["value"],
        json!({"gpt-5.1": "my-gpt5-deployment", "gpt-5-mini": "my-mini-deployment"})
    );
}

#[test]
fn a_setting_outside_of_the_models_comes_before_one_among_them() {
    let configuration = with(json!({
        "default_model": "outside",
        "default_deployment": " ",
        "deployment_mapping": { "default_model": "inside", "default_deployment": "inside", "api_key": "other-secret" },
    }));
    assert_eq!(configuration.deployments.default_model, "outside");
    assert_eq!(
        configuration.deployments.default_deployment.as_deref(),
        Some("inside")
    );
    assert_eq!(key(&configuration), "secret-key");
    assert_eq!(
        configuration.warnings[1..],
        [
            "`api_key` in `deployment_mapping` has no effect, because it is set outside of it too",
            "`default_model` in `deployment_mapping` has no effect, because it is set outside of it too",
        ]
    );
    let shown = format!("{} {:?}", configuration.describe(), configuration);
    assert!(!shown.contains("other-secret"), "{shown}");
}

#[test]
fn a_misplaced_setting_that_is_wrong_is_named_with_its_place() {
    let document = VALID.replace(
        '{',
        r#"{"deployment_mapping":{"max_tokens":-5,"max_tokns":4096},"#,
    );
    let message = resolve(&document, &[]).unwrap_err().message;
    for words in [
        "`max_tokens`: expected a whole number",
        "with a deployment for `max_tokns`",
        "warning: `deployment_mapping` contains settings: `max_tokens`.",
    ] {
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[test]
fn blanks_around_the_name_of_a_model_are_taken_off() {
    let configuration = with(json!({ "deployment_mapping": {
        " gpt-5.1\t": "padded", "gpt-4.1": "plain", "gpt-4.1 ": "other", " debug": "true",
    } }));
    let expected = [("gpt-4.1", "plain"), ("gpt-5.1", "padded")];
    let expected = expected.map(|(model, name)| (model.to_owned(), vec![name.to_owned()]));
    assert_eq!(configuration.deployments.mapping.0, expected);
    assert_eq!(configuration.debug, Debugging::Events);
    assert_eq!(
        configuration.warnings[..2],
        [
            "`deployment_mapping` has the model `gpt-5.1` with blanks around it; it is used without them",
            "`deployment_mapping` has the model `gpt-4.1` twice, once with blanks around it; that one has no effect",
        ]
    );
}

#[test]
fn keys_of_existing_configurations_have_their_meaning() {
    let configuration = with(json!({
        "deployment_name": "my-gpt-4o",
        "enable_state": "true",
        "max_output_tokens": "200",
        "raw": "true",
        "reasoning": { "effort": "low", "summary": "detailed" },
    }));
    assert_eq!(configuration.warnings, [""; 0]);
    assert_eq!(configuration.note, None);
    // Nobody named a model: it is the one behind the deployment, and not the default one.
    let deployment = configuration.deployments.resolve(None);
    assert_eq!(
        (deployment.name.as_str(), deployment.logical_model.as_str()),
        ("my-gpt-4o", "my-gpt-4o")
    );
    let described = &configuration.describe()["settings"]["default_model"];
    assert_eq!(
        *described,
        json!({"value": "my-gpt-4o", "source": "config"})
    );
    let defaults = &configuration.defaults;
    assert!(defaults.store);
    assert_eq!(defaults.max_output_tokens, Some(200));
    assert_eq!(
        (defaults.reasoning_effort, defaults.reasoning_summary),
        (Some("low"), "detailed")
    );
    assert_eq!(configuration.debug, Debugging::Bodies);

    let configuration =
        with(json!({ "deployment_name": "prod", "default_model": "gpt-5.1", "reasoning": "high" }));
    let deployment = configuration.deployments.resolve(None);
    assert_eq!(
        (deployment.name.as_str(), deployment.logical_model.as_str()),
        ("prod", "gpt-5.1")
    );
    assert_eq!(configuration.defaults.reasoning_effort, Some("high"));
}

#[test]
fn the_members_of_reasoning_are_settings_and_what_else_is_in_it_is_warned_of() {
    let configuration = with(json!({
        "reasoning_effort": "high",
        "reasoning": { "effort": "low", "mode": "pro" },
    }));
    assert_eq!(configuration.defaults.reasoning_effort, Some("high"));
    assert_eq!(
        configuration.warnings,
        [
            "`reasoning.effort` has no effect beside `reasoning_effort`, which means the same",
            "unknown setting `reasoning.mode`; it has no effect",
        ]
    );
}

#[test]
fn keys_without_effect_are_no_warning() {
    let keys = settings::WITHOUT_EFFECT.map(|key| (key.to_owned(), json!("x")));
    let configuration = with(Value::Object(Map::from_iter(keys)));
    assert_eq!(configuration.warnings, [""; 0]);
    let note = configuration.note.unwrap();
    assert!(
        note.starts_with(
            "known keys of the configuration that have no effect here: `background_timeout`, "
        ),
        "{note}"
    );
    assert!(
        settings::WITHOUT_EFFECT
            .iter()
            .all(|key| note.contains(&format!("`{key}`"))),
        "{note}"
    );
}

#[test]
fn raw_needs_no_debug_and_raw_debug_does() {
    for (settings, expected) in [
        (json!({ "raw": true }), Debugging::Bodies),
        (json!({ "raw": false }), Debugging::Off),
        (json!({ "raw": false, "debug": true }), Debugging::Events),
        (json!({ "raw_debug": true }), Debugging::Off),
        (
            json!({ "raw_debug": true, "debug": true }),
            Debugging::Bodies,
        ),
        (
            json!({ "raw_debug": false, "raw": true, "debug": true }),
            Debugging::Events,
        ),
    ] {
        let document = settings.to_string();
        assert_eq!(with(settings).debug, expected, "{document}");
    }
}

#[test]
fn null_and_zero_are_no_limit() {
    let variables = [("AZURE_OPENAI_MAX_OUTPUT_TOKENS", "300")];
    for (settings, limit) in [
        (json!({}), Some(300)),
        (json!({ "max_tokens": "" }), Some(300)),
        (json!({ "max_tokens": null }), None),
        (json!({ "max_output_tokens": null }), None),
        (json!({ "max_tokens": 0 }), None),
        (json!({ "max_output_tokens": "0" }), None),
        (
            json!({ "max_tokens": null, "max_output_tokens": 5 }),
            Some(5),
        ),
        (json!({ "deployment_mapping": { "max_tokens": 0 } }), None),
    ] {
        let mut document: Value = serde_json::from_str(VALID).unwrap();
        let members = settings.as_object().unwrap().clone();
        document.as_object_mut().unwrap().extend(members);
        let resolved = resolve(&document.to_string(), &variables).unwrap();
        assert_eq!(resolved.defaults.max_output_tokens, limit, "{settings}");
    }
    let zero = [("AZURE_OPENAI_MAX_OUTPUT_TOKENS", "0")];
    assert_eq!(
        resolve(VALID, &zero).unwrap().defaults.max_output_tokens,
        None
    );
}

#[test]
fn secrets_in_extra_parameters_are_shown_neither_in_descriptions_nor_in_errors() {
    let params = json!({ "tools": [{ "type": "mcp", "authorization": "hunter2", "headers": { "X-Key": "hunter2" } }] });
    let configuration = with(json!({ "extra_request_params": params }));
    assert_eq!(
        Value::Object(configuration.extra_request_params.clone()),
        params
    );
    let description = configuration.describe().to_string();
    assert!(
        description.contains("X-Key") && !description.contains("hunter2"),
        "{description}"
    );
    for extra in [
        params.to_string(),
        format!("{:?}", params.to_string()),
        format!("[{params}]"),
    ] {
        let document = VALID.replace(
            '{',
            &format!(r#"{{"timeout":-1,"extra_request_params":{extra},"#),
        );
        let error = resolve(&document, &[]).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn headers_that_would_fail_each_request_are_refused() {
    for (name, words) in [
        ("Keep-Alive", "a request cannot be sent with `Keep-Alive`"),
        ("connection", "a request cannot be sent with `connection`"),
        (
            "Proxy-Authorization",
            "a request cannot be sent with `Proxy-Authorization`",
        ),
        (
            "Content-Encoding",
            "a request cannot be sent with `Content-Encoding`",
        ),
        ("expect", "a request cannot be sent with `expect`"),
        ("Accept-Encoding", "as `Accept-Encoding` is"),
        ("api-key", "as `api-key` is"),
    ] {
        let document = VALID.replace(
            '{',
            &format!(r#"{{"extra_headers":{{"{name}":"hunter2"}},"#),
        );
        let error = resolve(&document, &[]).unwrap_err();
        assert!(error.message.contains(words), "{}", error.message);
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert!(resolve(&format!("\u{feff}{VALID}"), &[]).is_ok());
}
