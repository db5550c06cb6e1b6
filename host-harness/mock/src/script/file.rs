//! Scripts in files.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use toml::Spanned;

use super::Script;
use super::step::{Answer, RetryAfter, RetryHeader, Step};
use super::stream_shape::{
    ErrorShape, Insert, Inserted, LineEnd, Place, Shape, Stop, StopPlace, StreamError,
};
use crate::wire::program::{Split, StopHow};

/// What is wrong with a script.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}:{column}: {reason}", .path.display())]
pub struct ScriptError {
    path: PathBuf,
    line: usize,
    column: usize,
    reason: String,
}

impl Script {
    /// Reads a script in its TOML form, which `docs/mock.md` describes. `path` is for errors alone.
    ///
    /// # Errors
    ///
    /// What is wrong, and where.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ScriptError> {
        let error = |place: Range<usize>, reason: String| {
            let before = text.get(..place.start).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            ScriptError {
                path: path.to_owned(),
                line: before.matches('\n').count() + 1,
                column: before[line_start..].chars().count() + 1,
                reason,
            }
        };
        let file: ScriptFile = toml::from_str(text).map_err(|wrong| {
            let place = wrong.span().unwrap_or_default();
            error(place, wrong.message().to_owned())
        })?;
        let read = |step: Spanned<StepTable>| {
            let place = step.span();
            step.into_inner()
                .into_step()
                .map_err(|reason| error(place, reason))
        };
        let rest = file.rest.map(read).transpose()?.unwrap_or_default();
        let steps: Result<Vec<Step>, ScriptError> = file.step.into_iter().map(read).collect();
        Ok(Self {
            steps: steps?,
            rest,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptFile {
    #[serde(default)]
    step: Vec<Spanned<StepTable>>,
    rest: Option<Spanned<StepTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepTable {
    name: Option<String>,
    repeat: Option<NonZeroU32>,
    delay_ms: Option<u64>,
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    retry_after: Option<RetryAfterTable>,
    // At most one of these is there.
    connection: Option<Connection>,
    empty: Option<bool>,
    events: Option<Vec<Json>>,
    html: Option<String>,
    json: Option<Json>,
    raw: Option<String>,
    response: Option<Json>,
    text: Option<String>,
    #[serde(default)]
    stream: StreamTable,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Connection {
    Close,
    Hang,
    Reset,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryAfterTable {
    header: RetryHeader,
    ms: u64,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct StreamTable {
    insert: Vec<InsertTable>,
    error: Option<ErrorTable>,
    without_final_event: bool,
    unknown_fields: bool,
    line_end: LineEnd,
    bom: bool,
    done: bool,
    split_at: Option<Vec<usize>>,
    split_every: Option<NonZeroUsize>,
    pause_ms: u64,
    stop: Option<StopTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InsertTable {
    after: Option<usize>,
    every: Option<NonZeroUsize>,
    comment: Option<String>,
    event: Option<Json>,
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorTable {
    after: Option<usize>,
    shape: ErrorShape,
    code: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StopTable {
    after_bytes: Option<usize>,
    after_events: Option<usize>,
    how: StopName,
    comment_ms: Option<NonZeroU32>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum StopName {
    Close,
    End,
    Reset,
    Stall,
}

/// JSON as a table, or, since TOML has no null, as text.
struct Json(Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => match serde_json::from_str(&text) {
                Ok(value) => Ok(Self(value)),
                Err(error) => Err(D::Error::custom(format!("this text is not JSON: {error}"))),
            },
            value => Ok(Self(value)),
        }
    }
}

impl StepTable {
    fn into_step(self) -> Result<Step, String> {
        let status = self.status.map(|status| {
            let known = StatusCode::from_u16(status).ok();
            known
                .filter(|status| !status.is_informational())
                .ok_or_else(|| {
                    format!("status: {status} is no status of an answer; they are 200 to 999")
                })
        });
        Ok(Step {
            status: status.transpose()?,
            headers: headers(self.headers)?,
            retry_after: self.retry_after.map(|wait| RetryAfter {
                header: wait.header,
                wait: Duration::from_millis(wait.ms),
            }),
            name: self.name,
            repeat: self.repeat.unwrap_or(NonZeroU32::MIN),
            delay: Duration::from_millis(self.delay_ms.unwrap_or_default()),
            stream: self.stream.into_shape()?,
            answer: {
                let connection = self.connection.map(|connection| match connection {
                    Connection::Close => Answer::Close,
                    Connection::Hang => Answer::Hang,
                    Connection::Reset => Answer::Reset,
                });
                let empty = self.empty.filter(|empty| *empty).map(|_| Answer::Body {
                    content_type: None,
                    bytes: Bytes::new(),
                });
                let events = self.events.map(|events| {
                    Answer::Events(events.into_iter().map(|Json(event)| event).collect())
                });
                let answers = [
                    connection,
                    empty,
                    events,
                    self.html.map(Answer::html),
                    self.json.map(|Json(body)| Answer::json(&body)),
                    self.raw.map(Answer::raw_stream),
                    self.response
                        .map(|Json(response)| Answer::Response(response)),
                    self.text.map(Answer::text),
                ];
                let one_of = "connection, empty, events, html, json, raw, response and text";
                at_most_one(answers, one_of)?.unwrap_or_default()
            },
        })
    }
}

impl StreamTable {
    fn into_shape(self) -> Result<Shape, String> {
        let splits = [
            self.split_at.map(Split::At),
            self.split_every.map(Split::Every),
        ];
        let inserts: Result<Vec<Insert>, String> = self
            .insert
            .into_iter()
            .map(InsertTable::into_insert)
            .collect();
        Ok(Shape {
            inserts: inserts?,
            error: self.error.map(ErrorTable::into_error),
            without_final_event: self.without_final_event,
            unknown_fields: self.unknown_fields,
            line_end: self.line_end,
            bom: self.bom,
            done: self.done,
            split: at_most_one(splits, "split_at and split_every")?,
            pause: Duration::from_millis(self.pause_ms),
            stop: self.stop.map(StopTable::into_stop).transpose()?,
        })
    }
}

impl InsertTable {
    fn into_insert(self) -> Result<Insert, String> {
        let places = [self.after.map(Place::After), self.every.map(Place::Every)];
        let things = [
            self.comment.map(Inserted::Comment),
            self.event.map(|Json(event)| Inserted::Event(event)),
            self.text.map(Inserted::Text),
        ];
        Ok(Insert {
            place: exactly_one(places, "insert", "after and every")?,
            what: exactly_one(things, "insert", "comment, event and text")?,
        })
    }
}

impl ErrorTable {
    fn into_error(self) -> StreamError {
        StreamError {
            after: self.after,
            shape: self.shape,
            code: self.code.unwrap_or_else(|| "server_error".to_owned()),
            message: self
                .message
                .unwrap_or_else(|| "The server had an error while it answered.".to_owned()),
        }
    }
}

impl StopTable {
    fn into_stop(self) -> Result<Stop, String> {
        let places = [
            self.after_bytes.map(StopPlace::Bytes),
            self.after_events.map(StopPlace::Events),
        ];
        if self.comment_ms.is_some() && self.how != StopName::Stall {
            return Err("stop: comment_ms goes with how = \"stall\" alone".to_owned());
        }
        Ok(Stop {
            place: exactly_one(places, "stop", "after_bytes and after_events")?,
            how: match self.how {
                StopName::Close => StopHow::Close,
                StopName::End => StopHow::End,
                StopName::Reset => StopHow::Reset,
                StopName::Stall => StopHow::Stall {
                    comments: self
                        .comment_ms
                        .map(|every| Duration::from_millis(every.get().into())),
                },
            },
        })
    }
}

fn headers(table: BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let header = |(name, value): (String, String)| {
        let wrong =
            |what| format!("headers: {name:?} = {value:?}: this cannot be the {what} of a header");
        let known = HeaderName::try_from(&name).map_err(|_| wrong("name"))?;
        // The length of the body is what it is.
        if known == http::header::CONTENT_LENGTH || known == http::header::TRANSFER_ENCODING {
            return Err(format!(
                "headers: {name:?} is set by the mock; leave it out"
            ));
        }
        let content = HeaderValue::try_from(&value).map_err(|_| wrong("value"))?;
        Ok((known, content))
    };
    table.into_iter().map(header).collect()
}

fn exactly_one<T, const N: usize>(
    values: [Option<T>; N],
    table: &str,
    names: &str,
) -> Result<T, String> {
    at_most_one(values, names)?.ok_or_else(|| format!("{table}: one of {names} is missing"))
}

fn at_most_one<T, const N: usize>(
    values: [Option<T>; N],
    names: &str,
) -> Result<Option<T>, String> {
    let mut values = values.into_iter().flatten();
    let first = values.next();
    match values.next() {
        Some(_) => Err(format!("{names} exclude each other; keep one of them")),
        None => Ok(first),
    }
}
