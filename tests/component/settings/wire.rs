//! What settings do to requests, as the service sees them.

use azure_openai_mock::MockAzure;
use provider_host::Environment;
use provider_host::contract::types::ErrorKind;
use serde_json::{Map, Value, json};

use crate::support::{Setup, ask, config, provider_error};

#[tokio::test]
async fn each_setting_of_requests_reaches_the_service() {
    // setting, its value, the model, where it is in the body, what is there
    for (key, value, model, place, sent) in [
        ("temperature", json!(0.2), PLAIN, "/temperature", json!(0.2)),
        ("temperature", json!("1"), PLAIN, "/temperature", json!(1.0)),
        ("temperature", json!(0), PLAIN, "/temperature", json!(0.0)),
        (
            "max_tokens",
            json!(300),
            PLAIN,
            "/max_output_tokens",
            json!(300),
        ),
        (
            "max_tokens",
            json!("300"),
            REASONS,
            "/max_output_tokens",
            json!(300),
        ),
        (
            "max_output_tokens",
            json!(300),
            PLAIN,
            "/max_output_tokens",
            json!(300),
        ),
        (
            "reasoning_effort",
            json!("low"),
            REASONS,
            "/reasoning/effort",
            json!("low"),
        ),
        (
            "reasoning_effort",
            json!("LOW"),
            REASONS,
            "/reasoning/effort",
            json!("low"),
        ),
        (
            "reasoning_effort",
            json!("low"),
            REASONS,
            "/reasoning/summary",
            json!("auto"),
        ),
        (
            "text_verbosity",
            json!("high"),
            REASONS,
            "/text/verbosity",
            json!("high"),
        ),
        (
            "truncation",
            json!("auto"),
            PLAIN,
            "/truncation",
            json!("auto"),
        ),
        (
            "prompt_cache_key",
            json!("team-a"),
            PLAIN,
            "/prompt_cache_key",
            json!("team-a"),
        ),
        (
            "prompt_cache_retention",
            json!("24h"),
            PLAIN,
            "/prompt_cache_retention",
            json!("24h"),
        ),
        (
            "safety_identifier",
            json!("person-1"),
            PLAIN,
            "/safety_identifier",
            json!("person-1"),
        ),
        (
            "service_tier",
            json!("flex"),
            PLAIN,
            "/service_tier",
            json!("flex"),
        ),
        (
            "prompt_cache_options",
            json!({ "mode": "explicit", "ttl": "30m" }),
            PLAIN,
            "/prompt_cache_options",
            json!({ "mode": "explicit", "ttl": "30m" }),
        ),
        (
            "context_management",
            json!([{ "type": "compaction", "compact_threshold": 1000 }]),
            REASONS,
            "/context_management/0/compact_threshold",
            json!(1000),
        ),
        ("top_logprobs", json!("5"), PLAIN, "/top_logprobs", json!(5)),
        (
            "moderation",
            json!({ "policy": { "input": { "mode": "score" } } }),
            PLAIN,
            "/moderation/policy/input/mode",
            json!("score"),
        ),
        ("enable_state", json!("true"), PLAIN, "/store", json!(true)),
        (
            "reasoning",
            json!("low"),
            REASONS,
            "/reasoning/effort",
            json!("low"),
        ),
        (
            "reasoning",
            json!({ "effort": "low", "summary": "concise" }),
            REASONS,
            "/reasoning/summary",
            json!("concise"),
        ),
        ("store", json!("yes"), PLAIN, "/store", json!(true)),
        ("use_streaming", json!(true), PLAIN, "/stream", json!(true)),
        (
            "extra_request_params",
            json!({ "top_p": 0.5 }),
            PLAIN,
            "/top_p",
            json!(0.5),
        ),
    ] {
        let body = body(json!({ key: value }), model).await;
        assert_eq!(body.pointer(place), Some(&sent), "{key} {value}: {body}");
    }
}

#[tokio::test]
async fn what_is_not_set_is_not_sent() {
    let always = ["input", "max_output_tokens", "model", "store", "stream"];
    for (settings, model, more) in [
        (json!({}), PLAIN, "temperature"),
        (json!({}), REASONS, "include"),
        // It is a setting of models that reason.
        (json!({ "reasoning_effort": "low" }), PLAIN, "temperature"),
        // It comes with an effort only.
        (
            json!({ "reasoning_summary": "detailed" }),
            REASONS,
            "include",
        ),
    ] {
        let body = body(settings, model).await;
        let mut expected = always.to_vec();
        expected.push(more);
        expected.sort_unstable();
        let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(keys, expected);
    }
    for (key, value) in [
        ("max_tokens", json!(0)),
        ("max_tokens", json!("0")),
        ("max_tokens", json!(null)),
        ("max_output_tokens", json!(0)),
        ("max_output_tokens", json!(null)),
    ] {
        let body = body(json!({ key: value }), PLAIN).await;
        assert!(body.get("max_output_tokens").is_none(), "{key} {value}");
    }
    let whole = body(json!({ "use_streaming": false }), PLAIN).await;
    assert!(whole.get("stream").is_none(), "{whole}");
}

