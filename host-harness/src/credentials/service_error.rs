//! What token services say when something is wrong.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use serde_json::Value;

use crate::secret::Secret;

/// An error in the JSON of OAuth, of Azure's metadata services, or of Azure's other services.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ServiceError {
    /// A short code, such as `invalid_client`.
    pub(super) code: Option<String>,
    /// The first line of its description.
    pub(super) description: Option<String>,
}

impl ServiceError {
    /// Reads an error; none where the body is no JSON object. What is among the secrets is not repeated: some services
    /// echo what they were sent.
    pub(super) fn read(body: &[u8], secrets: &[Secret]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let body = body.as_object()?;
        let error = body.get("error");
        let inner = error.and_then(Value::as_object);
        let texts = [
            body.get("error_description"),
            inner.and_then(|inner| inner.get("message")),
            body.get("message"),
            body.get("Message"),
        ];
        let codes = [error, inner.and_then(|inner| inner.get("code"))];
        let first = |values: &[Option<&Value>]| {
            let texts = values.iter().flatten().filter_map(|value| value.as_str());
            let mut lines = texts.map(|text| first_line(text, secrets));
            lines.find(|line| !line.is_empty())
        };
        Some(Self {
            code: first(&codes),
            description: first(&texts),
        })
    }

    /// The description, or whatever there is of it.
    pub(super) fn words(&self) -> &str {
        let words = self.description.as_deref().or(self.code.as_deref());
        words.unwrap_or("no reason given")
    }
}

/// How long a service asks to wait.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let milliseconds = ["retry-after-ms", "x-ms-retry-after-ms"]
        .into_iter()
        .find_map(|name| text(name)?.parse().ok());
    if let Some(milliseconds) = milliseconds {
        return Some(Duration::from_millis(milliseconds));
    }
    let value = text("retry-after")?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = azure_core::time::parse_rfc7231(value).ok()?;
    // A date that has passed means now.
    Some(
        SystemTime::from(date)
            .duration_since(now)
            .unwrap_or_default(),
    )
}

/// The first line without what only support needs, without control characters, and not too long for a terminal.
fn first_line(text: &str, secrets: &[Secret]) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let line = line.split(" Trace ID:").next().unwrap_or_default();
    let mut line = line.to_owned();
    for secret in secrets {
        line = line.replace(secret.expose(), Secret::REDACTED);
    }
    let printable = line.chars().filter(|c| !c.is_control());
    let line: String = printable.take(MAX_CHARACTERS).collect();
    line.trim_end_matches(|c: char| c == '.' || c.is_whitespace())
        .to_owned()
}

/// How much of a description is shown. Those of Entra have up to three hundred characters.
const MAX_CHARACTERS: usize = 500;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn errors_are_read_in_every_shape() {
        for (body, code, description) in [
            (
                r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid secret.\r\nTrace ID: 1"}"#,
                Some("invalid_client"),
                Some("AADSTS7000215: Invalid secret"),
            ),
            (
                r#"{"error":"invalid_client","error_description":"AADSTS1: Wrong. Trace ID: 1 Correlation ID: 2"}"#,
                Some("invalid_client"),
                Some("AADSTS1: Wrong"),
            ),
            (
                r#"{"error":{"code":"IdentityNotFound","message":"none here"}}"#,
                Some("IdentityNotFound"),
                Some("none here"),
            ),
            (
                r#"{"statusCode":400,"message":"no \u001b[31midentity"}"#,
                None,
                Some("no [31midentity"),
            ),
            (r#"{"error":"x","error_description":""}"#, Some("x"), None),
            ("{}", None, None),
        ] {
            let expected = ServiceError {
                code: code.map(str::to_owned),
                description: description.map(str::to_owned),
            };
            let read = ServiceError::read(body.as_bytes(), &[]);
            assert_eq!(read, Some(expected), "{body}");
        }
        for body in ["", "<html>", "[1]", "\"text\""] {
            assert_eq!(ServiceError::read(body.as_bytes(), &[]), None, "{body}");
        }
    }

    #[test]
    fn a_secret_that_is_echoed_is_not_repeated() {
        let body = br#"{"error_description":"the secret canary is wrong"}"#;
        let read = ServiceError::read(body, &[Secret::new("canary")]).unwrap();
        assert_eq!(read.words(), "the secret [REDACTED] is wrong");
    }

    #[test]
    fn the_wait_is_read_in_every_form() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (name, value, seconds) in [
            ("retry-after", "7", Some(7.0)),
            ("retry-after-ms", "1500", Some(1.5)),
            ("x-ms-retry-after-ms", "250", Some(0.25)),
            ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT", Some(30.0)),
            ("retry-after", "Sun, 06 Nov 1994 08:40:00 GMT", Some(0.0)),
            ("retry-after", "-1", None),
            ("retry-after", "soon", None),
            ("date", "7", None),
        ] {
            let header = (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
            let wait = retry_after(&HeaderMap::from_iter([header]), now);
            assert_eq!(
                wait.map(|wait| wait.as_secs_f64()),
                seconds,
                "{name}: {value}"
            );
        }
    }
}
