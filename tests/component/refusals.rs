//! What the service refuses and can be sent in another form: once more, and never a second time unchanged.

use azure_openai_mock::{Fault, MockAzure, Scripted};
use http::StatusCode;
use provider_host::contract::types::{ChatRequest, ErrorKind};
use serde_json::{Value, json};

use crate::support::{Setup, provider_error, request};

/// Each way to refuse earlier reasoning that was reported from real services: what the error says, and what is sent then.
#[tokio::test]
async fn reasoning_that_is_refused_never_ends_a_conversation() {
    use Sent::{WithIds, WithoutReasoning};
    let unverified = "The encrypted content gAAA could not be verified. Reason: Encrypted content could not be \
                      decrypted or parsed.";
    for (status, error, sent) in [
        (
            400,
            json!({
                "code": "invalid_payload", "type": "invalid_request_error", "param": "/",
                "message": "The provided data does not match the expected schema",
            }),
            WithIds,
        ),
        (
            400,
            json!({
                "code": "invalid_payload", "type": "invalid_request_error", "param": "/",
                "message": "The provided data does not match the expected schema",
                "details": [
                    { "message": "Required properties [\"id\"] are not present", "param": "/input/1" },
                    { "message": "Required properties [\"id\"] are not present", "param": "/input/3" },
                ],
            }),
            WithIds,
        ),
        (
            400,
            json!({ "code": null, "message": "The request does not match the expected schema." }),
            WithIds,
        ),
        (
            400,
            json!({
                "code": "missing_required_parameter", "type": "invalid_request_error", "param": "input[1].id",
                "message": "Missing required parameter: 'input[1].id'.",
            }),
            WithIds,
        ),
        (
            422,
            json!({ "code": "gw_17", "message": "input[3].id: field required" }),
            WithIds,
        ),
        (
            400,
            json!({
                "code": null, "type": "invalid_request_error",
                "message": "Conflicting authenticated continuation identities",
            }),
            WithoutReasoning,
        ),
        (
            409,
            json!({ "code": "conflict", "message": "Conflicting authenticated continuation identities." }),
            WithoutReasoning,
        ),
        (
            400,
            json!({ "code": "invalid_encrypted_content", "message": unverified }),
            WithoutReasoning,
        ),
        (
            400,
            json!({ "code": null, "message": unverified }),
            WithoutReasoning,
        ),
        (
            400,
            json!({ "code": "GatewayError", "message": unverified }),
            WithoutReasoning,
        ),
        (
            400,
            json!({ "code": "invalid_request_error", "message": "encrypted_content could not be decrypted" }),
            WithoutReasoning,
        ),
        (
            404,
            json!({
                "code": null, "type": "invalid_request_error", "param": "input",
                "message": "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false.",
            }),
            WithoutReasoning,
        ),
        (
            400,
            json!({
                "code": null, "param": "input",
                "message": "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
            }),
            WithoutReasoning,
        ),
        (
            400,
            json!({
                "code": "unknown_parameter", "param": "input[1].summary",
                "message": "Unknown parameter: 'input[1].summary'.",
            }),
            WithoutReasoning,
        ),
    ] {
        let setup = Setup::new().await;
        let refusal = Fault::json(
            StatusCode::from_u16(status).unwrap(),
            &json!({ "error": error }),
        );
        setup.mock.push_fault(refusal);
        setup
            .provider
            .complete(&history())
            .await
            .unwrap_or_else(|failure| panic!("{error}: {failure:?}"));
        let bodies = bodies(&setup);
        assert_eq!(bodies.len(), 2, "{error}");
        assert_eq!(reasoning(&bodies[0]), [(true, None), (true, None)]);
        let ids = |id: &str| (true, Some(id.to_owned()));
        let expected = match sent {
            WithIds => vec![ids("rs_1"), ids("rs_2")],
            WithoutReasoning => vec![],
        };
        assert_eq!(reasoning(&bodies[1]), expected, "{error}");
        let is_told = !setup.events.of("provider:parameter_dropped").is_empty();
        assert_eq!(is_told, matches!(sent, WithoutReasoning), "{error}");
        assert_eq!(setup.events.of("provider:retry"), Vec::<Value>::new());
        // The rest of the conversation stays.
        let others = |body: &Value| {
            let mut input = body["input"].as_array().unwrap().clone();
            input.retain(|item| item["type"] != "reasoning");
            input
        };
        assert_eq!(others(&bodies[0]), others(&bodies[1]));
    }
}

