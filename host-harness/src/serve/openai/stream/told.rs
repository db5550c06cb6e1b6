//! The items of a stream: how each is announced, grows and ends.

use serde_json::{Map, Value, json};

use super::ResponseEvents;
use crate::contract::types::{BlockContent, BlockKind, ContentBlock, ToolCall, ToolCallHeader};
use crate::serve::openai::item;

/// An item that was announced.
pub(super) struct Item {
    pub(super) id: String,
    pub(super) kind: BlockKind,
    /// The number of its block, until that ends.
    pub(super) block: Option<u32>,
    /// What came of it so far.
    pub(super) text: String,
    pub(super) is_done: bool,
    /// The item as it ends up.
    pub(super) done: Value,
}

impl ResponseEvents {
    /// Tells a block that no event has told of. Where it is among the items.
    pub(super) fn tell(&mut self, block: &ContentBlock) -> Option<usize> {
        let (kind, text) = match &block.content {
            BlockContent::Text(text) => (BlockKind::Text, text.as_str()),
            BlockContent::Refusal(text) => (BlockKind::Refusal, text.as_str()),
            BlockContent::Thinking(thinking) => (BlockKind::Thinking, thinking.text.as_str()),
            BlockContent::ToolCall(call) => {
                let header = ToolCallHeader {
                    id: call.id.clone(),
                    name: call.name.clone(),
                };
                (BlockKind::ToolCall(header), call.arguments.as_str())
            }
            _ => return None,
        };
        self.start(NO_BLOCK, kind);
        if !text.is_empty() {
            self.delta(NO_BLOCK, text);
        }
        self.end(NO_BLOCK);
        Some(self.items.len() - 1)
    }

    pub(super) fn start(&mut self, block: u32, kind: BlockKind) {
        let echo = &self.draft.echo;
        let id_kind = match &kind {
            BlockKind::Text | BlockKind::Refusal => item::MESSAGE,
            BlockKind::Thinking => item::REASONING,
            BlockKind::ToolCall(header) => item::call_kind(&header.name, echo),
        };
        let id = self.draft.ids.next(id_kind);
        let place = self.items.len();
        let added = match &kind {
            BlockKind::Text | BlockKind::Refusal => item::message(&id, "in_progress", Vec::new()),
            BlockKind::Thinking => json!({ "id": id, "type": "reasoning", "summary": [] }),
            BlockKind::ToolCall(header) => item::call(&id, &call(header, ""), "in_progress", echo),
        };
        let part = empty_part(&kind);
        self.items.push(Item {
            id,
            kind,
            block: Some(block),
            text: String::new(),
            is_done: false,
            done: Value::Null,
        });
        self.event(
            "response.output_item.added",
            json!({ "output_index": place, "item": added }),
        );
        if let Some(part) = part {
            self.item_event(
                "response.content_part.added",
                place,
                json!({ "content_index": 0, "part": part }),
            );
        }
    }

    pub(super) fn delta(&mut self, block: u32, text: &str) {
        let Some(place) = self.open(block) else {
            return;
        };
        let is_first = self.items[place].text.is_empty();
        self.items[place].text.push_str(text);
        let (name, data) = match &self.items[place].kind {
            BlockKind::Text => (
                "response.output_text.delta",
                json!({ "content_index": 0, "delta": text, "logprobs": [] }),
            ),
            BlockKind::Refusal => (
                "response.refusal.delta",
                json!({ "content_index": 0, "delta": text }),
            ),
            BlockKind::Thinking => {
                if is_first {
                    self.item_event(
                        "response.reasoning_summary_part.added",
                        place,
                        json!({ "summary_index": 0, "part": { "type": "summary_text", "text": "" } }),
                    );
                }
                (
                    "response.reasoning_summary_text.delta",
                    json!({ "summary_index": 0, "delta": text }),
                )
            }
            // What a tool that is no function is given is in the arguments, and can be told when they are all there.
            BlockKind::ToolCall(header) if self.draft.echo.native(&header.name).is_some() => return,
            BlockKind::ToolCall(_) => (
                "response.function_call_arguments.delta",
                json!({ "delta": text }),
            ),
        };
        self.item_event(name, place, data);
    }

