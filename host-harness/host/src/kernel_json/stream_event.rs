//! [`StreamEvent`]: one event of a response as it arrives. Only written: it comes from the component.
//!
//! The kernel has no such type of its own, only events for its hooks. In JSON an event is its [`name`] and an object:
//!
//! | name | object |
//! |---|---|
//! | `block_start` | `{"index": 0, "type": "text"}`; `type` may be `thinking` and `refusal` too, and `tool_call`, which has the call's `id` and `name` |
//! | `block_delta` | `{"index": 0, "text": "…"}` |
//! | `block_end` | `{"index": 0}` |
//! | `restarted` | the [error](super::provider_error) for which the attempt broke off |
//! | `completed` | the [response](super::chat_response) |

use serde_json::{Value, json};

use crate::contract::types::{BlockKind, BlockStart, StreamEvent};

use super::{JsonError, chat_response, provider_error};

/// The event's name.
pub fn name(event: &StreamEvent) -> &'static str {
    match event {
        StreamEvent::BlockStart(_) => "block_start",
        StreamEvent::BlockDelta(_) => "block_delta",
        StreamEvent::BlockEnd(_) => "block_end",
        StreamEvent::Restarted(_) => "restarted",
        StreamEvent::Completed(_) => "completed",
    }
}

/// Writes what the event says.
///
/// # Errors
///
/// The error or the response in it cannot be written.
pub fn to_value(event: &StreamEvent) -> Result<Value, JsonError> {
    match event {
        StreamEvent::BlockStart(start) => Ok(block_start(start)),
        StreamEvent::BlockDelta(delta) => Ok(json!({ "index": delta.index, "text": delta.text })),
        StreamEvent::BlockEnd(index) => Ok(json!({ "index": index })),
        StreamEvent::Restarted(error) => provider_error::to_value(error),
        StreamEvent::Completed(response) => chat_response::to_value(response),
    }
}

fn block_start(BlockStart { index, block }: &BlockStart) -> Value {
    let kind = match block {
        BlockKind::Text => "text",
        BlockKind::Thinking => "thinking",
        BlockKind::Refusal => "refusal",
        BlockKind::ToolCall(header) => {
            return json!({
                "index": index,
                "type": "tool_call",
                "id": header.id,
                "name": header.name,
            });
        }
    };
    json!({ "index": index, "type": kind })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use crate::contract::types::{
        BlockDelta, ChatResponse, ErrorKind, FinishReason, ProviderError, ToolCallHeader,
    };

    use super::*;

    #[test]
    fn every_event_has_a_name_and_an_object() {
        let start = |block| StreamEvent::BlockStart(BlockStart { index: 2, block });
        let call = ToolCallHeader {
            id: "c1".into(),
            name: "add".into(),
        };
        let error = ProviderError {
            kind: ErrorKind::Stream,
            message: "it broke off".into(),
            status: None,
            code: None,
            retryable: true,
            retry_after_ms: None,
            request_id: None,
            provider: "acme".into(),
            model: None,
            details: None,
        };
        let response = ChatResponse {
            content: Vec::new(),
            tool_calls: Vec::new(),
            usage: None,
            degradation: None,
            finish_reason: FinishReason::Stop,
            metadata: None,
            extensions: None,
        };
        let delta = BlockDelta {
            index: 2,
            text: "Hel".into(),
        };
        let table = [
            (
                start(BlockKind::Text),
                "block_start",
                json!({"index": 2, "type": "text"}),
            ),
            (
                start(BlockKind::Thinking),
                "block_start",
                json!({"index": 2, "type": "thinking"}),
            ),
            (
                start(BlockKind::Refusal),
                "block_start",
                json!({"index": 2, "type": "refusal"}),
            ),
            (
                start(BlockKind::ToolCall(call)),
                "block_start",
                json!({"index": 2, "type": "tool_call", "id": "c1", "name": "add"}),
            ),
            (
                StreamEvent::BlockDelta(delta),
                "block_delta",
                json!({"index": 2, "text": "Hel"}),
            ),
            (StreamEvent::BlockEnd(2), "block_end", json!({"index": 2})),
            (
                StreamEvent::Restarted(error),
                "restarted",
                json!({
                    "kind": "stream",
                    "message": "it broke off",
                    "provider": "acme",
                    "retryable": true,
                }),
            ),
            (
                StreamEvent::Completed(response),
                "completed",
                json!({"content": [], "finish_reason": "stop"}),
            ),
        ];
        for (event, expected_name, expected) in table {
            assert_eq!(name(&event), expected_name);
            assert_eq!(to_value(&event).unwrap(), expected);
        }
    }
}
