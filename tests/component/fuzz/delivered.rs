//! What a caller has got of a stream, and whether that is the response.

use azure_openai_provider::contract::types::{
    BlockContent, BlockKind, ChatResponse, FinishReason, StreamEvent,
};
use serde_json::Value;

/// What a caller has got of a stream.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    /// The blocks since the stream began, or was aborted.
    blocks: Vec<Block>,
    pub(crate) response: Option<ChatResponse>,
}

#[derive(Debug)]
struct Block {
    index: u32,
    kind: BlockKind,
    text: String,
    is_open: bool,
}

impl Delivered {
    /// Takes the next event, which must be one that may come now.
    pub(crate) fn event(&mut self, event: &StreamEvent) {
        assert_eq!(self.response, None, "{event:?} comes after the response");
        match event {
            StreamEvent::BlockStart(start) => {
                let is_new = self.blocks.iter().all(|block| block.index < start.index);
                assert!(is_new, "{start:?} begins where a block was");
                self.blocks.push(Block {
                    index: start.index,
                    kind: start.block.clone(),
                    text: String::new(),
                    is_open: true,
                });
            }
            StreamEvent::BlockDelta(delta) => {
                assert!(!delta.text.is_empty(), "a delta of nothing");
                self.open(delta.index).text.push_str(&delta.text);
            }
            StreamEvent::BlockEnd(index) => self.open(*index).is_open = false,
            StreamEvent::Restarted(error) => {
                self.is_over();
                assert!(!error.message.is_empty());
                assert!(!self.blocks.is_empty(), "nothing is taken back");
                self.blocks.clear();
            }
            StreamEvent::Completed(response) => {
                self.is_over();
                self.is(response);
                self.response = Some(response.clone());
            }
        }
    }

    /// No block is open any more.
    pub(crate) fn is_over(&self) {
        let open = self.blocks.iter().find(|block| block.is_open);
        assert!(open.is_none(), "{open:?} has no end");
    }

    fn open(&mut self, index: u32) -> &mut Block {
        let mut blocks = self.blocks.iter_mut();
        let block = blocks.find(|block| block.index == index && block.is_open);
        block.expect("a block that is open")
    }

    /// What was delivered is the content of the response, each kind of block in its order: but for blocks without text, white
    /// space between thoughts, and calls in whose middle the response was cut off.
    fn is(&self, response: &ChatResponse) {
        let is_cut = matches!(
            response.finish_reason,
            FinishReason::ContentFilter | FinishReason::Length
        );
        let mut delivered = [const { Vec::new() }; 4];
        for Block { kind, text, .. } in &self.blocks {
            match kind {
                BlockKind::Text => delivered[0].push(text.clone()),
                BlockKind::Refusal => delivered[1].push(text.clone()),
                BlockKind::Thinking => delivered[2].push(without_blanks(text)),
                BlockKind::ToolCall(_) if is_cut && !is_object(text) => {}
                BlockKind::ToolCall(header) => {
                    delivered[3].push(format!("{} {} {text}", header.id, header.name));
                }
            }
        }
        let mut content = [const { Vec::new() }; 4];
        for block in &response.content {
            match &block.content {
                BlockContent::Text(text) => content[0].push(text.clone()),
                BlockContent::Refusal(text) => content[1].push(text.clone()),
                BlockContent::Thinking(thinking) => content[2].push(without_blanks(&thinking.text)),
                BlockContent::ToolCall(call) => {
                    content[3].push(format!("{} {} {}", call.id, call.name, call.arguments));
                }
                other => panic!("{other:?} is nothing that a model says"),
            }
        }
        for texts in delivered.iter_mut().chain(&mut content) {
            texts.retain(|text| !text.is_empty());
        }
        assert_eq!(delivered, content, "what was delivered, and the content");
    }
}

fn without_blanks(text: &str) -> String {
    text.split_ascii_whitespace().collect()
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}
