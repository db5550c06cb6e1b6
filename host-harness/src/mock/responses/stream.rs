//! The events of a stream, in the orders that the service is known for.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::OutputItem;
use super::item::{Item, output_text, refusal, summary_text};
use super::object::Response;
use super::text::{fragments, words};

/// One event, as it goes over the wire.
pub(in crate::mock) struct Event {
    pub(in crate::mock) frame: Bytes,
    pub(in crate::mock) is_delta: bool,
}

/// All events of a response, from `response.created` to its end.
pub(super) fn events(response: &Response<'_>) -> Vec<Event> {
    let obfuscation = response
        .request
        .get_in("stream_options", "include_obfuscation");
    let mut writer = Writer {
        events: Vec::new(),
        is_obfuscated: obfuscation != Some(&Value::Bool(false)),
    };
    let in_progress = json!({"response": response.in_progress()});
    writer.event("response.created", in_progress.clone());
    writer.event("response.in_progress", in_progress);
    for (index, item) in response.items.iter().enumerate() {
        writer.item(index, item);
    }
    let end = if response.is_cut {
        "response.incomplete"
    } else {
        "response.completed"
    };
    writer.event(end, json!({"response": response.finished()}));
    writer.events
}

struct Writer {
    events: Vec<Event>,
    is_obfuscated: bool,
}

impl Writer {
    fn item(&mut self, index: usize, item: &Item) {
        let added = json!({"output_index": index, "item": item.started()});
        self.event("response.output_item.added", added);
        let place = json!({"output_index": index, "item_id": item.id});
        match &item.output {
            OutputItem::FunctionCall { arguments, .. } => self.arguments(&place, arguments),
            OutputItem::Reasoning { summary } => {
                if let Some(text) = summary {
                    self.summary(&place, text);
                }
            }
            OutputItem::Refusal(text) => self.refusal(&place, text),
            OutputItem::Text(text) => self.text(&place, text),
        }
        let done = json!({"output_index": index, "item": item.finished()});
        self.event("response.output_item.done", done);
    }

    fn text(&mut self, place: &Value, text: &str) {
        let place = with(place, json!({"content_index": 0}));
        let part = |text| with(&place, json!({"part": output_text(text)}));
        self.event("response.content_part.added", part(""));
        for word in words(text) {
            self.delta(
                "response.output_text.delta",
                &with(&place, json!({"logprobs": []})),
                word,
            );
        }
        let done = with(&place, json!({"text": text, "logprobs": []}));
        self.event("response.output_text.done", done);
        self.event("response.content_part.done", part(text));
    }

    fn refusal(&mut self, place: &Value, text: &str) {
        let place = with(place, json!({"content_index": 0}));
        let part = |text| with(&place, json!({"part": refusal(text)}));
        self.event("response.content_part.added", part(""));
        for word in words(text) {
            self.delta("response.refusal.delta", &place, word);
        }
        self.event(
            "response.refusal.done",
            with(&place, json!({"refusal": text})),
        );
        self.event("response.content_part.done", part(text));
    }

    fn summary(&mut self, place: &Value, text: &str) {
        let place = with(place, json!({"summary_index": 0}));
        let part = |text| with(&place, json!({"part": summary_text(text)}));
        self.event("response.reasoning_summary_part.added", part(""));
        for word in words(text) {
            self.delta("response.reasoning_summary_text.delta", &place, word);
        }
        self.event(
            "response.reasoning_summary_text.done",
            with(&place, json!({"text": text})),
        );
        self.event("response.reasoning_summary_part.done", part(text));
    }

    fn arguments(&mut self, place: &Value, arguments: &str) {
        for fragment in fragments(arguments) {
            self.delta("response.function_call_arguments.delta", place, fragment);
        }
        // Without `name`, which Azure leaves out.
        let done = with(place, json!({"arguments": arguments}));
        self.event("response.function_call_arguments.done", done);
    }

    /// A delta is padded to a length that tells nothing about it.
    fn delta(&mut self, kind: &str, place: &Value, delta: &str) {
        let mut data = with(place, json!({"delta": delta}));
        if self.is_obfuscated {
            let length = PADDED - delta.len() % PADDED;
            let start = self.events.len() % PADDING.len();
            let letters = PADDING.chars().cycle().skip(start);
            data["obfuscation"] = json!(letters.take(length).collect::<String>());
        }
        self.push(kind, data, true);
    }

    fn event(&mut self, kind: &str, data: Value) {
        self.push(kind, data, false);
    }

    fn push(&mut self, kind: &str, mut data: Value, is_delta: bool) {
        data["type"] = json!(kind);
        data["sequence_number"] = json!(self.events.len());
        self.events.push(Event {
            frame: format!("event: {kind}\ndata: {data}\n\n").into(),
            is_delta,
        });
    }
}

/// The members of both objects.
fn with(base: &Value, more: Value) -> Value {
    let mut both = base.clone();
    if let (Value::Object(members), Value::Object(more)) = (&mut both, more) {
        members.extend(more);
    }
    both
}

/// Deltas and their padding have a multiple of this length together.
const PADDED: usize = 16;

/// Random in the real service; here the same in each run.
const PADDING: &str = "k3VxQ9bLrT2mZ7sWfH";
