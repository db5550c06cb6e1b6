//! Another form of a request that was refused: without something optional, or with reasoning as this service wants it.
//!
//! Each change is made at most once and takes something away or adds what was held back, so that the attempts come to an
//! end, and no request is sent twice. What changes the meaning of the answer is never left out.

use serde_json::Value;

use super::{Dropped, Translated};
use crate::core::classify::{Refusal, RefusedParameter, RefusedReasoning};
use crate::core::item::ItemKind;
use crate::core::json;

/// What a request can be changed to when it is refused.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Remedies {
    /// Reasoning is sent with its ids.
    sends_reasoning_ids: bool,
    /// The reasoning of the answer so far is not sent.
    drops_own_reasoning: bool,
    /// The maximum of the model's output, for what is known of it.
    max_output_tokens: u64,
    /// The limit on the output was raised.
    has_raised_limit: bool,
    /// The entry of `include` for encrypted reasoning is ours and not the caller's.
    pub(super) includes_reasoning: bool,
}

impl Remedies {
    /// For a model whose output has this maximum.
    pub(super) fn new(max_output_tokens: u64) -> Self {
        Self {
            max_output_tokens,
            ..Self::default()
        }
    }
}

impl Translated {
    /// Changes the request to a form that the service may accept after it refused this one, and returns what is left out of it
    /// then, which may be nothing. None when there is no such form.
    pub fn remedy(&mut self, refusal: &Refusal) -> Option<Vec<Dropped>> {
        match refusal {
            Refusal::Reasoning(refused) => self.change_reasoning(refused),
            Refusal::Parameter(refused) => Some(vec![self.drop_parameter(refused)?]),
        }
    }

    /// Raises the limit on the output, for an answer that used it up before it had anything to show: to four times as much,
    /// and to 25,000 at least, which is what OpenAI's guide on reasoning advises to leave for reasoning and answer, but not
    /// over the model's own limit. Once; the old limit and the new one. None when there is no limit, or no higher one.
    pub fn raise_limit(&mut self) -> Option<(u64, u64)> {
        const MIN: u64 = 25_000;
        let limit = self.output_limit()?;
        let raised = limit
            .saturating_mul(4)
            .max(MIN)
            .min(self.remedies.max_output_tokens);
        if self.remedies.has_raised_limit || raised <= limit {
            return None;
        }
        self.remedies.has_raised_limit = true;
        self.body.set(LIMIT, raised.into());
        Some((limit, raised))
    }

    /// The limit on the output that is sent.
    pub fn output_limit(&self) -> Option<u64> {
        self.body.parameters.get(LIMIT).and_then(Value::as_u64)
    }

    /// Adds the answer so far to the end of the input, in place of what was there of it before.
    pub fn continue_with(&mut self, answer: Vec<ItemKind>) {
        let remedies = &self.remedies;
        self.body.answer = answer;
        self.body.answer.retain_mut(|item| match item {
            ItemKind::Reasoning(_) if remedies.drops_own_reasoning => false,
            ItemKind::Reasoning(reasoning) if remedies.sends_reasoning_ids => reasoning.send_id(),
            ItemKind::Reasoning(_)
            | ItemKind::Message(_)
            | ItemKind::Call(_)
            | ItemKind::Result(_)
            | ItemKind::Compaction(_)
            | ItemKind::Other(_) => true,
        });
    }

    /// Asks another deployment at the same endpoint.
    pub fn ask(&mut self, deployment: &str) {
        self.body.set_text("model", deployment);
    }

    /// Whether the request names something that one endpoint keeps.
    pub fn needs_its_endpoint(&self) -> bool {
        KEPT_AT_ENDPOINTS.iter().any(|name| {
            self.body
                .parameters
                .get(*name)
                .is_some_and(|value| !value.is_null())
        })
    }

    /// Takes over what became of the request at another endpoint: the answer so far, without what is encrypted for there, and the
    /// higher limit on the output.
    pub fn take_over(&mut self, before: &mut Self) {
        if before.remedies.has_raised_limit {
            self.raise_limit();
        }
        let mut answer = std::mem::take(&mut before.body.answer);
        answer.retain(|item| !matches!(item, ItemKind::Reasoning(_) | ItemKind::Compaction(_)));
        self.continue_with(answer);
    }

