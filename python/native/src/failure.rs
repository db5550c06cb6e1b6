//! What Python hears of a failure.

use std::fmt::Display;

use provider_host::CallError;
use provider_host::kernel_json::provider_error;
use pyo3::PyErr;
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use serde_json::json;

create_exception!(
    amplifier_azure_openai._native,
    ProviderFailure,
    PyException,
    "What went wrong, as the text of a JSON object: the contract's `provider-error` in the kernel's form."
);

/// A failure that was not raised yet: on its way through Rust.
#[derive(Clone, Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure of what is around the provider.
    pub(crate) fn new(kind: &str, message: impl Display) -> Self {
        let error = json!({
            "kind": kind,
            "message": message.to_string(),
            "retryable": false,
            "provider": "azure-openai",
        });
        Self(error.to_string())
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let error = error.to_provider_error();
        match provider_error::to_value(&error) {
            Ok(value) => Self(value.to_string()),
            // Its details are not what they should be; the message is what matters.
            Err(_) => Self::new(provider_error::kind_name(error.kind), error.message),
        }
    }
}

impl From<Failure> for PyErr {
    fn from(Failure(error): Failure) -> Self {
        ProviderFailure::new_err(error)
    }
}
