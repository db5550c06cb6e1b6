//! From the provider's error to what is wrong and what to do about it, in plain words.

use serde_json::Value;

use super::{Authentication, Claims, Report};
use crate::contract::types::{ErrorKind, ProviderError};

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What is wrong, in a sentence.
    pub problem: String,
    /// What to do, the likeliest first.
    pub steps: Vec<String>,
}

/// What was found before the deployment was asked.
pub(super) struct Found<'a> {
    host: &'a str,
    route: &'a str,
    proxy: Option<&'a str>,
    pub(super) deployment: &'a str,
    /// The model that the deployment is taken for.
    logical_model: &'a str,
    /// The rule that chose the deployment.
    rule: &'a str,
    /// The setting that chose the way to authenticate.
    method: &'a str,
    claims: Option<&'a Claims>,
    api_version: &'a str,
}

impl<'a> Found<'a> {
    pub(super) fn of(report: &'a Report, model: Option<&'a str>) -> Self {
        let description = &report.description;
        let text = |value: &'a Value| value.as_str().unwrap_or_default();
        let default_model = text(&description["settings"]["default_model"]["value"]);
        let asked = model.unwrap_or(default_model);
        let rows = description["deployments"].as_array();
        let mut rows = rows.into_iter().flatten();
        let row = rows.find(|row| row["model"] == asked);
        let default_deployment = description["settings"]["default_deployment"]["value"].as_str();
        let (deployment, rule, logical_model) = match (row, default_deployment) {
            (Some(row), _) => (
                text(&row["deployment"]),
                text(&row["rule"]),
                text(&row["logical_model"]),
            ),
            (None, Some(deployment)) => (deployment, "default_deployment", asked),
            (None, None) => (asked, "model_name", asked),
        };
        let endpoint = text(&description["endpoint"]);
        let authority = endpoint.split("://").nth(1).unwrap_or(endpoint);
        Self {
            host: authority.split('/').next().unwrap_or(authority),
            route: text(&description["route"]),
            proxy: report.proxy.as_deref(),
            deployment,
            logical_model,
            rule,
            method: text(&description["authentication"]["method"]),
            claims: match &report.authentication {
                Some(Authentication::Token(claims) | Authentication::Asked { claims, .. }) => {
                    claims.as_ref()
                }
                _ => None,
            },
            api_version: text(&description["settings"]["api_version"]["value"]),
        }
    }
}

impl Found<'_> {
    /// What to do when a deployment is taken for another model than the one that answers: then its capabilities, and what
    /// it costs, are those of the other.
    pub(super) fn mistaken_for(&self, answered: &str) -> Option<String> {
        let Self {
            deployment,
            logical_model,
            ..
        } = self;
        let answered = without_date(answered);
        (!answered.starts_with(logical_model)).then(|| {
            format!(
                "the deployment `{deployment}` is taken for the model {logical_model} and answers as {answered}; to have \
                 it taken for what it is, put \"{answered}\" = \"{deployment}\" into `deployment_mapping`, and ask for \
                 that model"
            )
        })
    }
}

impl Diagnosis {
    /// What an error of the deployment means.
    pub(super) fn of(error: &ProviderError, found: &Found<'_>) -> Self {
        if error
            .status
            .is_some_and(|status| (300..400).contains(&status))
        {
            return redirect(found);
        }
        match error.kind {
            ErrorKind::Network => network(error, found),
            ErrorKind::Authentication => authentication(found),
            ErrorKind::AccessDenied => access(error, found),
            ErrorKind::NotFound => not_found(error, found),
            ErrorKind::RateLimit | ErrorKind::QuotaExceeded => rate_limit(error, found),
            ErrorKind::Timeout => timeout(found),
            ErrorKind::InvalidRequest => invalid_request(error, found),
            _ => other(error, found),
        }
    }

    fn new(problem: String, steps: impl IntoIterator<Item = String>) -> Self {
        Self {
            problem,
            steps: steps.into_iter().collect(),
        }
    }
}

/// A model's name without the date of its version, such as `-2025-11-13`.
fn without_date(model: &str) -> &str {
    const PATTERN: &str = "-0000-00-00";
    let Some((name, date)) = model
        .len()
        .checked_sub(PATTERN.len())
        .and_then(|end| model.split_at_checked(end))
    else {
        return model;
    };
    let is_like = |(found, pattern): (u8, u8)| match pattern {
        b'0' => found.is_ascii_digit(),
        _ => found == pattern,
    };
    match date.bytes().zip(PATTERN.bytes()).all(is_like) {
        true => name,
        false => model,
    }
}

fn network(error: &ProviderError, found: &Found<'_>) -> Diagnosis {
    let host = found.host;
    let proxy = found.proxy.map(|proxy| {
        format!("requests go through the proxy {proxy}; check that it is up and lets {host} through (or set NO_PROXY)")
    });
    match error.code.as_deref() {
        Some("DnsError" | "DnsTimeout") => Diagnosis::new(
            format!("the name {host} is not known (DNS)"),
            [
                "check the resource's name in `azure_endpoint`".to_owned(),
                "a resource with a private endpoint is known only inside its virtual network: connect to that, and \
                 check its private DNS zone"
                    .to_owned(),
            ]
            .into_iter()
            .chain(proxy),
        ),
        Some("TlsCertificateError") => Diagnosis::new(
            format!("the certificate of {host} is not trusted (TLS)"),
            [
                "a proxy that inspects traffic has a certificate of its own: add its root to the system's trust store"
                    .to_owned(),
                "check that the name in `azure_endpoint` is the one in the certificate, and this machine's clock"
                    .to_owned(),
            ],
        ),
        Some("TlsProtocolError" | "TlsAlertReceived") => Diagnosis::new(
            format!("{host} does not speak TLS the way it should"),
            ["check the port in `azure_endpoint`, and whether something in between answers".to_owned()]
                .into_iter()
                .chain(proxy),
        ),
        Some("HttpRequestDenied") => Diagnosis::new(
            format!("this host does not let the provider reach {host}"),
            ["add it to the host's allow-list".to_owned()],
        ),
        code => Diagnosis::new(
            match code {
                Some("ConnectionRefused") => format!("nothing listens at {host}"),
                Some("ConnectionTimeout") => format!("{host} does not answer a connection"),
                _ => format!("there is no working connection to {host}"),
            },
            proxy.into_iter().chain([
                "check the address and the port in `azure_endpoint`".to_owned(),
                "check the firewall, and whether this network reaches the Internet only through a proxy \
                 (HTTPS_PROXY)"
                    .to_owned(),
            ]),
        ),
    }
}