    /// Sends earlier reasoning with its ids where the service wants them, and otherwise, or the next time, not at all.
    fn change_reasoning(&mut self, refused: &RefusedReasoning) -> Option<Vec<Dropped>> {
        let body = &mut self.body;
        if !body.input.iter().chain(&body.answer).any(is_reasoning) {
            return None;
        }
        let mut named = refused.items.clone();
        named.retain(|index| body.is_reasoning(*index));
        if named.is_empty() && !refused.is_certain {
            return None;
        }
        let holds_id_back = |item: &ItemKind| matches!(item, ItemKind::Reasoning(reasoning) if reasoning.holds_id_back());
        let mut items = body.input.iter().chain(&body.answer);
        if refused.needs_ids && !self.remedies.sends_reasoning_ids && items.any(holds_id_back) {
            return Some(self.send_reasoning_ids());
        }
        // What the answer so far has itself, the service can usually read: it comes last, unless it is what is named.
        let own = body.answer_index();
        let is_own = !named.is_empty() && named.iter().all(|index| *index >= own);
        let dropped = if !is_own && body.input.iter().any(is_reasoning) {
            &mut body.input
        } else {
            self.remedies.drops_own_reasoning = true;
            &mut body.answer
        };
        let before = dropped.len();
        dropped.retain(|item| !is_reasoning(item));
        let reason = "the service does not accept the earlier reasoning: another resource or deployment encrypted it, or \
                      it is not known there";
        (dropped.len() < before).then(|| vec![Dropped::new("input", reason)])
    }

    /// Sends all reasoning with its id, and none without.
    fn send_reasoning_ids(&mut self) -> Vec<Dropped> {
        self.remedies.sends_reasoning_ids = true;
        let mut dropped = Vec::new();
        for items in [&mut self.body.input, &mut self.body.answer] {
            let before = items.len();
            items.retain_mut(|item| match item {
                ItemKind::Reasoning(reasoning) => reasoning.send_id(),
                _ => true,
            });
            if items.len() < before && dropped.is_empty() {
                let reason =
                    "the service wants the id of earlier reasoning, and this came without one";
                dropped.push(Dropped::new("input", reason));
            }
        }
        dropped
    }

    /// Takes a parameter out that the answer does not depend on.
    fn drop_parameter(&mut self, refused: &RefusedParameter) -> Option<Dropped> {
        let named = refused.name.as_deref().filter(|name| self.sends(name));
        let name = match named {
            Some(name) => name,
            None if refused.says_why => self.optional_in(&refused.words)?,
            None => return None,
        };
        let why = if refused.is_unsupported {
            "the service says that the model does not support it"
        } else {
            "the service does not accept its value, and the answer does not depend on it"
        };
        if name == INCLUDE || name.starts_with("include[") {
            return self.drop_include(name, &refused.words, why);
        }
        if matches!(name, "reasoning" | "reasoning.effort") {
            return refused.is_unsupported.then(|| self.drop_reasoning(why));
        }
        let hint = HINTS.iter().find(|hint| **hint == name)?;
        self.remove(hint)?;
        Some(Dropped::new(hint, why))
    }

    /// Takes the entry for encrypted reasoning out of `include`, which no answer depends on. All other entries are the
    /// caller's, and say what the answer must have. The effort stays: old versions of the API have no encrypted reasoning for
    /// models that do reason.
    fn drop_include(&mut self, name: &str, words: &str, why: &str) -> Option<Dropped> {
        let include = json::items_mut(&mut self.body.parameters, INCLUDE)?;
        let ours = include
            .iter()
            .position(|entry| entry == REASONING_CONTENT)?;
        let index = name
            .strip_prefix("include[")
            .and_then(|rest| rest.strip_suffix(']'));
        let is_other = index.is_some_and(|index| index.parse() != Ok(ours));
        let names_other = include.iter().enumerate().any(|(index, entry)| {
            let entry = entry.as_str().unwrap_or_default();
            index != ours && words.contains(&entry.to_ascii_lowercase())
        });
        if is_other || names_other {
            return None;
        }
        include.remove(ours);
        if include.is_empty() {
            self.body.parameters.remove(INCLUDE);
        }
        Some(Dropped::new(INCLUDE, why))
    }

