//! The items of a response whose stream is arriving, and the output that they come to.

use std::ops::{Index, IndexMut};

use serde_json::Value;

use super::blocks::Block;
use crate::core::json;
use crate::core::response::call::Call;
use crate::core::response::event::{Address, PartKind};
use crate::core::response::reasoning_text;

/// The items of a response, in the order in which they came.
///
/// Without maps and sorting, which take more of the component than the rest of this.
#[derive(Debug, Default)]
pub(super) struct Items {
    list: Vec<Item>,
    /// By their `output_index`, the items that events with it are about.
    by_slot: Vec<Option<usize>>,
    /// The item that was last asked for.
    last: Option<usize>,
}

/// One item.
#[derive(Debug, Default)]
pub(super) struct Item {
    /// Its place in the output.
    pub(super) slot: u32,
    /// The item that had the place before.
    before: Option<usize>,
    /// As the service told it: when it began, then when it was complete. Null before.
    pub(super) value: Value,
    pub(super) is_done: bool,
    /// Its blocks, by their places among all.
    pub(super) blocks: Vec<usize>,
    /// The one of them that is open.
    pub(super) open: Option<usize>,
    /// Something of its text was delivered.
    pub(super) has_text: bool,
    /// The arguments of a call whose name is not known yet.
    pub(super) held: String,
    /// The first half of a character whose second half comes in the next delta.
    pub(super) half: Option<u16>,
}

/// An element of the output, and the item that it is, where that was told.
pub(super) type Element = (Option<usize>, Value);

/// What there is no room for in the table of places has none: no response has as many items.
const MAX_SLOTS: u32 = 1 << 20;

impl Items {
    /// The item that an event is about.
    pub(super) fn of(&mut self, address: &Address<'_>) -> usize {
        let item = self.known(address);
        let item = item.unwrap_or_else(|| self.push(place(address)));
        self.last = Some(item);
        item
    }

    /// The item that is told in whole: another one than before, where gateways have one index for several.
    pub(super) fn told(&mut self, address: &Address<'_>, value: &Value) -> usize {
        let has_place = place(address).is_some();
        let known = self.known(address);
        let item = match known {
            Some(known) if self.list[known].may_be(value, has_place) => Some(known),
            // Where the index is wrong, the id may be right.
            Some(_) => self.with_id(address.id.as_deref()),
            None => None,
        };
        let item = item.unwrap_or_else(|| self.push(place(address)));
        self.last = Some(item);
        item
    }

    /// One more item; without a place of its own it is the last.
    pub(super) fn push(&mut self, slot: Option<u32>) -> usize {
        let slot = slot.unwrap_or(self.by_slot.len() as u32);
        let (item, index) = (self.list.len(), slot as usize);
        if index >= self.by_slot.len() {
            self.by_slot.resize(index + 1, None);
        }
        self.list.push(Item {
            slot,
            before: self.by_slot[index].replace(item),
            ..Item::default()
        });
        item
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether some text of the response was delivered.
    pub(super) fn have_text(&self) -> bool {
        self.list.iter().any(|item| item.has_text)
    }

    /// The output of the response: what its last event has, and what that leaves out of what was told before.
    ///
    /// The service's order stays; what is missing goes to its place in it.
    pub(super) fn output(
        &mut self,
        output: Vec<Value>,
        is_cut: bool,
        blocks: &[Block],
    ) -> Vec<Element> {
        let mut left = self.in_reverse_order();
        let mut elements = Vec::with_capacity(output.len());
        let mut matched = Vec::with_capacity(output.len());
        for value in &output {
            matched.push(self.matched(value, &mut left, blocks));
        }
        left.retain(|item| self.is_missing(*item, &output, is_cut, blocks));
        for (mut value, item) in output.into_iter().zip(matched) {
            if let Some(item) = item {
                let slot = self.list[item].slot;
                while left.last().is_some_and(|left| self.list[*left].slot < slot) {
                    elements.extend(self.missing(left.pop(), blocks));
                }
                self.list[item].fill(&mut value, blocks);
            }
            elements.push((item, value));
        }
        while !left.is_empty() {
            elements.extend(self.missing(left.pop(), blocks));
        }
        elements
    }

    /// The items in the order of their places, the first one last.
    fn in_reverse_order(&self) -> Vec<usize> {
        let mut items = Vec::with_capacity(self.list.len());
        for last in self.by_slot.iter().rev() {
            let mut item = *last;
            while let Some(index) = item {
                items.push(index);
                item = self.list[index].before;
            }
        }
        items
    }

    /// Which of the next few items that are left an element of the output is: the one with its id, else, of those of its kind,
    /// the one with its text, else the first.
    fn matched(&self, value: &Value, left: &mut Vec<usize>, blocks: &[Block]) -> Option<usize> {
        const LOOK_AHEAD: usize = 16;
        let (id, family, text) = (id(value), family(value), text(value));
        let mut best = None;
        for (place, item) in left.iter().enumerate().rev().take(LOOK_AHEAD) {
            let item = &self.list[*item];
            let likeness = if id.is_some() && self::id(&item.value) == id {
                3
            } else if item.family(blocks) != family {
                continue;
            } else if item.text(blocks) == text {
                2
            } else {
                1
            };
            if best.is_none_or(|(most, _)| likeness > most) {
                best = Some((likeness, place));
            }
            if likeness == 3 || (likeness == 2 && id.is_none()) {
                break;
            }
        }
        let (_, place) = best?;
        Some(left.remove(place))
    }

    /// Whether an item that is not in the output should be: it says something that no element of the output does.
    fn is_missing(&self, item: usize, output: &[Value], is_cut: bool, blocks: &[Block]) -> bool {
        /// In so many elements of the output the item may be, in another place.
        const MAX_ELEMENTS: usize = 64;
        let item = &self.list[item];
        // Of a call that was cut off before its arguments nobody knows what it would have been.
        let says_something = item.is_done || item.has_text || !is_cut;
        let is_it = |value: &Value| match (id(value), id(&item.value)) {
            (Some(one), Some(other)) => one == other,
            _ => family(value) == item.family(blocks) && text(value) == item.text(blocks),
        };
        says_something && !output.iter().take(MAX_ELEMENTS).any(is_it)
    }

    fn missing(&mut self, item: Option<usize>, blocks: &[Block]) -> Option<Element> {
        let value = self.list[item?].take(blocks)?;
        Some((item, value))
    }

    fn known(&self, address: &Address<'_>) -> Option<usize> {
        match place(address) {
            Some(slot) => *self.by_slot.get(slot as usize)?,
            None => self
                .with_id(address.id.as_deref())
                .or_else(|| self.last.filter(|last| !self.list[*last].is_done)),
        }
    }

    fn with_id(&self, wanted: Option<&str>) -> Option<usize> {
        let wanted = wanted?;
        self.list
            .iter()
            .rposition(|item| id(&item.value) == Some(wanted))
    }
}

fn place(address: &Address<'_>) -> Option<u32> {
    address.slot.filter(|slot| *slot < MAX_SLOTS)
}

impl Index<usize> for Items {
    type Output = Item;

