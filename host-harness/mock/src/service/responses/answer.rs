//! What the "model" of the mock says.

use serde_json::{Value, json};

use super::arguments;
use super::input::Input;
use super::request::CreateRequest;
use super::text::{fragments, words};
use super::tools::Function;

/// The model's output. It depends on the request alone.
pub(super) struct Answer {
    pub(super) items: Vec<OutputItem>,
    /// The answer was longer than `max_output_tokens`, and its last item is incomplete.
    pub(super) is_cut: bool,
}

/// One thing that the model does.
#[derive(Debug, PartialEq)]
pub(super) enum OutputItem {
    FunctionCall { name: String, arguments: String },
    Reasoning { summary: Option<&'static str> },
    Refusal(String),
    Text(String),
}

impl Answer {
    pub(super) fn to(request: &CreateRequest<'_>) -> Self {
        let mut items = Vec::new();
        if is_reasoned(request) {
            let summary = request.get_in("reasoning", "summary").map(|_| THOUGHT);
            items.push(OutputItem::Reasoning { summary });
        }
        items.extend(conclusion(request));
        let mut answer = Self {
            items,
            is_cut: false,
        };
        if let Some(limit) = request.get("max_output_tokens").and_then(Value::as_u64) {
            answer.cut(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        answer
    }

    /// Output tokens: all of them, and those of reasoning.
    pub(super) fn tokens(&self) -> (usize, usize) {
        let is_reasoning = |item: &&OutputItem| matches!(item, OutputItem::Reasoning { .. });
        let all = self.items.iter().map(OutputItem::tokens).sum();
        (
            all,
            self.items
                .iter()
                .filter(is_reasoning)
                .map(OutputItem::tokens)
                .sum(),
        )
    }

    fn cut(&mut self, limit: usize) {
        let mut left = limit;
        for (index, item) in self.items.iter_mut().enumerate() {
            let tokens = item.tokens();
            if tokens > left {
                item.truncate(left);
                self.items.truncate(index + 1);
                self.is_cut = true;
                return;
            }
            left -= tokens;
        }
    }
}

impl OutputItem {
    fn tokens(&self) -> usize {
        match self {
            Self::FunctionCall { arguments, .. } => fragments(arguments).len(),
            // Thinking costs the same whether or not it is told.
            Self::Reasoning { .. } => words(THOUGHT).len(),
            Self::Refusal(text) | Self::Text(text) => words(text).len(),
        }
    }

    fn truncate(&mut self, tokens: usize) {
        match self {
            Self::FunctionCall { arguments, .. } => {
                *arguments = fragments(arguments)[..tokens].concat()
            }
            Self::Reasoning { .. } => {}
            Self::Refusal(text) | Self::Text(text) => *text = words(text)[..tokens].concat(),
        }
    }
}

/// Whether the model thinks first: it can, and the request asks for it with an effort, or for a summary of it.
fn is_reasoned(request: &CreateRequest<'_>) -> bool {
    request.deployment.reasons()
        && match request.get_in("reasoning", "effort") {
            Some(effort) => effort != "none",
            None => request.get_in("reasoning", "summary").is_some(),
        }
}

/// What comes after reasoning. An unfinished message of the assistant is taken up where it stopped.
fn conclusion(request: &CreateRequest<'_>) -> Vec<OutputItem> {
    let (conversation, said) = request.input.split_unfinished();
    let mut items = speak(request, &conversation);
    if let [OutputItem::Text(text)] = items.as_mut_slice() {
        let rest = text
            .strip_prefix(said.as_str())
            .filter(|rest| !rest.is_empty());
        *text = rest.unwrap_or(text).to_owned();
    }
    items
}

fn speak(request: &CreateRequest<'_>, conversation: &Input<'_>) -> Vec<OutputItem> {
    let answers = conversation.tool_answers();
    if !answers.is_empty() {
        let quote = |(name, output): &(&str, String)| format!("The tool {name} answered: {output}");
        let quotes: Vec<String> = answers.iter().map(quote).collect();
        return vec![OutputItem::Text(quotes.join(" "))];
    }
    let prompt = conversation.prompt();
    let calls = calls(request, &prompt);
    if !calls.is_empty() {
        return calls;
    }
    if prompt.to_lowercase().contains("refuse") {
        return vec![OutputItem::Refusal(
            "I cannot help with that request.".to_owned(),
        )];
    }
    vec![OutputItem::Text(match request.get_in("text", "format") {
        Some(format) if format["type"] == "json_schema" => {
            arguments::satisfying(&format["schema"], &prompt).to_string()
        }
        Some(format) if format["type"] == "json_object" => json!({"answer": prompt}).to_string(),
        _ => format!(
            "Hello from the mock of Azure OpenAI (deployment {}). You said: \"{prompt}\"",
            request.deployment.name
        ),
    })]
}

/// The calls of the tools that the prompt names, or of the first if it asks for "the tool" or the request for any.
fn calls(request: &CreateRequest<'_>, prompt: &str) -> Vec<OutputItem> {
    let functions = request.tools.functions.as_slice();
    let prompt_in_lower_case = prompt.to_lowercase();
    let mut called: Vec<Function<'_>> = functions
        .iter()
        .filter(|function| prompt_in_lower_case.contains(&function.name.to_lowercase()))
        .copied()
        .collect();
    let wants_any = ["use the tool", "call the tool"]
        .iter()
        .any(|phrase| prompt_in_lower_case.contains(phrase));
    if called.is_empty() && (wants_any || request.tools.must_call) {
        called.extend(functions.first());
    }
    if !request.flag("parallel_tool_calls", true) {
        called.truncate(1);
    }
    let call = |function: Function<'_>| OutputItem::FunctionCall {
        name: function.name.to_owned(),
        arguments: arguments::of(function, prompt).to_string(),
    };
    called.into_iter().map(call).collect()
}

/// What the model thinks, whatever the question.
const THOUGHT: &str = "Thinking about the question.";
