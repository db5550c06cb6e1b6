//! Several deployments for a model, and endpoints after the first.

use super::*;
use crate::core::deployment::Candidate;
use crate::core::secret::Secret;

fn with(settings: Value) -> Result<Configuration, ProviderError> {
    let mut document: Value = serde_json::from_str(VALID).unwrap();
    let members = settings.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(members);
    resolve(&document.to_string(), &[])
}

/// Who may answer for a model, each as `deployment@host`.
fn asked(configuration: &Configuration, model: Option<&str>) -> Vec<String> {
    let name = |candidate: Candidate| {
        let resource = configuration.resource(candidate.resource);
        format!("{}@{}", candidate.deployment.name, resource.name())
    };
    let candidates = configuration.candidates(model);
    candidates.into_iter().map(name).collect()
}

#[test]
fn a_model_has_one_deployment_or_a_list_of_them() {
    let mapping = json!({ "gpt-5.1": [" ptu ", "standard"], "gpt-4.1": "one" });
    let configuration = with(json!({ "deployment_mapping": mapping })).unwrap();
    for (model, expected) in [
        (
            "gpt-5.1",
            &["ptu@r.openai.azure.com", "standard@r.openai.azure.com"][..],
        ),
        ("gpt-4.1", &["one@r.openai.azure.com"]),
        ("other", &["other@r.openai.azure.com"]),
    ] {
        assert_eq!(asked(&configuration, Some(model)), expected);
    }
    // Each of a list stands for its model.
    let deployment = configuration.deployments.resolve(Some("standard"));
    assert_eq!(deployment.logical_model, "gpt-5.1");
    for (names, expected) in [
        (json!([]), "with a deployment for `m`"),
        (json!(["a", ""]), "with a deployment for `m`"),
        (json!(["a", 5]), "with a deployment for `m`"),
        (json!(["a", " a"]), "with each deployment of `m` once"),
        (json!({}), "with a deployment for `m`"),
    ] {
        let error = with(json!({ "deployment_mapping": { "m": names } })).unwrap_err();
        assert!(error.message.contains(expected), "{}", error.message);
    }
}

#[test]
fn a_fallback_has_the_models_of_its_own_table_or_the_same_deployments() {
    let configuration = with(json!({
        "deployment_mapping": { "gpt-5.1": ["ptu", "standard"], "gpt-5-mini": "mini" },
        "default_deployment": "mini",
        "fallbacks": [
            { "azure_endpoint": "https://w.openai.azure.com", "api_key": "k", "deployment_mapping": { "gpt-5.1": ["w1", "w2"] } },
            { "azure_endpoint": "https://gw.example/team/v1", "api_key": "k" },
        ],
    }))
    .unwrap();
    let first = "r.openai.azure.com";
    let (second, third) = ("w.openai.azure.com", "gw.example/team/v1");
    let at = |name: &str, place: &str| format!("{name}@{place}");
    assert_eq!(
        asked(&configuration, Some("gpt-5.1")),
        [
            at("ptu", first),
            at("standard", first),
            at("w1", second),
            at("w2", second),
            at("ptu", third),
            at("standard", third),
        ]
    );
    // The default deployment stands for a model, which the second has not.
    for model in ["gpt-5-mini", "claude"] {
        assert_eq!(
            asked(&configuration, Some(model)),
            [at("mini", first), at("mini", third)]
        );
    }
    assert_eq!(
        asked(&configuration, None),
        asked(&configuration, Some("gpt-5.1"))
    );
}

#[test]
fn a_fallback_is_an_endpoint_with_everything_of_its_own() {
    let configuration = resolve(
        &json!({
            "azure_endpoint": "https://r.openai.azure.com",
            "api_version": "2025-04-01-preview",
            "fallbacks": [{
                "azure_endpoint": " https://r.services.ai.azure.com/api/projects/P/openai/ ",
                "use_managed_identity": "yes",
                "managed_identity_client_id": "id",
                "deployment_type": "ptu",
                "extra_headers": { "x-team": "secret-of-team" },
            }],
            "failover_after": "2.5",
            "routing": "LEAST-BUSY",
        })
        .to_string(),
        &[
            ("AZURE_OPENAI_API_KEY", "secret-of-first"),
            ("AZURE_OPENAI_AD_TOKEN", "other"),
        ],
    )
    .unwrap();
    let description = configuration.describe();
    assert_eq!(
        description["fallbacks"],
        json!([{
            "endpoint": "https://r.services.ai.azure.com/api/projects/P",
            "route": "POST https://r.services.ai.azure.com/api/projects/P/openai/v1/responses",
            "authentication": {
                "method": "use_managed_identity",
                "scope": "https://ai.azure.com/.default",
                "client_id": "id",
            },
        }])
    );
    assert_eq!(
        description["deployments"][0]["fallbacks"],
        json!([{ "deployment": "gpt-5.1", "endpoint": "https://r.services.ai.azure.com/api/projects/P" }])
    );
    let hidden = Secret::REDACTED;
    assert_eq!(
        description["settings"]["fallbacks"]["value"],
        json!([{
            "azure_endpoint": hidden, "use_managed_identity": hidden, "managed_identity_client_id": hidden,
            "deployment_type": hidden, "extra_headers": hidden,
        }])
    );
    let shown = format!("{description} {configuration:?}");
    assert!(!shown.contains("secret-of"), "{shown}");
    let provisioned: Vec<bool> = configuration
        .candidates(None)
        .iter()
        .map(|candidate| candidate.is_provisioned)
        .collect();
    assert_eq!(provisioned, [false, true]);
    assert_eq!(
        configuration.failover,
        Failover {
            after: Duration::from_millis(2500),
            is_least_busy: true,
        }
    );
}

