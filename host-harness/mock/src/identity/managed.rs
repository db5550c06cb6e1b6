//! The endpoints inside Azure that give a machine the tokens of its managed identity.

use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::answer::Answer;
use super::fields::Fields;
use super::refusal::Refusal;
use super::tokens::NewToken;
use super::{Identity, MOCK_TENANT_ID, scope};
use crate::service::route::is_date;

/// Answers as the instance metadata service of a virtual machine (IMDS).
pub(super) fn virtual_machine(identity: &Identity, head: &Parts) -> Answer {
    let query = match metadata_query(head) {
        Ok(query) => query,
        Err(answer) => return answer,
    };
    let version = query.get("api-version").unwrap_or_default();
    if !is_date(version) || version < OLDEST_IMDS_VERSION {
        return bad(
            "invalid_request",
            "The api-version is missing or not supported",
        );
    }
    let resource = match resource(&query) {
        Ok(resource) => resource,
        Err(answer) => return answer,
    };
    let Ok(client_id) = identity_of(identity, &query, IMDS_ID_NAMES) else {
        return bad("invalid_request", "Identity not found");
    };
    let token = identity.tokens.issue(resource, MOCK_TENANT_ID, client_id);
    let mut body = metadata_body(&token, resource);
    body["client_id"] = client_id.into();
    Answer::ok(body)
}

/// Answers as the endpoint in an App Service, a Function or a Container App.
pub(super) fn app_service(identity: &Identity, head: &Parts) -> Answer {
    let refused = |status: StatusCode, message: &str| {
        let body = json!({"statusCode": status.as_u16(), "message": message});
        Answer::new(status, body)
    };
    if head.method != Method::GET {
        return refused(
            StatusCode::METHOD_NOT_ALLOWED,
            "The endpoint takes GET requests only.",
        );
    }
    let secret = head.headers.get("x-identity-header");
    if secret.is_none_or(|secret| secret != identity.settings.identity_header.as_str()) {
        return refused(
            StatusCode::UNAUTHORIZED,
            "Access denied: the header X-IDENTITY-HEADER is missing or wrong.",
        );
    }
    let query = Fields::of_query(&head.uri);
    if query.get("api-version") != Some(APP_SERVICE_VERSION) {
        return refused(
            StatusCode::BAD_REQUEST,
            "The api-version is missing or not supported.",
        );
    }
    let resource = query.get("resource").unwrap_or_default();
    if !scope::is_known(resource) {
        return refused(
            StatusCode::BAD_REQUEST,
            "The resource is missing or not known to the tenant.",
        );
    }
    let Ok(client_id) = identity_of(identity, &query, APP_SERVICE_ID_NAMES) else {
        return refused(
            StatusCode::BAD_REQUEST,
            "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
        );
    };
    let token = identity.tokens.issue(resource, MOCK_TENANT_ID, client_id);
    Answer::ok(json!({
        "access_token": token.text,
        "client_id": client_id,
        "expires_on": token.expires_on.to_string(),
        "not_before": token.not_before.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    }))
}

/// The query of a request to a metadata service, which must say that it means to be one: a header keeps those out who
/// can make a service on the machine follow an address.
pub(super) fn metadata_query(head: &Parts) -> Result<Fields, Answer> {
    if head.method != Method::GET {
        let body = json!({"error": "method_not_allowed", "error_description": "The endpoint takes GET requests only"});
        return Err(Answer::new(StatusCode::METHOD_NOT_ALLOWED, body));
    }
    let metadata = head.headers.get("metadata");
    match metadata.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true")) {
        true => Ok(Fields::of_query(&head.uri)),
        false => Err(bad(
            "bad_request_102",
            "Required metadata header not specified",
        )),
    }
}

/// What a token is asked for.
pub(super) fn resource(query: &Fields) -> Result<&str, Answer> {
    let Some(resource) = query.get("resource") else {
        return Err(bad(
            "invalid_request",
            "Required audience parameter not specified",
        ));
    };
    match scope::is_known(resource) {
        true => Ok(resource),
        false => {
            let refusal = Refusal::unknown_resource(resource, MOCK_TENANT_ID);
            Err(bad(refusal.error, &refusal.description()))
        }
    }
}

/// What a metadata service says of a token: strings all of them.
pub(super) fn metadata_body(token: &NewToken, resource: &str) -> Value {
    let mut body = json!({
        "access_token": token.text,
        "expires_in": token.expires_in.to_string(),
        "expires_on": token.expires_on.to_string(),
        "ext_expires_in": token.expires_in.to_string(),
        "not_before": token.not_before.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    });
    if let Some(refresh_in) = token.refresh_in {
        body["refresh_in"] = refresh_in.to_string().into();
    }
    body
}

/// How a metadata service refuses a request.
pub(super) fn bad(error: &str, description: &str) -> Answer {
    let body = json!({"error": error, "error_description": description});
    Answer::new(StatusCode::BAD_REQUEST, body)
}

/// The client id of the identity that a request names: a user-assigned one, or else the machine's own.
fn identity_of<'a>(
    identity: &Identity,
    query: &'a Fields,
    names: [&str; 3],
) -> Result<&'a str, UnknownIdentity> {
    let mut named = names.into_iter().filter_map(|name| query.get(name));
    match (named.next(), named.next()) {
        (None, _) => Ok(SYSTEM_ASSIGNED),
        (Some(id), None) if identity.settings.has_user_assigned(id) => Ok(id),
        _ => Err(UnknownIdentity),
    }
}

/// The machine has no such identity, or was asked for two at once.
struct UnknownIdentity;

/// What a metadata service calls the ids of a user-assigned identity.
pub(super) const IMDS_ID_NAMES: [&str; 3] = ["client_id", "object_id", "msi_res_id"];

/// What an App Service calls them.
const APP_SERVICE_ID_NAMES: [&str; 3] = ["client_id", "object_id", "mi_res_id"];

/// The client id of the machine's own identity.
pub(super) const SYSTEM_ASSIGNED: &str = "44444444-5555-4666-8777-888888888888";

/// The first version of the endpoint. It takes all later ones.
const OLDEST_IMDS_VERSION: &str = "2018-02-01";

/// The only version of the endpoint.
const APP_SERVICE_VERSION: &str = "2019-08-01";
