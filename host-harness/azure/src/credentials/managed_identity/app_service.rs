//! App Service, Functions and Container Apps.

use http::{HeaderMap, HeaderName, HeaderValue};
use provider_host::secret::Secret;
use url::Url;

use super::exchange::{Exchange, WAITS, address};
use crate::credentials::answers::is_busy;
use crate::credentials::surroundings::Surroundings;
use crate::credentials::{AccessToken, CredentialError};

/// Gets a token from the service that the environment names.
pub(super) async fn token(
    surroundings: &Surroundings,
    resource: &str,
    client_id: Option<&str>,
) -> Result<AccessToken, CredentialError> {
    let variable = |name| surroundings.variable(name).unwrap_or_default();
    let url = Url::parse(variable(ENDPOINT)).map_err(|_| {
        CredentialError::failed(format!(
            "{ENDPOINT} is no address; App Service sets it, and nothing else should"
        ))
    })?;
    let secret = variable(HEADER);
    let mut value = HeaderValue::try_from(secret).map_err(|_| {
        CredentialError::failed(format!(
            "{HEADER} cannot be sent in a header; App Service sets it, and nothing else should"
        ))
    })?;
    value.set_sensitive(true);
    let exchange = Exchange {
        surroundings,
        service: "App Service",
        url: address(url, API_VERSION, resource, client_id),
        headers: HeaderMap::from_iter([(HeaderName::from_static("x-identity-header"), value)]),
        secrets: vec![Secret::new(secret)],
        may_pass: is_busy,
    };
    let answer = exchange.send(&WAITS).await;
    exchange.token(&answer.map_err(|error| exchange.lost(&error))?)
}

const ENDPOINT: &str = "IDENTITY_ENDPOINT";
const HEADER: &str = "IDENTITY_HEADER";
const API_VERSION: &str = "2019-08-01";
