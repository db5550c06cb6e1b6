//! Answers with a token in them, of Microsoft Entra ID and of metadata services.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use provider_host::secret::Secret;
use serde_json::Value;

use crate::credentials::AccessToken;

/// An answer with a token in it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::credentials) struct TokenAnswer {
    pub(in crate::credentials) access_token: AccessToken,
    /// What gets the next token without the person.
    pub(in crate::credentials) refresh_token: Option<Secret>,
}

impl TokenAnswer {
    /// Reads an answer; none where it is something else. Its numbers are numbers in version 2.0 of Entra ID's endpoint,
    /// and texts in metadata services and some gateways.
    pub(in crate::credentials) fn read(body: &[u8], now: SystemTime) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let text = |name: &str| body.get(name)?.as_str().filter(|text| !text.is_empty());
        let seconds = |name: &str| seconds(body.get(name)?);
        // Old versions of App Service write a date, whose format depends on the machine's language.
        let expires_on = seconds("expires_on").and_then(|since| UNIX_EPOCH.checked_add(since));
        let expires_in = || now.checked_add(seconds("expires_in")?);
        let expires_on = expires_on.or_else(expires_in)?;
        let life = expires_on.duration_since(now).unwrap_or_default();
        let access_token = AccessToken {
            token: Secret::new(text("access_token")?),
            expires_on,
            refresh_on: seconds("refresh_in").and_then(|refresh_in| now.checked_add(refresh_in)),
        };
        (life <= MAX_LIFE).then(|| Self {
            access_token,
            refresh_token: text("refresh_token").map(Secret::new),
        })
    }
}

/// A number of seconds.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok()?,
        number => number.as_u64()?,
    };
    Some(Duration::from_secs(seconds))
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