    fn index(&self, item: usize) -> &Item {
        &self.list[item]
    }
}

impl IndexMut<usize> for Items {
    fn index_mut(&mut self, item: usize) -> &mut Item {
        &mut self.list[item]
    }
}

impl Item {
    /// Whether this may be told of the item. Where its place says so, its id may change until it is done.
    fn may_be(&self, value: &Value, has_place: bool) -> bool {
        let known = |key| json::text(&self.value, key).zip(json::text(value, key));
        let is_other = |(before, now)| before != now;
        let is_another_kind = known("type").is_some_and(is_other);
        let is_another = (self.is_done || !has_place) && known("id").is_some_and(is_other);
        !is_another_kind && !is_another
    }

    /// What kind of item it is, from what was delivered where it was not told.
    fn family(&self, blocks: &[Block]) -> &str {
        if self.value.is_object() {
            return family(&self.value);
        }
        let first = self.blocks.first().and_then(|block| blocks.get(*block));
        match first.map(|block| block.kind) {
            Some(PartKind::Refusal | PartKind::Text) => "message",
            Some(PartKind::Thinking) => "reasoning",
            // A call that nobody has named is none.
            Some(PartKind::ToolCall) | None => "",
        }
    }

    fn text(&self, blocks: &[Block]) -> String {
        if self.is_done {
            return text(&self.value);
        }
        let blocks = self.blocks.iter().filter_map(|block| blocks.get(*block));
        blocks.map(Block::said).collect()
    }

    /// Fills an element of the output that says nothing with what was delivered of it.
    fn fill(&mut self, value: &mut Value, blocks: &[Block]) {
        if !text(value).is_empty() || !self.has_text {
            return;
        }
        let key = match json::text(value, "type") {
            Some("message") => "content",
            Some("function_call") => "arguments",
            _ => return,
        };
        if let Some(mut whole) = self.take(blocks)
            && let Some(said) = whole.get_mut(key)
        {
            value[key] = said.take();
        }
    }

    /// The item, as the service told it, or made of what was delivered. None when that says nothing.
    fn take(&mut self, blocks: &[Block]) -> Option<Value> {
        let family = self.family(blocks).to_owned();
        let mut value = self.value.take();
        if self.is_done && (!self.has_text || !text(&value).is_empty()) {
            return Some(value);
        }
        let (mut parts, mut said) = (Vec::new(), String::new());
        for block in self.blocks.iter().filter_map(|block| blocks.get(*block)) {
            if !block.said().is_empty() {
                parts.push(part(block));
                said.push_str(block.said());
            }
        }
        let (key, said) = match family.as_str() {
            "message" => ("content", Value::Array(parts)),
            "reasoning" => ("summary", Value::Array(parts)),
            // A call is one, once it has begun; whether its arguments are complete is another question.
            "function_call" => ("arguments", Value::String(said)),
            // What calls of other kinds say comes with their last event only.
            _ => return None,
        };
        if json::says_nothing(&said) {
            return None;
        }
        if !value.is_object() {
            value = json::object_of(vec![("type", family.into())]);
        }
        value[key] = said;
        Some(value)
    }
}

/// A part of an item, made of what was delivered.
fn part(block: &Block) -> Value {
    let (kind, key) = match block.kind {
        PartKind::Refusal => ("refusal", "refusal"),
        PartKind::Thinking => ("summary_text", "text"),
        PartKind::Text | PartKind::ToolCall => ("output_text", "text"),
    };
    json::object_of(vec![("type", kind.into()), (key, block.said().into())])
}

/// The type of an item.
fn family(item: &Value) -> &str {
    json::text(item, "type").unwrap_or_default()
}

/// The id of an item, where it has one.
fn id(item: &Value) -> Option<&str> {
    json::text(item, "id")
        .or_else(|| json::text(item, "call_id"))
        .filter(|id| !id.is_empty())
}

/// All that an item says.
fn text(item: &Value) -> String {
    match json::text(item, "type") {
        Some("message") => {
            let parts = json::items(item, "content").iter();
            let texts = parts.filter_map(|part| {
                json::text(part, "text").or_else(|| json::text(part, "refusal"))
            });
            texts.collect()
        }
        Some("reasoning") => reasoning_text(item),
        Some("function_call") => json::text(item, "arguments").unwrap_or_default().to_owned(),
        _ => Call::of(item).map_or_else(String::new, |call| call.arguments.into_owned()),
    }
}
