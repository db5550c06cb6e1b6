//! What the service does with one request, read from a cell of the matrix.

use azure_openai_mock::{
    self, Fault, MockAzure, Scripted, Step, Stop, StopHow, StopPlace, response_events,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// What the service does with one request.
pub(crate) struct Answer {
    step: Step,
    scripted: Option<Scripted>,
    /// How many events its stream has up to its end or its silence.
    pub(crate) events: usize,
    /// How many of them are deltas.
    pub(crate) deltas: usize,
    /// What comes of it before the service falls silent; none when it does not.
    pub(crate) silence: Option<Silence>,
}

/// Where in its answer the service falls silent.
#[derive(Clone, Copy)]
pub(crate) enum Silence {
    /// Before the head, or in a body that is no stream.
    OfDocument,
    /// In the body of an error.
    OfError,
    /// In the stream.
    InStream,
    /// After the last event, with the connection still open.
    AfterEnd,
}

impl Answer {
    /// Reads a cell, whose language the matrix itself explains, for a service that streams or does not.
    pub(crate) fn parse(cell: &str, is_streaming: bool) -> Self {
        let words: Vec<&str> = cell.split_whitespace().collect();
        match words.as_slice() {
            ["never"] => Self {
                silence: Some(Silence::OfDocument),
                ..Self::of(Fault::NeverAnswer)
            },
            ["reset"] => Self::of(Step::new(azure_openai_mock::Answer::Reset)),
            ["close"] => Self::of(Fault::CloseBeforeHeaders),
            ["ok"] if is_streaming => Self {
                events: response_events(&hello()).len(),
                deltas: 1,
                ..Self::scripted(UNCHANGED, Scripted::Response(hello()))
            },
            ["ok"] => Self::of(Fault::json(StatusCode::OK, &hello())),
            ["half"] => Self::scripted(Fault::CloseAfterEvents(0), Scripted::Response(hello())),
            ["half", "stall"] => Self {
                silence: Some(Silence::OfDocument),
                ..Self::scripted(stalled(Step::default()), Scripted::Response(hello()))
            },
            ["stream", pieces @ ..] => Self::stream(pieces),
            [status, rest @ .., "stall"] => Self {
                silence: Some(Silence::OfError),
                ..Self::of(stalled(refusal(status.parse().unwrap(), rest)))
            },
            [status, rest @ ..] => Self::of(refusal(status.parse().unwrap(), rest)),
            [] => panic!("an answer is missing"),
        }
    }

    /// Lets the mock answer its next request with this.
    pub(crate) fn push(&self, mock: &MockAzure) {
        mock.push_step(self.step.clone());
        if let Some(scripted) = &self.scripted {
            mock.push_answer(scripted.clone());
        }
    }

    fn of(step: impl Into<Step>) -> Self {
        Self {
            step: step.into(),
            scripted: None,
            events: 0,
            deltas: 0,
            silence: None,
        }
    }

    fn scripted(step: impl Into<Step>, scripted: Scripted) -> Self {
        Self {
            scripted: Some(scripted),
            ..Self::of(step)
        }
    }

    fn stream(pieces: &[&str]) -> Self {
        let (pieces, end) = match pieces {
            [pieces @ .., end @ ("cut" | "stall")] => (pieces, *end),
            pieces => (pieces, "end"),
        };
        let mut stream = Stream::default();
        pieces.iter().for_each(|piece| stream.piece(piece));
        let Stream {
            mut events,
            deltas,
            is_over,
            ..
        } = stream;
        let count = events.len();
        // One more, so that the stream has not come to its end.
        events.push(json!({ "type": "keepalive" }));
        let fault = match end {
            "cut" => Fault::CloseAfterEvents(count),
            "stall" => UNCHANGED,
            _ => {
                events.pop();
                UNCHANGED
            }
        };
        let silence = match is_over {
            true => Silence::AfterEnd,
            false => Silence::InStream,
        };
        Self {
            events: count,
            deltas,
            silence: (end == "stall").then_some(silence),
            ..Self::scripted(fault, Scripted::Events(events))
        }
    }
}

/// A stream in the making.
#[derive(Default)]
struct Stream {
    events: Vec<Value>,
    deltas: usize,
    text: String,
    arguments: String,
    is_over: bool,
}

impl Stream {
    fn piece(&mut self, piece: &str) {
        let (kind, value) = piece.split_once(':').unwrap_or((piece, ""));
        let error = json!({ "code": value, "message": "m" });
        match kind {
            "created" => self.push(
                json!({ "type": "response.created", "response": { "status": "in_progress" } }),
            ),
            "unknown" => {
                self.push(json!({ "type": "response.something.new", "delta": { "not": "text" } }))
            }
            "keepalive" => self.push(json!({ "type": "keepalive" })),
            "unindexed" => {
                self.text += value;
                self.deltas += 1;
                self.push(json!({ "type": "response.output_text.delta", "delta": value }));
            }
            // Text that is in the response, and not in the stream.
            "lost" => self.text += value,
            // What came is void.
            "again" => self.text.clear(),
            "reasoning" => {
                for kind in ["added", "done"] {
                    let item =
                        json!({ "type": "reasoning", "summary": [], "encrypted_content": "e" });
                    let kind = format!("response.output_item.{kind}");
                    self.push(json!({ "type": kind, "output_index": 0, "item": item }));
                }
            }
            "completed-empty" => {
                self.text.clear();
                self.arguments.clear();
                self.over("completed", Value::Null);
            }
            "text" => {
                self.text += value;
                self.delta("output_text", 1, value);
            }
            "call" => {
                if self.arguments.is_empty() {
                    let item = json!({ "type": "function_call", "call_id": "call_1", "name": "look", "arguments": "" });
                    self.push(json!({ "type": "response.output_item.added", "output_index": 2, "item": item }));
                }
                self.arguments += value;
                self.delta("function_call_arguments", 2, value);
            }
            "thought" => self.delta("reasoning_summary_text", 0, value),
            "refusal" => self.delta("refusal", 1, value),
            "error" => self.push(json!({ "type": "error", "error": error })),
            "error-after" => {
                let message = format!("Please retry after {value} seconds.");
                let error = json!({ "code": "rate_limit_exceeded", "message": message });
                self.push(json!({ "type": "error", "error": error }));
            }
            "error-flat" => {
                self.push(json!({ "type": "error", "code": value, "message": "m", "param": null }))
            }
            "error-untyped" => self.push(json!({ "error": error })),
            "failed" => {
                self.push(json!({ "type": "response.failed", "response": { "error": error } }))
            }
            "failed-null" => {
                self.push(json!({ "type": "response.failed", "response": { "error": null } }))
            }
            "completed" => self.over("completed", Value::Null),
            "incomplete" => self.over("incomplete", json!({ "reason": value })),
            "completed-failed" => self.over("failed", Value::Null),
            other => panic!("`{other}` is no piece of a stream"),
        }
    }

    fn delta(&mut self, kind: &str, slot: u32, delta: &str) {
        self.deltas += 1;
        self.push(json!({ "type": format!("response.{kind}.delta"), "output_index": slot, "delta": delta }));
    }

    fn over(&mut self, status: &str, details: Value) {
        self.is_over = true;
        let mut output = Vec::new();
        if !self.text.is_empty() {
            output.push(message(&self.text));
        }
        if !self.arguments.is_empty() {
            output.push(json!({
                "type": "function_call", "call_id": "call_1", "name": "look", "arguments": self.arguments,
            }));
        }
        let response = json!({ "id": "resp_1", "status": status, "incomplete_details": details, "output": output });
        let kind = match status {
            "incomplete" => "response.incomplete",
            _ => "response.completed",
        };
        self.push(json!({ "type": kind, "response": response }));
    }

    fn push(&mut self, event: Value) {
        self.events.push(event);
    }
}

/// The same, with silence in the middle of its body.
fn stalled(step: impl Into<Step>) -> Step {
    let mut step = step.into();
    step.stream.stop = Some(Stop {
        place: StopPlace::Events(0),
        how: StopHow::Stall { comments: None },
    });
    step
}

/// An answer with a status other than 200 (or 200 without a response), the shape of its body, and headers.
fn refusal(status: u16, words: &[&str]) -> Fault {
    let (headers, shape): (Vec<&str>, Vec<&str>) =
        words.iter().partition(|word| word.contains('='));
    let (content_type, body) = match shape.as_slice() {
        [] => ("application/json", "{}".to_owned()),
        [shape] => body(status, shape),
        more => panic!("more than one body: {more:?}"),
    };
    let mut map = HeaderMap::new();
    map.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    for header in headers {
        let (name, value) = header.split_once('=').unwrap();
        let name: HeaderName = name.parse().unwrap();
        map.insert(name, header_value(value).parse().unwrap());
    }
    Fault::Status {
        status: StatusCode::from_u16(status).unwrap(),
        headers: map,
        body: Bytes::from(body),
    }
}

fn body(status: u16, shape: &str) -> (&'static str, String) {
    let (kind, value) = shape.split_once(':').unwrap_or((shape, ""));
    let json = |body: Value| ("application/json", body.to_string());
    match kind {
        "nested" => json(json!({ "error": { "code": value, "message": "m" } })),
        "typed" => json(json!({ "error": { "type": value, "message": "m", "code": null } })),
        "inner" => json(
            json!({ "error": { "code": null, "message": "m", "innererror": { "code": value } } }),
        ),
        "says" => json(json!({ "error": { "message": value.replace('_', " ") } })),
        "param" => json(
            json!({ "error": { "code": "unsupported_parameter", "param": value, "message": "m" } }),
        ),
        "filtered" => json(json!({ "error": {
            "code": "content_filter",
            "message": "m",
            "innererror": {
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_result": {
                    "hate": { "filtered": true, "severity": "high" },
                    "violence": { "filtered": false, "severity": "safe" },
                },
            },
        } })),
        // It breaks off.
        "cut" => (
            "application/json",
            format!(r#"{{"error":{{"code":"{value}","message":"m"#),
        ),
        "flat" => json(json!({ "code": value, "message": "m" })),
        "gateway" => json(json!({ "statusCode": status, "message": "m" })),
        "sentence" => json(json!({ "error": "m" })),
        "null" => json(json!({ "error": null })),
        "html" => (
            "text/html",
            "<html><body>Bad Gateway</body></html>".to_owned(),
        ),
        "text" => ("text/plain", "upstream connect error".to_owned()),
        "empty" => ("application/json", String::new()),
        other => panic!("`{other}` is no shape of a body"),
    }
}

/// A time of day stands for a date.
fn header_value(value: &str) -> String {
    match value.matches(':').count() {
        2 => format!("Sun, 06 Nov 1994 {value} GMT"),
        _ => value.to_owned(),
    }
}

fn hello() -> Value {
    json!({ "id": "resp_1", "status": "completed", "output": [message("Hi")] })
}

fn message(text: &str) -> Value {
    json!({ "type": "message", "content": [{ "type": "output_text", "text": text, "annotations": [] }] })
}

/// A fault that changes nothing of a stream, so that the faults stay in step with the answers.
const UNCHANGED: Fault = Fault::CloseAfterEvents(usize::MAX);
