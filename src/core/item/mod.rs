//! The items of a conversation, as types of ours until the body of a request is written.
//!
//! A conversation is a list of [`Item`]s. What reads or changes it matches on their [`ItemKind`], so that a new kind is a compile
//! error at each place that has to know it; nothing asks JSON what it is. How each kind is written stands beside it.
//! `docs/items.md` has the tables for people.

mod call;
mod call_kind;
mod kept;
mod members;
mod message;
mod output;
mod reasoning;
mod result;

use serde::{Serialize, Serializer};
use serde_json::Value;

pub use self::call::CallItem;
pub use self::call_kind::{ACTION, ACTIONS, CallKind, SAFETY_CHECKS};
pub use self::kept::kept;
pub use self::message::{Content, File, MessageItem, Part, Role, Source};
pub use self::output::OutputKind;
pub use self::reasoning::ReasoningItem;
pub use self::result::{Answer, Output, ResultItem};
use crate::core::json;

/// An item of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The index of the message that it comes from. For an item that was added: of the one that it was added for.
    pub origin: usize,
    /// What it is.
    pub kind: ItemKind,
}

/// What an item is, and what it consists of.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// What the user or the assistant writes.
    Message(MessageItem),
    /// The model's reasoning, encrypted.
    Reasoning(ReasoningItem),
    /// A call that the caller answers.
    Call(CallItem),
    /// The answer to such a call.
    Result(ResultItem),
    /// The service's summary of everything before it, which is not sent any more.
    Compaction(Value),
    /// Any other: calls of tools that the service has run, their outputs, and what is not known. It goes back as it came.
    Other(Value),
}

impl ItemKind {
    /// What an item of a response is that no block of the kernel's holds. None when it does not go back to the service.
    pub fn kept(item: &Value) -> Option<Self> {
        kept(item).map(Self::in_service_form)
    }

    /// An item that is in the service's form already, and is sent as it is.
    pub fn in_service_form(item: Value) -> Self {
        match json::text(&item, "type") {
            Some("compaction") => Self::Compaction(item),
            Some("reasoning") => Self::Reasoning(ReasoningItem::in_service_form(item)),
            _ => Self::Other(item),
        }
    }
}

impl Serialize for ItemKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = match self {
            Self::Message(message) => message.members(),
            Self::Reasoning(reasoning) => reasoning.members(),
            Self::Call(call) => call.members(),
            Self::Result(result) => result.members(),
            Self::Compaction(item) | Self::Other(item) => return item.serialize(serializer),
        };
        members.serialize(serializer)
    }
}

/// The key of a response's metadata, and later of its message's, for what the blocks do not hold: a list of the items in their
/// order, in which a block stands as its type.
///
/// `["thinking",{"type":"tool_search_call",…},{"type":"tool_search_output",…},{"type":"function_call","call_id":…,"namespace":…}]`
///
/// The last one is what a call has beside its block. It is there a second time, because some context stores keep no blocks.
pub const ITEMS: &str = "openai:items";

/// The key of a response's metadata that names the endpoint which has encrypted its reasoning, where there are several.
pub const ORIGIN: &str = "azure:endpoint";

/// What the keys of a call's block begin with that hold further members of its item, `openai:namespace` for instance. All other
/// keys are the agent's own.
pub const PREFIX: &str = "openai:";

/// A text or a refusal in [`ITEMS`].
pub const TEXT: &str = "text";

/// A thinking block in [`ITEMS`].
pub const THINKING: &str = "thinking";

/// A tool call in [`ITEMS`] that has nothing beside its block.
pub const TOOL_CALL: &str = "tool_call";