    pub(super) fn end(&mut self, block: u32) {
        let Some(place) = self.open(block) else {
            return;
        };
        let item = &mut self.items[place];
        item.block = None;
        let (kind, text) = (item.kind.clone(), item.text.clone());
        match &kind {
            BlockKind::Text => self.item_event(
                "response.output_text.done",
                place,
                json!({ "content_index": 0, "text": text, "logprobs": [] }),
            ),
            BlockKind::Refusal => self.item_event(
                "response.refusal.done",
                place,
                json!({ "content_index": 0, "refusal": text }),
            ),
            BlockKind::Thinking if text.is_empty() => {}
            BlockKind::Thinking => {
                let part = json!({ "type": "summary_text", "text": text });
                self.item_event(
                    "response.reasoning_summary_text.done",
                    place,
                    json!({ "summary_index": 0, "text": text }),
                );
                self.item_event(
                    "response.reasoning_summary_part.done",
                    place,
                    json!({ "summary_index": 0, "part": part }),
                );
            }
            BlockKind::ToolCall(header) => self.end_call(place, &call(header, &text)),
        }
    }

    /// A call is told to its end at once, so that the caller can begin to run its tool. One that was cut off waits for the
    /// response, which says so.
    fn end_call(&mut self, place: usize, call: &ToolCall) {
        if serde_json::from_str::<Map<String, Value>>(&call.arguments).is_err() {
            return;
        }
        match item::call_kind(&call.name, &self.draft.echo) {
            "fc" => self.item_event(
                "response.function_call_arguments.done",
                place,
                json!({ "name": call.name, "arguments": call.arguments }),
            ),
            "ctc" => {
                let input = item::input(&call.arguments);
                for (name, member) in [
                    ("response.custom_tool_call_input.delta", "delta"),
                    ("response.custom_tool_call_input.done", "input"),
                ] {
                    self.item_event(name, place, json!({ member: input }));
                }
            }
            _ => {}
        }
        let done = item::call(
            &self.items[place].id,
            call,
            item::status(true),
            &self.draft.echo,
        );
        self.item_done(place, done);
    }

    /// Ends an item with what the response says of it, or, of one that is not in there, with what came of it.
    pub(super) fn finish(&mut self, place: usize, block: Option<&ContentBlock>, is_complete: bool) {
        let Item {
            id,
            kind,
            text,
            is_done: false,
            ..
        } = &self.items[place]
        else {
            return;
        };
        let echo = &self.draft.echo;
        let (part, done) = match (block, kind) {
            (Some(block), _) => (
                item::part(block),
                item::of(block, id, is_complete, echo).unwrap_or_default(),
            ),
            (None, BlockKind::Text | BlockKind::Refusal) => {
                let part = item::part(&ContentBlock::of(match kind {
                    BlockKind::Text => BlockContent::Text(text.clone()),
                    _ => BlockContent::Refusal(text.clone()),
                }));
                let parts = part.iter().cloned().collect();
                (part, item::message(id, item::status(false), parts))
            }
            (None, BlockKind::Thinking) => {
                let summary = item::summary(text);
                (
                    None,
                    json!({ "id": id, "type": "reasoning", "summary": summary }),
                )
            }
            (None, BlockKind::ToolCall(header)) => (
                None,
                item::call(id, &call(header, text), item::status(false), echo),
            ),
        };
        if let Some(part) = part {
            self.item_event(
                "response.content_part.done",
                place,
                json!({ "content_index": 0, "part": part }),
            );
        }
        self.item_done(place, done);
    }

    fn item_done(&mut self, place: usize, done: Value) {
        self.event(
            "response.output_item.done",
            json!({ "output_index": place, "item": done }),
        );
        let item = &mut self.items[place];
        item.is_done = true;
        item.done = done;
    }

    fn open(&self, block: u32) -> Option<usize> {
        let mut items = self.items.iter();
        items.position(|item| item.block == Some(block))
    }
}

impl Item {
    /// Whether a block of the response is this item.
    pub(super) fn is_of(&self, block: &ContentBlock) -> bool {
        match (&self.kind, &block.content) {
            (BlockKind::Refusal, BlockContent::Refusal(_))
            | (BlockKind::Text, BlockContent::Text(_))
            | (BlockKind::Thinking, BlockContent::Thinking(_)) => true,
            (BlockKind::ToolCall(header), BlockContent::ToolCall(call)) => header.id == call.id,
            _ => false,
        }
    }
}

fn call(header: &ToolCallHeader, arguments: &str) -> ToolCall {
    ToolCall {
        id: header.id.clone(),
        name: header.name.clone(),
        arguments: arguments.to_owned(),
        extensions: None,
    }
}

/// The part that a message begins with.
fn empty_part(kind: &BlockKind) -> Option<Value> {
    match kind {
        BlockKind::Text => Some(json!({
            "type": "output_text",
            "text": "",
            "annotations": [],
            "logprobs": [],
        })),
        BlockKind::Refusal => Some(json!({ "type": "refusal", "refusal": "" })),
        BlockKind::Thinking | BlockKind::ToolCall(_) => None,
    }
}

/// The number of a block that no event has told of. Those of the provider's blocks count from 0.
const NO_BLOCK: u32 = u32::MAX;
