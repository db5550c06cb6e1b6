//! Turns, with a model and a person that follow a script.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::VecDeque;

use provider_host::contract::types::ProviderError;
use provider_host::kernel_json::{chat_request, chat_response, message};
use serde_json::{Value, json};

use super::*;
use crate::args::RequestArguments;

#[tokio::test]
async fn the_model_is_asked_until_it_calls_no_more() {
    let mut turn = Turn::new(true, 25);
    let mut outside = Script::new([
        calls(&["weather", "clock"]),
        calls(&["weather"]),
        says("Sunny at noon."),
    ]);
    turn.run(&mut outside).await.unwrap();
    assert_eq!(
        turn.said(),
        [
            "user: Hi",
            "assistant: weather clock",
            "tool: weather ran",
            "tool: clock ran",
            "assistant: weather",
            "tool: weather ran",
            "assistant: Sunny at noon.",
        ]
    );
    assert_eq!(outside.ran, ["weather", "clock", "weather"]);
    assert!(outside.asked.is_empty(), "with --yes nobody is asked");
    assert!(turn.has_run);
    assert_eq!(turn.exchanges(), (3, json!("0.3")));
    // The second request has everything that came before.
    assert_eq!(outside.requests[1].messages.len(), 4);
}

#[tokio::test]
async fn nothing_runs_that_the_person_did_not_allow() {
    let mut turn = Turn::new(false, 25);
    let mut outside = Script::new([calls(&["weather", "clock", "weather"]), says("So be it.")]);
    outside.consents = [Consent::No, Consent::Once, Consent::Always].into();
    turn.run(&mut outside).await.unwrap();
    assert_eq!(outside.asked, ["weather", "clock", "weather"]);
    assert_eq!(outside.ran, ["clock", "weather"]);
    assert_eq!(
        turn.said()[2..5],
        [
            "tool: The person declined to run this tool.",
            "tool: clock ran",
            "tool: weather ran",
        ]
    );
}

#[tokio::test]
async fn who_cancels_at_a_question_ends_the_turn() {
    let mut turn = Turn::new(false, 25);
    let mut outside = Script::new([calls(&["weather", "clock"]), says("never")]);
    outside.consents = [Consent::Cancelled, Consent::Once].into();
    let ended = turn.run(&mut outside).await.unwrap();
    assert_eq!(ended, Ended::Cancelled);
    assert_eq!(outside.asked, ["weather"]);
    assert!(outside.ran.is_empty() && !turn.has_run);
    assert_eq!(outside.requests.len(), 1);
}

#[tokio::test]
async fn who_says_always_is_not_asked_again() {
    let tools = tools();
    let mut tool_loop = ToolLoop::new(&tools, false, 25);
    let mut conversation = conversation();
    let mut outside = Script::new([
        calls(&["weather"]),
        calls(&["weather", "clock"]),
        says("Done."),
    ]);
    outside.consents = [Consent::Always, Consent::No].into();
    let mut used = Used::default();
    tool_loop
        .turn(&mut conversation, &mut used, &mut outside)
        .await
        .unwrap();
    assert_eq!(outside.asked, ["weather", "clock"]);

    // Not in the next turn either, in which nothing has run so far.
    outside.answers = [calls(&["weather"]), says("Done.")].into();
    tool_loop
        .turn(&mut conversation, &mut used, &mut outside)
        .await
        .unwrap();
    assert_eq!(outside.asked, ["weather", "clock"]);
    outside.answers = [says("Done.")].into();
    tool_loop
        .turn(&mut conversation, &mut used, &mut outside)
        .await
        .unwrap();
    assert!(!tool_loop.has_run());
}

#[tokio::test]
async fn a_tool_that_is_not_there_has_a_result_too() {
    let mut turn = Turn::new(true, 25);
    let mut outside = Script::new([calls(&["search"]), says("I cannot search.")]);
    turn.run(&mut outside).await.unwrap();
    assert_eq!(
        turn.said()[2],
        "tool: There is no tool with the name search."
    );
    assert!(outside.ran.is_empty());
    assert!(!turn.has_run);
}

#[tokio::test]
async fn a_model_that_goes_in_circles_is_stopped_with_a_conversation_that_can_go_on() {
    let mut turn = Turn::new(true, 2);
    let mut outside = Script::new([calls(&["weather"]), calls(&["clock"]), says("never")]);
    turn.run(&mut outside).await.unwrap();
    assert_eq!(outside.ran, ["weather"]);
    assert_eq!(outside.stopped, [2]);
    assert_eq!(
        turn.said().last().unwrap(),
        "tool: This call was not run: the limit on rounds of tool calls was reached."
    );
    assert_eq!(turn.exchanges(), (2, json!("0.2")));
}

#[tokio::test]
async fn a_failure_costs_nothing_only_if_the_request_was_refused() {
    for (kind, status, exchanges, cost) in [
        (ErrorKind::Other, Some(404), 1, json!("0.1")),
        (ErrorKind::InvalidRequest, None, 1, json!("0.1")),
        (ErrorKind::Stream, None, 2, Value::Null),
        (ErrorKind::Stream, Some(200), 2, Value::Null),
    ] {
        let mut turn = Turn::new(true, 25);
        let mut outside = Script::new([calls(&["weather"])]);
        outside.failure = (kind, status);
        let failure = turn.run(&mut outside).await.unwrap_err();
        assert_eq!(failure.to_string(), "no answer");
        assert_eq!(turn.exchanges(), (exchanges, cost));
        assert!(turn.has_run, "{kind:?}");
    }
}

