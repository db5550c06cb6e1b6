//! The contract, generated from `wit/`: the same files that the component is built from.

/// The types of requests and answers.
pub mod types {
    pub use super::generated::amplifier::provider::types::{
        BlockContent, BlockDelta, BlockKind, BlockStart, ChatRequest, ChatResponse, ConfigField,
        ContentBlock, Degradation, ErrorKind, FieldType, File, FileSource, FinishReason,
        FunctionTool, Json, JsonSchema, Message, MessageContent, ModelInfo, Pricing, ProviderError,
        ProviderInfo, Reasoning, ResponseFormat, Role, StreamEvent, Thinking, ToolCall,
        ToolCallHeader, ToolChoice, ToolResult, ToolSpec, Usage, Visibility,
    };
    pub(crate) use super::generated::amplifier::provider::types::{Host, add_to_linker};
}

pub(crate) use self::generated::amplifier::provider::{credentials, events};
pub(crate) use self::generated::{ProviderModule, ProviderModulePre};

mod generated {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::pedantic,
        reason = "generated; the documentation is in `wit/`"
    )]

    wasmtime::component::bindgen!({
        path: "../wit",
        world: "provider-module",
        imports: {
            // More events than a call may emit end it.
            "amplifier:provider/events": async | trappable,
            default: async,
        },
        exports: { default: async },
        additional_derives: [PartialEq, Clone],
    });
}
