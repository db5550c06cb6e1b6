//! A request to create a response, checked and read.

use serde_json::{Map, Value};

use super::input::Input;
use super::parameters;
use super::tools::Tools;
use crate::service::deployments::{Deployment, Deployments};
use crate::service::dialect::Dialect;
use crate::service::error::ApiError;

/// A request that the service would accept.
pub(super) struct CreateRequest<'a> {
    /// All parameters, as sent.
    pub(super) parameters: &'a Map<String, Value>,
    pub(super) deployment: Deployment<'a>,
    pub(super) input: Input<'a>,
    pub(super) tools: Tools<'a>,
    pub(super) stream: bool,
}

impl<'a> CreateRequest<'a> {
    /// Reads a body. A body that is not JSON comes as a string, and is refused like any other that is not an object.
    pub(super) fn parse(
        body: &'a Value,
        dialect: Dialect,
        deployments: &'a Deployments,
    ) -> Result<Self, ApiError> {
        let Some(parameters) = body.as_object() else {
            let message =
                "We could not parse the JSON body of your request. It must be a JSON object.";
            return Err(ApiError::invalid_request(None, None, message));
        };
        // The deployment comes first: it is Azure that looks for it, and the model service that looks at the rest.
        let deployment = match parameters.get("model") {
            None => return Err(ApiError::missing("model")),
            Some(Value::String(name)) => deployments
                .find(name)
                .ok_or_else(ApiError::deployment_not_found)?,
            Some(other) => return Err(ApiError::wrong_type("model", "a string", other)),
        };
        parameters::check(parameters, body, deployment)?;
        let tools = parameters.get("tools").and_then(Value::as_array);
        Ok(Self {
            parameters,
            deployment,
            input: Input::parse(
                &parameters["input"],
                tools.map_or(&[][..], Vec::as_slice),
                dialect,
            )?,
            tools: Tools::parse(parameters)?,
            stream: parameters.get("stream") == Some(&Value::Bool(true)),
        })
    }

    /// A parameter that is there and not null.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.parameters.get(name).filter(|value| !value.is_null())
    }

    /// A member of a parameter that is an object.
    pub(super) fn get_in(&self, name: &str, member: &str) -> Option<&'a Value> {
        self.get(name)?.get(member).filter(|value| !value.is_null())
    }

    /// A boolean parameter, or the service's default.
    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or(default)
    }

    /// Whether deltas are padded, so that their lengths tell nothing.
    pub(super) fn is_obfuscated(&self) -> bool {
        self.get_in("stream_options", "include_obfuscation") != Some(&Value::Bool(false))
    }

    /// Whether `include` has that entry.
    pub(super) fn includes(&self, name: &str) -> bool {
        let include = self.get("include").and_then(Value::as_array);
        include.is_some_and(|include| include.iter().any(|entry| entry == name))
    }
}
