//! Tool calls and their results.
//!
//! Most tools are functions. The calls and results of the service's own tools, and of custom ones, have items of their own; the
//! kernel's tool calls are what the response side makes of these. Which kind a call is of, its block says or the metadata of its
//! message, else the tools that the request declares.
//!
//! Results become those of functions at first. Only when the conversation is repaired is it known which call each of them
//! answers, and [`settle`] gives it the form of its call.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use super::results;
use crate::core::item::{Call, CallKind};
use crate::core::json;
use crate::core::repair::Items;

/// The declared tools whose calls are no function calls.
pub(super) struct Native<'a>(Vec<&'a Value>);

impl<'a> Native<'a> {
    pub(super) fn of(tools: &'a [Value]) -> Self {
        let mut native = Vec::new();
        for tool in tools {
            if matches!(json::text(tool, "type"), Some("apply_patch" | "custom")) {
                native.push(tool);
            }
        }
        Self(native)
    }

    /// The type of the native tool with this name.
    fn kind(&self, name: &str) -> Option<&'a str> {
        for tool in &self.0 {
            let kind = json::text(tool, "type");
            if json::text(tool, "name").or(kind) == Some(name) {
                return kind;
            }
        }
        None
    }
}

/// The item of a call. `details` is what its item had beside the block.
pub(super) fn call(
    id: &str,
    name: &str,
    arguments: Map<String, Value>,
    mut details: Map<String, Value>,
    native: &Native<'_>,
) -> Value {
    let said = match details.remove("type") {
        Some(Value::String(kind)) => CallKind::of_type(&kind),
        _ => None,
    };
    let kind = said.unwrap_or(match native.kind(name) {
        Some("apply_patch") => CallKind::ApplyPatch,
        Some("custom") => CallKind::Custom,
        _ => CallKind::Function,
    });
    kind.item(id, name, arguments, details)
}

/// The item of a result.
pub(super) fn result(call_id: &str, output: Value) -> Value {
    let mut result = json::typed(FUNCTION_CALL_OUTPUT);
    json::set_text(&mut result, CALL_ID, call_id);
    json::set(&mut result, "output", output);
    Value::Object(result)
}

/// Finds the call that a result without an id answers: the first of its tool in the last turn that has no result yet.
/// Agents with the kernel's older role `function` know results by the tool's name alone.
#[derive(Default)]
pub(super) struct Waiting {
    /// The calls of the last turn by their tools' names, of which there are few: the messages that they are in, and their ids.
    calls: Vec<(String, VecDeque<(usize, String)>)>,
    /// The ids of those of them that have a result.
    answered: Vec<String>,
    /// The message of the first of these calls.
    first: Option<usize>,
    /// How many items were looked at. Each is looked at once, and none in a conversation whose results have ids.
    seen: usize,
}

impl Waiting {
    /// The call's id. None when there is no such call.
    pub(super) fn call_id(&mut self, name: Option<&str>, items: &Items) -> Option<String> {
        for (index, item) in items.values.iter().enumerate().skip(self.seen) {
            // The present message has no entry there yet.
            let message = items.messages.get(index).copied().unwrap_or(usize::MAX);
            let id = json::text(item, CALL_ID);
            if item.get("role").is_some() {
                self.begin_turn(message);
            } else if is_result(item) {
                self.answered.extend(id.map(str::to_owned));
            } else if let (Some(kind), Some(id)) = (CallKind::of(item), id) {
                let name = json::text(item, "name").unwrap_or(kind.tool_name());
                self.first = self.first.or(Some(message));
                let call = (message, id.to_owned());
                match self.calls_of(name) {
                    Some(calls) => calls.push_back(call),
                    None => self.calls.push((name.to_owned(), VecDeque::from([call]))),
                }
            }
        }
        self.seen = items.values.len();
        while let Some((_, id)) = self.calls_of(name?)?.pop_front() {
            match self.answered.iter().position(|answered| *answered == id) {
                Some(position) => drop(self.answered.swap_remove(position)),
                None => return Some(id),
            }
        }
        None
    }

    /// The calls of one tool.
    fn calls_of(&mut self, tool: &str) -> Option<&mut VecDeque<(usize, String)>> {
        let of_tool = self.calls.iter_mut().find(|(name, _)| name == tool);
        of_tool.map(|(_, calls)| calls)
    }

