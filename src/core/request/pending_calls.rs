//! Calls that wait for a result without an id. Agents with the kernel's older role `function` know results by the tool's name
//! alone.

use std::collections::VecDeque;

use crate::core::item::{Item, ItemKind};

/// Finds the call that a result without an id answers: the first of its tool in the last turn that has no result yet.
#[derive(Default)]
pub(super) struct PendingCalls {
    /// The calls of the last turn by their tools' names, of which there are few: the messages that they are in, and their ids.
    calls: Vec<(String, VecDeque<(usize, String)>)>,
    /// The ids of those of them that have a result.
    answered: Vec<String>,
    /// The message of the first of these calls.
    first: Option<usize>,
    /// How many items were looked at. Each is looked at once, and none in a conversation whose results have ids.
    seen: usize,
}

impl PendingCalls {
    /// The call's id. None when there is no such call.
    pub(super) fn call_id(&mut self, name: Option<&str>, items: &[Item]) -> Option<String> {
        for Item { origin, kind } in items.iter().skip(self.seen) {
            match kind {
                ItemKind::Message(_) => self.begin_turn(*origin),
                ItemKind::Result(result) => self.answered.push(result.call_id.clone()),
                ItemKind::Call(call) => {
                    self.first = self.first.or(Some(*origin));
                    let pending = (*origin, call.id.clone());
                    match self.calls_of(&call.name) {
                        Some(calls) => calls.push_back(pending),
                        None => {
                            let calls = VecDeque::from([pending]);
                            self.calls.push((call.name.clone(), calls));
                        }
                    }
                }
                ItemKind::Reasoning(_) | ItemKind::Compaction(_) | ItemKind::Other(_) => {}
            }
        }
        self.seen = items.len();
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
