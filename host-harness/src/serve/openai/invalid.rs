//! What is wrong with a request.

use crate::kernel_json::JsonError;

/// Why a request is refused.
#[derive(Debug, PartialEq)]
pub(in crate::serve) struct Invalid {
    /// Where, such as `input[2].content[0]`; none for the request as a whole.
    pub(in crate::serve) param: Option<String>,
    /// The API's word for what is wrong.
    pub(in crate::serve) code: &'static str,
    /// What is wrong, and what to do.
    pub(in crate::serve) message: String,
}

impl Invalid {
    /// There is no such parameter.
    pub(super) fn unknown(param: &str) -> Self {
        Self {
            param: Some(param.to_owned()),
            code: "unknown_parameter",
            message: format!("Unknown parameter: '{param}'."),
        }
    }

    /// The API has this parameter, and this service has it not.
    pub(super) fn unsupported(param: &str, why: &str) -> Self {
        Self {
            param: Some(param.to_owned()),
            code: "unsupported_parameter",
            message: format!("Unsupported parameter: '{param}': {why}"),
        }
    }
}

impl From<JsonError> for Invalid {
    fn from(error: JsonError) -> Self {
        let code = match error {
            JsonError::Missing { .. } => "missing_required_parameter",
            JsonError::NotAllowed { .. } => "invalid_value",
            JsonError::Syntax { .. } => "invalid_json",
            JsonError::Unexpected { .. } => "invalid_type",
        };
        let param = Some(error.place()).filter(|place| *place != "the document");
        Self {
            param: param.map(str::to_owned),
            code,
            message: error.to_string(),
        }
    }
}
