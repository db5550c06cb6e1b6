//! Where requests go, and what tokens are for: by the endpoint and the version of the API.

use azure_openai_mock::MockAzure;
use provider_host::{Environment, Host};
use serde_json::{Map, Value, json};

use crate::support::{Setup, ask, azure, component, config, path_of_only_request};

#[tokio::test]
async fn requests_go_below_the_endpoint_by_the_version_of_the_api() {
    // what is written after the mock's address → what is kept of it
    for (written, kept) in [
        ("", ""),
        ("/", ""),
        ("//", ""),
        ("/openai", ""),
        ("/openai/", ""),
        ("/openai/v1", ""),
        ("/openai/v1/", ""),
        ("/openai/responses", ""),
        ("/openai/v1/responses", ""),
        ("?api-version=2024-10-21", ""),
        ("/openai/responses?api-version=2025-03-01-preview#part", ""),
        ("/gateway", "/gateway"),
        ("/gateway/openai/v1/?subscription-key=x", "/gateway"),
        ("/deep/er/gateway/", "/deep/er/gateway"),
        ("/my-openai", "/my-openai"),
        ("/api/projects/demo", "/api/projects/demo"),
        ("/api/projects/demo/openai/v1", "/api/projects/demo"),
    ] {
        for (version, route) in [
            ("", "/openai/v1/responses"),
            ("v1", "/openai/v1/responses"),
            ("latest", "/openai/v1/responses"),
            ("2024-10-21", "/openai/v1/responses"),
            ("2025-02-28", "/openai/v1/responses"),
            ("preview", "/openai/v1/responses?api-version=preview"),
            (
                "2025-03-01-preview",
                "/openai/responses?api-version=2025-03-01-preview",
            ),
            ("2026-01-01", "/openai/responses?api-version=2026-01-01"),
        ] {
            // Projects have the v1 API only, and take no version.
            let is_project = kept.starts_with("/api/projects/");
            let route = if is_project {
                "/openai/v1/responses"
            } else {
                route
            };
            let mock = MockAzure::builder().start().await.unwrap();
            let endpoint = format!("{}{written}", mock.endpoint());
            let settings = json!({ "azure_endpoint": endpoint, "api_version": version });
            let setup = Setup::with(mock, settings).await;
            setup.provider.complete(&ask("Hi")).await.unwrap();
            let path = path_of_only_request(&setup.mock);
            assert_eq!(path, format!("{kept}{route}"), "{endpoint} {version}");
        }
    }
}

#[tokio::test]
async fn the_component_and_the_host_read_an_endpoint_alike() {
    for (prefix, suffix) in [
        ("HTTP://", "/"),
        ("  http://", "\t\n"),
        ("Http://", "/Team/OpenAI"),
    ] {
        let mock = MockAzure::builder().start().await.unwrap();
        let address = mock.endpoint().replace("http://", "");
        let endpoint = format!("{prefix}{address}{suffix}");
        for from_variable in [false, true] {
            let mut config = config(&mock);
            config.remove("azure_endpoint");
            let mut variables = Vec::new();
            match from_variable {
                true => variables.push(("AZURE_OPENAI_BASE_URL", endpoint.clone())),
                false => drop(config.insert("azure_endpoint".to_owned(), json!(endpoint))),
            }
            let host = provider_host_azure::host_builder(Environment::from_iter(variables));
            let host = host.load(&component()).await.unwrap();
            let provider = host.open(&config).await.unwrap();
            provider.complete(&ask("Hi")).await.unwrap();
        }
        assert_eq!(mock.requests().len(), 2, "{endpoint:?}");
    }
}

#[tokio::test]
async fn a_version_that_is_older_than_the_api_is_warned_of_once_and_only_when_it_was_set() {
    for (version, warnings) in [
        (None, 0),
        (Some("v1"), 0),
        (Some("2025-03-01-preview"), 0),
        (Some("2024-02-15-preview"), 1),
        (Some("2025-02-28"), 1),
    ] {
        let mock = MockAzure::builder().start().await.unwrap();
        let setup = Setup::with(mock, json!({ "api_version": version })).await;
        let prompt = ask("Hi");
        let both = tokio::join!(
            setup.provider.complete(&prompt),
            setup.provider.complete(&prompt)
        );
        both.0.unwrap();
        both.1.unwrap();
        let warned = setup.events.of("provider:config_warning");
        assert_eq!(warned.len(), warnings, "{version:?}: {warned:?}");
    }
}

