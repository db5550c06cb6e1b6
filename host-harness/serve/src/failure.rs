//! What a request gets instead of an answer: the provider's error, or one of the service's own, in the form of its route.

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, HeaderName, RETRY_AFTER, UPGRADE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use provider_host::contract::types::{ErrorKind, ProviderError};
use provider_host::kernel_json::{self, JsonError, provider_error};
use provider_host::{CallError, LimitError};
use serde_json::{Value, json};

use super::body;

/// The form of errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// The kernel's.
    Kernel,
    /// That of the API of OpenAI.
    OpenAi,
}

/// Why a request gets no answer.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    status: StatusCode,
    error: ProviderError,
    /// What is wrong in the request, where that has a name.
    param: Option<String>,
    headers: HeaderMap,
}

impl Failure {
    /// The service itself refuses a request.
    pub(super) fn refused(status: StatusCode, message: impl Into<String>) -> Self {
        let kind = match status {
            StatusCode::UNAUTHORIZED => ErrorKind::Authentication,
            StatusCode::FORBIDDEN => ErrorKind::AccessDenied,
            StatusCode::NOT_FOUND => ErrorKind::NotFound,
            _ => ErrorKind::InvalidRequest,
        };
        Self {
            status,
            error: ProviderError::of_host(kind, message.into()),
            param: None,
            headers: HeaderMap::new(),
        }
    }

    /// The key is missing or wrong.
    pub(super) fn unauthorized(message: &str) -> Self {
        let mut failure = Self::refused(StatusCode::UNAUTHORIZED, message);
        let scheme = HeaderValue::from_static("Bearer");
        failure.headers.insert(WWW_AUTHENTICATE, scheme);
        failure.error.code = Some("invalid_api_key".to_owned());
        failure
    }

    /// Nothing is at this path.
    pub(super) fn nothing_at(uri: &Uri) -> Self {
        let path = uri.path();
        let message = format!(
            "nothing is at {path}; there are the API of OpenAI below /v1/, /v1/complete and /v1/stream in the kernel's \
             form, /health, /ready and /metrics"
        );
        Self::refused(StatusCode::NOT_FOUND, message)
    }

    /// The path is there, but not for this method.
    pub(super) fn method_not_allowed(allowed: &'static str) -> Self {
        let message = format!("this path takes {allowed} requests only");
        let mut failure = Self::refused(StatusCode::METHOD_NOT_ALLOWED, message);
        let allowed = HeaderValue::from_static(allowed);
        failure.headers.insert(ALLOW, allowed);
        failure
    }

    /// The bodies of other requests take the memory that there is for them.
    pub(super) fn no_room() -> Self {
        let message = "the requests that are read, wait and run here take all the memory that there is for them; try again \
                       later";
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            error: ProviderError {
                retryable: true,
                retry_after_ms: Some(NO_ROOM_MS),
                ..ProviderError::of_host(ErrorKind::Unavailable, message.to_owned())
            },
            param: None,
            headers: HeaderMap::new(),
        }
    }

    /// The client wants to leave HTTP, for the WebSocket mode of the API. It then asks over HTTP: of all statuses this is the
    /// one by which clients know that.
    pub(super) fn no_upgrade() -> Self {
        let message = "this service has no WebSockets; send the same requests over HTTP, with `stream: true` for events";
        let mut failure = Self::refused(StatusCode::UPGRADE_REQUIRED, message);
        let http = HeaderValue::from_static("HTTP/1.1");
        failure.headers.insert(UPGRADE, http);
        failure.error.code = Some("websocket_not_supported".to_owned());
        failure
    }

    /// The component has made a response that breaks the contract.
    pub(super) fn not_a_response(why: &JsonError) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            error: not_a_response(why),
            param: None,
            headers: HeaderMap::new(),
        }
    }

    /// No model has this name.
    pub(super) fn no_model(id: &str) -> Self {
        let message = format!(
            "there is no model {id:?} here; `GET /v1/models` lists those that are configured"
        );
        let mut failure = Self::refused(StatusCode::NOT_FOUND, message);
        failure.error.code = Some("model_not_found".to_owned());
        failure.param = Some("model".to_owned());
        failure
    }

    /// What the request gets, in the form of its route.
    pub(super) fn response(self, form: Form) -> Response {
        let value = match form {
            Form::Kernel => to_kernel(&self.error),
            Form::OpenAi => to_openai(&self.error, self.param.as_deref()),
        };
        let mut response = body::json(self.status, &value);
        let headers = response.headers_mut();
        headers.extend(self.headers);
        if !self.error.retryable {
            // Official SDKs try again by the status alone, unless they are told.
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        if let Some(milliseconds) = self.error.retry_after_ms {
            headers.insert(RETRY_AFTER, milliseconds.div_ceil(1000).into());
            headers.insert(RETRY_AFTER_MS, milliseconds.into());
        }
        response
    }
}

