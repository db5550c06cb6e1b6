//! What the provider of Azure OpenAI is granted.

use http::{HeaderName, Method};

use provider_host::{Policy, SecretHeader, Setting};

/// What the provider of Azure OpenAI is granted: the variables that it reads, its endpoint and those of its fallbacks, its key,
/// its token and the headers of a gateway, and tokens for the services of Azure AI.
pub fn policy() -> Policy {
    let api_key = Setting::new("api_key")
        .or_variable("AZURE_OPENAI_API_KEY")
        .or_variable("AZURE_OPENAI_KEY");
    Policy::new()
        .endpoint(
            Setting::new("azure_endpoint")
                .or_variable("AZURE_OPENAI_ENDPOINT")
                .or_variable("AZURE_OPENAI_BASE_URL"),
        )
        .endpoint_path(endpoint_path)
        .methods([Method::DELETE, Method::GET, Method::POST])
        .secret(
            api_key,
            SecretHeader::Value(HeaderName::from_static("api-key")),
        )
        .secret(
            Setting::new("azure_ad_token").or_variable("AZURE_OPENAI_AD_TOKEN"),
            SecretHeader::Bearer,
        )
        .secret_headers("extra_headers")
        .token_scopes(TOKEN_SCOPES)
        .token_scope(Setting::new("token_scope").or_variable("AZURE_OPENAI_TOKEN_SCOPE"))
        .variables(OTHER_VARIABLES)
        .nested_settings(DEPLOYMENT_MAPPING)
        .alternatives("fallbacks")
        .model_setting("default_model")
        .concurrency_setting("max_concurrent_requests")
}

/// What OpenTelemetry's conventions for generative AI call the service: for `OpenTelemetrySubscriber::provider`.
pub const TELEMETRY_NAME: &str = "azure.ai.openai";

/// The path of an endpoint in the path of an address, without what people paste with it. The provider takes the same off:
/// `src/core/config/endpoint.rs`.
fn endpoint_path(path: &str) -> &str {
    if let Some(project) = project(path) {
        return project;
    }
    let mut api_paths = API_PATHS.iter();
    if let Some(base) = api_paths.find_map(|api| path.strip_suffix(api)) {
        return base.trim_end_matches('/');
    }
    // A gateway whose own path is where the API begins.
    match path.strip_suffix("/responses") {
        Some(base) if base.ends_with("/v1") => base,
        _ => path,
    }
}

/// The path of the Foundry project in an address, without what people paste behind its name. None when it has none.
fn project(path: &str) -> Option<&str> {
    const PROJECTS: &str = "/api/projects/";
    let name = path.find(PROJECTS)? + PROJECTS.len();
    let length = path[name..].find('/').unwrap_or(path.len() - name);
    (length > 0).then(|| &path[..name + length])
}

/// The table of deployments in a configuration. It may hold settings too, where TOML puts what follows it.
pub const DEPLOYMENT_MAPPING: &str = "deployment_mapping";

/// The variables that the provider reads, beside those of its endpoint, its secrets and its scope.
const OTHER_VARIABLES: [&str; 10] = [
    "AZURE_MANAGED_IDENTITY_CLIENT_ID",
    "AZURE_OPENAI_API_VERSION",
    "AZURE_OPENAI_DEFAULT_DEPLOYMENT",
    "AZURE_OPENAI_DEFAULT_MODEL",
    "AZURE_OPENAI_DEPLOYMENT_NAME",
    "AZURE_OPENAI_MAX_OUTPUT_TOKENS",
    "AZURE_OPENAI_TEMPERATURE",
    "AZURE_USE_DEFAULT_CREDENTIAL",
    "AZURE_USE_MANAGED_IDENTITY",
    "OPENAI_API_VERSION",
];

/// The ends of addresses that name the API and not the endpoint, the longest first.
const API_PATHS: [&str; 4] = [
    "/openai/v1/responses",
    "/openai/responses",
    "/openai/v1",
    "/openai",
];

/// What tokens may be for, beside `token_scope`: the services of Azure AI, in each cloud. A provider that could ask for any
/// scope could manage the subscription.
const TOKEN_SCOPES: [&str; 6] = [
    "https://ai.azure.cn/.default",
    "https://ai.azure.com/.default",
    "https://ai.azure.us/.default",
    "https://cognitiveservices.azure.cn/.default",
    "https://cognitiveservices.azure.com/.default",
    "https://cognitiveservices.azure.us/.default",
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_for_the_api_below_the_endpoint_whatever_was_pasted_with_it() {
        let gateway = "https://gw.example/team-a";
        let resource = "https://r.example";
        // endpoint, address of a request → whether secrets go there
        for (endpoint, address, expected) in [
            (
                gateway,
                "https://gw.example/team-a/openai/v1/responses",
                true,
            ),
            (
                gateway,
                "https://gw.example/team-b/openai/v1/responses",
                false,
            ),
            (
                "https://gw.example/team-a/v1",
                "https://gw.example/team-a/v1/responses",
                true,
            ),
            (
                "https://gw.example/team-a/v1/responses",
                "https://gw.example/team-a/v1/files",
                true,
            ),
            (
                "https://gw.example/team-a/v1/responses",
                "https://gw.example/team-a/v2",
                false,
            ),
            // The path of the API belongs to the API.
            (
                "https://gw.example/team-a/openai/v1/",
                "https://gw.example/team-a/openai/responses",
                true,
            ),
            (
                "https://gw.example/team-a/openai/v1/responses?x=y",
                "https://gw.example/team-b/openai/responses",
                false,
            ),
            (resource, "https://r.example/openai/v1/responses", true),
            (
                "https://r.example/openai/",
                "https://r.example/openai/responses",
                true,
            ),
            (
                "https://r.example/api/projects/P/openai/v1",
                "https://r.example/api/projects/P/openai/v1/responses",
                true,
            ),
            (
                "https://r.example/api/projects/P",
                "https://r.example/api/projects/Q/openai/v1/responses",
                false,
            ),
            (
                "https://r.example/api/projects/P/deployments?api-version=v1",
                "https://r.example/api/projects/P/openai/v1/responses",
                true,
            ),
            (
                "https://r.example/api/projects/P/deployments?api-version=v1",
                "https://r.example/api/projects/Q/openai/v1/responses",
                false,
            ),
        ] {
            let parsed = policy().endpoint_at(endpoint).unwrap();
            assert_eq!(
                parsed.takes(&Method::POST, address),
                expected,
                "{endpoint} {address}"
            );
        }
    }
}
