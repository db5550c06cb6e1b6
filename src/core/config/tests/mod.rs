#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod documents;
mod fallbacks;
mod reference_page;

use serde_json::json;

use super::*;
use crate::core::pricing::{Amount, Price};

const VALID: &str = r#"{"azure_endpoint":"https://r.openai.azure.com","api_key":"secret-key"}"#;

#[test]
fn the_configuration_wins_over_variables_and_variables_over_defaults() {
    let variables = [
        ("AZURE_OPENAI_BASE_URL", "https://second.openai.azure.com"),
        ("AZURE_OPENAI_KEY", "second-key"),
        ("AZURE_OPENAI_DEFAULT_MODEL", "model-of-variable"),
        ("AZURE_OPENAI_DEFAULT_DEPLOYMENT", "  "),
    ];
    let resolved = resolve("{}", &variables).unwrap();
    assert_eq!(
        resolved.primary.endpoint.authority,
        "second.openai.azure.com"
    );
    assert_eq!(key(&resolved), "second-key");
    assert_eq!(resolved.deployments.default_model, "model-of-variable");
    assert_eq!(resolved.deployments.default_deployment, None);
    assert_eq!(resolved.defaults.max_output_tokens, Some(4096));

    let first = [
        ("AZURE_OPENAI_ENDPOINT", "https://first.openai.azure.com"),
        ("AZURE_OPENAI_API_KEY", "first-key"),
    ];
    let resolved = resolve("", &[&variables[..], &first[..]].concat()).unwrap();
    assert_eq!(
        resolved.primary.endpoint.authority,
        "first.openai.azure.com"
    );
    assert_eq!(key(&resolved), "first-key");

    let document = r#"{
        "azure_endpoint": "https://config.openai.azure.com",
        "api_key": "",
        "default_model": null,
        "default_deployment": " d ",
        "max_output_tokens": "100"
    }"#;
    let resolved = resolve(document, &[&variables[..], &first[..]].concat()).unwrap();
    assert_eq!(
        resolved.primary.endpoint.authority,
        "config.openai.azure.com"
    );
    assert_eq!(key(&resolved), "first-key");
    assert_eq!(resolved.deployments.default_model, "model-of-variable");
    assert_eq!(
        resolved.deployments.default_deployment.as_deref(),
        Some("d")
    );
    assert_eq!(resolved.defaults.max_output_tokens, Some(100));
}

#[test]
fn every_problem_is_reported_at_once_and_secrets_are_not() {
    let document = r#"{
        "azure_endpoint": "http://r.openai.azure.com",
        "api_key": "secret\nkey",
        "api_version": "v9",
        "deployment_mapping": {"gpt-5.1": 5},
        "max_tokens": -1,
        "timeout": "soon",
        "use_streaming": "maybe"
    }"#;
    let error = resolve(document, &[]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Configuration);
    assert!(!error.retryable);
    assert!(!format!("{error:?}").contains("secret"));
    let details: Value = serde_json::from_str(&error.details.unwrap()).unwrap();
    assert_eq!(
        details["problems"],
        json!([
            "`azure_endpoint`: expected an https:// address (http:// is for loopback only, because it would send the \
             credentials in the clear), found \"http://r.openai.azure.com\"",
            "`api_key`: expected letters, digits and punctuation only, without blanks and line breaks",
            "`api_version`: expected `v1`, `latest`, `preview` or a date such as `2025-04-01-preview`, found \"v9\"",
            "`deployment_mapping`: expected a table from model names to deployment names, with a deployment for \
             `gpt-5.1`, found {\"gpt-5.1\":5}",
            "`max_tokens`: expected a whole number from 0 to 4294967295, found -1",
            "`timeout`: expected seconds, more than 0 and at most 86400, found \"soon\"",
            "`use_streaming`: expected true or false, found \"maybe\"",
        ])
    );
}

