//! What the service wants of a conversation that is whole: results in the form of their calls, and ids and names in characters
//! that it takes.
//!
//! Results become those of functions at first. Only when the conversation is repaired is it known which call each of them
//! answers.

use super::results;
use crate::core::item::{Answer, CallItem, CallKind, Item, ItemKind, ResultItem};

/// Gives results the form of their calls, and ids and names the form that the service allows.
pub(super) fn settle(items: &mut [Item]) {
    // Where the calls are whose results have a form of their own.
    let mut calls: Vec<usize> = Vec::new();
    for index in 0..items.len() {
        let (before, after) = items.split_at_mut(index);
        let Some(Item { kind, .. }) = after.first_mut() else {
            continue;
        };
        match kind {
            ItemKind::Call(call) => {
                shorten(&mut call.id);
                // Names at MCP servers are theirs.
                if matches!(call.kind, CallKind::Custom | CallKind::Function) {
                    sanitize_tool_name(&mut call.name);
                }
                if call.kind != CallKind::Function || call.caller().is_some() {
                    calls.push(index);
                }
            }
            ItemKind::Result(result) => {
                shorten(&mut result.call_id);
                // Most results come in the order of their calls.
                let position = calls
                    .iter()
                    .position(|call| is_call(&before[*call], &result.call_id));
                if let Some(position) = position
                    && let ItemKind::Call(call) = &mut before[calls.remove(position)].kind
                {
                    settle_pair(call, result);
                }
            }
            ItemKind::Message(_)
            | ItemKind::Reasoning(_)
            | ItemKind::Compaction(_)
            | ItemKind::Other(_) => {}
        }
    }
}

fn is_call(item: &Item, id: &str) -> bool {
    matches!(&item.kind, ItemKind::Call(call) if call.id == id)
}

/// Gives a call and its result the forms that go together. A result that has no such form makes the call one of a function.
fn settle_pair(call: &mut CallItem, result: &mut ResultItem) {
    let Answer::Function(output) = &mut result.answer else {
        return;
    };
    match results::answer(call, output) {
        Some(answer) => {
            result.answer = answer;
            if call.kind != CallKind::McpApproval {
                result.caller = call.caller().cloned();
            }
        }
        None => *call = call.as_function(),
    }
}

/// Makes an id that is too long short, for a call and its result in the same way. The agent's own ids stay as they are;
/// only the service sees the short ones.
fn shorten(id: &mut String) {
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

/// Writes the name of a tool in the characters that the service takes: other providers allow more of them, and agents change the
/// provider in a conversation. A name that is declared in this request is right already, or the request is refused.
fn sanitize_tool_name(name: &mut String) {
    let is_right = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    if name.len() <= MAX_ID && name.chars().all(is_right) {
        return;
    }
    let right = |character| if is_right(character) { character } else { '_' };
    *name = name.chars().take(MAX_ID).map(right).collect();
}

/// The maximum of characters in a call's id, and in a tool's name. Source: the API's reference.
const MAX_ID: usize = 64;