/// Its status and itself: the form is that of the route, which writes it ([`Failure::response`]).
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let own = own_status(&error);
        let error = error.to_provider_error();
        Self {
            status: own.unwrap_or(status(error.kind)),
            error,
            param: None,
            headers: HeaderMap::new(),
        }
    }
}

impl From<JsonError> for Failure {
    fn from(error: JsonError) -> Self {
        Self::refused(StatusCode::BAD_REQUEST, error.to_string())
    }
}

/// The error of a call that failed, in the contract's form.
pub(super) fn of_call(error: CallError) -> ProviderError {
    Failure::from(error).error
}

/// The component has made a response that breaks the contract.
pub(super) fn not_a_response(why: &JsonError) -> ProviderError {
    let message = format!("the component's response cannot be written: {why}");
    ProviderError::of_host(ErrorKind::Other, message)
}

/// An error in the kernel's form.
pub(super) fn to_kernel(error: &ProviderError) -> Value {
    // A component may put any text into the details; the rest can always be written.
    provider_error::to_value(error)
        .or_else(|_| {
            provider_error::to_value(&ProviderError {
                details: None,
                ..error.clone()
            })
        })
        .unwrap_or_default()
}

fn to_openai(error: &ProviderError, param: Option<&str>) -> Value {
    json!({
        "error": {
            "message": error.message,
            "type": openai_type(error.kind),
            "param": param,
            "code": error.code.as_deref().unwrap_or(openai_code(error.kind)),
        },
    })
}

/// What the caller sees of a kind of error. A 401 and a 403 are about the caller's own key: that the provider's does not
/// open the service is a fault behind this one.
fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::ContentFilter | ErrorKind::ContextLength | ErrorKind::InvalidRequest => {
            StatusCode::BAD_REQUEST
        }
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::QuotaExceeded | ErrorKind::RateLimit => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Configuration => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::Aborted
        | ErrorKind::AccessDenied
        | ErrorKind::Authentication
        | ErrorKind::InvalidToolCall
        | ErrorKind::Network
        | ErrorKind::Other
        | ErrorKind::Stream => StatusCode::BAD_GATEWAY,
    }
}

/// The status of what went wrong on this side of the provider. An instance runs out of memory over a request that does not
/// fit into it.
fn own_status(error: &CallError) -> Option<StatusCode> {
    match error {
        CallError::Limit(LimitError::Memory { .. } | LimitError::Request { .. }) => {
            Some(StatusCode::PAYLOAD_TOO_LARGE)
        }
        CallError::Limit(LimitError::StartTime { .. } | LimitError::WallTime { .. }) => {
            Some(StatusCode::GATEWAY_TIMEOUT)
        }
        CallError::Component(_) | CallError::Limit(_) => Some(StatusCode::INTERNAL_SERVER_ERROR),
        _ => None,
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
        ErrorKind::ContextLength => "context_length_exceeded",
        ErrorKind::QuotaExceeded => "insufficient_quota",
        ErrorKind::RateLimit => "rate_limit_exceeded",
        kind => kernel_json::provider_error::kind_name(kind),
    }
}

/// Whoever found no room may come again after so many milliseconds: a body has come or gone then.
const NO_ROOM_MS: u64 = 1_000;

/// How long to wait, exactly. SDKs of OpenAI look at it before `retry-after`.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// Whether to try again at all, which SDKs of OpenAI obey.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_status_says_whose_fault_it_is() {
        let limit = Duration::ZERO;
        for (error, expected) in [
            (LimitError::CpuTime { limit }.into(), 500),
            (LimitError::Stack.into(), 500),
            (LimitError::Events { limit: 1 }.into(), 500),
            (LimitError::WallTime { limit }.into(), 504),
            (LimitError::Memory { limit: 1 }.into(), 413),
            (LimitError::Request { size: 2, limit: 1 }.into(), 413),
            (
                CallError::from(ProviderError::of_host(ErrorKind::Other, String::new())),
                502,
            ),
        ] {
            let message = error.to_string();
            assert_eq!(Failure::from(error).status, expected, "{message}");
        }
    }
}
