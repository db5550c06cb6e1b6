//! Projects of Microsoft Foundry, which speak a dialect of their own: what the component sends there, over HTTP to a mock
//! that refuses what they refuse.

use azure_openai_mock::MockAzure;
use provider_host::contract::types::{ChatResponse, ErrorKind, FinishReason};
use provider_host::kernel_json::chat_response;
use provider_host::{CallError, Environment};
use serde_json::{Map, Value, json};

use crate::support::{Setup, ask, config, in_time, provider_error, request};

#[tokio::test]
async fn whatever_is_pasted_of_a_projects_address_leads_to_the_project() {
    for end in [
        "",
        "/",
        "/openai",
        "/openai/v1",
        "/openai/v1/",
        "/openai/v1/responses",
        "/openai/v1/responses?api-version=preview",
        "/deployments?api-version=v1",
    ] {
        let setup = project(end, json!({})).await;
        setup.provider.complete(&ask("Hi")).await.unwrap();
        let request = &setup.mock.requests()[0];
        assert_eq!(request.path, "/api/projects/demo/openai/v1/responses");
        assert_eq!(request.query, None, "{end}");
        assert!(request.headers.contains_key("api-key"));
    }
}

#[tokio::test]
async fn no_version_is_ever_sent_to_a_project_and_a_setting_that_asks_for_one_is_a_warning() {
    for version in ["v1", "2024-10-21", "preview", "2025-04-01-preview"] {
        let setup = project("", json!({ "api_version": version })).await;
        setup.provider.complete(&ask("Hi")).await.unwrap();
        assert_eq!(setup.mock.requests()[0].query, None, "{version}");
        let warnings = setup.events.of("provider:config_warning");
        let is_told = warnings.iter().any(|warning| {
            let message = warning["message"].as_str().unwrap();
            message.contains("`api_version` has no effect: a Foundry project")
        });
        let has_effect_elsewhere = !matches!(version, "v1" | "2024-10-21");
        assert_eq!(is_told, has_effect_elsewhere, "{version}: {warnings:?}");
    }
}

#[tokio::test]
async fn tokens_for_a_project_are_for_its_audience() {
    let setup = with_tokens(json!({})).await;
    setup.provider.complete(&ask("Hi")).await.unwrap();
    let requests = setup.mock.requests();
    assert!(!requests[0].headers.contains_key("api-key"));
    let tokens = setup.mock.token_requests();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].body["scope"], "https://ai.azure.com/.default");
}

#[tokio::test]
async fn a_token_for_another_audience_is_explained() {
    let scope = "https://cognitiveservices.azure.com/.default";
    let setup = with_tokens(json!({ "token_scope": scope })).await;
    let error = provider_error(setup.provider.complete(&ask("Hi")).await);
    assert_eq!(error.kind, ErrorKind::Authentication);
    for words in [
        scope,
        "a Foundry project accepts tokens for https://ai.azure.com only",
        "remove `token_scope`",
    ] {
        assert!(error.message.contains(words), "{words}: {}", error.message);
    }
}

