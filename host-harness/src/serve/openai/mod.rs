//! The Responses API of OpenAI over the kernel's types: a pure translation, so that an official SDK can use a provider.
//!
//! # What a request may say
//!
//! * `input`, as text or as items; `instructions`; `model`; `stream`; `tools`, `tool_choice`; `text`; `reasoning`;
//!   `max_output_tokens`, `temperature`, `top_p`; `metadata`, which the response repeats.
//! * `include`, `max_tool_calls`, `parallel_tool_calls`, `prompt_cache_key`, `prompt_cache_retention`,
//!   `safety_identifier`, `service_tier` and `truncation` go to the provider as they are.
//! * `stream_options` and `user` change nothing about the answer, and are ignored.
//! * What would need a memory (`previous_response_id`, `conversation`, `store: true`, `background: true` …), what a chat
//!   request has no place for, and what is not known are refused: an answer to something else than the question is worse
//!   than none. `store` is false when it is missing.
//!
//! # Items
//!
//! * Messages of `system` and `developer` are instructions, in their order, wherever they stand.
//! * The assistant's items in a row (reasoning, messages, calls) are one message of the kernel's.
//! * Reasoning goes back and forth with its encrypted content; its summary is one text.
//! * What the service's own tools have done is in the response, after everything else, since the kernel's form does not
//!   keep its place. It is left out when it comes back: what it has found is in the text.
//! * Other members of items than those that are read are not sent.
//!
//! # Streams
//!
//! The events are those of the API, in its order. `response.output_item.done` of messages and of reasoning comes when the
//! response is complete, since only then all of an item is known (annotations, encrypted content); that of calls comes at
//! once. When a provider breaks off and begins anew (`aborted`), the stream ends with `response.failed` and the code
//! `server_error`: clients cannot take back what they were told, and so must ask again. No second answer follows.

mod content;
mod draft;
mod echo;
mod input;
mod invalid;
mod item;
mod models;
mod request;
mod stream;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;

pub(super) use self::draft::Draft;
pub(super) use self::invalid::Invalid;
pub(super) use self::models::{list, model};
pub(super) use self::request::parse;
pub(super) use self::stream::ResponseEvents;
