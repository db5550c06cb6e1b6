//! The service does not take the key or the token, or does not let the caller in.

use provider_host::contract::types::ProviderError;

use super::{Diagnosis, Found, service_words};
use crate::doctor::report::rfc3339;

/// The service does not know who asks.
pub(super) fn authentication(found: &Found<'_>) -> Diagnosis {
    let host = found.host;
    if uses_key(found) {
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
    let tenant = match found.claims.and_then(|claims| claims.tenant.as_deref()) {
        Some(tenant) => format!(
            "the token comes from the tenant {tenant}; if the resource is in another one, log in there \
             (`az login --tenant …`)"
        ),
        None => "check that the token comes from the resource's tenant".to_owned(),
    };
    Diagnosis::new(
        format!("{host} does not accept the token (401)"),
        expiry(found).into_iter().chain([audience(found), tenant]),
    )
}

/// The service knows who asks, and does not let them in.
pub(super) fn access(error: &ProviderError, found: &Found<'_>) -> Diagnosis {
    let host = found.host;
    let status = error.status.unwrap_or(403);
    let words = service_words(error);
    let says = |signs: &[&str]| signs.iter().any(|sign| words.contains(sign));
    if error.code.as_deref() == Some(NO_KEYS) || says(&["key based authentication is disabled"]) {
        return Diagnosis::new(
            format!("{host} does not take API keys ({status})"),
            [
                "remove the key and set `use_default_credential` or `use_managed_identity`"
                    .to_owned(),
            ],
        );
    }
    if says(&["temporarily blocked"]) {
        return Diagnosis::new(
            format!("Azure has blocked the resource at {host} ({status})"),
            [
                "no setting helps: ask Azure's support in the portal, which says why and what lifts the block"
                    .to_owned(),
            ],
        );
    }
    if says(&[
        "virtual network",
        "firewall",
        "public access",
        "private endpoint",
        "ip address",
    ]) {
        return Diagnosis::new(
            format!("a network rule of {host} keeps this machine out ({status})"),
            [
                "add this machine's public address, or its virtual network, under Networking of the resource".to_owned(),
                "if public access is off, connect through the private endpoint".to_owned(),
            ],
        );
    }
    if uses_key(found) {
        return Diagnosis::new(
            format!("{host} does not let the API key's owner in ({status})"),
            [
                CHECK_NETWORK.to_owned(),
                "check that the resource takes keys: `az cognitiveservices account show --query \
                 properties.disableLocalAuth` must not say true"
                    .to_owned(),
            ],
        );
    }
    let who = match found.claims.and_then(|claims| claims.object_id.as_deref()) {
        Some(object_id) => format!("the caller (object id {object_id})"),
        None => "the caller".to_owned(),
    };
    let role = if found.is_project {
        "\"Foundry User\" (once \"Azure AI User\") on the project or its resource"
    } else {
        "\"Cognitive Services OpenAI User\" on the resource"
    };
    Diagnosis::new(
        format!("{who} may not use {host} ({status})"),
        [
            format!(
                "give the caller the role {role} (`az role assignment create`); it takes some minutes to have effect"
            ),
            CHECK_NETWORK.to_owned(),
        ],
    )
}

/// Only a token from the configuration expires: the host renews the others.
fn expiry(found: &Found<'_>) -> Option<String> {
    let claims = found.claims.filter(|claims| claims.has_expired());
    let expired = claims.and_then(|claims| claims.expires());
    is_configured_token(found).then(|| match expired {
        Some(time) => format!(
            "the token expired at {}, and nothing renews it; get a new one, or use `use_default_credential`",
            rfc3339(time)
        ),
        None => "a token lasts about an hour and nothing renews this one; get a new one, or use \
                 `use_default_credential`"
            .to_owned(),
    })
}

fn audience(found: &Found<'_>) -> String {
    let (scope, other) = (found.token_scope(), found.other_token_scope());
    let audience = match found.claims.and_then(|claims| claims.audience.as_deref()) {
        Some(audience) => format!("the token is for the audience {audience}"),
        None => "the token does not say what it is for".to_owned(),
    };
    if found.is_project {
        return audience_of_project(found, &audience);
    }
    match is_configured_token(found) {
        // `token_scope` has no effect on it.
        true => format!(
            "{audience}; {} takes tokens for {scope} (some resources: {other}), such as `az account get-access-token \
             --scope {scope}` gives",
            found.host
        ),
        false => format!(
            "{audience}, and was asked for with the scope {scope}; if the resource wants another one, set `token_scope` \
             (such as {other})"
        ),
    }
}

/// Projects accept one audience, so that there is nothing to try out.
fn audience_of_project(found: &Found<'_>, audience: &str) -> String {
    let (scope, needed) = (found.token_scope(), found.project_scope());
    if is_configured_token(found) {
        format!(
            "{audience}; a Foundry project accepts tokens for {needed} only, such as `az account get-access-token --scope \
             {needed}` gives"
        )
    } else if scope != needed {
        format!(
            "{audience}, and was asked for with the scope {scope}; a Foundry project accepts tokens for {needed} only: \
             remove `token_scope`"
        )
    } else {
        format!("{audience}, and was asked for with {scope}, as Foundry projects want it")
    }
}

fn uses_key(found: &Found<'_>) -> bool {
    found.method == "api_key"
}

fn is_configured_token(found: &Found<'_>) -> bool {
    found.method == "azure_ad_token"
}

/// The code of a resource that does not take keys.
pub(super) const NO_KEYS: &str = "AuthenticationTypeDisabled";

const CHECK_NETWORK: &str = "check the resource's network rules";
