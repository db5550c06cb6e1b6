//! The service is there, and does not serve this request.

use provider_host::contract::types::{ErrorKind, ProviderError};

use super::{Diagnosis, Found, service_words};

/// There is no such deployment, or no such path.
pub(super) fn not_found(error: &ProviderError, found: &Found<'_>) -> Diagnosis {
    let deployment = found.deployment;
    if matches!(
        error.code.as_deref(),
        Some("DeploymentNotFound" | "model_not_found")
    ) {
        let origin = match found.rule {
            "deployment_mapping" => "it comes from `deployment_mapping`",
            "default_deployment" => "it comes from `default_deployment`",
            _ => {
                "it is the model's own name, as neither `deployment_mapping` nor `default_deployment` says otherwise"
            }
        };
        return Diagnosis::new(
            format!(
                "there is no deployment `{deployment}` at {} (404)",
                found.host
            ),
            [
                format!("{origin}; compare it with `az cognitiveservices account deployment list`"),
                "check that `azure_endpoint` is the resource with that deployment".to_owned(),
                "one that was made in the last five minutes may not be ready yet".to_owned(),
            ],
        );
    }
    if found.is_project {
        return Diagnosis::new(
            format!("there is nothing at {} (404)", found.route),
            [
                "check the names of the resource and of the project in `azure_endpoint`, as the project's page in the \
                 Foundry portal shows them"
                    .to_owned(),
            ],
        );
    }
    Diagnosis::new(
        format!("there is nothing at {} (404)", found.route),
        [
            "check that `azure_endpoint` is the resource's address, and for a gateway its path"
                .to_owned(),
            format!(
                "`api_version` is {}; with `v1` the path is /openai/v1/responses",
                found.api_version
            ),
        ],
    )
}

/// There were too many requests, or the quota is used up.
pub(super) fn rate_limit(error: &ProviderError, found: &Found<'_>) -> Diagnosis {
    if error.kind == ErrorKind::QuotaExceeded {
        return Diagnosis::new(
            "the quota is used up (429)".to_owned(),
            [
                "raise the quota or the spending limit of the subscription: waiting does not help"
                    .to_owned(),
            ],
        );
    }
    let wait = match error.retry_after_ms {
        Some(wait) => format!("the service asks to wait {} seconds", wait.div_ceil(1000)),
        None => "wait a minute and try again".to_owned(),
    };
    Diagnosis::new(
        format!(
            "the deployment `{}` has had too many requests or tokens (429); everything else works",
            found.deployment
        ),
        [
            wait,
            "raise the deployment's tokens per minute in the portal".to_owned(),
        ],
    )
}

/// The service refuses the request as it is.
pub(super) fn invalid(error: &ProviderError, found: &Found<'_>) -> Diagnosis {
    let deployment = found.deployment;
    let words = service_words(error);
    if words.contains("api version") || words.contains("api-version") {
        return Diagnosis::new(
            format!(
                "the service does not know the API version {}",
                found.api_version
            ),
            ["set `api_version` to `v1`".to_owned()],
        );
    }
    match error.code.as_deref() {
        Some("OperationNotSupported") => Diagnosis::new(
            format!("the model of the deployment `{deployment}` does not have the Responses API"),
            ["use a deployment of a model that has it".to_owned()],
        ),
        Some("unsupported_parameter" | "unsupported_value" | "unknown_parameter") => {
            parameter(quoted(&words), found)
        }
        _ => Diagnosis::new(
            format!("the service refuses the request to the deployment `{deployment}`"),
            [
                "see what the service says of the request, and check the settings that go into it, such as \
                 `extra_request_params`"
                    .to_owned(),
            ],
        ),
    }
}

/// A content filter stopped the request, which asks for nothing but a word.
pub(super) fn content_filter(found: &Found<'_>) -> Diagnosis {
    Diagnosis::new(
        format!(
            "a content filter of the deployment `{}` stops even a request for one word",
            found.deployment
        ),
        [
            "look at the content filter of the deployment in the portal, and at its blocklists"
                .to_owned(),
        ],
    )
}

/// The request does not fit, which asks for nothing but a word.
pub(super) fn context_length(found: &Found<'_>) -> Diagnosis {
    Diagnosis::new(
        format!(
            "the deployment `{}` takes not even a request for one word: it is too long",
            found.deployment
        ),
        [
            "make what `extra_request_params` adds to every request shorter, or raise the limit of the gateway in \
             between"
                .to_owned(),
        ],
    )
}

/// The model does not take a parameter, or its value.
fn parameter(name: Option<&str>, found: &Found<'_>) -> Diagnosis {
    let source = |setting: &str| found.settings[setting]["source"].as_str();
    let is_set = |setting: &str| !matches!(source(setting), None | Some("unset"));
    let setting = name.and_then(|name| {
        let row = SETTINGS.iter().find(|(parameter, _)| *parameter == name);
        let setting = row.map(|(_, setting)| *setting);
        setting.or_else(|| is_set(EXTRA).then_some(EXTRA))
    });
    let step = setting.map(|setting| match source(setting) {
        Some("default") => format!("set `{setting}` to something that the model takes"),
        Some(source) if is_set(setting) => format!(
            "remove or change `{setting}`, where the parameter comes from (source: {source})"
        ),
        _ => format!("look at `{setting}`, where the parameter comes from when it is set"),
    });
    let Found {
        deployment,
        logical_model,
        ..
    } = found;
    Diagnosis::new(
        format!(
            "the model of the deployment `{deployment}` does not take {}",
            match name {
                Some(name) => format!("the parameter `{name}`, or its value"),
                None => "one of the parameters".to_owned(),
            }
        ),
        step.into_iter().chain([format!(
            "if the deployment has another model than {logical_model}, map that one to it in `deployment_mapping`: \
             models get only what they take"
        )]),
    )
}

/// The first words in quotation marks: the parameter, in the service's errors.
fn quoted(words: &str) -> Option<&str> {
    words.split('\'').nth(1).filter(|name| !name.is_empty())
}

/// Parameters of requests, and the settings that they come from. `max_output_tokens` is not one of them here: a probe has
/// its own.
const SETTINGS: [(&str, &str); 10] = [
    ("prompt_cache_key", "prompt_cache_key"),
    ("prompt_cache_retention", "prompt_cache_retention"),
    ("reasoning.effort", "reasoning_effort"),
    ("reasoning.summary", "reasoning_summary"),
    ("safety_identifier", "safety_identifier"),
    ("service_tier", "service_tier"),
    ("store", "store"),
    ("temperature", "temperature"),
    ("text.verbosity", "text_verbosity"),
    ("truncation", "truncation"),
];

/// The setting that may hold any parameter.
const EXTRA: &str = "extra_request_params";