/// Two refusals in a row have two remedies; when there is none left, the error comes to the caller.
#[tokio::test]
async fn each_remedy_is_tried_once() {
    let schema = json!({ "error": {
        "code": "invalid_payload", "message": "The provided data does not match the expected schema",
    } });
    let not_found = json!({ "error": { "message": "Item with id 'rs_1' not found. Items are not persisted." } });
    // the refusals → whether there is an answer, how much reasoning each request has
    for (refusals, answers, counts) in [
        (vec![&schema, &not_found], true, vec![2, 2, 0]),
        (vec![&schema, &schema], true, vec![2, 2, 0]),
        (vec![&schema, &schema, &schema], false, vec![2, 2, 0]),
        (vec![&not_found, &schema], false, vec![2, 0]),
        (vec![&not_found, &not_found], false, vec![2, 0]),
    ] {
        let setup = Setup::new().await;
        for refusal in &refusals {
            setup
                .mock
                .push_fault(Fault::json(StatusCode::BAD_REQUEST, refusal));
        }
        let answer = setup.provider.complete(&history()).await;
        assert_eq!(answer.is_ok(), answers, "{refusals:?}: {answer:?}");
        let bodies = bodies(&setup);
        let found: Vec<usize> = bodies.iter().map(|body| reasoning(body).len()).collect();
        assert_eq!(found, counts, "{refusals:?}");
        for (index, body) in bodies.iter().enumerate() {
            assert!(!bodies[..index].contains(body), "{refusals:?}: sent twice");
        }
    }
}

/// A refusal that comes when a cut answer is to continue: the history's reasoning goes first, then that of the answer itself.
#[tokio::test]
async fn reasoning_that_is_refused_after_a_continuation_does_not_end_it() {
    let unverified = json!({ "error": { "code": null, "message": "The encrypted content could not be verified." } });
    let names_own = json!({ "error": {
        "code": "invalid_encrypted_content", "param": "input[6]", "message": "Not decrypted: input[6].",
    } });
    // the refusals → the encrypted content of each request
    for (refusals, expected) in [
        (
            vec![&unverified],
            vec!["enc-1 enc-2", "enc-1 enc-2 own", "own"],
        ),
        (
            vec![&unverified, &unverified],
            vec!["enc-1 enc-2", "enc-1 enc-2 own", "own", ""],
        ),
        (
            vec![&names_own],
            vec!["enc-1 enc-2", "enc-1 enc-2 own", "enc-1 enc-2"],
        ),
    ] {
        let setup = Setup::new().await;
        setup.mock.push_answer(Scripted::Response(cut()));
        setup.mock.push_fault(Fault::CloseAfterEvents(usize::MAX));
        for refusal in &refusals {
            setup
                .mock
                .push_fault(Fault::json(StatusCode::BAD_REQUEST, refusal));
        }
        let answer = setup.provider.complete(&history()).await;
        assert!(answer.is_ok(), "{refusals:?}: {answer:?}");
        let found: Vec<String> = bodies(&setup)
            .iter()
            .map(|body| {
                let items = body["input"].as_array().unwrap().iter();
                let encrypted = items.filter_map(|item| item["encrypted_content"].as_str());
                encrypted.collect::<Vec<_>>().join(" ")
            })
            .collect();
        assert_eq!(found, expected, "{refusals:?}");
    }
}

