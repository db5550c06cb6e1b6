//! What errors say was refused.

use super::*;

#[test]
fn a_refused_parameter_is_named_by_its_place_or_in_words() {
    // error → its name, whether it is not supported at all, whether the words say why
    for (error, name, is_unsupported, says_why) in [
        (
            json!({ "code": "unsupported_parameter", "param": "temperature" }),
            Some("temperature"),
            true,
            true,
        ),
        (
            json!({ "param": "include", "message": "Encrypted content is not supported with this model." }),
            Some("include"),
            true,
            true,
        ),
        (
            json!({ "code": "invalid_value", "param": "body.temperature", "message": "too high" }),
            Some("temperature"),
            false,
            false,
        ),
        (
            json!({ "code": "unsupported_value", "param": "reasoning.effort", "message": "not supported" }),
            Some("reasoning.effort"),
            false,
            true,
        ),
        (
            json!({ "message": "Unsupported value: 'high' is not supported.", "param": "/reasoning/effort" }),
            Some("reasoning.effort"),
            false,
            true,
        ),
        (
            json!({ "message": "Your organization must be verified to generate reasoning summaries." }),
            Some("reasoning.summary"),
            false,
            false,
        ),
        (
            json!({ "code": "gw", "message": "Unexpected member `top_p`" }),
            None,
            true,
            true,
        ),
        (json!({ "code": "bad" }), None, false, false),
    ] {
        let Some(Refusal::Parameter(refused)) = refusal(400, &error) else {
            panic!("{error}: no parameter");
        };
        assert_eq!(refused.name.as_deref(), name, "{error}");
        assert_eq!(refused.is_unsupported, is_unsupported, "{error}");
        assert_eq!(refused.says_why, says_why, "{error}");
    }
}

#[test]
fn refused_reasoning_is_known_by_words_or_by_its_place() {
    // status, error → the items that are named, whether the words are about reasoning, whether ids are missing
    for (status, error, items, is_certain, needs_ids) in [
        (
            400,
            json!({ "code": "invalid_encrypted_content" }),
            vec![],
            true,
            false,
        ),
        (
            409,
            json!({ "message": "conflicting authenticated continuation identities" }),
            vec![],
            true,
            false,
        ),
        (
            404,
            json!({ "message": "Item with id 'rs_0' not found.", "param": "input[2]" }),
            vec![2],
            true,
            false,
        ),
        (
            400,
            json!({ "code": "invalid_payload", "message": "m", "param": "/" }),
            vec![],
            true,
            true,
        ),
        (
            400,
            json!({ "code": "invalid_payload", "details": [{ "param": "/input/3/id" }, { "message": "at '/input/3' and input[10]" }] }),
            vec![3, 10],
            false,
            true,
        ),
        (
            400,
            json!({ "message": "Missing required parameter: 'input[4].id'." }),
            vec![4],
            false,
            true,
        ),
        (
            400,
            json!({ "message": "bad", "param": "input[4].content[0].text" }),
            vec![4],
            false,
            false,
        ),
    ] {
        let expected = RefusedReasoning {
            items,
            is_certain,
            needs_ids,
        };
        let found = refusal(status, &error);
        assert_eq!(found, Some(Refusal::Reasoning(expected)), "{error}");
    }
}

#[test]
fn errors_of_other_kinds_refuse_nothing_that_can_be_left_out() {
    let unsupported = json!({ "code": "unsupported_parameter", "param": "temperature" });
    for (status, error) in [
        (401, &unsupported),
        (429, &unsupported),
        (500, &unsupported),
        (
            400,
            &json!({ "code": "content_filter", "param": "temperature" }),
        ),
        (
            400,
            &json!({ "code": "context_length_exceeded", "param": "truncation" }),
        ),
        (404, &json!({ "code": "DeploymentNotFound" })),
    ] {
        assert_eq!(refusal(status, error), None, "{status} {error}");
    }
}

fn refusal(status: u16, error: &Value) -> Option<Refusal> {
    rejection(status, &json!({ "error": error }).to_string()).refusal
}