    /// A turn begins, unless the same message has called tools already.
    fn begin_turn(&mut self, message: usize) {
        if self.first == Some(message) {
            return;
        }
        self.first = None;
        self.calls.retain_mut(|(_, calls)| {
            calls.retain(|(called_in, _)| *called_in == message);
            if !calls.is_empty() {
                self.first = Some(message);
            }
            !calls.is_empty()
        });
        self.answered.clear();
    }
}

/// Gives results the form of their calls, and ids and names the form that the service allows, in a conversation that is
/// whole.
pub(super) fn settle(items: &mut Items) {
    // Where the calls are whose results have a form of their own.
    let mut calls: Vec<(String, usize)> = Vec::new();
    for index in 0..items.values.len() {
        let item = &mut items.values[index];
        shorten(item);
        let kind = CallKind::of(item);
        // Names at MCP servers are theirs.
        if let Some(CallKind::Custom | CallKind::Function) = kind {
            spell(item);
        }
        let Some(id) = json::text(item, CALL_ID) else {
            continue;
        };
        match kind {
            Some(CallKind::Function) if item.get("caller").is_none() => {}
            Some(_) => calls.push((id.to_owned(), index)),
            None if is_result(item) => {
                // Most results come in the order of their calls.
                if let Some(position) = calls.iter().position(|(call, _)| call == id) {
                    let (_, call) = calls.remove(position);
                    if let Some(kind) = CallKind::of(&items.values[call]) {
                        settle_pair(kind, call, index, items);
                    }
                }
            }
            None => {}
        }
    }
}

/// Gives a call and its result the forms that go together.
fn settle_pair(kind: CallKind, call: usize, result: usize, items: &mut Items) {
    match results::of(kind, &items.values[call], &items.values[result]) {
        Some(answer) => items.values[result] = answer,
        None => {
            if let Some(function) = as_function(&items.values[call]) {
                items.values[call] = function;
            }
        }
    }
    // An approval is told apart by the id of its item, which no other kind of call goes by.
    if kind == CallKind::McpApproval
        && let Value::Object(item) = &mut items.values[call]
        && let Some(id) = item.remove(CALL_ID)
    {
        json::set(item, "id", id);
    }
}

/// The item of a call as if it were one of a function, which takes any result.
fn as_function(item: &Value) -> Option<Value> {
    let call = Call::of(item)?;
    let arguments = json::object(&call.arguments)?;
    Some(CallKind::Function.item(call.id, call.name, arguments, Map::new()))
}

fn is_result(item: &Value) -> bool {
    json::text(item, "type") == Some(FUNCTION_CALL_OUTPUT)
}

/// Makes an id that is too long short, for a call and its result in the same way. The agent's own ids stay as they are;
/// only the service sees the short ones.
fn shorten(item: &mut Value) {
    let Some(Value::String(id)) = item.get_mut(CALL_ID) else {
        return;
    };
    if id.len() <= MAX_ID || id.chars().count() <= MAX_ID {
        return;
    }
    // FNV-1a in 64 bits: small code, and enough to tell the calls of one conversation apart.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in id.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut short: String = id.chars().take(MAX_ID - 17).collect();
    short.push('_');
    for digit in (0..16).rev() {
        let digit = (hash >> (4 * digit)) & 0xf;
        short.push(char::from(b"0123456789abcdef"[digit as usize]));
    }
    *id = short;
}

/// Writes the name of a call's tool in the characters that the service takes: other providers allow more of them, and agents
/// change the provider in a conversation. A name that is declared in this request is right already, or the request refused.
fn spell(item: &mut Value) {
    let Some(Value::String(name)) = item.get_mut("name") else {
        return;
    };
    let is_right = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    if name.len() <= MAX_ID && name.chars().all(is_right) {
        return;
    }
    let right = |character| match is_right(character) {
        true => character,
        false => '_',
    };
    *name = name.chars().take(MAX_ID).map(right).collect();
}

/// The most characters that the service takes in a call's id, and in a tool's name.
const MAX_ID: usize = 64;

pub(super) const CALL_ID: &str = "call_id";

const FUNCTION_CALL_OUTPUT: &str = "function_call_output";
