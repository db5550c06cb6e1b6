//! Deployments that are taken for something else.

use super::*;

#[test]
fn a_deployment_that_answers_as_another_model_is_told() {
    let claims = claims();
    let deployments = [
        json!({ "model": "gpt-5.1", "logical_model": "gpt-5.1", "deployment": "prod" }),
        json!({ "model": "gpt-4.1", "logical_model": "gpt-4.1", "deployment": "prod" }),
        json!({ "model": "o3", "logical_model": "o3", "deployment": "elsewhere" }),
    ];
    // the model that it is taken for, the one that answers → words of the advice
    for (logical_model, answered, advice) in [
        ("gpt-5.1", "gpt-5.1-2025-11-13", None),
        ("gpt-5.1", "gpt-5.1", None),
        ("gpt-4o-2024-11-20", "gpt-4o-2024-11-20", None),
        ("gpt-4o-2024-11-20", "gpt-4o", None),
        (
            "gpt-4o",
            "gpt-4o-mini-2024-07-18",
            Some("put \"gpt-4o-mini\" = \"prod\" into `deployment_mapping`"),
        ),
        (
            "gpt-5.1",
            "gpt-5",
            Some("is taken for the model gpt-5.1 and answers as gpt-5;"),
        ),
        (
            "gpt-5.1",
            "gpt-4.1-2025-04-14",
            Some("ask for the model gpt-4.1, which it serves as well"),
        ),
        (
            "gpt-5.1",
            "o3-2025-04-16",
            Some("put \"o3\" = \"prod\" into"),
        ),
    ] {
        let found = Found {
            logical_model,
            deployments: &deployments,
            ..found("api_key", &claims)
        };
        let told = found.mistaken_for(answered);
        let is_right = match advice {
            Some(words) => told.as_deref().is_some_and(|told| told.contains(words)),
            None => told.is_none(),
        };
        assert!(is_right, "{logical_model}, {answered}: {told:?}");
    }
}
