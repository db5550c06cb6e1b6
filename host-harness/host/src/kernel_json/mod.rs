//! The kernel's JSON form of the contract's types: the one place where the two meet.
//!
//! Documents in files, on the command line and in events have the field names and the rules of the Amplifier kernel,
//! so that what was written for the kernel works here and what is written here is valid there. Each public module is
//! named after the type that it converts and has the same functions: `parse` reads text, `from_value` reads a
//! [`serde_json::Value`], `to_value` writes one.
//!
//! ```
//! use provider_host::kernel_json::chat_request;
//!
//! let request = chat_request::parse(r#"{"messages": [{"role": "user", "content": "Hello"}]}"#)?;
//! assert_eq!(
//!     chat_request::to_value(&request)?.to_string(),
//!     r#"{"messages":[{"content":"Hello","role":"user"}]}"#
//! );
//!
//! let error = chat_request::parse(r#"{"messages": [{"role": "robot", "content": "Hello"}]}"#).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "messages[0].role: expected one of system, developer, user, assistant, function, tool, found \"robot\""
//! );
//! # Ok::<(), provider_host::kernel_json::JsonError>(())
//! ```
//!
//! # Why by hand
//!
//! A derived reader says that *some* variant of an untagged enum did not match. People write these documents, so an
//! error has to name the place and what belongs there. That takes a reader that carries its place along, and with
//! one at hand a second set of types for a derive to work on would only be a second thing to keep in step with `wit/`.
//!
//! # Rules of the kernel
//!
//! * An optional field may be missing or `null`. It is written when it has a value and left out otherwise.
//! * Every object keeps the keys that it does not know in `extensions`, and writes them back in place. The exceptions have
//!   nothing to keep them in: the response formats `text` and `json`, tool choices that are a word, and the source of a file.
//! * An integer is written without a fraction: `10.0` is refused. A float may be written as an integer.
//! * The last of two equal keys counts. Nesting ends at 128 levels, where `serde_json` stops.
//!
//! # Decisions of this module
//!
//! * Token counts are unsigned in the contract, so a negative one is refused.
//! * `tools`, `stop` and `tool_calls` are lists in the contract and optional in the kernel: missing and empty are the
//!   same, and an empty list is not written.
//! * `refusal` has no block of its own in the kernel: it is a `text` block with the extra key `refusal: true`.
//! * `file` blocks are ours. They are accepted in requests only; in a response they are an error both ways, because
//!   the kernel would refuse the whole response.
//! * A `tool_call` block's unknown keys are the block's; a tool call's own `extensions` are written beside them.
//! * The `source` of an image may be any object to the kernel. One that says in none of the usual ways where the bytes are is
//!   kept as it is, and the provider says what it lacks; one without `type` gets it.
//! * A tool may give its schema as `parameters` or `input_schema`, a response format as `schema` or `json_schema`. The
//!   first of each pair wins, and the other is dropped: it is a second name, not an extension.
//! * A response without `finish_reason` reads as `stop`, since the contract always has one.
//! * `cost_usd` must be a decimal number in a string, when read and when written.
//! * The keys of free-form objects come out sorted, so that equal documents are equal bytes.
//!
//! # Hostile components
//!
//! What the contract calls `json` is text, and a component can return any text. Writing therefore returns a `Result`:
//! text that is not JSON, or not the kind of JSON that belongs there, is a [`JsonError`] with its place; so is a float
//! that is not finite. An extension that bears the name of a field of its object is dropped, even when the field has no
//! value: the field speaks for itself.

mod content_block;
mod json_error;
mod usage;
mod writer;

pub mod chat_request;
pub mod chat_response;
pub mod message;
pub mod model_info;
pub mod provider_error;
pub mod provider_info;
pub(crate) mod reader;
pub(crate) mod response_format;
pub mod stream_event;
pub mod tool_call;
pub(crate) mod tool_choice;
pub(crate) mod tool_spec;

pub use json_error::JsonError;

#[cfg(test)]
mod generated;
