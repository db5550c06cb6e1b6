//! Each kind of failure, in plain words.

mod access;
mod found;
mod network;
mod request;

use serde_json::{Value, json};

use super::*;
use crate::doctor::Claims;

#[test]
fn each_failure_has_its_plain_words_and_a_first_step() {
    use ErrorKind::{
        AccessDenied, Authentication, ContentFilter, ContextLength, InvalidRequest, Network,
        NotFound, QuotaExceeded, RateLimit, Stream, Timeout, Unavailable,
    };
    // kind, status, code, message of the error → problem, words in the steps
    for (kind, status, code, message, problem, step) in [
        (
            Network,
            0,
            "DnsError",
            "",
            "the name of the proxy http://p:1 is not known (DNS)",
            "lets r.example through",
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
            "nothing listens at the proxy http://p:1",
            "the proxy http://p:1",
        ),
        (
            Network,
            0,
            "ConnectionTimeout",
            "",
            "the proxy http://p:1 does not answer a connection",
            "NO_PROXY",
        ),
        (
            Network,
            0,
            "",
            "",
            "no working connection",
            "the proxy http://p:1",
        ),
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
            "the service says: Access denied due to Virtual Network/Firewall rules.",
            "a network rule of r.example keeps this machine out",
            "Networking",
        ),
        (
            AccessDenied,
            403,
            "403",
            "the service says: Public access is disabled. Please configure private endpoint.",
            "a network rule",
            "private endpoint",
        ),
        (
            AccessDenied,
            403,
            "AuthenticationTypeDisabled",
            "",
            "does not take API keys (403)",
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
            "the service says: API version not supported",
            "does not know the API version v1",
            "`v1`",
        ),
        (
            InvalidRequest,
            407,
            "",
            "",
            "the proxy http://p:1 wants a user name and a password",
            "HTTPS_PROXY=http://USER:PASSWORD@",
        ),
        (
            ContentFilter,
            400,
            "content_filter",
            "",
            "a content filter of the deployment `prod`",
            "blocklists",
        ),
        (
            ContextLength,
            400,
            "context_length_exceeded",
            "",
            "it is too long",
            "extra_request_params",
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

fn found<'a>(method: &'a str, claims: &'a Claims) -> Found<'a> {
    Found {
        host: "r.example",
        route: "POST https://r.example/x",
        is_project: false,
        proxy: Some("http://p:1"),
        deployment: "prod",
        logical_model: "gpt-5.1",
        rule: "deployment_mapping",
        deployments: &[],
        method,
        scope: Some("https://cognitiveservices.azure.com/.default"),
        claims: Some(claims),
        api_version: "v1",
        settings: &Value::Null,
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