/// With keys and with tokens, streamed and whole: reasoning, a call, its result, an answer that is cut off and continues,
/// and the history of all of it once more.
#[tokio::test]
async fn a_whole_conversation_passes_at_a_project() {
    for uses_tokens in [false, true] {
        for use_streaming in [true, false] {
            let settings = json!({ "use_streaming": use_streaming, "reasoning_effort": "low" });
            let setup = if uses_tokens {
                with_tokens(settings).await
            } else {
                project("", settings).await
            };
            let user = |text: &str| json!({ "role": "user", "content": text });
            let mut messages = vec![
                json!({ "role": "system", "content": "Be brief." }),
                json!({ "role": "developer", "content": "some context" }),
                user("Use the tool: what is the weather in Paris"),
            ];
            let called = turn(&setup, &mut messages, json!({})).await;
            let [call] = called.tool_calls.as_slice() else {
                panic!("one call, found {called:?}");
            };
            messages.push(json!({
                "role": "tool", "tool_call_id": call.id, "content": "18 degrees",
            }));
            turn(&setup, &mut messages, json!({})).await;
            messages.push(user(&LONG.repeat(3)));
            let before = setup.mock.requests().len();
            let cut = turn(&setup, &mut messages, json!({ "max_output_tokens": 32 })).await;
            assert_eq!(cut.finish_reason, FinishReason::Stop);
            assert!(setup.mock.requests().len() > before + 1, "it continued");
            // A call whose result was lost, which is repaired with a message of the assistant.
            messages.push(user("Use the tool: what is the weather in Rome"));
            turn(&setup, &mut messages, json!({})).await;
            messages.push(user("Well?"));
            turn(&setup, &mut messages, json!({})).await;

            for request in setup.mock.requests() {
                assert_eq!(request.status.unwrap(), 200, "{:#}", request.body);
                assert_eq!(request.query, None);
                for item in request.body["input"].as_array().unwrap() {
                    assert!(item["type"].is_string(), "{item}");
                }
            }
            let last = setup.last_body();
            let kinds: Vec<&str> = last["input"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["type"].as_str().unwrap())
                .collect();
            for kind in ["reasoning", "function_call", "function_call_output"] {
                assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_gateway_whose_path_ends_with_v1_is_taken_as_it_is() {
    // The mock has no such path, which it says.
    for (end, version, path) in [
        ("/team/v1", "v1", "/team/v1/responses"),
        ("/team/v1/", "2025-04-01-preview", "/team/v1/responses"),
        ("/v1/responses", "v1", "/v1/responses"),
    ] {
        let mock = MockAzure::builder().start().await.unwrap();
        let settings = json!({
            "azure_endpoint": format!("{}{end}", mock.endpoint()),
            "api_version": version,
        });
        let setup = Setup::with(mock, settings).await;
        let error = provider_error(setup.provider.complete(&ask("Hi")).await);
        assert_eq!(error.kind, ErrorKind::NotFound, "{error:?}");
        let request = &setup.mock.requests()[0];
        assert_eq!((request.path.as_str(), &request.query), (path, &None));
    }
}

#[tokio::test]
async fn the_path_of_projects_without_a_name_is_a_problem_of_the_configuration() {
    let mock = MockAzure::builder().start().await.unwrap();
    let mut settings = config(&mock);
    let endpoint = format!("{}/api/projects/", mock.endpoint());
    settings.insert("azure_endpoint".to_owned(), json!(endpoint));
    let opened = crate::support::open(&settings, Environment::default(), Default::default()).await;
    let Err(CallError::Provider(error)) = opened else {
        panic!("it opened");
    };
    assert_eq!(error.kind, ErrorKind::Configuration);
    assert!(error.message.contains("/api/projects/NAME"), "{error:?}");
}

/// Asks for the next answer, which joins the conversation in the kernel's JSON form.
async fn turn(setup: &Setup, messages: &mut Vec<Value>, more: Value) -> ChatResponse {
    let mut document = json!({
        "messages": messages,
        "tools": [{
            "name": "get_weather",
            "parameters": {
                "type": "object",
                "properties": { "city": { "type": "string" } },
            },
        }],
    });
    let members = document.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    let response = in_time(setup.provider.complete(&request(document)))
        .await
        .unwrap();
    let content = chat_response::to_value(&response).unwrap()["content"].take();
    messages.push(json!({ "role": "assistant", "content": content }));
    response
}

/// A provider that is configured for a project of a mock, with a key.
async fn project(end: &str, settings: Value) -> Setup {
    let mock = MockAzure::builder().start().await.unwrap();
    let endpoint = format!("{}{end}", mock.project_endpoint("demo"));
    let mut settings = settings;
    settings["azure_endpoint"] = json!(endpoint);
    Setup::with(mock, settings).await
}

/// The same, with the chain of credentials, which finds a client secret.
async fn with_tokens(settings: Value) -> Setup {
    let mock = MockAzure::builder().start().await.unwrap();
    let mut config: Map<String, Value> = config(&mock);
    config.remove("api_key");
    config.extend(settings.as_object().unwrap().clone());
    let endpoint = mock.project_endpoint("demo");
    config.insert("azure_endpoint".to_owned(), json!(endpoint));
    config.insert("use_default_credential".to_owned(), json!(true));
    let environment = mock.environment_of_client_secret().into_iter().collect();
    Setup::with_environment(mock, config, environment).await
}

/// The mock repeats it, and so needs more than a few tokens.
const LONG: &str = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen. ";
