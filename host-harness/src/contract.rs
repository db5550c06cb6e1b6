//! The contract, generated from `wit/`: the same files that the component is built from; and how the host makes some of its
//! values.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    reason = "generated; the documentation is in `wit/`"
)]

use self::types::{
    BlockContent, ContentBlock, ErrorKind, Message, MessageContent, ProviderError, Role,
};

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

pub use amplifier::provider::{credentials, events, types};

impl ContentBlock {
    /// A block that says nothing but its content.
    pub(crate) fn of(content: BlockContent) -> Self {
        Self {
            content,
            visibility: None,
            extensions: None,
        }
    }
}

impl Message {
    /// A message that says this and nothing else.
    pub(crate) fn of(role: Role, content: MessageContent) -> Self {
        Self {
            role,
            content,
            name: None,
            tool_call_id: None,
            metadata: None,
            extensions: None,
        }
    }
}

impl ProviderError {
    /// An error of this host's.
    pub(crate) fn of_host(kind: ErrorKind, message: String) -> Self {
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
    pub(crate) fn ended_without_response() -> Self {
        let message = "the component's stream ended without a response";
        Self::of_host(ErrorKind::Stream, message.to_owned())
    }
}
