//! What happens to one request.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;

use super::stream_shape::Shape;

/// What happens to one request. Without any changes it is the usual answer:
///
/// ```
/// use azure_openai_mock::{Answer, Step};
///
/// let slow = Step { delay: std::time::Duration::from_secs(1), ..Step::default() };
/// let gone = Step { answer: Answer::Close, ..Step::default() };
/// ```
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is called where it is told which step answered.
    pub name: Option<String>,
    /// How many requests it is for.
    pub repeat: NonZeroU32,
    /// How long it takes until the answer begins.
    pub delay: Duration,
    /// The answer.
    pub answer: Answer,
    /// Its status; 200 when it is missing, or what the service says if it refuses.
    pub status: Option<StatusCode>,
    /// Headers of the answer besides, or in the place of, those that every answer has.
    pub headers: HeaderMap,
    /// How long to wait before another try, in a header.
    pub retry_after: Option<RetryAfter>,
    /// How the body of the answer is sent.
    pub stream: Shape,
}

/// What answers a request.
#[derive(Clone, Debug, Default)]
pub enum Answer {
    /// The service's: what the "model" says, or why the request is refused.
    #[default]
    Usual,
    /// A response object, if the service takes the request: as it is, or told event by event when a stream is asked for.
    Response(Value),
    /// A stream of these events, if the service takes the request.
    Events(Vec<Value>),
    /// These bytes, whatever the request was.
    Body {
        /// Their media type; none leaves it to the headers.
        content_type: Option<HeaderValue>,
        /// The body.
        bytes: Bytes,
    },
    /// None, for ever.
    Hang,
    /// The end of the connection.
    Close,
    /// The end of the connection, by a reset.
    Reset,
}

/// How long to wait before another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    /// The header that says it.
    pub header: RetryHeader,
    /// How long.
    pub wait: Duration,
}

/// The headers that say how long to wait.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum RetryHeader {
    /// `retry-after` with a point in time.
    #[serde(rename = "date")]
    Date,
    /// `retry-after-ms`.
    #[serde(rename = "retry-after-ms")]
    Milliseconds,
    /// `x-ms-retry-after-ms`.
    #[serde(rename = "x-ms-retry-after-ms")]
    MicrosoftMilliseconds,
    /// `retry-after` in whole seconds, rounded up.
    #[serde(rename = "retry-after")]
    Seconds,
}

impl Step {
    /// That answer.
    pub fn new(answer: Answer) -> Self {
        Self {
            answer,
            ..Self::default()
        }
    }

    /// A JSON document with that status, whatever the request was.
    pub fn json(status: StatusCode, body: &Value) -> Self {
        let mut step = Self::new(Answer::json(body));
        step.status = Some(status);
        step
    }

    /// The usual answer, sent like that.
    pub fn stream(stream: Shape) -> Self {
        Self {
            stream,
            ..Self::default()
        }
    }

    /// The headers of the answer.
    pub(crate) fn header_map(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        if let Some((name, value)) = self.retry_after.and_then(RetryAfter::to_header) {
            headers.insert(name, value);
        }
        headers
    }
}

impl Default for Step {
    fn default() -> Self {
        Self {
            name: None,
            repeat: NonZeroU32::MIN,
            delay: Duration::ZERO,
            answer: Answer::Usual,
            status: None,
            headers: HeaderMap::new(),
            retry_after: None,
            stream: Shape::default(),
        }
    }
}

impl Answer {
    /// A JSON document.
    pub fn json(body: &Value) -> Self {
        Self::body("application/json", body.to_string())
    }

    /// A page, as gateways send it.
    pub fn html(page: impl Into<Bytes>) -> Self {
        Self::body("text/html; charset=utf-8", page)
    }

    /// Plain text.
    pub fn text(text: impl Into<Bytes>) -> Self {
        Self::body("text/plain; charset=utf-8", text)
    }

    /// Bytes that are taken for a stream of events.
    pub fn raw_stream(bytes: impl Into<Bytes>) -> Self {
        Self::body("text/event-stream; charset=utf-8", bytes)
    }

    fn body(content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self::Body {
            content_type: Some(HeaderValue::from_static(content_type)),
            bytes: bytes.into(),
        }
    }
}

impl RetryAfter {
    /// None for a date that is out of the reach of calendars.
    fn to_header(self) -> Option<(HeaderName, HeaderValue)> {
        let milliseconds = self.wait.as_millis();
        let (name, text) = match self.header {
            RetryHeader::Date => {
                let date = SystemTime::now().checked_add(self.wait)?;
                // The year 9999 is the last that the format has.
                let last = SystemTime::UNIX_EPOCH + LAST_DATE;
                (
                    header::RETRY_AFTER,
                    (date <= last).then(|| httpdate::fmt_http_date(date))?,
                )
            }
            RetryHeader::Milliseconds => (
                HeaderName::from_static("retry-after-ms"),
                milliseconds.to_string(),
            ),
            RetryHeader::MicrosoftMilliseconds => (
                HeaderName::from_static("x-ms-retry-after-ms"),
                milliseconds.to_string(),
            ),
            RetryHeader::Seconds => (header::RETRY_AFTER, milliseconds.div_ceil(1000).to_string()),
        };
        Some((name, HeaderValue::from_str(&text).ok()?))
    }
}

/// From 1970 to the end of the year 9999.
const LAST_DATE: Duration = Duration::from_secs(253_402_300_799);
