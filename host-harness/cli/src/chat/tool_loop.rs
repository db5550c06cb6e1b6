//! One turn: the model is asked, its calls are run, and it is asked again, until it calls no more.
//!
//! What the turn needs of the world is behind [`Outside`], so that all decisions can be tested without it.

use std::collections::BTreeSet;
use std::time::Duration;

use provider_host::CallError;
use provider_host::contract::types::{
    ChatRequest, ChatResponse, ErrorKind, Message, MessageContent, ToolCall,
};

use super::conversation::Conversation;
use super::totals::Used;
use crate::failure::Failure;
use crate::tools_file::{ToolCommand, Tools};

/// The model, the person and the machine.
pub(super) trait Outside {
    /// Asks the model, and shows its answer. Also tells how long that took.
    async fn exchange(
        &mut self,
        request: &ChatRequest,
    ) -> Result<(ChatResponse, Duration), Failure>;

    /// Asks the person whether a tool may run.
    async fn ask(&mut self, tool: &str) -> Consent;

    /// Runs a command.
    async fn run(&mut self, command: &ToolCommand, call_arguments: &str) -> MessageContent;

    /// Shows what happens.
    fn tell(&mut self, news: News<'_>);
}

/// What the person says to a tool's run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Consent {
    No,
    Once,
    Always,
    /// Neither this tool nor anything after it: the turn is to end.
    Cancelled,
}

/// How a turn came to its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ended {
    Answered,
    /// By the person, in the middle.
    Cancelled,
}

/// Something that happens in a turn.
#[derive(Debug)]
pub(super) enum News<'a> {
    /// The model calls a tool.
    Call(&'a ToolCall),
    /// The call has its result.
    Result(&'a Message),
    /// The model wants to go on, and is not asked again.
    Stopped { max_turns: u32 },
}

/// The tools, and which of them may run unasked.
pub(super) struct ToolLoop<'a> {
    tools: &'a Tools,
    may_all_run: bool,
    may_run: BTreeSet<String>,
    max_turns: u32,
    has_run: bool,
}

impl<'a> ToolLoop<'a> {
    /// Tools that run when the person consents, or all of them unasked, and how often the model is asked in a turn.
    pub(super) fn new(tools: &'a Tools, may_all_run: bool, max_turns: u32) -> Self {
        Self {
            tools,
            may_all_run,
            may_run: BTreeSet::new(),
            max_turns,
            has_run: false,
        }
    }

    /// Whether the last turn has run commands, whose effects cannot be taken back.
    pub(super) fn has_run(&self) -> bool {
        self.has_run
    }

    /// Lets the model answer what the person said last. When it fails, is cancelled or dropped half-way, the conversation
    /// ends in the middle of the turn, which is then to be taken back; `used` is right all the same.
    pub(super) async fn turn(
        &mut self,
        conversation: &mut Conversation,
        used: &mut Used,
        outside: &mut impl Outside,
    ) -> Result<Ended, Failure> {
        self.has_run = false;
        for count in 1..=self.max_turns {
            used.begin();
            let exchange = outside.exchange(conversation.request()).await;
            if exchange.as_ref().is_err_and(is_refusal) {
                used.refused();
            }
            let (response, waited) = exchange?;
            used.answered(response.usage.as_ref(), waited);
            conversation.answered(&response);
            if response.tool_calls.is_empty() {
                return Ok(Ended::Answered);
            }
            let is_last = count == self.max_turns;
            // One after the other: a later call may count on what an earlier one did, and a person reads along.
            for call in &response.tool_calls {
                outside.tell(News::Call(call));
                let result = match is_last {
                    true => Some(MessageContent::Text(NOT_RUN.to_owned())),
                    false => self.result(call, outside).await,
                };
                let Some(result) = result else {
                    return Ok(Ended::Cancelled);
                };
                outside.tell(News::Result(conversation.resulted(call, result)));
            }
        }
        outside.tell(News::Stopped {
            max_turns: self.max_turns,
        });
        Ok(Ended::Answered)
    }

    /// What comes of a call; nothing when the person cancels the turn.
    async fn result(
        &mut self,
        call: &ToolCall,
        outside: &mut impl Outside,
    ) -> Option<MessageContent> {
        let Some(command) = self.tools.command(&call.name) else {
            let problem = format!("There is no tool with the name {}.", call.name);
            return Some(MessageContent::Text(problem));
        };
        if !self.may_all_run && !self.may_run.contains(&call.name) {
            match outside.ask(&call.name).await {
                Consent::Cancelled => return None,
                Consent::No => return Some(MessageContent::Text(DECLINED.to_owned())),
                Consent::Once => {}
                Consent::Always => drop(self.may_run.insert(call.name.clone())),
            }
        }
        self.has_run = true;
        Some(outside.run(command, &call.arguments).await)
    }
}

/// Whether the request was refused, by the service or before it was sent, which costs nothing.
fn is_refusal(failure: &Failure) -> bool {
    let Failure::Call(CallError::Provider(error)) = failure else {
        return false;
    };
    error.status.is_some_and(|status| status >= 400)
        || matches!(
            error.kind,
            ErrorKind::Authentication
                | ErrorKind::AccessDenied
                | ErrorKind::Configuration
                | ErrorKind::InvalidRequest
                | ErrorKind::NotFound
        )
}

/// What the model is told when the person declines.
const DECLINED: &str = "The person declined to run this tool.";

/// What the model is told when it called too often.
const NOT_RUN: &str = "This call was not run: the limit on rounds of tool calls was reached.";

#[cfg(test)]
mod tests;