#[test]
fn everything_that_is_wrong_with_fallbacks_is_told_at_once_with_its_place() {
    let error = with(json!({
        "fallbacks": [
            { "azure_endpoint": "http://w.openai.azure.com", "api_key": "secret\nkey", "deployment_mapping": { "m": 5 } },
            { "azure_endpont": "https://w.openai.azure.com", "use_default_credential": "maybe", "api_version": "v9" },
            {},
        ],
        "failover_after": -1,
        "routing": "random",
    }))
    .unwrap_err();
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    let details: Value = serde_json::from_str(&error.details.unwrap()).unwrap();
    assert_eq!(
        details["problems"],
        json!([
            "`fallbacks[0].azure_endpoint`: expected an https:// address (http:// is for loopback only, because it would send \
             the credentials in the clear), found \"http://w.openai.azure.com\"",
            "`fallbacks[0].api_key`: expected letters, digits and punctuation only, without blanks and line breaks",
            "`fallbacks[0].deployment_mapping`: expected a table from model names to deployment names, with a deployment for \
             `m`, found {\"m\":5}",
            "`fallbacks[1].azure_endpoint` is not set: put it into the configuration",
            "`fallbacks[1].use_default_credential`: expected true or false, found \"maybe\"",
            "`fallbacks[1].api_version`: expected `v1`, `latest`, `preview` or a date such as `2025-04-01-preview`, found \"v9\"",
            "`fallbacks[2].azure_endpoint` is not set: put it into the configuration",
            "`fallbacks[2]` has no way to authenticate: set `api_key`, `azure_ad_token`, `use_managed_identity` or \
             `use_default_credential` in it; what is set for other endpoints is not for this one",
            "`failover_after`: expected seconds, from 0 to 86400, found -1",
            "`routing`: expected one of order, least-busy, found \"random\"",
        ])
    );
    assert_eq!(
        details["warnings"],
        json!(["unknown setting `fallbacks[1].azure_endpont`; did you mean `azure_endpoint`?"])
    );
    for fallbacks in [json!({ "azure_endpoint": "x" }), json!(["x"]), json!("x")] {
        let error = with(json!({ "fallbacks": fallbacks })).unwrap_err();
        let expected = "`fallbacks`: expected a list of tables, which in TOML begin with [[providers.config.fallbacks]] each";
        assert!(error.message.ends_with(expected), "{}", error.message);
    }
}

#[test]
fn what_is_odd_in_a_fallback_is_a_warning_with_its_place() {
    let configuration = with(json!({
        "fallbacks": [{
            "azure_endpoint": "https://w.openai.azure.com",
            "api_key": "k",
            "azure_ad_token": "t",
            "api_version": "2024-10-21",
            "deployment_mappin": {},
            "timeout": 30,
            "deployment_mapping": { " gpt-5.1": "w", "api_version": "v1", "token_scope": "s" },
        }],
    }))
    .unwrap();
    assert_eq!(
        configuration.warnings,
        [
            "`fallbacks[0].deployment_mapping` has the model `gpt-5.1` with blanks around it; it is used without them",
            "`fallbacks[0].deployment_mapping` contains settings: `api_version`, `token_scope`. TOML puts everything after a \
             table's header into that table. They are used as settings; move them above the header of \
             `fallbacks[0].deployment_mapping`",
            "`api_version` in `fallbacks[0].deployment_mapping` has no effect, because it is set outside of it too",
            "`fallbacks[0].azure_ad_token` has no effect, because `fallbacks[0].api_key` comes first",
            "`fallbacks[0].api_version` 2024-10-21 is older than the Responses API; requests go to /openai/v1/responses, as \
             with `v1`",
            "unknown setting `fallbacks[0].deployment_mappin`; did you mean `deployment_mapping`?",
            "`fallbacks[0].timeout` has no effect, because it is a setting of the whole provider; move it above the first table \
             of `fallbacks`",
        ]
    );
}
