//! The blocks that a caller has got, and whether they are what the response says.

use crate::contract::types::{
    BlockContent, BlockKind, BlockStart, ChatResponse, ContentBlock, FinishReason, ToolCall,
    ToolCallHeader,
};
use crate::core::json;
use crate::core::response::event::PartKind;

/// A block that a caller has got, or is getting.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) index: u32,
    pub(super) kind: PartKind,
    /// The item that it is of, as long as it is open.
    pub(super) item: Option<usize>,
    /// What a tool call's block began with.
    pub(super) header: Option<ToolCallHeader>,
    /// What was delivered.
    pub(super) text: String,
    /// Where in that the present part begins, or what the present response says.
    pub(super) part: usize,
    /// What the service says that the part is, where that is something else than what was delivered.
    pub(super) whole: Option<String>,
    /// It began with its first delta; the event that should have begun it may still come.
    pub(super) is_implicit: bool,
    /// The present part is complete, and what comes next is another line.
    pub(super) is_part_over: bool,
}

impl Block {
    /// A block that begins as this says.
    pub(super) fn beginning(start: &BlockStart) -> Self {
        let (kind, header) = match &start.block {
            BlockKind::Refusal => (PartKind::Refusal, None),
            BlockKind::Text => (PartKind::Text, None),
            BlockKind::Thinking => (PartKind::Thinking, None),
            BlockKind::ToolCall(header) => (PartKind::ToolCall, Some(header.clone())),
        };
        Self {
            index: start.index,
            kind,
            item: None,
            header,
            text: String::new(),
            part: 0,
            whole: None,
            is_implicit: false,
            is_part_over: false,
        }
    }

    /// What was delivered of the present part.
    pub(super) fn of_part(&self) -> &str {
        if self.is_part_over {
            return "";
        }
        self.text.get(self.part..).unwrap_or_default()
    }

    /// What the present response says in it, as far as is known.
    pub(super) fn said(&self) -> &str {
        match (self.kind, &self.whole) {
            (_, Some(whole)) => whole,
            (PartKind::Thinking, None) => &self.text,
            (_, None) => self.text.get(self.part..).unwrap_or_default(),
        }
    }
}

/// Whether a caller that has got these blocks has got something else than the content of the response.
///
/// Kind by kind, because reasoning may come after what it led to; without blocks of no text, which say nothing. In reasoning
/// white space does not count: how its parts are joined is ours.
pub(super) fn differ(blocks: &[Block], response: &ChatResponse) -> bool {
    let content = &response.content;
    let is_cut = matches!(
        response.finish_reason,
        FinishReason::ContentFilter | FinishReason::Length
    );
    let texts = |kind| texts(blocks, kind);
    !texts(PartKind::Text).eq(content.iter().filter_map(text))
        || !texts(PartKind::Refusal).eq(content.iter().filter_map(refusal))
        || !are_same_thoughts(
            texts(PartKind::Thinking),
            content.iter().filter_map(thinking),
        )
        || !calls(blocks, is_cut).eq(content.iter().filter_map(call))
}

fn are_same_thoughts<'a>(
    mut delivered: impl Iterator<Item = &'a str>,
    mut content: impl Iterator<Item = &'a str>,
) -> bool {
    fn visible(text: &str) -> impl Iterator<Item = u8> {
        text.bytes().filter(|byte| !byte.is_ascii_whitespace())
    }
    loop {
        match (delivered.next(), content.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if visible(one).eq(visible(other)) => {}
            _ => return false,
        }
    }
}

/// What is delivered of a block that is complete: how it begins, and its text.
pub(super) fn whole(block: &ContentBlock) -> Option<(BlockKind, &str)> {
    Some(match &block.content {
        BlockContent::Text(text) => (BlockKind::Text, text),
        BlockContent::Refusal(text) => (BlockKind::Refusal, text),
        BlockContent::Thinking(thinking) => (BlockKind::Thinking, &thinking.text),
        BlockContent::ToolCall(call) => {
            let header = ToolCallHeader {
                id: call.id.clone(),
                name: call.name.clone(),
            };
            (BlockKind::ToolCall(header), &call.arguments)
        }
        _ => return None,
    })
}

fn texts(blocks: &[Block], kind: PartKind) -> impl Iterator<Item = &str> {
    blocks
        .iter()
        .filter(move |block| block.kind == kind && !block.text.is_empty())
        .map(|block| block.text.as_str())
}

/// The calls, as id, name and arguments. One that was cut off in the middle is none.
fn calls(blocks: &[Block], is_cut: bool) -> impl Iterator<Item = (&str, &str, &str)> {
    blocks.iter().filter_map(move |block| {
        let header = block.header.as_ref()?;
        let is_call = !is_cut || json::object(&block.text).is_some();
        is_call.then_some((
            header.id.as_str(),
            header.name.as_str(),
            block.text.as_str(),
        ))
    })
}

fn text(block: &ContentBlock) -> Option<&str> {
    match &block.content {
        BlockContent::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn refusal(block: &ContentBlock) -> Option<&str> {
    match &block.content {
        BlockContent::Refusal(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn thinking(block: &ContentBlock) -> Option<&str> {
    match &block.content {
        BlockContent::Thinking(thinking) if !thinking.text.is_empty() => Some(&thinking.text),
        _ => None,
    }
}

fn call(block: &ContentBlock) -> Option<(&str, &str, &str)> {
    match &block.content {
        BlockContent::ToolCall(ToolCall {
            id,
            name,
            arguments,
            ..
        }) => Some((id, name, arguments)),
        _ => None,
    }
}
