//! Keys and tokens that are refused, and callers that are.

use super::*;

#[test]
fn a_refused_token_is_explained_by_how_it_was_got() {
    let refused = error(ErrorKind::Authentication, 401, "401", "");
    let valid = claims();
    let expired = Claims {
        expires_on: Some(1_700_000_000),
        ..claims()
    };
    for (method, claims, step) in [
        ("api_key", &valid, "keys belong to one resource"),
        ("azure_ad_token", &valid, "nothing renews this one"),
        (
            "azure_ad_token",
            &expired,
            "the token expired at 2023-11-14T22:13:20Z, and nothing renews it",
        ),
        ("use_managed_identity", &valid, "the audience https://a"),
    ] {
        let diagnosis = Diagnosis::of(&refused, &found(method, claims));
        assert!(diagnosis.steps[0].contains(step), "{method}: {diagnosis:?}");
    }
}

#[test]
fn advice_on_the_audience_names_the_endpoints_own_cloud() {
    let refused = error(ErrorKind::Authentication, 401, "401", "");
    let silent = Claims::default();
    // method, host, scope of the description → what tokens are for, what else they may be for
    for (method, host, scope, expected, other) in [
        (
            "use_default_credential",
            "r.openai.azure.us",
            Some("https://cognitiveservices.azure.us/.default"),
            "cognitiveservices.azure.us",
            "ai.azure.us",
        ),
        (
            "use_default_credential",
            "gateway.example",
            Some("https://ai.azure.com/.default"),
            "ai.azure.com",
            "cognitiveservices.azure.com",
        ),
        (
            "azure_ad_token",
            "r.openai.azure.cn:443",
            None,
            "cognitiveservices.azure.cn",
            "ai.azure.cn",
        ),
        (
            "azure_ad_token",
            "r.openai.azure.com",
            None,
            "cognitiveservices.azure.com",
            "ai.azure.com",
        ),
    ] {
        let found = Found {
            host,
            scope,
            ..found(method, &silent)
        };
        let steps = Diagnosis::of(&refused, &found).steps.join("\n");
        for name in [expected, other] {
            let scope = format!("https://{name}/.default");
            assert!(steps.contains(&scope), "{host}: {steps}");
        }
        // It has no effect on a token from the configuration.
        let is_advised = steps.contains("`token_scope`");
        assert_eq!(is_advised, method != "azure_ad_token", "{steps}");
    }
}

#[test]
fn a_foundry_project_has_one_audience_and_a_role_of_its_own() {
    let refused = error(ErrorKind::Authentication, 401, "401", "");
    let silent = Claims::default();
    let ai = "https://ai.azure.com/.default";
    let cognitive = "https://cognitiveservices.azure.com/.default";
    // method, scope of the description → words of the advice
    for (method, scope, words) in [
        ("azure_ad_token", None, format!("for {ai} only, such as")),
        (
            "use_default_credential",
            Some(cognitive),
            format!("for {ai} only: remove `token_scope`"),
        ),
        (
            "use_default_credential",
            Some(ai),
            "as Foundry projects want it".to_owned(),
        ),
    ] {
        let found = Found {
            host: "r.services.ai.azure.com",
            is_project: true,
            scope,
            ..found(method, &silent)
        };
        let steps = Diagnosis::of(&refused, &found).steps.join("\n");
        assert!(steps.contains(&words), "{steps}");
        let denied = error(ErrorKind::AccessDenied, 403, "403", "");
        let steps = Diagnosis::of(&denied, &found).steps.join("\n");
        assert!(steps.contains("\"Foundry User\""), "{steps}");
        let nothing = error(ErrorKind::NotFound, 404, "404", "");
        let steps = Diagnosis::of(&nothing, &found).steps.join("\n");
        assert!(steps.contains("of the project"), "{steps}");
    }
}

#[test]
fn the_services_own_words_decide_and_the_real_status_is_shown() {
    use ErrorKind::{AccessDenied, Authentication};
    let claims = claims();
    // The provider's own part of the message has addresses in it.
    let says = |words: &str| {
        format!(
            "access to https://firewall.example is denied; check the ip address; the service says: {words}"
        )
    };
    for (kind, status, code, words, problem) in [
        (
            AccessDenied,
            401,
            "PermissionDenied",
            "The principal lacks the required data action",
            "the caller (object id o) may not use r.example (401)",
        ),
        (
            AccessDenied,
            403,
            "403",
            "Your resource has been temporarily blocked because …",
            "Azure has blocked the resource at r.example (403)",
        ),
        (
            AccessDenied,
            403,
            "403",
            "Access denied due to Virtual Network/Firewall rules.",
            "a network rule of r.example keeps this machine out (403)",
        ),
        (
            Authentication,
            401,
            "AuthenticationTypeDisabled",
            "Key based authentication is disabled for this resource.",
            "r.example does not take API keys (401)",
        ),
    ] {
        let error = error(kind, status, code, &says(words));
        let diagnosis = Diagnosis::of(&error, &found("use_default_credential", &claims));
        assert_eq!(diagnosis.problem, problem);
    }
}

#[test]
fn a_role_does_not_help_a_key() {
    let claims = claims();
    for code in ["403", "PermissionDenied"] {
        let error = error(ErrorKind::AccessDenied, 403, code, "");
        let steps = Diagnosis::of(&error, &found("api_key", &claims))
            .steps
            .join("\n");
        assert!(!steps.contains("role"), "{steps}");
        assert!(steps.contains("network rules"), "{steps}");
        assert!(steps.contains("disableLocalAuth"), "{steps}");
    }
}
