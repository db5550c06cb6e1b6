//! Output items that are neither messages nor reasoning: calls that the kernel answers, and everything else, which goes back to
//! the service as it came. `docs/items.md` has the tables for people.

mod call;
mod kept;

use serde_json::Value;

pub use self::call::{Call, CallKind};
pub use self::kept::kept;
use crate::core::json;

/// Whether an item is the kernel's answer to a call, rather than the output of a tool that the service has run.
pub fn is_result(item: &Value) -> bool {
    match json::text(item, "type").unwrap_or_default() {
        "apply_patch_call_output"
        | "computer_call_output"
        | "custom_tool_call_output"
        | "function_call_output"
        | "local_shell_call_output" => true,
        "tool_search_output" => json::text(item, "execution") == Some("client"),
        _ => false,
    }
}

/// The key of a response's metadata, and later of its message's, for what the blocks do not hold: a list of the items in their
/// order, in which a block stands as its type.
///
/// `["thinking",{"type":"tool_search_call",…},{"type":"tool_search_output",…},{"type":"function_call","call_id":…,"namespace":…}]`
///
/// The last one is what a call has beside its block. It is there a second time, because some context stores keep no blocks.
pub const ITEMS: &str = "openai:items";

/// What the keys of a call's block begin with that hold further members of its item, `openai:namespace` for instance. All other
/// keys are the agent's own.
pub const PREFIX: &str = "openai:";

/// A text or a refusal in [`ITEMS`].
pub const TEXT: &str = "text";

/// A thinking block in [`ITEMS`].
pub const THINKING: &str = "thinking";

/// A tool call in [`ITEMS`] that has nothing beside its block.
pub const TOOL_CALL: &str = "tool_call";
