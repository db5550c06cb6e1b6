//! From events and a shape to the bytes that go over the wire. Pure: pauses and ends are left to who sends them.

use bytes::Bytes;
use serde_json::{Value, json};

use super::stream_shape::{ErrorShape, Inserted, LineEnd, Place, Shape, StopPlace, StreamError};
use crate::wire::program::{Item, Program};

impl Program {
    /// A stream of events.
    pub(crate) fn of_events(events: Vec<Value>, shape: &Shape) -> Self {
        let mut items = items(events, shape);
        let line_end = match shape.line_end {
            LineEnd::Lf => None,
            LineEnd::CrLf => Some("\r\n"),
            LineEnd::Cr => Some("\r"),
        };
        if let Some(line_end) = line_end {
            for item in &mut items {
                // JSON has no line ends in it.
                let text = String::from_utf8_lossy(&item.bytes).replace('\n', line_end);
                item.bytes = text.into();
            }
        }
        if shape.bom {
            items.insert(0, Item::between(BYTE_ORDER_MARK));
        }
        Self::of_items(items, shape)
    }

    /// Any other body.
    pub(crate) fn of_bytes(bytes: Bytes, shape: &Shape) -> Self {
        let item = Item {
            bytes,
            is_delta: false,
            is_event: true,
        };
        let mut shape = shape.clone();
        if let Some(stop) = &mut shape.stop
            && let StopPlace::Events(_) = stop.place
        {
            stop.place = StopPlace::Bytes(item.bytes.len() / 2);
        }
        Self::of_items(vec![item], &shape)
    }

    fn of_items(mut items: Vec<Item>, shape: &Shape) -> Self {
        let reaches = match shape.stop.map(|stop| stop.place) {
            Some(StopPlace::Bytes(count)) => stop_after_bytes(&mut items, count),
            Some(StopPlace::Events(count)) => stop_after_events(&mut items, count),
            None => false,
        };
        Self {
            items,
            split: shape.split.clone(),
            pause: shape.pause,
            stop: shape.stop.map(|stop| stop.how).filter(|_| reaches),
        }
    }
}

fn items(mut events: Vec<Value>, shape: &Shape) -> Vec<Item> {
    if let Some(error) = &shape.error {
        let last = events.len().saturating_sub(1);
        let failed = error_events(error, events.first());
        events.truncate(error.after.unwrap_or(last));
        events.extend(failed);
    }
    if shape.without_final_event {
        events.pop();
    }
    let is_numbered_anew = shape.error.is_some() || !shape.inserts.is_empty();
    let mut items = Vec::with_capacity(events.len());
    let mut number = 0_usize;
    let mut tell = |mut event: Value, is_inserted: bool, items: &mut Vec<Item>| {
        if is_numbered_anew && (is_inserted || event["sequence_number"].is_number()) {
            set(&mut event, "sequence_number", json!(number));
        }
        if shape.unknown_fields {
            add_unknown_fields(&mut event);
        }
        number += 1;
        items.push(Item::event(&event));
    };
    let count = events.len();
    let mut events = events.into_iter();
    for told in 0..=count {
        for insert in &shape.inserts {
            let is_here = match insert.place {
                Place::After(after) => told == after,
                Place::Every(every) => told > 0 && told % every == 0,
            };
            match &insert.what {
                _ if !is_here => {}
                Inserted::Comment(text) => items.push(Item::comment(text)),
                Inserted::Event(event) => tell(event.clone(), true, &mut items),
                Inserted::Text(text) => items.push(Item::between(text.clone())),
            }
        }
        if let Some(event) = events.next() {
            tell(event, false, &mut items);
        }
    }
    if shape.done {
        items.push(Item::between("data: [DONE]\n\n"));
    }
    items
}

fn error_events(error: &StreamError, first: Option<&Value>) -> Vec<Value> {
    let (code, message) = (&error.code, &error.message);
    let azure = || {
        let kind = match code.as_str() {
            "no_capacity" | "rate_limit_exceeded" => "too_many_requests",
            code => code,
        };
        json!({"type": "error", "sequence_number": 0, "error": {
            "type": kind, "code": code, "message": message, "param": null, "headers": {"x-ms-fe-error": "true"},
        }})
    };
    let failed = |reason: Value| {
        let mut response = first.map_or(Value::Null, |first| first["response"].clone());
        if !response.is_object() {
            response = json!({"object": "response", "output": []});
        }
        response["status"] = json!("failed");
        response["error"] = reason;
        json!({"type": "response.failed", "sequence_number": 0, "response": response})
    };
    match error.shape {
        ErrorShape::Azure => vec![azure()],
        ErrorShape::Failed => vec![failed(json!({"code": code, "message": message}))],
        ErrorShape::FailedThenAzure => vec![failed(Value::Null), azure()],
        ErrorShape::Flat => vec![
            json!({"type": "error", "sequence_number": 0, "code": code, "message": message, "param": null}),
        ],
        ErrorShape::Text => vec![json!({"type": "error", "error": message})],
    }
}

fn add_unknown_fields(event: &mut Value) {
    for name in ["item", "part", "response"] {
        if let Some(inner) = event.get_mut(name) {
            set(inner, UNKNOWN_FIELD, json!(null));
        }
    }
    set(event, UNKNOWN_FIELD, json!({"list": [1, "two", null]}));
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// Whether there were so many; the rest is gone.
fn stop_after_events(items: &mut Vec<Item>, count: usize) -> bool {
    let total = items.iter().filter(|item| item.is_event).count();
    if count > total {
        return false;
    }
    let mut left = count;
    // What stands between events belongs to the one before it.
    items.retain(|item| {
        let is_kept = left > 0;
        left -= usize::from(is_kept && item.is_event);
        is_kept
    });
    true
}

/// Whether there were so many; the rest is gone.
fn stop_after_bytes(items: &mut Vec<Item>, count: usize) -> bool {
    let mut left = count;
    for index in 0..items.len() {
        let length = items[index].bytes.len();
        if length >= left {
            items[index].bytes.truncate(left);
            items.truncate(index + 1);
            return true;
        }
        left -= length;
    }
    left == 0
}

const BYTE_ORDER_MARK: &str = "\u{feff}";

const UNKNOWN_FIELD: &str = "field_of_tomorrow";
