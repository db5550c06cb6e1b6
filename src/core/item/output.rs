//! The items of a response.

use serde_json::Value;

use super::CallKind;
use crate::core::json;

/// What an item of a response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// What the model writes.
    Message,
    /// What the model thinks.
    Reasoning,
    /// An image that the service generated.
    Image,
    /// A call that the caller answers.
    Call(CallKind),
    /// Any other. What of it goes back to the service is [`super::kept()`].
    Other,
}

impl OutputKind {
    /// What this item is.
    pub fn of(item: &Value) -> Self {
        match json::text(item, "type") {
            Some("message") => Self::Message,
            Some("reasoning") => Self::Reasoning,
            Some("image_generation_call") => Self::Image,
            _ => CallKind::of(item).map_or(Self::Other, Self::Call),
        }
    }
}
