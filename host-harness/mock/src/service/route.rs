//! Which paths the service has, and which API versions belong to them.

use http::{Method, StatusCode, Uri};

use super::dialect::Dialect;
use super::error::ApiError;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// A response.
    Responses,
    /// The completion of a chat.
    Chat,
    /// Vectors of texts.
    Embeddings,
}

/// Finds what a request asks for, and checks its method and its version.
///
/// Paths are told by their end, because gateways and Foundry projects put theirs in front.
pub(crate) fn find(method: &Method, uri: &Uri, dialect: Dialect) -> Result<Route, ApiError> {
    let path = uri.path();
    let routes = [
        (Route::Responses, "responses"),
        (Route::Chat, "chat/completions"),
        (Route::Embeddings, "embeddings"),
    ];
    let found = routes.into_iter().find_map(|(route, name)| {
        let before = path.strip_suffix(name)?.strip_suffix('/')?;
        Some((route, before))
    });
    let (route, before) = found.ok_or_else(ApiError::resource_not_found)?;
    let is_project = dialect == Dialect::Project;
    let is_v1 = before.ends_with("/openai/v1");
    let is_dated = match route {
        _ if is_project => false,
        Route::Responses => before.ends_with("/openai"),
        Route::Chat | Route::Embeddings => before
            .rsplit_once('/')
            .is_some_and(|(before, _)| before.ends_with("/openai/deployments")),
    };
    if !is_v1 && !is_dated {
        return Err(ApiError::resource_not_found());
    }
    let version = api_version(uri.query().unwrap_or_default());
    if *method != Method::POST {
        return Err(ApiError::azure(
            StatusCode::METHOD_NOT_ALLOWED,
            "405",
            "The path takes POST requests only",
        ));
    }
    let checked = match version {
        Some(_) if is_project => Err(unsupported_version(
            "api-version query parameter is not allowed when using /v1 path",
        )),
        None if is_v1 => Ok(()),
        Some("v1" | "preview") if is_v1 => Ok(()),
        None => Err(ApiError::resource_not_found()),
        Some(_) if is_v1 => Err(unsupported_version("API version not supported")),
        Some(version) if route == Route::Responses => check_date(version),
        Some(_) => Ok(()),
    };
    checked.map(|()| route)
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

/// Whether a text has the form of `2025-03-01`, as all of Azure's API versions.
pub(crate) fn is_date(text: &str) -> bool {
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
            ("POST", "/openai/v1/chat/completions", 200),
            ("POST", "/gw/openai/v1/embeddings", 200),
            (
                "POST",
                "/openai/deployments/d/chat/completions?api-version=2024-10-21",
                200,
            ),
            (
                "POST",
                "/openai/deployments/d/embeddings?api-version=2024-10-21",
                200,
            ),
            ("POST", "/openai/deployments/d/chat/completions", 404),
            (
                "POST",
                "/openai/chat/completions?api-version=2024-10-21",
                404,
            ),
            ("GET", "/openai/v1/chat/completions", 405),
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
            let result = find(&method.parse().unwrap(), &uri, dialect);
            let answered = result.map_or_else(|error| error.status.as_u16(), |_| 200);
            assert_eq!(answered, status, "{method} {uri}");
        }
    }

    #[test]
    fn an_old_version_is_told_which_one_will_do() {
        let uri = "/openai/responses?api-version=2024-10-21".parse().unwrap();
        let error = find(&Method::POST, &uri, Dialect::Resource).unwrap_err();
        assert!(error.message().contains("2025-03-01-preview and later"));
    }
}
