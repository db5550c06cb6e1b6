//! Whatever the conversation, the service accepts what is sent, and nothing is lost that is not reported.

use azure_openai_mock::check_project_request;
use azure_openai_provider::contract::types::{
    BlockContent, ChatRequest, ErrorKind, Message, MessageContent, ProviderError, Role,
};
use azure_openai_provider::core::config::{Configuration, Environment};
use azure_openai_provider::core::item::{self, Item, ItemKind};
use azure_openai_provider::core::request::repair::{self, Repairs};
use azure_openai_provider::core::request::{self, Translated};
use serde_json::{Value, json};

use super::conversations;
use super::generator::Generator;

#[test]
fn the_service_accepts_every_conversation_that_can_be_sent() {
    let configuration = configuration();
    for seed in 0..REQUESTS {
        let request = conversations::sendable(&mut Generator::new(seed));
        let translated = translate(&request, &configuration)
            .unwrap_or_else(|error| panic!("{seed}: {error:?}\n{request:#?}"));
        let body = translated.body.to_value();
        assert_eq!(check_project_request(&body), Ok(()), "{seed}: {body:#}");
    }
}

#[test]
fn what_cannot_be_sent_is_an_error_that_names_its_place() {
    let configuration = configuration();
    for seed in 0..REQUESTS {
        let request = conversations::any(&mut Generator::new(seed));
        match translate(&request, &configuration) {
            Ok(translated) => {
                let body = translated.body.to_value();
                assert_eq!(check_project_request(&body), Ok(()), "{seed}: {body:#}");
            }
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::InvalidRequest, "{seed}: {error:?}");
                assert!(error.message.starts_with("messages"), "{seed}: {error:?}");
                assert!(!error.retryable, "{seed}");
            }
        }
    }
}

#[test]
fn a_conversation_that_was_repaired_is_not_repaired_again() {
    let configuration = configuration();
    for seed in 0..REQUESTS {
        let request = conversations::sendable(&mut Generator::new(seed));
        let once = translate(&request, &configuration).unwrap();
        let (items, messages) = with_messages(once.body.items());
        let mut repaired = items.clone();
        let repairs = repair::repair(&mut repaired, &messages);
        assert_eq!(repairs, Repairs::default(), "{seed}: {items:#?}");
        assert_eq!(repaired, items, "{seed}");

        let again = translate(&request, &configuration).unwrap();
        assert_eq!(once, again, "{seed}: the same request is the same bytes");
    }
}

#[test]
fn nothing_that_the_caller_wrote_is_lost_without_a_report() {
    let configuration = configuration();
    for seed in 0..REQUESTS {
        let request = conversations::sendable(&mut Generator::new(seed));
        let translated = translate(&request, &configuration).unwrap();
        let mut sent = Vec::new();
        add_texts(&translated.body.to_value(), &mut sent);
        for (index, message) in request.messages.iter().enumerate() {
            for word in words(message) {
                let is_sent = sent.iter().any(|text| text.contains(word.text()));
                assert!(
                    is_sent || is_reported(&translated, index, &word),
                    "{seed}: {word:?} of messages[{index}] is lost: {request:#?} {translated:#?}"
                );
            }
        }
    }
}

/// Enough to meet every rule many times over, in about a second each.
const REQUESTS: u64 = 10_000;

fn configuration() -> Configuration {
    let document = json!({ "azure_endpoint": "https://r.openai.azure.com", "api_key": "k" });
    Configuration::resolve(&document.to_string(), &Environment::default()).unwrap()
}

fn translate(
    request: &ChatRequest,
    configuration: &Configuration,
) -> Result<Translated, ProviderError> {
    let candidates = configuration.candidates(request.model.as_deref());
    request::translate(request, &candidates[0], configuration)
}

/// Items, and messages that they could come from: what the model did without an answer between is one message.
fn with_messages(kinds: &[ItemKind]) -> (Vec<Item>, Vec<Message>) {
    let mut messages: Vec<Message> = Vec::new();
    let mut items = Vec::new();
    for kind in kinds {
        let role = match kind {
            ItemKind::Message(message) if message.role == item::Role::User => Role::User,
            ItemKind::Result(_) => Role::Tool,
            _ => Role::Assistant,
        };
        let continues = role == Role::Assistant
            && messages
                .last()
                .is_some_and(|last| last.role == Role::Assistant);
        if !continues {
            messages.push(Message {
                role,
                content: MessageContent::Blocks(Vec::new()),
                name: None,
                tool_call_id: None,
                metadata: None,
                extensions: None,
            });
        }
        items.push(Item {
            origin: messages.len() - 1,
            kind: kind.clone(),
        });
    }
    (items, messages)
}

/// Something that is in a message.
#[derive(Debug)]
enum Word {
    /// Of the model's thinking, of which the service takes only its own.
    Thought(String),
    /// Of anything else.
    Written(String),
}

impl Word {
    fn text(&self) -> &str {
        match self {
            Self::Thought(text) | Self::Written(text) => text,
        }
    }
}

fn words(message: &Message) -> Vec<Word> {
    let blocks = match &message.content {
        MessageContent::Text(text) => return vec![Word::Written(text.clone())],
        MessageContent::Blocks(blocks) => blocks,
    };
    let mut words = Vec::new();
    for block in blocks {
        match &block.content {
            BlockContent::Refusal(text) | BlockContent::Text(text) => {
                words.push(Word::Written(text.clone()));
            }
            BlockContent::ToolCall(call) => {
                words.extend(texts_in(&call.arguments).into_iter().map(Word::Written));
            }
            BlockContent::ToolResult(result) => {
                words.extend(texts_in(&result.output).into_iter().map(Word::Written));
            }
            BlockContent::RedactedThinking(text) => words.push(Word::Thought(text.clone())),
            BlockContent::Thinking(thinking) => words.push(Word::Thought(thinking.text.clone())),
            BlockContent::Reasoning(reasoning) => {
                words.extend(texts_in(&reasoning.content).into_iter().map(Word::Thought));
            }
            BlockContent::File(_) | BlockContent::Image(_) => {}
        }
    }
    words
}

fn texts_in(json: &str) -> Vec<String> {
    let mut texts = Vec::new();
    add_texts(&serde_json::from_str(json).unwrap(), &mut texts);
    texts
}

/// All texts in a value; of those that are JSON themselves, the texts in them too.
fn add_texts(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let inner = serde_json::from_str(text);
            if let Ok(inner @ (Value::Array(_) | Value::Object(_) | Value::String(_))) = inner {
                add_texts(&inner, texts);
            }
            texts.push(text.clone());
        }
        Value::Array(elements) => elements
            .iter()
            .for_each(|element| add_texts(element, texts)),
        Value::Object(members) => members.values().for_each(|member| add_texts(member, texts)),
        _ => {}
    }
}

/// Whether the host is told that something of a message was left out: thinking by its place, or by an earlier place that
/// stands for all that were left out for the same reason; calls and results by their repair.
fn is_reported(translated: &Translated, message: usize, word: &Word) -> bool {
    let up_to_here = |parameter: &str| {
        let index = parameter.strip_prefix("messages[")?.split_once(']')?.0;
        Some(index.parse::<usize>().ok()? <= message)
    };
    let mut dropped = translated.dropped.iter();
    let mut repairs = translated.repairs.list.iter();
    let is_repaired = repairs.any(|repair| repair.message == message);
    match word {
        Word::Thought(_) => {
            is_repaired || dropped.any(|dropped| up_to_here(&dropped.parameter) == Some(true))
        }
        Word::Written(_) => is_repaired,
    }
}