/// What the answer does not depend on is left out, whatever the code; what it does depend on is not.
#[tokio::test]
async fn an_optional_parameter_that_is_refused_is_left_out_under_any_code() {
    // what is asked for beside the conversation, the error → what is left out
    for (options, error, dropped) in [
        (
            json!({ "prompt_cache_key": "k" }),
            json!({ "code": "unsupported_parameter", "param": "prompt_cache_key", "message": "m" }),
            Some("prompt_cache_key"),
        ),
        (
            json!({ "prompt_cache_key": "k" }),
            json!({ "code": "unknown_parameter", "param": "prompt_cache_key", "message": "Unknown parameter: 'prompt_cache_key'." }),
            Some("prompt_cache_key"),
        ),
        (
            json!({ "prompt_cache_key": "k" }),
            json!({ "code": "invalid_parameter", "param": "prompt_cache_key", "message": "m" }),
            Some("prompt_cache_key"),
        ),
        (
            json!({ "safety_identifier": "s" }),
            json!({ "code": null, "message": "Unrecognized request argument supplied: safety_identifier" }),
            Some("safety_identifier"),
        ),
        (
            json!({ "safety_identifier": "s" }),
            json!({ "code": "unrecognized_request_argument", "message": "safety_identifier" }),
            Some("safety_identifier"),
        ),
        (
            json!({ "service_tier": "flex" }),
            json!({ "code": "invalid_request_error", "param": "service_tier", "message": "Flex is not for this model." }),
            Some("service_tier"),
        ),
        (
            json!({ "truncation": "auto" }),
            json!({ "code": "APIM-4711", "message": "The property \"truncation\" is not allowed here." }),
            Some("truncation"),
        ),
        (
            json!({ "prompt_cache_retention": "24h" }),
            json!({ "code": "unsupported_value", "param": "prompt_cache_retention", "message": "Unsupported value: '24h'." }),
            Some("prompt_cache_retention"),
        ),
        (
            json!({ "prompt_cache_retention": "24h" }),
            json!({ "code": "invalid_value", "param": "/prompt_cache_retention", "message": "m" }),
            Some("prompt_cache_retention"),
        ),
        (
            json!({ "reasoning_effort": "low" }),
            json!({
                "code": "unsupported_value", "param": "reasoning.summary",
                "message": "Your organization must be verified to generate reasoning summaries.",
            }),
            Some("reasoning.summary"),
        ),
        (
            json!({ "reasoning_effort": "low" }),
            json!({ "code": null, "message": "Your organization must be verified to generate reasoning summaries." }),
            Some("reasoning.summary"),
        ),
        (
            json!({ "text_verbosity": "low" }),
            json!({ "code": "unsupported_parameter", "param": "text.verbosity", "message": "m" }),
            Some("text.verbosity"),
        ),
        // What is not optional, or is not sent, or is about something else.
        (
            json!({ "reasoning_effort": "low" }),
            json!({
                "code": "unsupported_value", "param": "reasoning.effort",
                "message": "Unsupported value: 'reasoning.effort' does not support 'low' with this model.",
            }),
            None,
        ),
        (
            json!({ "store": true }),
            json!({ "code": "unsupported_parameter", "param": "store", "message": "m" }),
            None,
        ),
        (
            json!({}),
            json!({ "code": "unknown_parameter", "param": "prompt_cache_key", "message": "m" }),
            None,
        ),
        (
            json!({ "prompt_cache_key": "k" }),
            json!({ "code": "invalid_parameter", "param": "tools[0].name", "message": "not supported: prompt_cache_key" }),
            None,
        ),
        (
            json!({ "truncation": "auto" }),
            json!({ "code": null, "message": "The truncation of the weather report failed." }),
            None,
        ),
    ] {
        let setup = Setup::new().await;
        let fault = Fault::json(StatusCode::BAD_REQUEST, &json!({ "error": error }));
        setup.mock.push_fault(fault);
        let mut document = json!({ "messages": [{ "role": "user", "content": "Hi" }] });
        let members = document.as_object_mut().unwrap();
        members.extend(options.as_object().unwrap().clone());
        if error["param"] == "tools[0].name" {
            members.insert("tools".into(), json!([{ "name": "f", "parameters": {} }]));
        }
        let answer = setup.provider.complete(&request(document)).await;
        let told = setup.events.dropped_parameters();
        let bodies = bodies(&setup);
        match dropped {
            Some(name) => {
                assert!(answer.is_ok(), "{error}: {answer:?}");
                assert_eq!(told, [name], "{error}");
                assert_eq!(bodies.len(), 2, "{error}");
                let pointer = format!("/{}", name.replace('.', "/"));
                assert!(bodies[0].pointer(&pointer).is_some(), "{error}");
                assert!(bodies[1].pointer(&pointer).is_none(), "{error}");
            }
            None => {
                let failure = provider_error(answer);
                assert_eq!(failure.kind, ErrorKind::InvalidRequest, "{error}");
                assert!(!failure.retryable);
                assert_eq!((bodies.len(), told.len()), (1, 0), "{error}");
            }
        }
    }
}

/// Several hints are left out one after the other, each once.
#[tokio::test]
async fn each_hint_is_left_out_once_and_then_the_error_stands() {
    let setup = Setup::new().await;
    let refused = |name: &str| {
        let message = format!("Unknown parameter: '{name}'.");
        let error = json!({ "code": "unknown_parameter", "param": name, "message": message });
        Fault::json(StatusCode::BAD_REQUEST, &json!({ "error": error }))
    };
    for name in ["prompt_cache_key", "safety_identifier", "prompt_cache_key"] {
        setup.mock.push_fault(refused(name));
    }
    let document = json!({
        "messages": [{ "role": "user", "content": "Hi" }],
        "prompt_cache_key": "k",
        "safety_identifier": "s",
    });
    let error = provider_error(setup.provider.complete(&request(document)).await);
    assert_eq!(error.code.as_deref(), Some("unknown_parameter"));
    assert_eq!(bodies(&setup).len(), 3);
    assert_eq!(setup.events.of("provider:parameter_dropped").len(), 2);
}

