//! Which paths the service has, and which API versions belong to them.

use http::{Method, StatusCode, Uri};

use super::dialect::Dialect;
use super::error::ApiError;

/// Checks that a request is one to create a response.
///
/// Paths are told by their end, because gateways and Foundry projects put theirs in front.
pub(super) fn check(method: &Method, uri: &Uri, dialect: Dialect) -> Result<(), ApiError> {
    let version = api_version(uri.query().unwrap_or_default());
    let is_project = dialect == Dialect::Project;
    let is_v1 = uri.path().ends_with("/openai/v1/responses");
    let is_dated = uri.path().ends_with("/openai/responses") && !is_project;
    if !is_v1 && !is_dated {
        return Err(ApiError::resource_not_found());
    }
    if *method != Method::POST {
        return Err(ApiError::azure(
            StatusCode::METHOD_NOT_ALLOWED,
            "405",
            "The path takes POST requests only",
        ));
    }
    match version {
        Some(_) if is_project => Err(unsupported_version(
            "api-version query parameter is not allowed when using /v1 path",
        )),
        None if is_v1 => Ok(()),
        Some("v1" | "preview") if is_v1 => Ok(()),
        None => Err(ApiError::resource_not_found()),
        Some(_) if is_v1 => Err(unsupported_version("API version not supported")),
        Some(version) => check_date(version),
    }
}

/// The first `api-version` of a query. The values that exist need no decoding.
fn api_version(query: &str) -> Option<&str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("api-version="))
}

fn check_date(version: &str) -> Result<(), ApiError> {
    let date = version.strip_suffix("-preview").unwrap_or(version);
    if !is_date(date) {
        return Err(unsupported_version("API version not supported"));
    }
    if date < OLDEST {
        return Err(unsupported_version(
            "Azure OpenAI Responses API is enabled only for api-version 2025-03-01-preview and later",
        ));
    }
    Ok(())
}

/// Whether a text has the form of `2025-03-01`.
pub(super) fn is_date(text: &str) -> bool {
    text.len() == OLDEST.len()
        && text
            .bytes()
            .zip(OLDEST.bytes())
            .all(|(byte, pattern)| match pattern {
                b'-' => byte == b'-',
                _ => byte.is_ascii_digit(),
            })
}

fn unsupported_version(message: &str) -> ApiError {
    ApiError::azure(StatusCode::BAD_REQUEST, "BadRequest", message)
}

/// The version that brought the Responses API.
const OLDEST: &str = "2025-03-01";

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        let table = [
            ("POST", "/openai/v1/responses", 200),
            ("POST", "/openai/v1/responses?api-version=v1", 200),
            ("POST", "/openai/v1/responses?api-version=preview", 200),
            (
                "POST",
                "/openai/v1/responses?api-version=2025-04-01-preview",
                400,
            ),
            ("POST", "/gateway/openai/v1/responses", 200),
            ("POST", "/api/projects/demo/openai/v1/responses", 200),
            (
                "POST",
                "/gateway/api/projects/demo/openai/v1/responses",
                200,
            ),
            (
                "POST",
                "/api/projects/demo/openai/v1/responses?api-version=v1",
                400,
            ),
            (
                "POST",
                "/api/projects/demo/openai/v1/responses?api-version=preview",
                400,
            ),
            (
                "POST",
                "/api/projects/demo/openai/responses?api-version=2025-04-01-preview",
                404,
            ),
            (
                "POST",
                "/openai/responses?api-version=2025-03-01-preview",
                200,
            ),
            (
                "POST",
                "/openai/responses?x=1&api-version=2025-04-01-preview",
                200,
            ),
            (
                "POST",
                "/gateway/openai/responses?api-version=2026-01-01",
                200,
            ),
            ("POST", "/openai/responses", 404),
            (
                "POST",
                "/openai/responses?api-version=2024-02-15-preview",
                400,
            ),
            ("POST", "/openai/responses?api-version=v1", 400),
            ("POST", "/openai/responses?api-version=2025-3-1", 400),
            ("GET", "/openai/v1/responses", 405),
            ("GET", "/openai/responses", 405),
            ("GET", "/openai/v1/models", 404),
            ("POST", "/openai/v1/responses/", 404),
            ("POST", "/v1/responses", 404),
            ("POST", "/", 404),
        ];
        for (method, uri, status) in table {
            let uri: Uri = uri.parse().unwrap();
            let dialect = Dialect::of(uri.path());
            let result = check(&method.parse().unwrap(), &uri, dialect);
            let answered = result.map_or_else(|error| error.status.as_u16(), |()| 200);
            assert_eq!(answered, status, "{method} {uri}");
        }
    }

    #[test]
    fn an_old_version_is_told_which_one_will_do() {
        let uri = "/openai/responses?api-version=2024-10-21".parse().unwrap();
        let error = check(&Method::POST, &uri, Dialect::Resource).unwrap_err();
        assert!(error.message().contains("2025-03-01-preview and later"));
    }
}
