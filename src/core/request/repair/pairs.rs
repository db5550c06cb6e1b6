//! Decides which result answers which call.

use std::collections::BinaryHeap;

use super::marks::{Fate, Kind, Mark};
use crate::core::item::{Item, ItemKind};

/// Gives each call and each result its fate.
pub(super) fn pair(marks: &mut [Mark<'_>], items: &[Item]) {
    // A heap, because its code is a sixth of the standard library's sort.
    let mut ids = Vec::new();
    for (index, mark) in marks.iter().enumerate() {
        // No result answers a call that was dropped already.
        if mark.kind == Kind::Result || mark.fate == Fate::Lost {
            ids.push((mark.id, index));
        }
    }
    let ids = BinaryHeap::from(ids).into_sorted_vec();
    for group in ids.chunk_by(|(id, _), (other, _)| id == other) {
        pair_group(group, &ids, marks, items);
    }
    // Reasoning goes with the call that it led to: the service refuses it alone.
    for index in (1..marks.len()).rev() {
        let is_gone = marks[index].fate == Fate::Dropped && marks[index].kind != Kind::Result;
        if is_gone && marks[index - 1].kind == Kind::Reasoning {
            marks[index - 1].fate = Fate::Dropped;
        }
    }
}

/// Pairs the calls and results with one id. A result answers the first call of the last turn before it that has none yet;
/// one that comes before all calls answers the first of them, when nothing else does.
fn pair_group(
    group: &[(&str, usize)],
    ids: &[(&str, usize)],
    marks: &mut [Mark<'_>],
    items: &[Item],
) {
    let (mut first_call, mut last_call, mut early) = (None, None, None);
    let mut suffix = 1;
    // Where the first call is that may wait for a result.
    let mut next = 0;
    for (position, &(_, index)) in group.iter().enumerate() {
        while next < position && marks[group[next].1].fate != Fate::Lost {
            next += 1;
        }
        let waiting = group[next].1;
        if marks[index].kind == Kind::Result {
            match last_call {
                Some(_) if next < position => answer(waiting, index, marks),
                Some(_) => {}
                None => early = early.or(Some(index)),
            }
            continue;
        }
        if let Some(last) = last_call {
            if is_twice(&items[last], &items[index]) {
                marks[index].fate = Fate::Dropped;
                continue;
            }
            // Some providers count their calls anew in each turn, and agents change the provider in a conversation.
            loop {
                suffix += 1;
                marks[index].suffix = suffix;
                let id = marks[index].id_now();
                let found = ids.binary_search_by(|(taken, _)| (*taken).cmp(&id));
                if found.is_err() {
                    break;
                }
            }
        }
        if marks[waiting].turn != marks[index].turn {
            next = position;
        }
        first_call = first_call.or(Some(index));
        last_call = Some(index);
    }
    if let (Some(call), Some(result)) = (first_call, early)
        && marks[call].fate == Fate::Lost
    {
        answer(call, result, marks);
    }
}

/// Whether one call stands twice in its message.
fn is_twice(one: &Item, other: &Item) -> bool {
    match (&one.kind, &other.kind) {
        (ItemKind::Call(call), ItemKind::Call(again)) => {
            one.origin == other.origin && call == again
        }
        _ => false,
    }
}

fn answer(call: usize, result: usize, marks: &mut [Mark<'_>]) {
    let is_in_place = marks[call].turn == marks[result].turn;
    (marks[call].fate, marks[result].fate) = if is_in_place {
        (Fate::Stays, Fate::Stays)
    } else {
        (Fate::Fetches(result), Fate::Moves)
    };
    marks[result].suffix = marks[call].suffix;
}
