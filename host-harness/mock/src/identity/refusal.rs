//! What Microsoft Entra says when it refuses.

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::Trace;

/// Why there is no token. Clients tell refusals apart by their number.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The kind, as OAuth has it.
    pub(super) error: &'static str,
    /// The number after `AADSTS`.
    pub(super) code: u32,
    message: String,
}

impl Refusal {
    /// What a program reads.
    pub(super) fn json(&self, trace: &Trace) -> Value {
        let Trace {
            trace_id,
            correlation_id,
        } = trace;
        let description = format!(
            "{} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {TIMESTAMP}",
            self.description()
        );
        json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [self.code],
            "timestamp": TIMESTAMP,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        })
    }

    /// What a person reads.
    pub(super) fn description(&self) -> String {
        format!("AADSTS{}: {}", self.code, self.message)
    }

    // What is wrong with the request.

    pub(super) fn not_post(method: &str) -> Self {
        let message = format!(
            "The endpoint only accepts POST, OPTIONS requests. Received a {method} request."
        );
        Self::bad("invalid_request", 900561, message)
    }

    pub(super) fn missing(field: &str) -> Self {
        let message = format!("The request body must contain the following parameter: '{field}'.");
        Self::bad("invalid_request", 900144, message)
    }

    pub(super) fn unsupported_grant(grant: &str) -> Self {
        let message = format!("The app requested an unsupported grant type '{grant}'.");
        Self::bad("unsupported_grant_type", 70003, message)
    }

    pub(super) fn unsupported_response(kind: &str) -> Self {
        let message = format!("The app requested an unsupported response type '{kind}'.");
        Self::bad("unsupported_response_type", 70005, message)
    }

    pub(super) fn unsupported_response_mode(mode: &str) -> Self {
        let message = format!("The response mode '{mode}' is not supported for this request.");
        Self::bad("invalid_request", 70007, message)
    }

    // Who asks.

    pub(super) fn unknown_tenant(tenant: &str) -> Self {
        let message = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud."
        );
        Self::bad("invalid_request", 90002, message)
    }

    pub(super) fn no_tenant() -> Self {
        let message = "No tenant-identifying information found in either the request or implied by \
                       any provided credentials.";
        Self::bad("invalid_request", 50059, message)
    }

    pub(super) fn unknown_client(id: &str, tenant: &str) -> Self {
        let message = format!(
            "Application with identifier '{id}' was not found in the directory '{tenant}'. You may have sent your \
             authentication request to the wrong tenant."
        );
        Self::bad("unauthorized_client", 700016, message)
    }

    // What the client proves itself by.

    pub(super) fn wrong_secret(id: &str) -> Self {
        let message = format!(
            "Invalid client secret provided. Ensure the secret being sent is the client secret value, not the client \
             secret ID, for a secret added to app '{id}'."
        );
        Self::client(7000215, message)
    }

    pub(super) fn no_proof(for_itself: bool) -> Self {
        match for_itself {
            true => Self::client(
                7000216,
                "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
            ),
            false => Self::client(
                7000218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            ),
        }
    }

    pub(super) fn proof_of_public_client() -> Self {
        let message = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
        Self::client(700025, message)
    }

    pub(super) fn unknown_federation(subject: &str) -> Self {
        let message = format!(
            "No matching federated identity record found for presented assertion subject '{subject}'. Check your \
             federated identity credential Subject, Audience and Issuer against the presented assertion."
        );
        Self::client(700213, message)
    }

    pub(super) fn malformed_assertion(what: &str) -> Self {
        Self::client(50027, format!("JWT token is invalid or malformed: {what}."))
    }

    pub(super) fn no_thumbprint() -> Self {
        let message = "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor \
                       keyId specified in token header.";
        Self::client(5002723, message)
    }

    pub(super) fn assertion_of_another(id: &str) -> Self {
        let message = format!(
            "Client assertion application identifier doesn't match 'client_id' parameter '{id}': 'iss' and 'sub' must \
             be it."
        );
        Self::client(700021, message)
    }

    pub(super) fn assertion_for_another(audience: &str) -> Self {
        let message = format!(
            "Client assertion audience claim '{audience}' does not match Realm issuer. It must be the address of the \
             token endpoint."
        );
        Self::client(700023, message)
    }

    pub(super) fn assertion_not_now(what: &str) -> Self {
        let message = format!("Client assertion is not within its valid time range: {what}.");
        Self::client(700024, message)
    }

    pub(super) fn unknown_certificate() -> Self {
        let message = "Client assertion failed signature validation. The certificate with identifier used to sign \
                       the client assertion is not registered on application.";
        Self::client(700027, message)
    }

    pub(super) fn wrong_signature() -> Self {
        let message = "Client assertion contains an invalid signature. The provided signature value did not match \
                       the expected signature value.";
        Self::client(700027, message)
    }

    // What is asked for.

    pub(super) fn not_default_scope(scope: &str) -> Self {
        let message = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        );
        Self::bad("invalid_scope", 1002012, message)
    }

    pub(super) fn several_resources(scope: &str) -> Self {
        let message = format!(
            "Provided value for the input parameter scope is not valid because it contains more than one resource. \
             Scope {scope} is not valid."
        );
        Self::bad("invalid_request", 28000, message)
    }

    pub(super) fn unknown_resource(resource: &str, tenant: &str) -> Self {
        let message = format!(
            "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if \
             the application has not been installed by the administrator of the tenant."
        );
        Self::bad("invalid_resource", 500011, message)
    }

    // A person's sign-in.

    pub(super) fn no_reply_address() -> Self {
        Self::bad("invalid_request", 900971, "No reply address provided.")
    }

    pub(super) fn unknown_reply_address(address: &str, id: &str) -> Self {
        let message = format!(
            "The redirect URI '{address}' specified in the request does not match the redirect URIs configured for \
             the application '{id}'."
        );
        Self::bad("invalid_request", 50011, message)
    }

    pub(super) fn wrong_challenge() -> Self {
        Self::bad(
            "invalid_request",
            501491,
            "Invalid size of Code_Challenge parameter.",
        )
    }

    pub(super) fn no_challenge() -> Self {
        let message = "Proof Key for Code Exchange with the method S256 is required.";
        Self::bad("invalid_request", 9002325, message)
    }

    pub(super) fn declined() -> Self {
        Self::bad(
            "access_denied",
            65004,
            "User declined to consent to access the app.",
        )
    }

    pub(super) fn pending() -> Self {
        let message = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
        Self::bad("authorization_pending", 70016, message)
    }

    pub(super) fn declined_elsewhere() -> Self {
        let message = "User declined to consent to access the app.";
        Self::bad("authorization_declined", 65004, message)
    }

    pub(super) fn unknown_device_code() -> Self {
        let message = "The provided value for the input parameter 'device_code' is not valid.";
        Self::bad("bad_verification_code", 70018, message)
    }

    pub(super) fn malformed_code() -> Self {
        let message = "Invalid request. Request is malformed or invalid.";
        Self::bad("invalid_grant", 9002313, message)
    }

    pub(super) fn expired_code() -> Self {
        let message = "The provided authorization code or refresh token has expired due to inactivity. Send a new \
                       interactive authorization request for this user and resource.";
        Self::bad("invalid_grant", 70008, message)
    }

    pub(super) fn redeemed_code() -> Self {
        let message = "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an \
                       existing refresh token.";
        Self::bad("invalid_grant", 54005, message)
    }

    pub(super) fn other_reply_address(address: &str, given: &str) -> Self {
        let message = format!(
            "The reply address '{address}' does not match the reply address '{given}' provided when requesting \
             Authorization code."
        );
        Self::bad("invalid_client", 500112, message)
    }

    pub(super) fn wrong_verifier() -> Self {
        let message = "The Code_Verifier does not match the code_challenge supplied in the \
                       authorization request.";
        Self::bad("invalid_grant", 501481, message)
    }

    pub(super) fn unknown_refresh_token() -> Self {
        let message = "Authentication failed. The provided refresh token is not valid.";
        Self::bad("invalid_grant", 70000, message)
    }

    pub(super) fn revoked() -> Self {
        let message =
            "The provided grant has expired due to it being revoked, a fresh auth token is needed.";
        Self::bad("invalid_grant", 50173, message)
    }

    fn bad(error: &'static str, code: u32, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            code,
            message: message.into(),
        }
    }

    fn client(code: u32, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            error: "invalid_client",
            code,
            message: message.into(),
        }
    }
}

/// The same in each run, as all that the mock says.
const TIMESTAMP: &str = "2026-01-01 00:00:00Z";
