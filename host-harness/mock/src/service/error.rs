//! The service's error bodies.

use http::StatusCode;
use serde_json::{Value, json};

/// An answer that is an error.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl ApiError {
    /// The form of Azure's own layer, in front of the models: a code and a message.
    pub(crate) fn azure(status: StatusCode, code: &str, message: &str) -> Self {
        Self {
            status,
            body: json!({"error": {"code": code, "message": message}}),
        }
    }

    /// The form of what stands in front of projects: no object `error`.
    pub(crate) fn flat(status: StatusCode, message: &str) -> Self {
        Self {
            status,
            body: json!({"statusCode": status.as_u16(), "message": message}),
        }
    }

    /// The form of the model service: what is wrong with which parameter.
    pub(crate) fn invalid_request(param: Option<&str>, code: Option<&str>, message: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            body: json!({"error": {
                "message": message,
                "type": "invalid_request_error",
                "param": param,
                "code": code,
            }}),
        }
    }

    /// The path, or the API version that belongs to it, is not the service's.
    pub(crate) fn resource_not_found() -> Self {
        Self::azure(StatusCode::NOT_FOUND, "404", "Resource not found")
    }

    /// The body has more bytes than that.
    pub(crate) fn request_too_large(limit: usize) -> Self {
        Self::azure(
            StatusCode::PAYLOAD_TOO_LARGE,
            "413",
            &format!("The request body is larger than {limit} bytes."),
        )
    }

    /// No deployment has the name in `model`.
    pub(crate) fn deployment_not_found() -> Self {
        Self::azure(
            StatusCode::NOT_FOUND,
            "DeploymentNotFound",
            "The API deployment for this resource does not exist. If you created the deployment within the last 5 \
             minutes, wait a moment and try again.",
        )
    }

    /// A required parameter is not there.
    pub(crate) fn missing(param: &str) -> Self {
        Self::invalid_request(
            Some(param),
            Some("missing_required_parameter"),
            &format!("Missing required parameter: '{param}'."),
        )
    }

    /// The service has no such parameter.
    pub(crate) fn unknown(param: &str) -> Self {
        Self::invalid_request(
            Some(param),
            Some("unknown_parameter"),
            &format!("Unknown parameter: '{param}'."),
        )
    }

    /// The model does not take this parameter.
    pub(crate) fn unsupported(param: &str) -> Self {
        Self::invalid_request(
            Some(param),
            Some("unsupported_parameter"),
            &format!("Unsupported parameter: '{param}' is not supported with this model."),
        )
    }

    /// A value of another JSON type than the parameter's.
    pub(crate) fn wrong_type(param: &str, expected: &str, value: &Value) -> Self {
        let got = match value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(number) if number.is_f64() => "a decimal",
            Value::Number(_) => "an integer",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        Self::invalid_request(
            Some(param),
            Some("invalid_type"),
            &format!("Invalid type for '{param}': expected {expected}, but got {got} instead."),
        )
    }

    /// A value that is not one of a list.
    pub(crate) fn wrong_value(param: &str, value: &str, supported: &[&str]) -> Self {
        let supported: Vec<String> = supported.iter().map(|name| format!("'{name}'")).collect();
        let supported = match supported.as_slice() {
            [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => supported.concat(),
        };
        Self::invalid(
            param,
            &format!("Invalid value: '{value}'. Supported values are: {supported}."),
        )
    }

    /// A value of the right type that does not do, in the words of `message`.
    pub(crate) fn invalid(param: &str, message: &str) -> Self {
        Self::invalid_request(Some(param), Some("invalid_value"), message)
    }

    /// An input that does not hold together as a conversation.
    pub(crate) fn broken_input(message: &str) -> Self {
        Self::invalid_request(Some("input"), None, message)
    }

    /// What a client reads.
    pub(crate) fn message(&self) -> &str {
        let error = self.body.get("error").unwrap_or(&self.body);
        error["message"].as_str().unwrap_or_default()
    }
}