#[test]
fn what_is_wrong_is_found_behind_what_is_missing() {
    let error = resolve(
        r#"{"max_retries": -1, "max_concurrent_requests": "x"}"#,
        &[],
    )
    .unwrap_err();
    for words in [
        "`azure_endpoint`",
        "no way to authenticate",
        "`max_retries`",
        "`max_concurrent_requests`",
    ] {
        assert!(error.message.contains(words), "{words}: {}", error.message);
    }
}

#[test]
fn a_misspelt_key_is_named_beside_what_is_missing_for_it() {
    let error = resolve(
        r#"{"azure_endpont": "https://r.openai.azure.com", "api_key": "k"}"#,
        &[],
    );
    let error = error.unwrap_err();
    let warning = "unknown setting `azure_endpont`; did you mean `azure_endpoint`?";
    assert!(
        error.message.ends_with(&format!("\n- warning: {warning}")),
        "{}",
        error.message
    );
    let details: Value = serde_json::from_str(&error.details.unwrap()).unwrap();
    assert_eq!(details["warnings"], json!([warning]));
    assert_eq!(details["settings"]["azure_endpoint"]["source"], "unset");
}

#[test]
fn two_names_of_one_setting_are_warned_of() {
    let document = VALID.replace('{', r#"{"max_tokens":1,"max_output_tokens":2,"#);
    let resolved = resolve(&document, &[]).unwrap();
    assert_eq!(resolved.defaults.max_output_tokens, Some(1));
    assert_eq!(
        resolved.warnings,
        ["`max_output_tokens` has no effect beside `max_tokens`, which means the same"]
    );
}

#[test]
fn the_first_way_to_authenticate_counts_and_the_others_are_warned_of() {
    let endpoint = ("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com");
    let key = ("AZURE_OPENAI_API_KEY", "key");
    let token = ("AZURE_OPENAI_AD_TOKEN", "token");
    let identity = ("AZURE_USE_MANAGED_IDENTITY", "true");
    let chain = ("AZURE_USE_DEFAULT_CREDENTIAL", "true");
    let client_id = ("AZURE_MANAGED_IDENTITY_CLIENT_ID", "id");
    /// Variables, the setting that counts, the warnings.
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a [&'a str]);
    let cases: [Case<'_>; 7] = [
        (
            &[key, token, identity, chain],
            "api_key",
            &[
                "`azure_ad_token` (from AZURE_OPENAI_AD_TOKEN) has no effect, because `api_key` (from \
                 AZURE_OPENAI_API_KEY) comes first",
                "`use_managed_identity` (from AZURE_USE_MANAGED_IDENTITY) has no effect, because `api_key` (from \
                 AZURE_OPENAI_API_KEY) comes first",
                "`use_default_credential` (from AZURE_USE_DEFAULT_CREDENTIAL) has no effect, because `api_key` (from \
                 AZURE_OPENAI_API_KEY) comes first",
            ],
        ),
        (&[token], "azure_ad_token", &[]),
        (&[identity], "use_managed_identity", &[]),
        (&[identity, client_id], "use_managed_identity", &[]),
        (&[chain], "use_default_credential", &[]),
        (
            &[chain, client_id],
            "use_default_credential",
            &[
                "`managed_identity_client_id` (from AZURE_MANAGED_IDENTITY_CLIENT_ID) has no effect without \
               `use_managed_identity`; credentials of the default chain take AZURE_CLIENT_ID",
            ],
        ),
        (
            &[("AZURE_USE_MANAGED_IDENTITY", "off"), chain],
            "use_default_credential",
            &[],
        ),
    ];
    for (variables, method, warnings) in cases {
        let resolved = resolve("", &[&[endpoint], variables].concat()).unwrap();
        assert_eq!(resolved.primary.authentication.name(), method);
        assert_eq!(resolved.warnings, warnings, "{variables:?}");
    }
}

#[test]
fn the_address_of_a_deployment_is_warned_of() {
    let address =
        "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21";
    let resolved = resolve(
        &json!({"azure_endpoint": address, "api_key": "k"}).to_string(),
        &[],
    );
    let warning = &resolved.unwrap().warnings[0];
    assert!(warning.contains("the address of another API"), "{warning}");
}

#[test]
fn provisioned_throughput_has_no_price_per_token() {
    let pricing = json!({"m": {"input": "1.25", "output": 10, "cached_input": 0.125}});
    for (kind, is_provisioned) in [("PTU", true), ("ptu", true), ("standard", false)] {
        let mut document: Value = serde_json::from_str(VALID).unwrap();
        document["deployment_type"] = json!(kind);
        document["pricing"] = pricing.clone();
        let resolved = resolve(&document.to_string(), &[]).unwrap();
        let expected = Pricing {
            configured: vec![("m".to_owned(), price("1.25", "10", "0.125"))],
            is_provisioned,
        };
        assert_eq!(resolved.pricing, expected, "{kind}");
    }
}

#[test]
fn prices_are_taken_as_they_are_written() {
    // Of what is no string, serde_json keeps a floating point number; these are read back from it as they were.
    for (written, exact) in [
        ("1.25", "1.25"),
        (r#"" 1.25 ""#, "1.25"),
        ("0.1", "0.1"),
        ("1e-1", "0.1"),
        (r#""1e-1""#, "0.1"),
        ("0.000000001", "0.000000001"),
        ("3", "3"),
        ("999999.999999999", "999999.999999999"),
    ] {
        let resolved = with_price(written).unwrap();
        let expected = [("m".to_owned(), price(exact, "1", "2"))];
        assert_eq!(resolved.pricing.configured, expected, "{written}");
    }
    for written in [
        "-1",
        "1000000",
        "0.0000000001",
        r#""free""#,
        r#""1,5""#,
        "[]",
    ] {
        let message = with_price(written).unwrap_err().message;
        assert!(
            message.contains(
                "expected US dollars for `input` of `m`, from 0 to less than 1000000, with at most 9 digits after the \
                 point, found"
            ),
            "{message}"
        );
    }
}

#[test]
fn what_is_missing_is_named_with_its_variable() {
    let error = resolve("{}", &[]).unwrap_err();
    assert_eq!(
        error.message,
        "the configuration has 2 problems:\n\
         - `azure_endpoint` is not set: put it into the configuration or set the environment variable \
         AZURE_OPENAI_ENDPOINT\n\
         - no way to authenticate is configured: set `api_key` (AZURE_OPENAI_API_KEY), `azure_ad_token` \
         (AZURE_OPENAI_AD_TOKEN), `use_managed_identity` (AZURE_USE_MANAGED_IDENTITY=true), or \
         `use_default_credential` (AZURE_USE_DEFAULT_CREDENTIAL=true), which takes what `az login` left"
    );
}

#[test]
fn a_variable_that_is_wrong_is_named() {
    let error = resolve(VALID, &[("AZURE_OPENAI_MAX_OUTPUT_TOKENS", "many")]).unwrap_err();
    assert!(
        error
            .message
            .contains("`max_tokens` (from AZURE_OPENAI_MAX_OUTPUT_TOKENS)"),
        "{}",
        error.message
    );
}

#[test]
fn an_address_is_shown_without_password_and_query() {
    for address in [
        "https://user:hunter2@r.openai.azure.com",
        "nonsense?key=hunter2",
        "https://u@h?hunter2@x",
        "https://user:hunt?er2hunter2@h",
    ] {
        let document = json!({"azure_endpoint": address, "api_key": "k"}).to_string();
        let error = resolve(&document, &[]).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    let document = r#"{"azure_endpoint":"https://r.openai.azure.com/?key=hunter2","api_key":"k"}"#;
    let description = resolve(document, &[]).unwrap().describe();
    assert!(
        !description.to_string().contains("hunter2"),
        "{description}"
    );
}

#[test]
fn a_document_that_is_not_an_object_is_refused_without_showing_it() {
    for (document, expected) in [
        (
            "[1]",
            "the configuration is wrong: the configuration is not a JSON object",
        ),
        (
            "{\"api_key\": secret}",
            "the configuration is wrong: the configuration is not JSON (line 1, column 13)",
        ),
    ] {
        assert_eq!(resolve(document, &[]).unwrap_err().message, expected);
    }
}

#[test]
fn unknown_keys_are_warnings_with_a_suggestion() {
    let document = VALID.replace('{', r#"{"default_modle":"x","banana":1,"#);
    assert_eq!(
        resolve(&document, &[]).unwrap().warnings,
        [
            "unknown setting `banana`; it has no effect",
            "unknown setting `default_modle`; did you mean `default_model`?",
        ]
    );
}

#[test]
fn a_version_before_the_responses_api_is_a_warning_only_when_somebody_set_it() {
    assert!(resolve(VALID, &[]).unwrap().warnings.is_empty());
    let old = [("AZURE_OPENAI_API_VERSION", "2024-10-21")];
    let resolved = resolve(VALID, &old).unwrap();
    assert_eq!(resolved.primary.api_version, ApiVersion::V1);
    assert!(
        resolved.warnings[0].contains("`api_version` 2024-10-21"),
        "{:?}",
        resolved.warnings
    );
}

#[test]
fn booleans_and_numbers_may_be_strings() {
    for (text, expected) in [
        ("true", true),
        ("\" TRUE \"", true),
        ("\"yes\"", true),
        ("\"On\"", true),
        ("1", true),
        ("false", false),
        ("\"False\"", false),
        ("\"no\"", false),
        ("\"off\"", false),
        ("\"0\"", false),
    ] {
        let document = VALID.replace('{', &format!("{{\"use_streaming\":{text},"));
        assert_eq!(
            resolve(&document, &[]).unwrap().use_streaming,
            expected,
            "{text}"
        );
    }
    let document = VALID.replace('{', "{\"timeout\":\" 1.5 \",");
    let limits = resolve(&document, &[]).unwrap().time_limits;
    assert_eq!(limits.attempt, Duration::from_millis(1500));
    assert_eq!(limits.stream_idle, Duration::from_secs(300));
}

#[test]
fn describe_shows_values_and_sources_and_no_secret() {
    let variables = [("AZURE_OPENAI_DEFAULT_MODEL", "m")];
    let description = resolve(VALID, &variables).unwrap().describe();
    assert_eq!(
        description["route"],
        "POST https://r.openai.azure.com/openai/v1/responses"
    );
    let settings = &description["settings"];
    assert_eq!(
        settings["api_key"],
        json!({"value": "[REDACTED]", "source": "config"})
    );
    assert_eq!(
        settings["default_model"],
        json!({"value": "m", "source": "AZURE_OPENAI_DEFAULT_MODEL"})
    );
    assert_eq!(
        settings["timeout"],
        json!({"value": "600", "source": "default"})
    );
    assert_eq!(
        settings["default_deployment"],
        json!({"value": null, "source": "unset"})
    );
    assert!(!description.to_string().contains("secret-key"));
    assert!(!format!("{:?}", resolve(VALID, &[])).contains("secret-key"));
}

fn key(configuration: &Configuration) -> &str {
    match &configuration.primary.authentication {
        Authentication::ApiKey(key) => key.expose(),
        other => panic!("{other:?}"),
    }
}

fn resolve(document: &str, variables: &[(&str, &str)]) -> Result<Configuration, ProviderError> {
    let environment = variables
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    let environment = Environment::new(environment);
    Configuration::resolve(document, &environment)
}

fn with_price(input: &str) -> Result<Configuration, ProviderError> {
    let price = format!(r#"{{"input":{input},"output":1,"cached_input":2}}"#);
    let document = format!(
        r#"{},"pricing":{{"m":{price}}}}}"#,
        &VALID[..VALID.len() - 1]
    );
    resolve(&document, &[])
}

fn price(input: &str, output: &str, cached_input: &str) -> Price {
    Price {
        input: Amount::parse(input).unwrap(),
        output: Amount::parse(output).unwrap(),
        cached_input: Amount::parse(cached_input),
        cache_write: None,
    }
}
