use super::*;

#[test]
fn each_failure_has_its_plain_words_and_a_first_step() {
    use ErrorKind::{
        AccessDenied, Authentication, InvalidRequest, Network, NotFound, QuotaExceeded, RateLimit,
        Stream, Timeout, Unavailable,
    };
    // kind, status, code, message of the error → problem, words in the steps
    for (kind, status, code, message, problem, step) in [
        (
            Network,
            0,
            "DnsError",
            "",
            "the name r.example is not known (DNS)",
            "private endpoint",
        ),
        (
            Network,
            0,
            "TlsCertificateError",
            "",
            "r.example is not trusted (TLS)",
            "trust store",
        ),
        (
            Network,
            0,
            "TlsProtocolError",
            "",
            "does not speak TLS",
            "port",
        ),
        (
            Network,
            0,
            "ConnectionRefused",
            "",
            "nothing listens at r.example",
            "the proxy http://p:1",
        ),
        (
            Network,
            0,
            "ConnectionTimeout",
            "",
            "does not answer a connection",
            "the proxy http://p:1",
        ),
        (Network, 0, "", "", "no working connection", "firewall"),
        (
            AccessDenied,
            0,
            "HttpRequestDenied",
            "",
            "does not let the provider reach",
            "allow-list",
        ),
        (
            Authentication,
            401,
            "401",
            "",
            "does not accept the token (401)",
            "audience https://a",
        ),
        (
            Authentication,
            401,
            "401",
            "",
            "does not accept the token (401)",
            "the tenant t",
        ),
        (
            AccessDenied,
            403,
            "PermissionDenied",
            "",
            "object id o",
            "Cognitive Services OpenAI User",
        ),
        (
            AccessDenied,
            403,
            "403",
            "Access denied due to Virtual Network/Firewall rules.",
            "a network rule of r.example keeps this machine out",
            "Networking",
        ),
        (
            AccessDenied,
            403,
            "403",
            "Public access is disabled. Please configure private endpoint.",
            "a network rule",
            "private endpoint",
        ),
        (
            AccessDenied,
            403,
            "AuthenticationTypeDisabled",
            "",
            "does not take API keys",
            "use_default",
        ),
        (
            NotFound,
            404,
            "DeploymentNotFound",
            "",
            "no deployment `prod`",
            "from `deployment_mapping`",
        ),
        (
            NotFound,
            404,
            "404",
            "",
            "nothing at POST https://r.example/x",
            "`api_version` is v1",
        ),
        (
            RateLimit,
            429,
            "429",
            "",
            "`prod` has had too many requests",
            "wait 3 seconds",
        ),
        (
            QuotaExceeded,
            429,
            "insufficient_quota",
            "",
            "the quota is used up",
            "spending limit",
        ),
        (Timeout, 0, "", "", "took too long", "proxy"),
        (
            InvalidRequest,
            307,
            "",
            "",
            "answers with a redirect",
            "the final address",
        ),
        (
            InvalidRequest,
            400,
            "",
            "API version not supported",
            "does not know the API version v1",
            "`v1`",
        ),
        (
            InvalidRequest,
            400,
            "",
            "no",
            "refuses the request to the deployment `prod`",
            "Responses API",
        ),
        (
            Unavailable,
            503,
            "",
            "",
            "cannot serve requests now",
            "status page",
        ),
        (
            Stream,
            200,
            "",
            "",
            "something else than the Responses API",
            "web page",
        ),
    ] {
        let error = error(kind, status, code, message);
        let claims = claims();
        let diagnosis = Diagnosis::of(&error, &found("use_default_credential", &claims));
        assert!(
            diagnosis.problem.contains(problem),
            "{kind:?} {code}: {diagnosis:?}"
        );
        let has_step = diagnosis.steps.iter().any(|words| words.contains(step));
        assert!(has_step, "{kind:?} {code}: {diagnosis:?}");
    }
}

#[test]
fn a_refused_token_is_explained_by_how_it_was_got() {
    let refused = error(ErrorKind::Authentication, 401, "401", "");
    let claims = claims();
    for (method, step) in [
        ("api_key", "keys belong to one resource"),
        ("azure_ad_token", "nothing renews this one"),
        ("use_managed_identity", "the audience https://a"),
    ] {
        let diagnosis = Diagnosis::of(&refused, &found(method, &claims));
        assert!(diagnosis.steps[0].contains(step), "{method}: {diagnosis:?}");
    }
    let silent = Found {
        claims: None,
        ..found("use_default_credential", &claims)
    };
    let steps = Diagnosis::of(&refused, &silent).steps;
    assert!(
        steps[0].contains("https://cognitiveservices.azure.com"),
        "{steps:?}"
    );
}

#[test]
fn a_deployment_that_answers_as_another_model_is_told() {
    let claims = claims();
    let found = found("api_key", &claims);
    assert_eq!(found.mistaken_for("gpt-5.1-2025-11-13"), None);
    let advice = found.mistaken_for("gpt-4o-2024-11-20").unwrap_or_default();
    assert!(
        advice.contains("is taken for the model gpt-5.1 and answers as gpt-4o;"),
        "{advice}"
    );
}

fn found<'a>(method: &'a str, claims: &'a Claims) -> Found<'a> {
    Found {
        host: "r.example",
        route: "POST https://r.example/x",
        proxy: Some("http://p:1"),
        deployment: "prod",
        logical_model: "gpt-5.1",
        rule: "deployment_mapping",
        method,
        claims: Some(claims),
        api_version: "v1",
    }
}

fn claims() -> Claims {
    Claims {
        audience: Some("https://a".into()),
        tenant: Some("t".into()),
        object_id: Some("o".into()),
        expires_on: None,
    }
}

fn error(kind: ErrorKind, status: u16, code: &str, message: &str) -> ProviderError {
    ProviderError {
        kind,
        message: message.into(),
        status: Some(status).filter(|status| *status > 0),
        code: Some(code.to_owned()).filter(|code| !code.is_empty()),
        retryable: false,
        retry_after_ms: Some(2500),
        request_id: None,
        provider: "azure-openai".into(),
        model: None,
        details: None,
    }
}
