//! What services say when something is wrong.

use std::fmt;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};
use provider_host::secret::Secret;
use serde_json::Value;

use super::error_line;
use crate::credentials::CredentialError;
use crate::credentials::surroundings::Answer;

/// An error in the JSON of OAuth, of Azure's metadata services, or of Azure's other services. Shown with its code, which
/// tells what happened in a word.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::credentials) struct ServiceError {
    /// A short code, such as `invalid_client`.
    code: Option<String>,
    /// The first line of its description.
    description: Option<String>,
}

impl ServiceError {
    /// Reads an error; none where the body is no JSON object. What is among the secrets is not repeated: some services
    /// echo what they were sent.
    pub(in crate::credentials) fn read(body: &[u8], secrets: &[Secret]) -> Option<Self> {
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
            let mut texts = values.iter().flatten().filter_map(|value| value.as_str());
            texts.find_map(|text| error_line(text, secrets))
        };
        Some(Self {
            code: first(&codes),
            description: first(&texts),
        })
    }

    /// An error whose parts are known. What is among the secrets is not repeated.
    pub(in crate::credentials) fn of(code: &str, description: &str, secrets: &[Secret]) -> Self {
        Self {
            code: error_line(code, secrets),
            description: error_line(description, secrets),
        }
    }

    /// Whether it has one of these codes.
    pub(in crate::credentials) fn is_one_of(&self, codes: &[&str]) -> bool {
        (self.code.as_deref()).is_some_and(|code| codes.contains(&code))
    }

    /// Whether it says anything.
    pub(in crate::credentials) fn has_words(&self) -> bool {
        self.code.is_some() || self.description.is_some()
    }

    /// The description, or whatever there is of it.
    pub(in crate::credentials) fn words(&self) -> &str {
        let words = self.description.as_deref().or(self.code.as_deref());
        words.unwrap_or(NO_REASON)
    }

    /// The words of the error in an answer.
    pub(in crate::credentials) fn words_of(answer: &Answer, secrets: &[Secret]) -> String {
        let error = Self::read(&answer.body, secrets);
        error.map_or_else(
            || "its answer is no JSON".to_owned(),
            |error| error.words().to_owned(),
        )
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.description) {
            (Some(code), Some(description)) => write!(f, "{code}: {description}"),
            _ => f.write_str(self.words()),
        }
    }
}

/// Whether an answer means that the service asks to wait, or has trouble of its own.
pub(in crate::credentials) fn is_busy(status: StatusCode) -> bool {
    let is_asking_to_wait = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
    );
    is_asking_to_wait || status.is_server_error()
}

/// What such an answer means for whoever wants a token.
pub(in crate::credentials) fn busy(
    service: &str,
    answer: &Answer,
    secrets: &[Secret],
    now: SystemTime,
) -> CredentialError {
    let words = ServiceError::words_of(answer, secrets);
    let status = answer.status.as_u16();
    CredentialError::temporary(format!(
        "{service} cannot answer now (status {status}): {words}; try again later"
    ))
    .with_retry_after(retry_after(&answer.headers, now))
}

/// How long a service asks to wait.
pub(in crate::credentials) fn retry_after(
    headers: &HeaderMap,
    now: SystemTime,
) -> Option<Duration> {
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
    let date = httpdate::parse_http_date(value).ok()?;
    // A date that has passed means now.
    Some(date.duration_since(now).unwrap_or_default())
}

const NO_REASON: &str = "no reason given";

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
                Some("no identity"),
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
    fn an_error_is_shown_with_its_code() {
        for (body, shown) in [
            (r#"{"error":"a","error_description":"b"}"#, "a: b"),
            (r#"{"error":"a"}"#, "a"),
            (r#"{"message":"b"}"#, "b"),
            ("{}", NO_REASON),
        ] {
            let error = ServiceError::read(body.as_bytes(), &[]).unwrap();
            assert_eq!(error.to_string(), shown);
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
