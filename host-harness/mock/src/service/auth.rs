//! Who may ask.

use http::{HeaderMap, StatusCode, header};

use super::dialect::Dialect;
use super::error::ApiError;

/// What opens the service.
pub(crate) struct Keys<'a> {
    /// The key.
    pub(crate) api_key: &'a str,
    /// Tokens that are taken whoever issued them.
    pub(crate) bearer_tokens: &'a [String],
}

/// Checks the key or the token of a request; `is_issued` says whether a token is good for one of these audiences. The service takes
/// the key as a bearer token too.
pub(crate) fn check(
    headers: &HeaderMap,
    dialect: Dialect,
    keys: &Keys<'_>,
    is_issued: impl Fn(&str, &[&str]) -> bool,
) -> Result<(), ApiError> {
    let key = headers.get("api-key");
    match (key, headers.get(header::AUTHORIZATION)) {
        (Some(_), Some(_)) => Err(ApiError::invalid_request(
            None,
            None,
            "Send either the 'api-key' or the 'Authorization' header, not both.",
        )),
        (None, Some(authorization)) => {
            let token = authorization.to_str().ok().and_then(bearer);
            let known = |token| {
                token == keys.api_key
                    || keys.bearer_tokens.iter().any(|known| known == token)
                    || is_issued(token, audiences(dialect))
            };
            if token.is_some_and(known) {
                return Ok(());
            }
            Err(match dialect {
                Dialect::Resource => denied(
                    "Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), \
                     or have expired.",
                ),
                Dialect::Project => ApiError::flat(
                    StatusCode::UNAUTHORIZED,
                    "Unauthorized. Access token is missing, invalid, audience is incorrect (https://ai.azure.com), or \
                     have expired.",
                ),
            })
        }
        (key, None) => {
            if key.is_some_and(|key| key == keys.api_key) {
                Ok(())
            } else {
                Err(denied(
                    "Access denied due to invalid subscription key or wrong API endpoint. Use a valid key of an \
                     active subscription, and the endpoint of the resource that it belongs to.",
                ))
            }
        }
    }
}

/// The token of a bearer header, whose scheme may be in any case.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn denied(message: &str) -> ApiError {
    ApiError::azure(StatusCode::UNAUTHORIZED, "401", message)
}

/// What a token must be for.
fn audiences(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Resource => &AUDIENCES,
        Dialect::Project => &PROJECT_AUDIENCES,
    }
}

/// What a token may be for. The service has gone by two names, in each of its clouds.
pub(crate) const AUDIENCES: [&str; 6] = [
    "https://ai.azure.cn",
    "https://ai.azure.com",
    "https://ai.azure.us",
    "https://cognitiveservices.azure.cn",
    "https://cognitiveservices.azure.com",
    "https://cognitiveservices.azure.us",
];

/// What a token for a project may be for: the newer of the two names.
const PROJECT_AUDIENCES: [&str; 3] = [
    "https://ai.azure.cn",
    "https://ai.azure.com",
    "https://ai.azure.us",
];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    /// The headers of a request.
    type Sent<'a> = &'a [(&'static str, &'a str)];

    #[test]
    fn keys_and_tokens() {
        let keys = Keys {
            api_key: "key",
            bearer_tokens: &["one".to_owned(), "two".to_owned()],
        };
        // A token is what it is for.
        let token = |audience: &str| format!("Bearer {audience}");
        let is_issued =
            |token: &str, audiences: &[&str]| audiences.contains(&token.trim_end_matches('/'));
        let (ours, gov) = (
            token("https://cognitiveservices.azure.com"),
            token("https://ai.azure.us/"),
        );
        let other = token("https://management.azure.com");
        let key = |value| ("api-key", value);
        let authorization = |value| ("authorization", value);
        // what is sent → the status at a resource, and at a project
        let table: [(Sent<'_>, u16, u16); 13] = [
            (&[key("key")], 200, 200),
            (&[key("other")], 401, 401),
            (&[], 401, 401),
            (&[authorization("Bearer key")], 200, 200),
            (&[authorization("Bearer two")], 200, 200),
            (&[authorization("bearer one")], 200, 200),
            (&[authorization(&ours)], 200, 401),
            (&[authorization(&gov)], 200, 200),
            (&[authorization(&other)], 401, 401),
            (&[authorization("Bearer three")], 401, 401),
            (&[authorization("Basic key")], 401, 401),
            (&[authorization("Bearer")], 401, 401),
            (&[key("key"), authorization("Bearer one")], 400, 400),
        ];
        for (sent, at_resource, at_project) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in sent {
                headers.insert(*name, value.parse().unwrap());
            }
            for (dialect, status) in [
                (Dialect::Resource, at_resource),
                (Dialect::Project, at_project),
            ] {
                let answered = check(&headers, dialect, &keys, is_issued)
                    .map_or_else(|error| error.status.as_u16(), |()| 200);
                assert_eq!(answered, status, "{sent:?}");
            }
        }
    }
}
