//! From the contract's stream events to those of the API.

mod told;

use std::time::SystemTime;

use serde_json::{Value, json};

use self::told::Item;
use super::item;
use super::{Draft, draft};
use crate::contract::types::{ChatResponse, ErrorKind, ProviderError, StreamEvent};

/// The events of one response.
pub(in crate::serve) struct ResponseEvents {
    draft: Draft,
    /// The items that were announced, in the order of their `output_index`.
    items: Vec<Item>,
    /// What is to be sent.
    events: Vec<(&'static str, Value)>,
    sequence_number: u64,
}

impl ResponseEvents {
    /// The events of this response.
    pub(in crate::serve) fn new(draft: Draft) -> Self {
        Self {
            draft,
            items: Vec::new(),
            events: Vec::new(),
            sequence_number: 0,
        }
    }

    /// Takes what is to be sent: the names of events and their data.
    pub(in crate::serve) fn take(&mut self) -> Vec<(&'static str, Value)> {
        std::mem::take(&mut self.events)
    }

    /// The service has accepted the request.
    pub(in crate::serve) fn begin(&mut self) {
        for name in ["response.created", "response.in_progress"] {
            let response = self.draft.in_progress();
            self.event(name, json!({ "response": response }));
        }
    }

    /// Takes an event of the provider's. Whether it was the last one that matters.
    pub(in crate::serve) fn apply(&mut self, event: StreamEvent, now: SystemTime) -> bool {
        match event {
            StreamEvent::BlockStart(start) => self.start(start.index, start.block),
            StreamEvent::BlockDelta(delta) => self.delta(delta.index, &delta.text),
            StreamEvent::BlockEnd(index) => self.end(index),
            // Nothing was told that would have to be taken back.
            StreamEvent::Aborted(_) if self.items.is_empty() => {}
            StreamEvent::Aborted(error) => {
                let message = format!(
                    "the answer broke off after a part of it was delivered ({}); ask again",
                    error.message
                );
                // Whatever broke it off: asked again, it may arrive.
                self.fail(&ProviderError {
                    kind: ErrorKind::Stream,
                    message,
                    ..error
                });
                return true;
            }
            StreamEvent::Completed(response) => {
                let object = self.response(&response, now);
                let name = match object["status"].as_str() {
                    Some("incomplete") => "response.incomplete",
                    _ => "response.completed",
                };
                self.event(name, json!({ "response": object }));
                return true;
            }
        }
        false
    }

    /// The response failed.
    pub(in crate::serve) fn fail(&mut self, error: &ProviderError) {
        let response = self.draft.failed(error);
        self.event("response.failed", json!({ "response": response }));
    }

    /// The whole response. Tells what was not told of it, but for its end.
    pub(super) fn response(&mut self, response: &ChatResponse, now: SystemTime) -> Value {
        let open: Vec<u32> = self.items.iter().filter_map(|item| item.block).collect();
        open.into_iter().for_each(|block| self.end(block));
        let metadata = draft::metadata(response);
        let is_cut = draft::incomplete_reason(response, &metadata).is_some();

        // Blocks come in the order in which they were announced; one of which nothing came is not among them.
        let announced = self.items.len();
        let mut next = 0;
        let last = response.content.len().saturating_sub(1);
        for (number, block) in response.content.iter().enumerate() {
            let is_complete = !is_cut || number < last;
            let mut rest = self.items[next..announced].iter();
            let place = match rest.position(|item| item.is_of(block)) {
                Some(offset) => {
                    next += offset + 1;
                    next - 1
                }
                None => match self.tell(block) {
                    Some(place) => place,
                    None => continue,
                },
            };
            self.finish(place, Some(block), is_complete);
        }
        for place in 0..self.items.len() {
            self.finish(place, None, false);
        }
        let mut output: Vec<Value> = self.items.iter_mut().map(|item| item.done.take()).collect();
        let others = metadata.get("openai:items").and_then(Value::as_array);
        for item in others.into_iter().flatten() {
            if item::is_done_by_the_service(item) {
                for name in ["response.output_item.added", "response.output_item.done"] {
                    self.event(name, json!({ "output_index": output.len(), "item": item }));
                }
                output.push(item.clone());
            }
        }
        self.draft.finished(response, output, now)
    }

    /// An event of an item that was announced.
    fn item_event(&mut self, name: &'static str, place: usize, mut data: Value) {
        data["item_id"] = self.items[place].id.as_str().into();
        data["output_index"] = place.into();
        self.event(name, data);
    }

    fn event(&mut self, name: &'static str, mut data: Value) {
        data["type"] = name.into();
        data["sequence_number"] = self.sequence_number.into();
        self.sequence_number += 1;
        self.events.push((name, data));
    }
}
