//! What a request gets instead of an answer: the provider's error, or one of the gateway's own.

use serde_json::{Value, json};

use crate::contract::types::{ErrorKind, ProviderError};

/// The form of errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// The kernel's.
    Kernel,
    /// That of the API of OpenAI.
    OpenAi,
}

/// Why a request gets no answer.
#[derive(Debug)]
pub struct Failure {
    /// The status of the answer.
    pub status: u16,
    /// What happened.
    pub error: ProviderError,
    /// What is wrong in the request, where that has a name.
    param: Option<&'static str>,
    /// A header of the failure's own.
    header: Option<(&'static str, &'static str)>,
}

impl Failure {
    /// The gateway itself refuses a request.
    pub fn refused(status: u16, message: impl Into<String>) -> Self {
        let kind = match status {
            401 => ErrorKind::Authentication,
            403 => ErrorKind::AccessDenied,
            404 => ErrorKind::NotFound,
            _ => ErrorKind::InvalidRequest,
        };
        Self {
            status,
            error: error(kind, message.into()),
            param: None,
            header: None,
        }
    }

    /// The key is missing or wrong.
    pub fn unauthorized(message: &str) -> Self {
        let mut failure = Self::refused(401, message);
        failure.header = Some(("www-authenticate", "Bearer"));
        failure.error.code = Some("invalid_api_key".to_owned());
        failure
    }

    /// The path is there, but not for this method.
    pub fn method_not_allowed(allowed: &'static str) -> Self {
        let mut failure = Self::refused(405, format!("this path takes {allowed} requests only"));
        failure.header = Some(("allow", allowed));
        failure
    }

    /// The client wants to leave HTTP, for the WebSocket mode of the API. It then asks over HTTP: of all statuses this is the
    /// one by which clients know that.
    pub fn no_upgrade() -> Self {
        let mut failure = Self::refused(
            426,
            "this service has no WebSockets; send the same requests over HTTP, with `stream: true` for events",
        );
        failure.error.code = Some("websocket_not_supported".to_owned());
        failure
    }

    /// No model has this name.
    pub fn no_model(id: &str) -> Self {
        let mut failure = Self::refused(
            404,
            format!(
                "there is no model {id:?} here; `GET /v1/models` lists those that are configured"
            ),
        );
        failure.error.code = Some("model_not_found".to_owned());
        failure.param = Some("model");
        failure
    }

    /// The provider has made something that breaks the contract.
    pub fn of_contract(message: String) -> Self {
        Self {
            status: 500,
            ..Self::from(error(ErrorKind::Other, message))
        }
    }

    /// The headers beside those of any answer.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let own = self.header.map(|(name, value)| (name, value.to_owned()));
        let mut headers: Vec<_> = own.into_iter().collect();
        if !self.error.retryable {
            // Official SDKs try again by the status alone, unless they are told.
            headers.push(("x-should-retry", "false".to_owned()));
        }
        if let Some(milliseconds) = self.error.retry_after_ms {
            headers.push(("retry-after", milliseconds.div_ceil(1000).to_string()));
            // SDKs of OpenAI look at this one first.
            headers.push(("retry-after-ms", milliseconds.to_string()));
        }
        headers
    }

    /// The body in the form of the API of OpenAI.
    pub fn to_openai(&self) -> Value {
        let error = &self.error;
        json!({
            "error": {
                "message": error.message,
                "type": openai_type(error.kind),
                "param": self.param,
                "code": error.code.as_deref().unwrap_or(openai_code(error.kind)),
            },
        })
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        Self {
            status: status(error.kind),
            error,
            param: None,
            header: None,
        }
    }
}

/// An error of the gateway's.
pub fn error(kind: ErrorKind, message: String) -> ProviderError {
    ProviderError {
        kind,
        message,
        status: None,
        code: None,
        retryable: false,
        retry_after_ms: None,
        request_id: None,
        provider: "gateway".to_owned(),
        model: None,
        details: None,
    }
}

/// What the caller sees of a kind of error. A 401 and a 403 are about the caller's own key: that the provider's does not
/// open the service is a fault behind this one.
fn status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::ContentFilter | ErrorKind::ContextLength | ErrorKind::InvalidRequest => 400,
        ErrorKind::NotFound => 404,
        ErrorKind::QuotaExceeded | ErrorKind::RateLimit => 429,
        ErrorKind::Configuration => 500,
        ErrorKind::Unavailable => 503,
        ErrorKind::Timeout => 504,
        ErrorKind::Aborted
        | ErrorKind::AccessDenied
        | ErrorKind::Authentication
        | ErrorKind::InvalidToolCall
        | ErrorKind::Network
        | ErrorKind::Other
        | ErrorKind::Stream => 502,
    }
}

fn openai_type(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::AccessDenied => "permission_error",
        ErrorKind::Authentication => "authentication_error",
        ErrorKind::ContentFilter
        | ErrorKind::ContextLength
        | ErrorKind::InvalidRequest
        | ErrorKind::NotFound => "invalid_request_error",
        ErrorKind::QuotaExceeded => "insufficient_quota",
        ErrorKind::RateLimit => "rate_limit_error",
        _ => "server_error",
    }
}

/// The code of an error that came without one.
fn openai_code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Authentication => "authentication",
        ErrorKind::AccessDenied => "access_denied",
        ErrorKind::NotFound => "not_found",
        ErrorKind::RateLimit => "rate_limit_exceeded",
        ErrorKind::QuotaExceeded => "insufficient_quota",
        ErrorKind::ContextLength => "context_length_exceeded",
        ErrorKind::ContentFilter => "content_filter",
        ErrorKind::InvalidRequest => "invalid_request",
        ErrorKind::InvalidToolCall => "invalid_tool_call",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Network => "network",
        ErrorKind::Stream => "stream",
        ErrorKind::Configuration => "configuration",
        ErrorKind::Aborted => "aborted",
        ErrorKind::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_learns_whether_and_when_to_come_again() {
        let busy = ProviderError {
            retryable: true,
            retry_after_ms: Some(1500),
            ..error(ErrorKind::RateLimit, "too many requests".to_owned())
        };
        let busy = Failure::from(busy);
        assert_eq!(busy.status, 429);
        let headers = [
            ("retry-after", "2".to_owned()),
            ("retry-after-ms", "1500".to_owned()),
        ];
        assert_eq!(busy.headers(), headers);

        let refused = Failure::method_not_allowed("GET");
        assert_eq!(refused.status, 405);
        let headers = [
            ("allow", "GET".to_owned()),
            ("x-should-retry", "false".to_owned()),
        ];
        assert_eq!(refused.headers(), headers);
        assert_eq!(
            refused.to_openai(),
            json!({ "error": {
                "message": "this path takes GET requests only",
                "type": "invalid_request_error",
                "param": null,
                "code": "invalid_request",
            } })
        );
    }
}