/// One turn in a conversation of its own.
struct Turn {
    conversation: Conversation,
    used: Used,
    may_all_run: bool,
    max_turns: u32,
    has_run: bool,
}

impl Turn {
    fn new(may_all_run: bool, max_turns: u32) -> Self {
        Self {
            conversation: conversation(),
            used: Used::default(),
            may_all_run,
            max_turns,
            has_run: false,
        }
    }

    async fn run(&mut self, outside: &mut Script) -> Result<Ended, Failure> {
        let tools = tools();
        let mut tool_loop = ToolLoop::new(&tools, self.may_all_run, self.max_turns);
        let result = tool_loop
            .turn(&mut self.conversation, &mut self.used, outside)
            .await;
        self.has_run = tool_loop.has_run();
        result
    }

    /// Who said what: texts, and the names of calls.
    fn said(&self) -> Vec<String> {
        let messages = &self.conversation.request().messages;
        messages.iter().map(words).collect()
    }

    /// How many exchanges there were, and what they cost.
    fn exchanges(&self) -> (u64, Value) {
        let totals = super::super::totals::to_json(std::slice::from_ref(&self.used));
        let totals = &totals["totals"];
        (
            totals["exchanges"].as_u64().unwrap(),
            totals["cost_usd"].clone(),
        )
    }
}

fn words(message: &Message) -> String {
    let message = message::to_value(message).unwrap();
    let content = &message["content"];
    let blocks = content.as_array().into_iter().flatten();
    let block = |block: &Value| {
        let word = block["text"].as_str().or(block["name"].as_str());
        word.unwrap_or_default().to_owned()
    };
    let words: Vec<String> = blocks.map(block).collect();
    let words = content.as_str().map_or(words.join(" "), str::to_owned);
    format!("{}: {words}", message["role"].as_str().unwrap())
}

fn conversation() -> Conversation {
    let mut conversation = Conversation::new(chat_request::parse(r#"{"messages":[]}"#).unwrap());
    conversation.say("Hi");
    conversation
}

/// Two tools, as a file has them.
fn tools() -> Tools {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tools.json");
    let tool = |name| json!({ "name": name, "parameters": {}, "command": ["cat"] });
    let file = json!({ "tools": [tool("weather"), tool("clock")] });
    std::fs::write(&path, file.to_string()).unwrap();
    Tools::of(&RequestArguments {
        tools: Some(path),
        ..RequestArguments::default()
    })
    .unwrap()
}

fn calls(names: &[&str]) -> ChatResponse {
    let calls = names.iter().enumerate();
    let blocks: Vec<Value> = calls
        .clone()
        .map(|(index, name)| json!({ "type": "tool_call", "id": index.to_string(), "name": name, "input": {} }))
        .collect();
    let calls: Vec<Value> = calls
        .map(|(index, name)| json!({ "id": index.to_string(), "name": name, "arguments": {} }))
        .collect();
    answer(json!(blocks), json!(calls))
}

fn says(text: &str) -> ChatResponse {
    answer(json!([{ "type": "text", "text": text }]), json!([]))
}

fn answer(content: Value, tool_calls: Value) -> ChatResponse {
    let usage =
        json!({ "input_tokens": 2, "output_tokens": 1, "total_tokens": 3, "cost_usd": "0.1" });
    let response = json!({ "content": content, "tool_calls": tool_calls, "usage": usage });
    chat_response::from_value(response).unwrap()
}

/// A world in which everything is known beforehand, and what happened in it.
struct Script {
    answers: VecDeque<ChatResponse>,
    consents: VecDeque<Consent>,
    /// The error when there is no answer left, and its status.
    failure: (ErrorKind, Option<u16>),
    requests: Vec<ChatRequest>,
    asked: Vec<String>,
    ran: Vec<String>,
    stopped: Vec<u32>,
    /// The call that is being shown.
    call: String,
}

impl Script {
    fn new(answers: impl Into<VecDeque<ChatResponse>>) -> Self {
        Self {
            answers: answers.into(),
            consents: VecDeque::new(),
            failure: (ErrorKind::Other, None),
            requests: Vec::new(),
            asked: Vec::new(),
            ran: Vec::new(),
            stopped: Vec::new(),
            call: String::new(),
        }
    }
}

impl Outside for Script {
    async fn exchange(
        &mut self,
        request: &ChatRequest,
    ) -> Result<(ChatResponse, Duration), Failure> {
        self.requests.push(request.clone());
        match self.answers.pop_front() {
            Some(answer) => Ok((answer, Duration::from_secs(1))),
            None => Err(Failure::Call(CallError::from(ProviderError {
                kind: self.failure.0,
                message: "no answer".to_owned(),
                status: self.failure.1,
                code: None,
                retryable: false,
                retry_after_ms: None,
                request_id: None,
                provider: "azure-openai".to_owned(),
                model: None,
                details: None,
            }))),
        }
    }

    async fn ask(&mut self, tool: &str) -> Consent {
        self.asked.push(tool.to_owned());
        self.consents.pop_front().unwrap()
    }

    async fn run(&mut self, _: &ToolCommand, call_arguments: &str) -> MessageContent {
        assert_eq!(call_arguments, "{}");
        self.ran.push(self.call.clone());
        MessageContent::Text(format!("{} ran", self.call))
    }

    fn tell(&mut self, news: News<'_>) {
        match news {
            News::Call(call) => self.call.clone_from(&call.name),
            News::Result(result) => assert_eq!(result.name.as_ref(), Some(&self.call)),
            News::Stopped { max_turns } => self.stopped.push(max_turns),
        }
    }
}
