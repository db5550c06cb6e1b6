//! Results of calls, in the forms that the service has for them.

use serde_json::Value;

use super::call::{CALLER, MAX_LENGTH};
use super::call_kind::{CLIENT, EXECUTION};
use super::members::{Member, Members};
use super::message::{Part, Source};

/// The result of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultItem {
    /// The call's id.
    pub call_id: String,
    /// What the tool answers. That of a function, until it is known which call it is.
    pub answer: Answer,
    /// What called the tool, where it is not the model itself.
    pub caller: Option<Value>,
}

/// What a tool answers, in the form that goes with the kind of its call.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Of a function.
    Function(Output),
    /// Of a custom tool.
    Custom(Output),
    /// Of a patch.
    ApplyPatch {
        /// It could not be applied.
        has_failed: bool,
        /// What there is to say about it.
        text: String,
    },
    /// Of actions on a computer.
    Computer {
        /// The screen after them.
        screenshot: Source,
        /// What a person has confirmed, in the service's form.
        acknowledged: Option<Value>,
    },
    /// Of a command, what it printed.
    LocalShell(String),
    /// Of the question whether a tool of an MCP server may run.
    McpApproval {
        /// It may.
        approve: bool,
        /// Why, or why not.
        reason: Option<String>,
    },
    /// Of commands.
    Shell {
        /// What each of them printed and how it ended, in the service's form.
        output: Vec<Value>,
        /// Where the service cuts that. It wants its own limit back.
        max_length: Option<u64>,
    },
    /// Of a search, the tools that were found, in the service's form.
    ToolSearch(Vec<Value>),
}

/// What a function or a custom tool answers.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Output {
    Parts(Vec<Part>),
    Text(String),
}

impl ResultItem {
    /// A result whose call is not known yet.
    pub fn new(call_id: String, output: Output) -> Self {
        Self {
            call_id,
            answer: Answer::Function(output),
            caller: None,
        }
    }

    pub(super) fn members(&self) -> Members<'_> {
        let mut members = self.answer.members();
        let id = match self.answer {
            Answer::McpApproval { .. } => "approval_request_id",
            _ => "call_id",
        };
        members.text(id, &self.call_id);
        if let Some(caller) = &self.caller {
            members.json(CALLER, caller);
        }
        members
    }
}

impl Answer {
    fn members(&self) -> Members<'_> {
        match self {
            Self::Function(output) => output.members("function_call_output"),
            Self::Custom(output) => output.members("custom_tool_call_output"),
            Self::ApplyPatch { has_failed, text } => {
                let mut members = Members::typed("apply_patch_call_output");
                let status = if *has_failed { "failed" } else { "completed" };
                members.text("status", status);
                members.text("output", text);
                members
            }
            Self::Computer {
                screenshot,
                acknowledged,
            } => {
                let mut members = Members::typed("computer_call_output");
                let screenshot = screenshot.members("computer_screenshot");
                members.set("output", Member::Nested(screenshot));
                if let Some(acknowledged) = acknowledged {
                    members.json("acknowledged_safety_checks", acknowledged);
                }
                members
            }
            Self::LocalShell(text) => {
                let mut members = Members::typed("local_shell_call_output");
                members.text("output", text);
                members
            }
            Self::McpApproval { approve, reason } => {
                let mut members = Members::typed("mcp_approval_response");
                members.set("approve", Member::Flag(*approve));
                if let Some(reason) = reason {
                    members.text("reason", reason);
                }
                members
            }
            Self::Shell { output, max_length } => {
                let mut members = Members::typed("shell_call_output");
                members.set("output", Member::List(output));
                if let Some(length) = max_length {
                    members.set(MAX_LENGTH, Member::Count(*length));
                }
                members
            }
            Self::ToolSearch(tools) => {
                let mut members = Members::typed("tool_search_output");
                members.text(EXECUTION, CLIENT);
                members.text("status", "completed");
                members.set("tools", Member::List(tools));
                members
            }
        }
    }
}

impl Output {
    fn members(&self, kind: &'static str) -> Members<'_> {
        let mut members = Members::typed(kind);
        match self {
            Self::Parts(parts) => members.set("output", Member::Parts(parts)),
            Self::Text(text) => members.text("output", text),
        }
        members
    }
}