#[tokio::test]
async fn the_endpoints_of_each_cloud_have_their_route_and_their_scope() {
    let host = azure().load(&component()).await.unwrap();
    // endpoint, where requests go without the path of the API, the cloud that tokens are for
    for (endpoint, base, cloud) in [
        (
            "https://r.openai.azure.com",
            "https://r.openai.azure.com",
            "com",
        ),
        (
            "https://R.OpenAI.Azure.com/openai/v1/",
            "https://r.openai.azure.com",
            "com",
        ),
        (
            "https://r.cognitiveservices.azure.com/",
            "https://r.cognitiveservices.azure.com",
            "com",
        ),
        (
            "https://r.services.ai.azure.com",
            "https://r.services.ai.azure.com",
            "com",
        ),
        (
            "https://r.services.ai.azure.com/api/projects/demo",
            "https://r.services.ai.azure.com/api/projects/demo",
            "com",
        ),
        (
            "https://r.services.ai.azure.com/api/projects/demo/openai/v1/responses",
            "https://r.services.ai.azure.com/api/projects/demo",
            "com",
        ),
        (
            "https://r.openai.azure.us",
            "https://r.openai.azure.us",
            "us",
        ),
        (
            "https://r.cognitiveservices.azure.us/openai",
            "https://r.cognitiveservices.azure.us",
            "us",
        ),
        (
            "https://r.openai.azure.us:443/",
            "https://r.openai.azure.us:443",
            "us",
        ),
        (
            "https://r.openai.azure.cn",
            "https://r.openai.azure.cn",
            "cn",
        ),
        (
            "https://r.cognitiveservices.azure.cn/?x=y",
            "https://r.cognitiveservices.azure.cn",
            "cn",
        ),
        (
            "https://gw.azure-api.net",
            "https://gw.azure-api.net",
            "com",
        ),
        (
            "https://gw.azure-api.net/team-a/openai/",
            "https://gw.azure-api.net/team-a",
            "com",
        ),
        (
            "https://gateway.example.com:8443/azure",
            "https://gateway.example.com:8443/azure",
            "com",
        ),
        (
            "https://azure.us.example.com",
            "https://azure.us.example.com",
            "com",
        ),
        ("http://[::1]:8080/openai", "http://[::1]:8080", "com"),
    ] {
        let is_project = base.contains("/api/projects/");
        let service = if is_project {
            "ai"
        } else {
            "cognitiveservices"
        };
        let scope = format!("https://{service}.azure.{cloud}/.default");
        for (settings, path, scope) in [
            (json!({}), "/openai/v1/responses", scope.as_str()),
            (
                json!({ "api_version": "preview" }),
                "/openai/v1/responses?api-version=preview",
                scope.as_str(),
            ),
            (
                json!({ "api_version": "2025-04-01-preview" }),
                "/openai/responses?api-version=2025-04-01-preview",
                scope.as_str(),
            ),
            (
                json!({ "token_scope": "https://ai.azure.com/.default" }),
                "/openai/v1/responses",
                "https://ai.azure.com/.default",
            ),
        ] {
            for method in ["use_default_credential", "use_managed_identity"] {
                let mut config: Map<String, Value> = settings.as_object().unwrap().clone();
                config.insert("azure_endpoint".to_owned(), json!(endpoint));
                config.insert(method.to_owned(), json!(true));
                let description = describe(&host, &config).await;
                let path = if is_project {
                    "/openai/v1/responses"
                } else {
                    path
                };
                assert_eq!(description["endpoint"], base);
                assert_eq!(description["route"], format!("POST {base}{path}"));
                let authentication = json!({ "method": method, "scope": scope });
                assert_eq!(description["authentication"], authentication, "{endpoint}");
            }
        }
    }
}

async fn describe(host: &Host, config: &Map<String, Value>) -> Value {
    let provider = host.open(config).await.unwrap();
    serde_json::from_str(&provider.describe().await.unwrap()).unwrap()
}