#[tokio::test]
async fn effort_and_summary_go_together() {
    let settings = json!({ "reasoning_effort": "high", "reasoning_summary": "detailed" });
    let body = body(settings, REASONS).await;
    assert_eq!(
        body["reasoning"],
        json!({ "effort": "high", "summary": "detailed" })
    );
    assert_eq!(body["include"], json!(["reasoning.encrypted_content"]));
}

#[tokio::test]
async fn the_default_temperature_goes_where_it_is_known_to_be_taken() {
    // settings, variable, requested model → temperature
    for (settings, variable, model, temperature) in [
        (json!({}), None, "gpt-4.1", Some(0.7)),
        (json!({}), None, "gpt-5.1", None),
        (json!({}), None, UNKNOWN, None),
        (json!({ "temperature": 0.3 }), None, "gpt-4.1", Some(0.3)),
        // It does not reason unasked.
        (json!({ "temperature": 0.3 }), None, "gpt-5.1", Some(0.3)),
        (json!({ "temperature": 0.3 }), None, UNKNOWN, Some(0.3)),
        (json!({ "temperature": "" }), None, UNKNOWN, None),
        (json!({}), Some("0.4"), "gpt-4.1", Some(0.4)),
        (json!({}), Some("0.4"), "gpt-5.1", Some(0.4)),
        (json!({}), Some("0.4"), UNKNOWN, Some(0.4)),
        (
            json!({ "temperature": 0.3 }),
            Some("0.4"),
            UNKNOWN,
            Some(0.3),
        ),
        // What is set counts, also when it is what the default is.
        (json!({ "temperature": 0.7 }), None, UNKNOWN, Some(0.7)),
        // The deployment's name says nothing, the model's does.
        (
            json!({ "deployment_mapping": { "gpt-4.1": UNKNOWN } }),
            None,
            "gpt-4.1",
            Some(0.7),
        ),
        (
            json!({ "deployment_mapping": { "gpt-4.1": UNKNOWN } }),
            None,
            UNKNOWN,
            Some(0.7),
        ),
        (
            json!({ "deployment_mapping": { "gpt-5.1": UNKNOWN_REASONS } }),
            None,
            "gpt-5.1",
            None,
        ),
        (
            json!({ "default_deployment": UNKNOWN }),
            None,
            "gpt-4.1",
            Some(0.7),
        ),
    ] {
        let variable = variable.map(|text| ("AZURE_OPENAI_TEMPERATURE", text));
        let body = body_with(&settings, variable, model).await;
        let sent = body.get("temperature").and_then(Value::as_f64);
        assert_eq!(sent, temperature, "{settings} {variable:?} {model}");
    }
}

#[tokio::test]
async fn a_request_comes_before_the_settings_and_extra_parameters_come_before_both() {
    let settings = json!({
        "temperature": 0.1,
        "max_tokens": 100,
        "extra_request_params": { "service_tier": "default", "metadata": { "team": "a" } },
        "service_tier": "flex",
    });
    let setup = Setup::with(mock().await, settings.clone()).await;
    let mut request = ask("Hi");
    request.model = Some(PLAIN.to_owned());
    request.temperature = Some(0.9);
    request.max_output_tokens = Some(200);
    setup.provider.complete(&request).await.unwrap();
    let body = setup.last_body();
    assert_eq!(body["temperature"], 0.9);
    assert_eq!(body["max_output_tokens"], 200);
    assert_eq!(body["service_tier"], "default");
    assert_eq!(body["metadata"], json!({ "team": "a" }));

    let mut settings = settings;
    settings["extra_request_params"] = json!({ "temperature": 0.5, "max_output_tokens": 300 });
    let setup = Setup::with(mock().await, settings).await;
    setup.provider.complete(&request).await.unwrap();
    let body = setup.last_body();
    assert_eq!(body["temperature"], 0.5);
    assert_eq!(body["max_output_tokens"], 300);
}

