//! Requests that the service refuses as they are.

use super::*;

#[test]
fn a_refused_request_is_explained_by_the_services_own_words() {
    let (claims, settings) = (
        claims(),
        json!({
            "extra_request_params": { "source": "config" },
            "reasoning_effort": { "source": "config" },
            "service_tier": { "source": "unset" },
            "temperature": { "source": "default" },
        }),
    );
    let found = Found {
        settings: &settings,
        ..found("api_key", &claims)
    };
    // code, what the service says → problem, first step
    for (code, words, problem, step) in [
        (
            "BadRequest",
            "No",
            "refuses the request to the deployment `prod`",
            "what the service says",
        ),
        (
            "BadRequest",
            "The Responses API is enabled only for api-version 2025-03-01-preview and later",
            "does not know the API version v1",
            "set `api_version` to `v1`",
        ),
        (
            "OperationNotSupported",
            "The responses operation does not work with the specified model, x.",
            "`prod` does not have the Responses API",
            "a model that has it",
        ),
        (
            "unsupported_value",
            "Unsupported value: 'reasoning.effort' does not support 'xhigh' with this model.",
            "does not take the parameter `reasoning.effort`",
            "remove or change `reasoning_effort`, where the parameter comes from (source: config)",
        ),
        (
            "unsupported_parameter",
            "Unsupported parameter: 'temperature' is not supported with this model.",
            "does not take the parameter `temperature`",
            "set `temperature` to something",
        ),
        (
            "unsupported_value",
            "Unsupported value: 'service_tier' does not support 'x' with this model.",
            "does not take the parameter `service_tier`",
            "look at `service_tier`",
        ),
        (
            "unknown_parameter",
            "Unknown parameter: 'frobnicate'.",
            "does not take the parameter `frobnicate`",
            "remove or change `extra_request_params`",
        ),
        (
            "unknown_parameter",
            "No.",
            "does not take one of the parameters",
            "another model than gpt-5.1",
        ),
    ] {
        let message = format!(
            "https://r.example/x?api-version=2025-04-01-preview refused it (400); the service says: {words}"
        );
        let error = error(ErrorKind::InvalidRequest, 400, code, &message);
        let diagnosis = Diagnosis::of(&error, &found);
        assert!(diagnosis.problem.contains(problem), "{diagnosis:?}");
        assert!(diagnosis.steps[0].contains(step), "{diagnosis:?}");
    }
}
