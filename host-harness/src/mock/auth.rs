//! Who may ask.

use http::{HeaderMap, StatusCode, header};

use super::builder::Options;
use super::error::ApiError;

/// Checks the key or the token of a request. The service takes the key as a bearer token too.
pub(super) fn check(headers: &HeaderMap, options: &Options) -> Result<(), ApiError> {
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
                token == options.api_key || options.bearer_tokens.iter().any(|known| known == token)
            };
            if token.is_some_and(known) {
                Ok(())
            } else {
                Err(denied(
                    "Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), \
                     or has expired.",
                ))
            }
        }
        (key, None) => {
            if key.is_some_and(|key| key == options.api_key.as_str()) {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::super::deployments::Deployments;
    use super::super::pace::Pace;
    use super::*;

    #[test]
    fn keys_and_tokens() {
        let options = Options {
            api_key: "key".to_owned(),
            bearer_tokens: vec!["one".to_owned(), "two".to_owned()],
            deployments: Deployments::usual(),
            pace: Pace::default(),
        };
        let key = |value| ("api-key", value);
        let authorization = |value| ("authorization", value);
        let table: [(&[(&'static str, &str)], u16); 10] = [
            (&[key("key")], 200),
            (&[key("other")], 401),
            (&[], 401),
            (&[authorization("Bearer key")], 200),
            (&[authorization("Bearer two")], 200),
            (&[authorization("bearer one")], 200),
            (&[authorization("Bearer three")], 401),
            (&[authorization("Basic key")], 401),
            (&[authorization("Bearer")], 401),
            (&[key("key"), authorization("Bearer one")], 400),
        ];
        for (sent, status) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in sent {
                headers.insert(*name, value.parse().unwrap());
            }
            let answered =
                check(&headers, &options).map_or_else(|error| error.status.as_u16(), |()| 200);
            assert_eq!(answered, status, "{sent:?}");
        }
    }
}
