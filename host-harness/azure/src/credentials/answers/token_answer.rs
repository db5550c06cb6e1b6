//! Answers with a token in them, of Microsoft Entra ID and of metadata services.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use oauth2::basic::BasicTokenType;
use oauth2::{RefreshToken, Scope, TokenResponse};
use provider_host::secret::Secret;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::credentials::AccessToken;

/// An answer with a token in it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::credentials) struct TokenAnswer {
    pub(in crate::credentials) access_token: AccessToken,
    /// What gets the next token without the person.
    pub(in crate::credentials) refresh_token: Option<Secret>,
}

/// Such an answer as it is written. Its numbers are numbers in version 2.0 of Entra ID's endpoint, and texts in metadata
/// services and some gateways.
#[derive(Debug, Deserialize, Serialize)]
pub(in crate::credentials) struct TokenFields {
    access_token: oauth2::AccessToken,
    refresh_token: Option<RefreshToken>,
    /// In seconds from now.
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
    /// In seconds since 1970. Old versions of App Service write a date, whose format depends on the machine's language.
    #[serde(default, deserialize_with = "seconds")]
    expires_on: Option<u64>,
    /// In seconds from now.
    #[serde(default, deserialize_with = "seconds")]
    refresh_in: Option<u64>,
}

impl TokenAnswer {
    /// Reads an answer; none where it is something else.
    pub(in crate::credentials) fn read(body: &[u8], now: SystemTime) -> Option<Self> {
        let fields: TokenFields = serde_json::from_slice(body).ok()?;
        fields.tokens(now)
    }
}

impl TokenFields {
    /// The tokens, with their times by this clock; none where they have no end, or one that cannot be.
    pub(in crate::credentials) fn tokens(self, now: SystemTime) -> Option<TokenAnswer> {
        let at = |start: SystemTime, seconds: Option<u64>| {
            start.checked_add(Duration::from_secs(seconds?))
        };
        let expires_on = at(UNIX_EPOCH, self.expires_on).or_else(|| at(now, self.expires_in))?;
        let life = expires_on.duration_since(now).unwrap_or_default();
        let token = self.access_token.into_secret();
        let refresh_token = self.refresh_token.map(RefreshToken::into_secret);
        (life <= MAX_LIFE && !token.is_empty()).then(|| TokenAnswer {
            access_token: AccessToken {
                token: Secret::new(token),
                expires_on,
                refresh_on: at(now, self.refresh_in),
            },
            refresh_token: refresh_token
                .filter(|token| !token.is_empty())
                .map(Secret::new),
        })
    }
}

/// What `oauth2` wants to know of an answer.
impl TokenResponse for TokenFields {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &oauth2::AccessToken {
        &self.access_token
    }

    /// Azure has no other.
    fn token_type(&self) -> &BasicTokenType {
        &BasicTokenType::Bearer
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// A number of seconds; none where it is something else.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_u64(),
    })
}

/// The longest life that is believed: a hundred years. Tokens live for an hour or a day, and dates that no calendar has
/// would trouble whoever shows them.
const MAX_LIFE: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_end_of_a_token_is_read_in_every_form() {
        for (fields, expires_on, refresh_on) in [
            (json!({"expires_on": "1700003600"}), NOW + 3600, None),
            (json!({"expires_on": 1_700_003_600}), NOW + 3600, None),
            (
                json!({"expires_on": "1700086400", "expires_in": "9"}),
                NOW + 86_400,
                None,
            ),
            (json!({"expires_in": "7200"}), NOW + 7200, None),
            (json!({"expires_in": 7199}), NOW + 7199, None),
            (
                json!({"expires_on": "11/14/2023 11:13:20 PM +00:00", "expires_in": "3600"}),
                NOW + 3600,
                None,
            ),
            (
                json!({"expires_in": "86400", "refresh_in": "1000"}),
                NOW + 86_400,
                Some(NOW + 1000),
            ),
            (
                json!({"expires_in": 86_400, "refresh_in": 1000, "token_type": "Bearer"}),
                NOW + 86_400,
                Some(NOW + 1000),
            ),
            (json!({"expires_on": "5"}), 5, None),
        ] {
            let mut body = fields.clone();
            body["access_token"] = json!("t");
            let answer = TokenAnswer::read(body.to_string().as_bytes(), at(NOW)).unwrap();
            let expected = AccessToken {
                token: Secret::new("t"),
                expires_on: at(expires_on),
                refresh_on: refresh_on.map(at),
            };
            assert_eq!(answer.access_token, expected, "{fields}");
            assert_eq!(answer.refresh_token, None, "{fields}");
        }
    }

    #[test]
    fn a_refresh_token_is_kept() {
        let body = br#"{"access_token": "t", "expires_in": 3600, "refresh_token": "r"}"#;
        let answer = TokenAnswer::read(body, at(NOW)).unwrap();
        assert_eq!(answer.refresh_token, Some(Secret::new("r")));
    }

    #[test]
    fn what_is_no_token_is_not_taken_for_one() {
        for body in [
            "",
            "<html></html>",
            "[]",
            r#"{"expires_in":"3600"}"#,
            r#"{"access_token":"","expires_in":"3600"}"#,
            r#"{"access_token":7,"expires_in":"3600"}"#,
            r#"{"access_token":"t"}"#,
            r#"{"access_token":"t","expires_in":"-1"}"#,
            r#"{"access_token":"t","expires_in":"soon"}"#,
            r#"{"access_token":"t","expires_in":18446744073709551615}"#,
            r#"{"access_token":"t","expires_in":9000000000000000000}"#,
            r#"{"access_token":"t","expires_on":"soon"}"#,
            r#"{"access_token":"t","expires_on":"9000000000000000000"}"#,
        ] {
            assert_eq!(TokenAnswer::read(body.as_bytes(), at(NOW)), None, "{body}");
        }
    }
}