/// Old versions of the API refuse encrypted reasoning for models that do reason: the effort stays. What the caller includes
/// is what the answer must have.
#[tokio::test]
async fn an_include_that_is_refused_does_not_take_the_effort_with_it() {
    const OURS: &str = "reasoning.encrypted_content";
    const CALLERS: &str = "file_search_call.results";
    let unsupported = json!({
        "code": null, "param": "include", "message": "Encrypted content is not supported with this model.",
    });
    let names_callers = json!({
        "code": "invalid_value", "param": "include[1]",
        "message": format!("Invalid value: '{CALLERS}'. Supported values are: '{OURS}'."),
    });
    // what the caller includes, the error → what is included then, or none if the error stands
    for (include, error, then) in [
        (json!(null), &unsupported, Some(json!(null))),
        (json!([CALLERS]), &unsupported, Some(json!([CALLERS]))),
        (json!([OURS]), &unsupported, Some(json!(null))),
        (json!([CALLERS]), &names_callers, None),
    ] {
        let setup = Setup::new().await;
        setup.mock.push_fault(Fault::json(
            StatusCode::BAD_REQUEST,
            &json!({ "error": error }),
        ));
        let document = json!({
            "messages": [{ "role": "user", "content": "Hi" }],
            "reasoning_effort": "low",
            "include": include,
        });
        let answer = setup.provider.complete(&request(document)).await;
        let bodies = bodies(&setup);
        for body in &bodies {
            assert_eq!(body["reasoning"]["effort"], "low", "{include} {error}");
        }
        match then {
            Some(then) => {
                assert!(answer.is_ok(), "{include}: {answer:?}");
                assert_eq!(bodies.len(), 2);
                assert_eq!(bodies[1]["include"], then, "{include}");
            }
            None => {
                provider_error(answer);
                assert_eq!(bodies.len(), 1, "{include} {error}");
            }
        }
    }
}

/// `extra_request_params` may have the input as a text, to which nothing can be added: it becomes the message that it is.
#[tokio::test]
async fn an_input_that_is_a_text_continues_too() {
    let text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen";
    let settings = json!({ "max_tokens": 16, "extra_request_params": { "input": text } });
    let mock = MockAzure::builder().start().await.unwrap();
    let setup = Setup::with(mock, settings).await;
    let document = json!({ "messages": [{ "role": "user", "content": "Hi" }], "model": "gpt-4.1" });
    setup.provider.complete(&request(document)).await.unwrap();
    let bodies = bodies(&setup);
    assert!(bodies.len() > 1);
    assert_eq!(bodies[0]["input"], text);
    for (number, body) in bodies.iter().enumerate().skip(1) {
        let message = json!({ "type": "message", "role": "user", "content": text });
        assert_eq!(body["input"][0], message);
        assert_eq!(body["input"][1]["role"], "assistant");
        assert!(!bodies[..number].contains(body), "sent twice");
    }
}

#[derive(Clone, Copy)]
enum Sent {
    WithIds,
    WithoutReasoning,
}

/// A conversation in which the model has reasoned twice.
fn history() -> ChatRequest {
    let turn = |number: u32| {
        let state = [format!("enc-{number}"), format!("rs_{number}")];
        json!({ "role": "assistant", "content": [
            { "type": "thinking", "thinking": "Hm.", "content": state },
            { "type": "text", "text": "So." },
        ] })
    };
    let user = |text: &str| json!({ "role": "user", "content": text });
    request(json!({
        "messages": [user("One"), turn(1), turn(2), user("And now?")],
        "model": "gpt-5.1",
        "reasoning_effort": "low",
    }))
}

/// An answer that is cut off after its first words.
fn cut() -> Value {
    json!({
        "id": "resp_1", "object": "response", "status": "incomplete", "model": "gpt-5.1-2025-11-13",
        "incomplete_details": { "reason": "max_output_tokens" },
        "output": [
            { "type": "reasoning", "id": "rs_own", "encrypted_content": "own", "summary": [] },
            { "type": "message", "id": "msg_1", "role": "assistant", "status": "incomplete", "content": [
                { "type": "output_text", "text": "And so", "annotations": [] },
            ] },
        ],
        "usage": { "input_tokens": 1, "output_tokens": 2, "total_tokens": 3 },
    })
}

/// The bodies of all requests.
fn bodies(setup: &Setup) -> Vec<Value> {
    let requests = setup.mock.requests();
    requests
        .iter()
        .map(|request| request.body.clone())
        .collect()
}

/// Whether each item of reasoning in a request has its encrypted content, and its id.
fn reasoning(body: &Value) -> Vec<(bool, Option<String>)> {
    let items = body["input"].as_array().unwrap().iter();
    items
        .filter(|item| item["type"] == "reasoning")
        .map(|item| {
            let id = item["id"].as_str().map(str::to_owned);
            (item["encrypted_content"].is_string(), id)
        })
        .collect()
}
