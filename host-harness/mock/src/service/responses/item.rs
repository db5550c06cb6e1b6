//! What the model does, as output items.

use serde_json::{Value, json};

use super::Ids;
use super::answer::OutputItem;
use super::parameters::ENCRYPTED_CONTENT;
use super::request::CreateRequest;

/// The output item, with ids of its own.
pub(super) fn of(
    output: OutputItem,
    is_complete: bool,
    request: &CreateRequest<'_>,
    ids: &Ids,
) -> Value {
    let status = match is_complete {
        true => "completed",
        false => "incomplete",
    };
    let message = |part: Value| {
        json!({
            "id": ids.next("msg"),
            "type": "message",
            "status": status,
            "content": [part],
            "role": "assistant",
        })
    };
    match output {
        OutputItem::FunctionCall { name, arguments } => json!({
            "id": ids.next("fc"),
            "type": "function_call",
            "status": status,
            "arguments": arguments,
            "call_id": ids.next("call"),
            "name": name,
        }),
        OutputItem::Reasoning { summary } => {
            let id = ids.next("rs");
            let part = |text| json!({"type": "summary_text", "text": text});
            let summary: Vec<Value> = summary.into_iter().map(part).collect();
            // Without a status, which Azure leaves out here.
            let mut item = json!({"id": id, "type": "reasoning", "summary": summary});
            if request.includes(ENCRYPTED_CONTENT) {
                item["encrypted_content"] = json!(format!("gAAAA-mock-final-{id}"));
            }
            item
        }
        OutputItem::Refusal(text) => message(json!({"type": "refusal", "refusal": text})),
        OutputItem::Text(text) => {
            message(json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text}))
        }
    }
}
