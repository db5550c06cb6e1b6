//! The page where a person signs in. The person of the mock does so at once, and agrees, unless told to decline.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use url::{Host, Url};

use super::answer::Trace;
use super::fields::Fields;
use super::refusal::Refusal;
use super::sign_ins::Grant;
use super::{Identity, clients, scope};
use crate::wire::body::{self, MockBody};
use crate::wire::reply;

/// Sends a person back to the client with a code, or with what is wrong. What is wrong with the way back itself is shown
/// to the person.
pub(super) fn answer(
    identity: &Identity,
    tenant: &str,
    head: &Parts,
    trace: &Trace,
) -> Response<MockBody> {
    if head.method != Method::GET {
        let mut response = page("The page takes GET requests only.");
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return response;
    }
    let query = Fields::of_query(&head.uri);
    let visit = match Visit::read(identity, tenant, &query) {
        Ok(visit) => visit,
        Err(refusal) => return page(&refusal.description()),
    };
    let mut back = visit.redirect_uri.clone();
    match visit.sign_in(identity, &query) {
        Ok(code) => {
            back.query_pairs_mut()
                .append_pair("code", &code)
                .append_pair("session_state", &trace.trace_id);
        }
        Err(refusal) => {
            let description = refusal.description();
            let mut pairs = back.query_pairs_mut();
            pairs
                .append_pair("error", refusal.error)
                .append_pair("error_description", &description);
            if refusal.error == "access_denied" {
                pairs.append_pair("error_subcode", "cancel");
            }
        }
    }
    if let Some(state) = query.get("state") {
        back.query_pairs_mut().append_pair("state", state);
    }
    match HeaderValue::from_str(back.as_str()) {
        Ok(location) => {
            let mut response = reply::html(body::whole(Bytes::new()));
            *response.status_mut() = StatusCode::FOUND;
            response.headers_mut().insert(header::LOCATION, location);
            response
        }
        Err(_) => page(&Refusal::no_reply_address().description()),
    }
}

/// Who asks a person to sign in, and where to send the person afterwards.
struct Visit<'a> {
    tenant: &'a str,
    client_id: &'a str,
    redirect_uri: Url,
    /// As the client has written it.
    redirect_text: &'a str,
}

impl<'a> Visit<'a> {
    fn read(identity: &'a Identity, tenant: &'a str, query: &'a Fields) -> Result<Self, Refusal> {
        let tenant = clients::tenant_of_user(&identity.settings, tenant)?;
        let client_id = clients::identify(&identity.settings, tenant, query)?.id();
        let redirect_text = query
            .get("redirect_uri")
            .ok_or_else(Refusal::no_reply_address)?;
        let redirect_uri = Url::parse(redirect_text)
            .ok()
            .filter(is_registered)
            .ok_or_else(|| Refusal::unknown_reply_address(redirect_text, client_id))?;
        Ok(Self {
            tenant,
            client_id,
            redirect_uri,
            redirect_text,
        })
    }

    /// The code for a person who signs in.
    fn sign_in(&self, identity: &Identity, query: &Fields) -> Result<String, Refusal> {
        let required = |name| query.get(name).ok_or_else(|| Refusal::missing(name));
        match required("response_type")? {
            "code" => {}
            other => return Err(Refusal::unsupported_response(other)),
        }
        match query.get("response_mode") {
            None | Some("query") => {}
            Some(other) => return Err(Refusal::unsupported_response_mode(other)),
        }
        let scope = required("scope")?;
        let wanted = scope::of_user(scope, self.tenant)?;
        let challenge = query
            .get("code_challenge")
            .filter(|_| query.get("code_challenge_method") == Some("S256"))
            .ok_or_else(Refusal::no_challenge)?;
        if challenge.len() != CHALLENGE_LENGTH {
            return Err(Refusal::wrong_challenge());
        }
        if identity.sign_ins.declines() {
            return Err(Refusal::declined());
        }
        let grant = Grant {
            tenant: self.tenant.to_owned(),
            client_id: self.client_id.to_owned(),
            scope: scope.to_owned(),
            resource: wanted.resource,
            is_offline: wanted.is_offline,
        };
        let redirect_uri = self.redirect_text.to_owned();
        let sign_ins = &identity.sign_ins;
        Ok(sign_ins.issue_code(grant, redirect_uri, challenge.to_owned()))
    }
}

/// Whether people may be sent there. Programs on their machines have `http://localhost` registered, whose port does not
/// count.
fn is_registered(address: &Url) -> bool {
    address.scheme() == "http"
        && address.host() == Some(Host::Domain("localhost"))
        && address.path() == "/"
}

fn page(text: &str) -> Response<MockBody> {
    // The text may hold what the request held.
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let page = format!("<!DOCTYPE html><title>Sign in</title><p>{text}</p>\n");
    let mut response = reply::html(body::whole(page.into()));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

/// The length of a SHA-256 hash in base64url.
const CHALLENGE_LENGTH: usize = 43;
