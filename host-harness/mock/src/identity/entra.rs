//! The token endpoint of a tenant of Microsoft Entra, and the one for codes that a person enters elsewhere.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use http::request::Parts;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::clients::{self, KnownClient};
use super::fields::Fields;
use super::refusal::Refusal;
use super::sign_ins::{Code, Grant};
use super::{Identity, scope};

/// Answers a request for tokens.
pub(super) fn token(
    identity: &Identity,
    tenant: &str,
    head: &Parts,
    form: &Fields,
) -> Result<Value, Refusal> {
    if head.method != Method::POST {
        return Err(Refusal::not_post(head.method.as_str()));
    }
    match required(form, "grant_type")? {
        "client_credentials" => {
            let tenant = clients::tenant_of_client(&identity.settings, tenant)?;
            let client = authenticated(identity, tenant, head, form, true)?;
            let resource = scope::of_client(required(form, "scope")?, tenant)?;
            Ok(access_token(identity, &resource, tenant, client.id()))
        }
        "authorization_code" => {
            let tenant = clients::tenant_of_user(&identity.settings, tenant)?;
            let client = authenticated(identity, tenant, head, form, false)?;
            let code = required(form, "code")?;
            let verifier = required(form, "code_verifier")?;
            let redirect_uri = required(form, "redirect_uri")?;
            let check = |code: &Code| check_code(code, tenant, client, redirect_uri, verifier);
            let grant = identity.sign_ins.redeem(code, check)?;
            Ok(tokens_of(identity, grant))
        }
        "refresh_token" => {
            let tenant = clients::tenant_of_user(&identity.settings, tenant)?;
            let client = authenticated(identity, tenant, head, form, false)?;
            let text = required(form, "refresh_token")?;
            let mut grant = identity.sign_ins.refresh(text, tenant, client.id())?;
            // A refresh token is good for any resource that its client may use.
            if let Some(scope) = form.get("scope") {
                grant.resource = scope::of_user(scope, tenant)?.resource;
                grant.scope = scope.to_owned();
            }
            Ok(tokens_of(identity, grant))
        }
        DEVICE_CODE => {
            let tenant = clients::tenant_of_user(&identity.settings, tenant)?;
            let client = authenticated(identity, tenant, head, form, false)?;
            let text = required(form, "device_code")?;
            let grant = identity.sign_ins.poll(text, tenant, client.id())?;
            Ok(tokens_of(identity, grant))
        }
        other => Err(Refusal::unsupported_grant(other)),
    }
}

/// Answers a request for a code that a person enters in a browser elsewhere.
pub(super) fn device_code(
    identity: &Identity,
    tenant: &str,
    head: &Parts,
    form: &Fields,
) -> Result<Value, Refusal> {
    if head.method != Method::POST {
        return Err(Refusal::not_post(head.method.as_str()));
    }
    let tenant = clients::tenant_of_user(&identity.settings, tenant)?;
    let client = authenticated(identity, tenant, head, form, false)?;
    let scope = required(form, "scope")?;
    let wanted = scope::of_user(scope, tenant)?;
    let grant = Grant {
        tenant: tenant.to_owned(),
        client_id: client.id().to_owned(),
        scope: scope.to_owned(),
        resource: wanted.resource,
        is_offline: wanted.is_offline,
    };
    let codes = identity.sign_ins.issue_device_code(grant);
    Ok(json!({
        "user_code": codes.user_code,
        "device_code": codes.device_code,
        "verification_uri": VERIFICATION_URI,
        "expires_in": 900,
        // The service has five seconds, which a test would have to wait for.
        "interval": 1,
        "message": format!(
            "To sign in, use a web browser to open the page {VERIFICATION_URI} and enter the code {} to authenticate.",
            codes.user_code
        ),
    }))
}

fn authenticated<'a>(
    identity: &'a Identity,
    tenant: &str,
    head: &Parts,
    form: &'a Fields,
    for_itself: bool,
) -> Result<KnownClient<'a>, Refusal> {
    let client = clients::identify(&identity.settings, tenant, form)?;
    client.authenticate(&identity.settings, head, form, for_itself)?;
    Ok(client)
}

fn check_code(
    code: &Code,
    tenant: &str,
    client: KnownClient<'_>,
    redirect_uri: &str,
    verifier: &str,
) -> Result<(), Refusal> {
    if (&*code.grant.tenant, &*code.grant.client_id) != (tenant, client.id()) {
        return Err(Refusal::malformed_code());
    }
    if code.redirect_uri != redirect_uri {
        return Err(Refusal::other_reply_address(
            redirect_uri,
            &code.redirect_uri,
        ));
    }
    let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    match code.challenge == hash {
        true => Ok(()),
        false => Err(Refusal::wrong_verifier()),
    }
}

/// What a client gets that acts for a person.
fn tokens_of(identity: &Identity, grant: Grant) -> Value {
    let mut answer = access_token(identity, &grant.resource, &grant.tenant, &grant.client_id);
    answer["scope"] = grant.scope.clone().into();
    if grant.is_offline {
        answer["refresh_token"] = identity.sign_ins.issue_refresh_token(grant).into();
    }
    answer
}

fn access_token(identity: &Identity, resource: &str, tenant: &str, client_id: &str) -> Value {
    let token = identity.tokens.issue(resource, tenant, client_id);
    let mut answer = json!({
        "token_type": "Bearer",
        "expires_in": token.expires_in,
        "ext_expires_in": token.expires_in,
        "access_token": token.text,
    });
    if let Some(refresh_in) = token.refresh_in {
        answer["refresh_in"] = refresh_in.into();
    }
    answer
}

fn required<'a>(form: &'a Fields, name: &str) -> Result<&'a str, Refusal> {
    form.get(name).ok_or_else(|| Refusal::missing(name))
}

/// The grant for such a code, as RFC 8628 has it.
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Where people enter such codes.
const VERIFICATION_URI: &str = "https://microsoft.com/devicelogin";