    /// A model that refuses an effort does not reason, and would refuse our entry of `include` next.
    fn drop_reasoning(&mut self, why: &str) -> Dropped {
        self.body.parameters.remove("reasoning");
        let with_include =
            self.remedies.includes_reasoning && self.drop_include(INCLUDE, "", why).is_some();
        let names = if with_include {
            "include, reasoning"
        } else {
            "reasoning"
        };
        Dropped::new(names, why)
    }

    /// Whether a parameter is sent: `reasoning.summary` is if there is a `summary` in `reasoning`.
    fn sends(&self, name: &str) -> bool {
        let (parameter, member) = match name.split_once(['.', '[']) {
            Some((parameter, member)) => (parameter, member),
            None => (name, ""),
        };
        match self.body.parameters.get(parameter) {
            Some(Value::Object(members)) if HINTS.contains(&name) => members.contains_key(member),
            _ => self.body.has(parameter),
        }
    }

    /// The optional parameter that is sent and named in words.
    fn optional_in(&self, words: &str) -> Option<&'static str> {
        let is_named = |name: &&str| self.sends(name) && mentions(words, name);
        let optional = HINTS
            .iter()
            .chain(&["reasoning.effort"])
            .find(|name| is_named(name));
        // Of these, the names are words of the language too.
        let quoted = || {
            let is_named = |name: &&&str| self.sends(name) && quotes(words, name);
            ["reasoning", INCLUDE].iter().find(is_named)
        };
        let is_encrypted_content = || {
            let is_named = words.contains("encrypted content") || words.contains(REASONING_CONTENT);
            (is_named && self.sends(INCLUDE)).then_some(&INCLUDE)
        };
        optional
            .or_else(quoted)
            .or_else(is_encrypted_content)
            .copied()
    }

    /// Removes a parameter, or a member of one, and what is empty then.
    fn remove(&mut self, name: &str) -> Option<Value> {
        let Some((parameter, member)) = name.split_once('.') else {
            return self.body.parameters.remove(name);
        };
        let members = self.body.parameters.get_mut(parameter)?.as_object_mut()?;
        let removed = members.remove(member);
        if members.is_empty() {
            self.body.parameters.remove(parameter);
        }
        removed
    }
}

/// Whether a name is in a text, and not only as a part of another.
fn mentions(text: &str, name: &str) -> bool {
    let is_of_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    text.match_indices(name).any(|(start, _)| {
        let (before, after) = (&text[..start], &text[start + name.len()..]);
        !before.ends_with(is_of_name) && !after.starts_with(is_of_name)
    })
}

/// Whether a name is in a text as one: in quotation marks, or after a colon at its end.
fn quotes(text: &str, name: &str) -> bool {
    let ends_with_it = text
        .trim_end_matches(['.', ' '])
        .strip_suffix(name)
        .is_some_and(|before| before.ends_with(": "));
    let is_quoted = |mark: char| text.contains(&format!("{mark}{name}{mark}"));
    ends_with_it || ['\'', '"', '`'].into_iter().any(is_quoted)
}

fn is_reasoning(item: &ItemKind) -> bool {
    matches!(item, ItemKind::Reasoning(_))
}

/// Parameters that the answer does not depend on.
const HINTS: [&str; 11] = [
    "parallel_tool_calls",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning.summary",
    "safety_identifier",
    "service_tier",
    "temperature",
    "text.verbosity",
    "top_p",
    "truncation",
];

const INCLUDE: &str = "include";

const LIMIT: &str = "max_output_tokens";

/// What requests name that one endpoint keeps, and no other.
pub(in crate::core) const KEPT_AT_ENDPOINTS: [&str; 3] =
    ["conversation", "previous_response_id", "prompt"];

/// The entry of `include` with which answers have reasoning that can be sent back.
pub(super) const REASONING_CONTENT: &str = "reasoning.encrypted_content";