#[tokio::test]
async fn a_request_may_set_what_only_passes_through_and_say_that_nothing_is_sent() {
    let settings = json!({ "top_logprobs": 5, "moderation": { "policy": {} } });
    let setup = Setup::with(mock().await, settings).await;
    let complete = async |options: Value| {
        let mut request = ask("Hi");
        request.extensions = Some(options.to_string());
        setup.provider.complete(&request).await
    };
    let options = json!({
        "moderation": null,
        "prompt_cache_options": { "mode": "implicit" },
        "context_management": [],
    });
    complete(options.clone()).await.unwrap();
    let body = setup.last_body();
    assert_eq!(body["top_logprobs"], 5);
    assert!(body.get("moderation").is_none(), "{body}");
    for key in ["prompt_cache_options", "context_management"] {
        assert_eq!(body[key], options[key], "{key}");
    }
    for (options, message) in [
        (
            json!({ "top_logprobs": 21 }),
            "top_logprobs: expected a whole number from 0 to 20",
        ),
        (json!({ "prompt": "pmpt_1" }), "prompt: expected a table"),
        (
            json!({ "context_management": { "type": "compaction" } }),
            "context_management: expected a list of tables",
        ),
    ] {
        let error = provider_error(complete(options).await);
        assert_eq!(error.kind, ErrorKind::InvalidRequest);
        assert_eq!(error.message, message);
    }
}

#[tokio::test]
async fn what_the_service_keeps_is_named_by_a_setting_or_by_a_request() {
    for (key, setting, option, code) in [
        (
            "previous_response_id",
            json!("resp_of_setting"),
            json!("resp_of_request"),
            "previous_response_not_found",
        ),
        (
            "conversation",
            json!("conv_of_setting"),
            json!({ "id": "conv_of_request" }),
            "conversation_not_found",
        ),
        (
            "prompt",
            json!({ "id": "of_setting", "variables": { "city": "Paris" } }),
            json!({ "id": "of_request" }),
            "prompt_not_found",
        ),
    ] {
        for (settings, options, sent) in [
            (json!({ key: setting }), json!({}), &setting),
            (json!({ key: setting }), json!({ key: option }), &option),
            (json!({}), json!({ key: option }), &option),
        ] {
            let setup = Setup::with(mock().await, settings).await;
            let mut request = ask("Hi");
            request.extensions = Some(options.to_string());
            // The service has none of them.
            let error = provider_error(setup.provider.complete(&request).await);
            assert_eq!(error.code.as_deref(), Some(code));
            assert_eq!(setup.last_body()[key], *sent);
        }
    }
}

#[tokio::test]
async fn extra_headers_go_with_every_request_beside_those_of_the_provider() {
    let headers = json!({ "X-Gateway-Key": " gateway-secret ", "x-team": "two words" });
    let setup = Setup::with(mock().await, json!({ "extra_headers": headers })).await;
    for streaming in [true, false] {
        let mut request = ask("Hi");
        request.metadata = Some(json!({ "stream": streaming }).to_string());
        setup.provider.complete(&request).await.unwrap();
        let requests = setup.mock.requests();
        let sent = &requests.last().unwrap().headers;
        assert_eq!(sent["x-gateway-key"], "gateway-secret");
        assert_eq!(sent["x-team"], "two words");
        assert_eq!(sent["api-key"], setup.mock.api_key());
        assert_eq!(sent["content-type"], "application/json");
    }
}

async fn body(settings: Value, model: &str) -> Value {
    body_with(&settings, None, model).await
}

/// What the service got from a provider with these settings; it had nothing against it.
async fn body_with(settings: &Value, variable: Option<(&str, &str)>, model: &str) -> Value {
    let mock = mock().await;
    let mut config: Map<String, Value> = config(&mock);
    config.extend(settings.as_object().unwrap().clone());
    let environment = Environment::from_iter(variable);
    let setup = Setup::with_environment(mock, config, environment).await;
    let mut request = ask("Hi");
    request.model = Some(model.to_owned());
    setup.provider.complete(&request).await.unwrap();
    assert_eq!(setup.mock.requests().len(), 1, "{settings}");
    assert!(
        setup.events.of("provider:parameter_dropped").is_empty(),
        "{settings}"
    );
    setup.last_body()
}

async fn mock() -> MockAzure {
    let mock = MockAzure::builder()
        .deployment(UNKNOWN, "gpt-4.1-2025-04-14")
        .deployment(UNKNOWN_REASONS, "gpt-5.1-2025-11-13");
    mock.start().await.unwrap()
}

/// A model that takes a temperature.
const PLAIN: &str = "gpt-4.1";

/// A model that reasons, and takes none.
const REASONS: &str = "gpt-5.1";

/// A deployment whose name says nothing of its model.
const UNKNOWN: &str = "production";

/// Another one, of a model that reasons.
const UNKNOWN_REASONS: &str = "production-2";
