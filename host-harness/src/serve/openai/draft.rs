//! A response in the making.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::ResponseEvents;
use super::echo::Echo;
use crate::contract::types::{
    BlockContent, ChatResponse, ContentBlock, ErrorKind, FinishReason, ProviderError, Usage,
};
use crate::serve::ids::Ids;

/// A response that has no answer yet.
pub(in crate::serve) struct Draft {
    pub(super) echo: Echo,
    pub(super) ids: Arc<Ids>,
    id: String,
    created_at: u64,
}

impl Draft {
    /// A response to a request, begun at that time.
    pub(in crate::serve) fn new(echo: Echo, ids: Arc<Ids>, now: SystemTime) -> Self {
        Self {
            echo,
            id: ids.next("resp"),
            ids,
            created_at: seconds(now),
        }
    }

    /// The whole response.
    pub(in crate::serve) fn complete(self, response: &ChatResponse, now: SystemTime) -> Value {
        ResponseEvents::new(self).response(response, now)
    }

    /// The response before its answer.
    pub(super) fn in_progress(&self) -> Value {
        self.object("in_progress", Vec::new())
    }

    /// The response with its answer.
    pub(super) fn finished(
        &self,
        response: &ChatResponse,
        output: Vec<Value>,
        now: SystemTime,
    ) -> Value {
        let metadata = metadata(response);
        let reason = incomplete_reason(response, &metadata);
        let mut object = match reason {
            None => self.object("completed", output),
            Some(_) => self.object("incomplete", output),
        };
        match reason {
            None => object["completed_at"] = seconds(now).into(),
            Some(reason) => object["incomplete_details"] = json!({ "reason": reason }),
        }
        for name in ["model", "service_tier"] {
            if let Some(value) = metadata.get(&format!("openai:{name}")) {
                object[name] = value.clone();
            }
        }
        object["usage"] = response.usage.as_ref().map(usage).into();
        object
    }

    /// The response without an answer.
    pub(super) fn failed(&self, error: &ProviderError) -> Value {
        let mut object = self.object("failed", Vec::new());
        object["error"] = json!({ "code": failure_code(error.kind), "message": error.message });
        object
    }

    fn object(&self, status: &str, output: Vec<Value>) -> Value {
        let mut object = self.echo.members();
        let own = json!({
            "id": self.id,
            "object": "response",
            "created_at": self.created_at,
            "status": status,
            "background": false,
            "error": null,
            "incomplete_details": null,
            "output": output,
            "previous_response_id": null,
            "store": false,
            "usage": null,
        });
        if let Value::Object(own) = own {
            object.extend(own);
        }
        Value::Object(object)
    }
}

/// What the service has said of the response beside its content.
pub(super) fn metadata(response: &ChatResponse) -> Map<String, Value> {
    let text = response.metadata.as_deref();
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// Why an answer is not all there. A refusal is.
pub(super) fn incomplete_reason(
    response: &ChatResponse,
    metadata: &Map<String, Value>,
) -> Option<&'static str> {
    let is_refusal = |block: &ContentBlock| matches!(block.content, BlockContent::Refusal(_));
    let is_filtered = metadata
        .get("openai:incomplete_reason")
        .and_then(Value::as_str)
        == Some(CONTENT_FILTER);
    match response.finish_reason {
        FinishReason::Length => Some("max_output_tokens"),
        FinishReason::ContentFilter if is_filtered || !response.content.iter().any(is_refusal) => {
            Some(CONTENT_FILTER)
        }
        _ => None,
    }
}

fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens.unwrap_or(0),
            "cache_write_tokens": usage.cache_write_tokens.unwrap_or(0),
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": { "reasoning_tokens": usage.reasoning_tokens.unwrap_or(0) },
        "total_tokens": usage.total_tokens,
    })
}

/// The code of a response that failed: one of those that the API has.
fn failure_code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimit | ErrorKind::QuotaExceeded => "rate_limit_exceeded",
        ErrorKind::ContentFilter | ErrorKind::ContextLength | ErrorKind::InvalidRequest => {
            "invalid_prompt"
        }
        _ => "server_error",
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}

const CONTENT_FILTER: &str = "content_filter";
