//! App Service, Functions and Container Apps.

use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::super::surroundings::Surroundings;
use super::super::{AccessToken, CredentialError};
use super::exchange::{Exchange, WAITS, is_busy};
use super::token_answer;
use crate::secret::Secret;

/// Gets a token from the service that the environment names.
pub(super) async fn token(
    surroundings: &Surroundings,
    resource: &str,
    client_id: Option<&str>,
) -> Result<AccessToken, CredentialError> {
    let variable = |name| surroundings.variable(name).unwrap_or_default();
    let mut url = Url::parse(variable(ENDPOINT)).map_err(|_| {
        CredentialError::failed(format!(
            "{ENDPOINT} is no address; App Service sets it, and nothing else should"
        ))
    })?;
    let parameters = [("api-version", API_VERSION), ("resource", resource)];
    let client_id = client_id.map(|client_id| ("client_id", client_id));
    url.query_pairs_mut()
        .extend_pairs(parameters.into_iter().chain(client_id));
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
        url,
        headers: HeaderMap::from_iter([(HeaderName::from_static("x-identity-header"), value)]),
        secrets: vec![Secret::new(secret)],
        may_pass: is_busy,
    };
    let answer = exchange.send(&WAITS).await;
    let answer = answer.map_err(|error| exchange.lost(&error))?;
    match answer.status.is_success() {
        true => token_answer::read(&answer.body, &exchange),
        false => Err(exchange.refused(&answer)),
    }
}

const ENDPOINT: &str = "IDENTITY_ENDPOINT";
const HEADER: &str = "IDENTITY_HEADER";
const API_VERSION: &str = "2019-08-01";