fn authentication(found: &Found<'_>) -> Diagnosis {
    let host = found.host;
    if found.method == "api_key" {
        return Diagnosis::new(
            format!("{host} does not accept the API key (401)"),
            [
                "compare the key with `az cognitiveservices account keys list`: keys belong to one resource, and stop \
                 working when they are regenerated"
                    .to_owned(),
                "check that `azure_endpoint` is the resource that the key belongs to".to_owned(),
            ],
        );
    }
    let audience = match found.claims.and_then(|claims| claims.audience.as_deref()) {
        Some(audience) => format!(
            "the token is for the audience {audience}; if the resource wants another one, set `token_scope` (such as \
             https://ai.azure.com/.default)"
        ),
        None => "check that the token is for the audience https://cognitiveservices.azure.com"
            .to_owned(),
    };
    let tenant = match found.claims.and_then(|claims| claims.tenant.as_deref()) {
        Some(tenant) => format!(
            "the token comes from the tenant {tenant}; if the resource is in another one, log in there \
             (`az login --tenant …`)"
        ),
        None => "check that the token comes from the resource's tenant".to_owned(),
    };
    let expired = (found.method == "azure_ad_token").then(|| {
        "a token lasts about an hour and nothing renews this one; get a new one, or use `use_default_credential`"
            .to_owned()
    });
    Diagnosis::new(
        format!("{host} does not accept the token (401)"),
        expired.into_iter().chain([audience, tenant]),
    )
}

fn access(error: &ProviderError, found: &Found<'_>) -> Diagnosis {
    let host = found.host;
    let words = error.message.to_lowercase();
    if error.code.as_deref() == Some("HttpRequestDenied") {
        return network(error, found);
    }
    if error.code.as_deref() == Some("AuthenticationTypeDisabled") {
        return Diagnosis::new(
            format!("{host} does not take API keys (403)"),
            [
                "remove the key and set `use_default_credential` or `use_managed_identity`"
                    .to_owned(),
            ],
        );
    }
    let is_network = [
        "virtual network",
        "firewall",
        "public access",
        "private endpoint",
        "ip address",
    ];
    if is_network.iter().any(|sign| words.contains(sign)) {
        return Diagnosis::new(
            format!("a network rule of {host} keeps this machine out (403)"),
            [
                "add this machine's public address, or its virtual network, under Networking of the resource".to_owned(),
                "if public access is off, connect through the private endpoint".to_owned(),
            ],
        );
    }
    let who = match found.claims.and_then(|claims| claims.object_id.as_deref()) {
        Some(object_id) => format!("the caller (object id {object_id})"),
        None => "the caller".to_owned(),
    };
    Diagnosis::new(
        format!("{who} may not use {host} (403)"),
        [
            "give the caller the role \"Cognitive Services OpenAI User\" on the resource (`az role assignment create`); \
             it takes some minutes to have effect"
                .to_owned(),
            "check the resource's network rules".to_owned(),
        ],
    )
}

fn not_found(error: &ProviderError, found: &Found<'_>) -> Diagnosis {
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

fn rate_limit(error: &ProviderError, found: &Found<'_>) -> Diagnosis {
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

fn timeout(found: &Found<'_>) -> Diagnosis {
    Diagnosis::new(
        format!("{} took too long to answer", found.host),
        [
            "try again: a deployment may be busy".to_owned(),
            "check the proxy and the firewall, which may swallow requests".to_owned(),
        ],
    )
}

fn redirect(found: &Found<'_>) -> Diagnosis {
    Diagnosis::new(
        format!(
            "{} answers with a redirect, which is never followed",
            found.route
        ),
        ["put the final address into `azure_endpoint`".to_owned()],
    )
}

fn invalid_request(error: &ProviderError, found: &Found<'_>) -> Diagnosis {
    let words = error.message.to_lowercase();
    if words.contains("api version") || words.contains("api-version") {
        return Diagnosis::new(
            format!(
                "the service does not know the API version {}",
                found.api_version
            ),
            ["set `api_version` to `v1`".to_owned()],
        );
    }
    Diagnosis::new(
        format!(
            "the service refuses the request to the deployment `{}`",
            found.deployment
        ),
        ["check that the deployment's model has the Responses API".to_owned()],
    )
}

fn other(error: &ProviderError, found: &Found<'_>) -> Diagnosis {
    match error.kind {
        ErrorKind::Unavailable => Diagnosis::new(
            format!("{} cannot serve requests now", found.host),
            ["try again; if it lasts, look at the status page of Azure".to_owned()],
        ),
        ErrorKind::Stream => Diagnosis::new(
            format!(
                "{} answers with something else than the Responses API",
                found.route
            ),
            [
                "check that `azure_endpoint` is the service and not a web page or a sign-in"
                    .to_owned(),
            ],
        ),
        _ => Diagnosis::new("the deployment does not answer as it should".to_owned(), []),
    }
}

#[cfg(test)]
mod tests;
