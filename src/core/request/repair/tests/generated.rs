//! What holds for every history, shown with some thousands that a generator makes.

use std::collections::HashMap;

use super::*;
use crate::core::item::{self, ItemKind};

#[test]
fn a_repaired_history_is_accepted_and_is_not_repaired_again() {
    for seed in 0..HISTORIES {
        let messages = Generator(seed).history();
        let original = items(&messages);
        let mut repaired = original.clone();
        let repairs = repair(&mut repaired, &messages);
        let both = format!("{seed}: {} → {}", words(&original), words(&repaired));
        assert_eq!(problem(&repaired, &messages), None, "{both}");

        let once = repaired.clone();
        let again = repair(&mut repaired, &messages);
        assert_eq!(again, Repairs::default(), "{both}");
        assert_eq!(once, repaired, "{both}");

        if problem(&original, &messages).is_none() {
            assert_eq!(repairs, Repairs::default(), "{both}");
            assert_eq!(original, repaired, "{both}");
        }
    }
}

#[test]
fn nothing_is_lost_that_is_not_reported() {
    for seed in 0..HISTORIES {
        let messages = Generator(seed).history();
        let original = items(&messages);
        let mut repaired = original.clone();
        let repairs = repair(&mut repaired, &messages);
        let count = |kind| {
            repairs
                .list
                .iter()
                .filter(|repair| repair.kind == kind)
                .count()
        };

        let (before, after) = (Census::of(&original), Census::of(&repaired));
        assert_eq!(after.texts, before.texts, "{seed}");
        assert_eq!(
            after.calls,
            before.calls - count(RepairKind::CallRemoved),
            "{seed}"
        );
        assert_eq!(
            after.results,
            before.results - count(RepairKind::ResultRemoved),
            "{seed}"
        );
        assert_eq!(after.lost, count(RepairKind::ResultAdded), "{seed}");
        assert_eq!(after.interrupted, repairs.closed_turns, "{seed}");
        // Reasoning goes only with a call that goes.
        if count(RepairKind::CallRemoved) == 0 {
            assert_eq!(after.reasoning, before.reasoning, "{seed}");
        }
    }
}

/// Enough to meet every rule many times over, in less than a second.
const HISTORIES: u64 = 20_000;

/// What is in a conversation.
#[derive(Default)]
struct Census {
    /// All texts, in order.
    texts: Vec<String>,
    calls: usize,
    results: usize,
    lost: usize,
    interrupted: usize,
    reasoning: usize,
}

impl Census {
    fn of(items: &[Item]) -> Self {
        let mut census = Self::default();
        for word in items.iter().flat_map(words_of) {
            match word.as_str() {
                "interrupted" => census.interrupted += 1,
                "think" => census.reasoning += 1,
                "user" | "text" | "developer" | "reminder" => census.texts.push(word),
                result if result.starts_with('=') && result.ends_with('?') => census.lost += 1,
                result if result.starts_with('=') => census.results += 1,
                _ => census.calls += 1,
            }
        }
        census
    }
}

/// What the service would refuse, or this repair promises not to leave.
fn problem(items: &[Item], messages: &[Message]) -> Option<String> {
    // The messages with calls of the last turn, and whether a result has come after them.
    let mut open: HashMap<&str, bool> = HashMap::new();
    let mut seen = HashMap::new();
    let mut is_answering = false;
    let calls = |origin: usize| {
        let is_call = |item: &Item| matches!(item.kind, ItemKind::Call(_));
        items
            .iter()
            .any(|item| item.origin == origin && is_call(item))
    };
    for (index, Item { origin, kind }) in items.iter().enumerate() {
        match kind {
            ItemKind::Result(result) => {
                match open.get_mut(result.call_id.as_str()) {
                    Some(answered) if !*answered => *answered = true,
                    _ => {
                        let id = &result.call_id;
                        return Some(format!("the result of {id} has no call in its turn"));
                    }
                }
                is_answering = true;
                continue;
            }
            ItemKind::Call(call) if call.id.is_empty() || call.name.is_empty() => {
                return Some("a call without id or name".to_owned());
            }
            ItemKind::Reasoning(_) => {
                let is_by_the_model = match items.get(index + 1).map(|next| &next.kind) {
                    Some(ItemKind::Message(message)) => message.role == item::Role::Assistant,
                    Some(ItemKind::Reasoning(_) | ItemKind::Call(_)) => true,
                    _ => false,
                };
                if !is_by_the_model {
                    return Some("reasoning alone".to_owned());
                }
            }
            _ => {}
        }
        let continues = messages[*origin].role == Role::Assistant && calls(*origin);
        if is_answering || !continues {
            if open.values().any(|answered| !answered) {
                return Some("a call without a result".to_owned());
            }
            open.clear();
            is_answering = false;
        }
        if let ItemKind::Call(call) = kind {
            if seen.insert(call.id.as_str(), ()).is_some() {
                return Some(format!("two calls {}", call.id));
            }
            open.insert(&call.id, false);
        }
    }
    let is_open = open.values().any(|answered| !answered);
    is_open.then(|| "a call without a result".to_owned())
}

/// Makes histories; the same for the same seed.
struct Generator(u64);

impl Generator {
    fn history(&mut self) -> Vec<Message> {
        let length = 1 + self.below(9);
        let messages: Vec<&str> = (0..length).map(|_| self.pick(MESSAGES)).collect();
        history(&messages.join("|"))
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// SplitMix64.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) as usize % limit
    }
}

/// What histories are made of. Few ids, so that calls and results meet.
const MESSAGES: &[&str] = &[
    "user",
    "reminder",
    "developer",
    "system",
    "text",
    "a1",
    "b1",
    "a2",
    "a_2:4",
    "a1 b1",
    "think a1",
    "text think b1 text",
    "a1 a1",
    "a1 a2 b1",
    "1",
    "!a1",
    "think !a1 b2",
    "think 1",
    "=a1",
    "=a2",
    "=b1",
    "=b2",
    "=c1",
    "=1",
    "=a_2:4",
    "=a1 =b1",
    "=b1 =b2 =a2",
    "user:=a1 user",
    "user:user =b1",
    "user:=a2 user =b2 =c1",
    "user:=b1",
];
