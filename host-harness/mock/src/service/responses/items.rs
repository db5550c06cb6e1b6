//! What input items consist of.

use super::schema::{Field, Shape, Variant, opaque, optional, required, variant};

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
            optional("async", Shape::Boolean),
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
            optional("async", Shape::Boolean),
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
    opaque("code_interpreter_call"),
    opaque("compaction_trigger"),
    opaque("file_search_call"),
    variant(
        "additional_tools",
        &[
            required("role", Shape::OneOf(&["developer"])),
            required("tools", Shape::Array(&Shape::Open)),
            optional("id", Shape::Text),
        ],
    ),
    variant(
        "compaction",
        &[
            required("encrypted_content", Shape::TextFromOneTo(usize::MAX)),
            optional("id", Shape::Text),
        ],
    ),
    variant(
        "computer_call",
        &[
            required("call_id", Shape::TextFromOneTo(64)),
            required("id", Shape::Text),
            required("pending_safety_checks", Shape::Array(&Shape::Open)),
            required("status", STATUS),
            optional("action", Shape::Open),
            optional("actions", Shape::Array(&Shape::Open)),
        ],
    ),
    variant(
        "computer_call_output",
        &[
            required("call_id", Shape::TextFromOneTo(64)),
            required(
                "output",
                Shape::Tagged(&[variant(
                    "computer_screenshot",
                    &[
                        optional("file_id", Shape::Text),
                        optional("image_url", Shape::Text),
                    ],
                )]),
            ),
            optional("acknowledged_safety_checks", Shape::Array(&Shape::Open)),
            optional("id", Shape::Text),
            optional("status", STATUS),
        ],
    ),
    variant(
        "image_generation_call",
        // What else the output item has is refused.
        &[
            required("id", Shape::Text),
            optional("result", Shape::Text),
            optional("status", Shape::Text),
        ],
    ),
    variant(
        "local_shell_call",
        &[
            required("action", Shape::Open),
            required("call_id", Shape::TextFromOneTo(64)),
            required("id", Shape::Text),
            optional("status", STATUS),
        ],
    ),
    variant(
        "local_shell_call_output",
        &[
            required("call_id", Shape::TextFromOneTo(64)),
            required("output", Shape::Text),
            optional("id", Shape::Text),
            optional("status", STATUS),
        ],
    ),
    variant(
        "mcp_approval_request",
        &[
            required("arguments", Shape::Text),
            required("id", Shape::Text),
            required("name", Shape::Text),
            required("server_label", Shape::Text),
        ],
    ),
    variant(
        "mcp_approval_response",
        &[
            required("approval_request_id", Shape::Text),
            required("approve", Shape::Boolean),
            optional("id", Shape::Text),
            optional("reason", Shape::Text),
        ],
    ),
    variant(
        "mcp_call",
        &[
            required("arguments", Shape::Text),
            required("id", Shape::Text),
            required("name", Shape::Text),
            required("server_label", Shape::Text),
            optional("approval_request_id", Shape::Text),
            optional("error", Shape::Any),
            optional("output", Shape::Text),
            optional("status", Shape::Text),
        ],
    ),
    variant(
        "mcp_list_tools",
        &[
            required("id", Shape::Text),
            required("server_label", Shape::Text),
            required("tools", Shape::Array(&Shape::Open)),
            optional("error", Shape::Any),
        ],
    ),
    variant(
        "program",
        &[
            required("call_id", Shape::TextFromOneTo(64)),
            required("code", Shape::Text),
            required("fingerprint", Shape::Text),
            required("id", Shape::Text),
        ],
    ),
    variant(
        "program_output",
        &[
            required("call_id", Shape::TextFromOneTo(64)),
            required("id", Shape::Text),
            required("result", Shape::Text),
            required("status", STATUS),
        ],
    ),
    variant(
        "shell_call",
        &[
            required("action", Shape::Open),
            required("call_id", Shape::TextFromOneTo(64)),
            optional("caller", Shape::Any),
            optional("environment", Shape::Open),
            optional("id", Shape::Text),
            optional("status", STATUS),
        ],
    ),
    variant(
        "shell_call_output",
        &[
            required("call_id", Shape::TextFromOneTo(64)),
            required(
                "output",
                Shape::Array(&Shape::Object(&[
                    required("outcome", Shape::Open),
                    required("stderr", Shape::Text),
                    required("stdout", Shape::Text),
                ])),
            ),
            optional("caller", Shape::Any),
            optional("id", Shape::Text),
            optional("max_output_length", Shape::Integer { min: 0 }),
            optional("status", STATUS),
        ],
    ),
    variant(
        "tool_search_call",
        &[
            required("arguments", Shape::Any),
            optional("call_id", Shape::Text),
            optional("execution", Shape::OneOf(&["server", "client"])),
            optional("id", Shape::Text),
            optional("status", STATUS),
        ],
    ),
    variant(
        "tool_search_output",
        &[
            required("tools", Shape::Array(&Shape::Open)),
            optional("call_id", Shape::Text),
            optional("execution", Shape::OneOf(&["server", "client"])),
            optional("id", Shape::Text),
            optional("status", STATUS),
        ],
    ),
    variant(
        "web_search_call",
        &[
            required("action", Shape::Tagged(SEARCHES)),
            required("id", Shape::Text),
            required("status", Shape::Text),
        ],
    ),
];

/// What a search of the web does. Its sources come, and do not go back.
const SEARCHES: &[Variant] = &[
    variant(
        "search",
        &[
            optional("queries", Shape::Array(&Shape::Text)),
            optional("query", Shape::Text),
        ],
    ),
    variant("open_page", &[optional("url", Shape::Text)]),
    variant(
        "find_in_page",
        &[
            required("pattern", Shape::Text),
            required("url", Shape::Text),
        ],
    ),
];
