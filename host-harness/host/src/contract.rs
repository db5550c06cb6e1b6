//! The contract, generated from `wit/`: the same files that the component is built from; and how the host makes some of its
//! values.

/// The types of requests and answers.
pub mod types {
    pub use super::generated::amplifier::provider::types::{
        BlockContent, BlockDelta, BlockKind, BlockStart, ChatRequest, ChatResponse, ConfigField,
        ContentBlock, Degradation, ErrorKind, FieldType, File, FileSource, FinishReason,
        FunctionTool, Image, Json, JsonSchema, Message, MessageContent, ModelInfo, Pricing,
        ProviderError, ProviderInfo, Reasoning, ResponseFormat, Role, StreamEvent, Thinking,
        ToolCall, ToolCallHeader, ToolChoice, ToolResult, ToolSpec, Usage, Visibility,
    };
    pub(crate) use super::generated::amplifier::provider::types::{Host, add_to_linker};
}

mod constructors;

use self::events::Subscription;
pub(crate) use self::generated::amplifier::provider::{credentials, events};
pub(crate) use self::generated::exports::amplifier::provider::gateway;
pub(crate) use self::generated::{ProviderModule, ProviderModulePre};
use self::types::{ErrorKind, ProviderError};

mod generated {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::pedantic,
        reason = "generated; the documentation is in `wit/`"
    )]

    wasmtime::component::bindgen!({
        path: "wit",
        world: "provider-module",
        imports: {
            // More events than a call may emit end it. None of its functions waits.
            "amplifier:provider/events": trappable,
            default: async,
        },
        exports: { default: async },
        with: { "wasi:io": wasmtime_wasi_io::bindings::wasi::io },
        additional_derives: [PartialEq, Clone],
    });
}

impl Subscription {
    /// The events with these names.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Only(names.into_iter().map(str::to_owned).collect())
    }

    /// No events.
    pub fn none() -> Self {
        Self::Only(Vec::new())
    }

    /// What one of two listens to: the subscription of a subscriber that hands events on to another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(mut names), Self::Only(more)) => {
                names.extend(more);
                Self::Only(names)
            }
            (Self::All, _) | (_, Self::All) => Self::All,
        }
    }

    /// Whether events with this name are heard.
    pub fn hears(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|heard| heard == name),
        }
    }
}

impl ProviderError {
    /// An error of this host's.
    pub fn of_host(kind: ErrorKind, message: String) -> Self {
        Self {
            kind,
            message,
            status: None,
            code: None,
            retryable: false,
            retry_after_ms: None,
            request_id: None,
            provider: "host-harness".to_owned(),
            model: None,
            details: None,
        }
    }

    /// The component's stream has ended without a response, which breaks the contract.
    pub fn ended_without_response() -> Self {
        let message = "the component's stream ended without a response";
        Self::of_host(ErrorKind::Stream, message.to_owned())
    }
}
