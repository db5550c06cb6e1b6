//! What input items consist of.

use super::shape::{Field, Shape, Variant, opaque, optional, required, variant};

/// A message of the user, the application or the system.
pub(super) const MESSAGE: Shape = Shape::Object(&[
    required("role", Shape::Text),
    required(
        "content",
        Shape::TextOr(&Shape::Array(&Shape::Tagged(INPUT_PARTS))),
    ),
    optional("id", Shape::Text),
    optional("phase", PHASE),
    optional("status", STATUS),
    optional("type", Shape::Text),
]);

/// A message of the assistant.
pub(super) const ASSISTANT_MESSAGE: Shape = Shape::Object(&[
    required("role", Shape::Text),
    required(
        "content",
        Shape::TextOr(&Shape::Array(&Shape::Tagged(OUTPUT_PARTS))),
    ),
    optional("id", Shape::Text),
    optional("phase", PHASE),
    optional("status", STATUS),
    optional("type", Shape::Text),
]);

const INPUT_PARTS: &[Variant] = &[
    variant(
        "input_text",
        &[
            required("text", Shape::Text),
            optional("prompt_cache_breakpoint", Shape::Open),
        ],
    ),
    variant(
        "input_image",
        &[
            optional("detail", Shape::OneOf(&["low", "high", "auto", "original"])),
            optional("file_id", Shape::Text),
            optional("image_url", Shape::Text),
            optional("prompt_cache_breakpoint", Shape::Open),
        ],
    ),
    variant(
        "input_file",
        &[
            optional("detail", Shape::Text),
            optional("file_data", Shape::Text),
            optional("file_id", Shape::Text),
            optional("file_url", Shape::Text),
            optional("filename", Shape::Text),
            optional("prompt_cache_breakpoint", Shape::Open),
        ],
    ),
    opaque("input_audio"),
];

const OUTPUT_PARTS: &[Variant] = &[
    variant(
        "output_text",
        &[
            required("text", Shape::Text),
            optional("annotations", Shape::Array(&Shape::Open)),
            optional("logprobs", Shape::Array(&Shape::Open)),
        ],
    ),
    variant("refusal", &[required("refusal", Shape::Text)]),
];

const PHASE: Shape = Shape::OneOf(&["commentary", "final_answer"]);

const STATUS: Shape = Shape::OneOf(&["in_progress", "completed", "incomplete"]);

/// What `apply_patch` can be called for.
const PATCHES: &[Variant] = &[
    variant(
        "create_file",
        &[
            required("diff", Shape::Text),
            required("path", Shape::TextFromOneTo(usize::MAX)),
        ],
    ),
    variant(
        "delete_file",
        &[required("path", Shape::TextFromOneTo(usize::MAX))],
    ),
    variant(
        "update_file",
        &[
            required("diff", Shape::Text),
            required("path", Shape::TextFromOneTo(usize::MAX)),
        ],
    ),
];

/// A tool's answer, to a function or a custom tool.
const CALL_OUTPUT: &[Field] = &[
    required("call_id", Shape::TextFromOneTo(64)),
    required(
        "output",
        Shape::TextOr(&Shape::Array(&Shape::Tagged(INPUT_PARTS))),
    ),
    optional("caller", Shape::Any),
    optional("id", Shape::Text),
    optional("name", Shape::Text),
    optional("namespace", Shape::Text),
    optional("status", STATUS),
];

/// The items other than messages.
pub(super) const ITEMS: &[Variant] = &[
    variant(
        "function_call",
        &[
            required("call_id", Shape::TextFromOneTo(64)),
            required("name", Shape::Name),
            required("arguments", Shape::Text),
            optional("caller", Shape::Any),
            optional("id", Shape::Text),
            optional("namespace", Shape::Text),
            optional("status", STATUS),
        ],
    ),
    variant("function_call_output", CALL_OUTPUT),
    variant(
        "reasoning",
        // No `status`, which Azure refuses although it sends it.
        &[
            required(
                "summary",
                Shape::Array(&Shape::Tagged(&[variant(
                    "summary_text",
                    &[required("text", Shape::Text)],
                )])),
            ),
            optional(
                "content",
                Shape::Array(&Shape::Tagged(&[variant(
                    "reasoning_text",
                    &[required("text", Shape::Text)],
                )])),
            ),
            optional("encrypted_content", Shape::Text),
            optional("id", Shape::Text),
        ],
    ),
    variant(
        "custom_tool_call",
        &[
            required("call_id", Shape::TextFromOneTo(64)),
            required("name", Shape::Name),
            required("input", Shape::Text),
            optional("caller", Shape::Any),
            optional("id", Shape::Text),
            optional("namespace", Shape::Text),
            optional("status", STATUS),
        ],
    ),
    variant("custom_tool_call_output", CALL_OUTPUT),
    variant(
        "apply_patch_call",
        &[
            required("call_id", Shape::TextFromOneTo(64)),
            required("operation", Shape::Tagged(PATCHES)),
            required("status", STATUS),
            optional("caller", Shape::Any),
            optional("id", Shape::Text),
        ],
    ),
    variant(
        "apply_patch_call_output",
        &[
            required("call_id", Shape::TextFromOneTo(64)),
            required("status", Shape::OneOf(&["completed", "failed"])),
            optional("caller", Shape::Any),
            optional("id", Shape::Text),
            optional("output", Shape::Text),
        ],
    ),
    variant("item_reference", &[required("id", Shape::Text)]),
    // A message by its kind alone lacks a role, and is told so before it comes here.
    opaque("message"),
    opaque("additional_tools"),
    opaque("code_interpreter_call"),
    opaque("compaction"),
    opaque("compaction_trigger"),
    opaque("computer_call"),
    opaque("computer_call_output"),
    opaque("file_search_call"),
    opaque("image_generation_call"),
    opaque("local_shell_call"),
    opaque("local_shell_call_output"),
    opaque("mcp_approval_request"),
    opaque("mcp_approval_response"),
    opaque("mcp_call"),
    opaque("mcp_list_tools"),
    opaque("program"),
    opaque("program_output"),
    opaque("shell_call"),
    opaque("shell_call_output"),
    opaque("tool_search_call"),
    opaque("tool_search_output"),
    opaque("web_search_call"),
];
