//! The answers of metadata services.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::super::{AccessToken, CredentialError};
use super::exchange::Exchange;
use crate::secret::Secret;

/// Reads the answer with a token in it. Its numbers are texts, except where they are numbers.
pub(super) fn read(body: &[u8], exchange: &Exchange<'_>) -> Result<AccessToken, CredentialError> {
    let now = exchange.surroundings.now();
    parse(body, now).ok_or_else(|| {
        CredentialError::failed(format!(
            "{} answered with something that is no token; check that nothing else listens at {}",
            exchange.service,
            exchange.url.origin().ascii_serialization()
        ))
    })
}

fn parse(body: &[u8], now: SystemTime) -> Option<AccessToken> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let token = body.get("access_token")?.as_str()?;
    if token.is_empty() {
        return None;
    }
    let duration = |name: &str| seconds(body.get(name)?);
    // Old versions of App Service write a date, whose format depends on the machine's language.
    let expires_on = duration("expires_on").and_then(|since| UNIX_EPOCH.checked_add(since));
    let expires_in = || now.checked_add(duration("expires_in")?);
    let expires_on = expires_on.or_else(expires_in)?;
    let refresh_in = duration("refresh_in").or_else(|| {
        let life = expires_on.duration_since(now).unwrap_or_default();
        (life >= LONG_LIFE).then_some(life / 2)
    });
    Some(AccessToken {
        token: Secret::new(token),
        expires_on,
        refresh_on: refresh_in.and_then(|refresh_in| now.checked_add(refresh_in)),
    })
}

/// A number of seconds.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok()?,
        number => number.as_u64()?,
    };
    Some(Duration::from_secs(seconds))
}

/// A token that lives at least this long is replaced after half of its life: a new identity's roles take effect with a
/// new token only, and the service may be away for hours.
const LONG_LIFE: Duration = Duration::from_secs(7200);

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
                Some(NOW + 43_200),
            ),
            (json!({"expires_in": "7200"}), NOW + 7200, Some(NOW + 3600)),
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
            (json!({"expires_on": "5"}), 5, None),
        ] {
            let mut body = fields.clone();
            body["access_token"] = json!("t");
            let token = parse(body.to_string().as_bytes(), at(NOW)).unwrap();
            assert_eq!(token.expires_on, at(expires_on), "{fields}");
            assert_eq!(token.refresh_on, refresh_on.map(at), "{fields}");
        }
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
            r#"{"access_token":"t","expires_in":18446744073709551615}"#,
            r#"{"access_token":"t","expires_on":"soon"}"#,
        ] {
            assert_eq!(parse(body.as_bytes(), at(NOW)), None, "{body}");
        }
    }
}
