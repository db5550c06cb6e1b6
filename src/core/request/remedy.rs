//! Another form of a request that was refused: without something optional, or with reasoning as this service wants it.
//!
//! Each change is made at most once and takes something away or adds what was held back, so that asking again comes to an
//! end, and no request is sent twice. What changes the meaning of the answer is never left out.

use serde_json::Value;

use super::{Dropped, Translated};
use crate::core::classify::{Refusal, RefusedParameter, RefusedReasoning};
use crate::core::json;

/// What a request can be changed to when it is refused.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Remedies {
    /// The ids of earlier reasoning, each after its encrypted content. They are held back: the service keeps nothing
    /// (`store: false`), and most endpoints refuse ids that they do not know.
    reasoning_ids: Vec<(String, String)>,
    /// Reasoning is sent with its ids.
    sends_reasoning_ids: bool,
    /// How many items at the end of the input are of the answer so far, which is to continue.
    continuation: usize,
    /// The reasoning of the answer so far is not sent.
    drops_own_reasoning: bool,
    /// The most that the model's output may have, for what is known of it.
    pub(super) max_output_tokens: u64,
    /// The limit on the output was raised.
    has_raised_limit: bool,
    /// The entry of `include` that asks for encrypted reasoning is ours and not the caller's.
    pub(super) includes_reasoning: bool,
}

impl Remedies {
    /// Holds back the id of an item of reasoning.
    pub(super) fn hold_back_id(&mut self, item: &mut Value) {
        if !is_reasoning(item) {
            return;
        }
        let id = item.as_object_mut().and_then(|item| item.remove("id"));
        if let Some(Value::String(id)) = id
            && let Some(encrypted) = json::text(item, ENCRYPTED)
        {
            self.reasoning_ids.push((encrypted.to_owned(), id));
        }
    }

    fn id_of(&self, item: &Value) -> Option<&str> {
        let encrypted = json::text(item, ENCRYPTED)?;
        let (_, id) = self
            .reasoning_ids
            .iter()
            .find(|(known, _)| known == encrypted)?;
        Some(id)
    }
}

impl Translated {
    /// Changes the request to a form that the service may accept after it refused this one, and says what is left out of it
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
        const LEAST: u64 = 25_000;
        let limit = self.output_limit()?;
        let raised = limit
            .saturating_mul(4)
            .max(LEAST)
            .min(self.remedies.max_output_tokens);
        if self.remedies.has_raised_limit || raised <= limit {
            return None;
        }
        self.remedies.has_raised_limit = true;
        json::set(&mut self.body, LIMIT, raised.into());
        Some((limit, raised))
    }

    /// The limit on the output that is sent.
    pub fn output_limit(&self) -> Option<u64> {
        self.body.get(LIMIT).and_then(Value::as_u64)
    }

    /// Adds what the answer has so far to the end of the input, in place of what was there of it before.
    pub fn continue_with(&mut self, items: Vec<Value>) {
        let input = self.body.entry("input").or_insert(Value::Null);
        if let Value::String(text) = input {
            // Nothing can be added to a text, which is short for a message of the user.
            let mut message = json::typed("message");
            json::set_text(&mut message, "role", "user");
            json::set_text(&mut message, "content", text);
            *input = Value::Array(vec![Value::Object(message)]);
        }
        let Value::Array(input) = input else {
            return;
        };
        input.truncate(input.len().saturating_sub(self.remedies.continuation));
        let before = input.len();
        for mut item in items {
            if is_reasoning(&item) && self.remedies.drops_own_reasoning {
                continue;
            }
            self.remedies.hold_back_id(&mut item);
            if is_reasoning(&item) && self.remedies.sends_reasoning_ids {
                let Some(id) = self.remedies.id_of(&item) else {
                    continue;
                };
                item["id"] = id.into();
            }
            input.push(item);
        }
        self.remedies.continuation = input.len() - before;
    }

    /// Sends earlier reasoning with its ids where the service wants them, and otherwise, or the next time, not at all.
    fn change_reasoning(&mut self, refused: &RefusedReasoning) -> Option<Vec<Dropped>> {
        let input = json::items_mut(&mut self.body, "input")?;
        let named = |index: &usize| input.get(*index).is_some_and(is_reasoning);
        let is_named = refused.items.iter().any(named);
        if !is_named && !refused.is_certain {
            return None;
        }
        let remedies = &self.remedies;
        let has_ids = input.iter().any(|item| remedies.id_of(item).is_some());
        if refused.needs_ids && has_ids && !remedies.sends_reasoning_ids {
            return Some(self.send_reasoning_ids());
        }
        // What the answer has said itself, the service can usually read: it comes last, unless it is what is named.
        let own = input.len().saturating_sub(remedies.continuation);
        let is_own = is_named
            && refused
                .items
                .iter()
                .filter(|item| named(item))
                .all(|index| *index >= own);
        let dropped = if !is_own && input[..own].iter().any(is_reasoning) {
            0..own
        } else {
            self.remedies.drops_own_reasoning = true;
            own..input.len()
        };
        let reason = "the service does not accept the earlier reasoning: another resource or deployment encrypted it, or \
                      it is not known there";
        self.retain_in_input(|index, item| !(dropped.contains(&index) && is_reasoning(item)))
            .then(|| vec![Dropped::new("input", reason)])
    }

    fn send_reasoning_ids(&mut self) -> Vec<Dropped> {
        self.remedies.sends_reasoning_ids = true;
        let remedies = &self.remedies;
        for item in json::items_mut(&mut self.body, "input")
            .into_iter()
            .flatten()
        {
            if is_reasoning(item)
                && let Some(id) = remedies.id_of(item)
            {
                item["id"] = id.into();
            }
        }
        let reason = "the service wants the id of earlier reasoning, and this came without one";
        let has_id = |item: &Value| !is_reasoning(item) || item.get("id").is_some();
        let is_shorter = self.retain_in_input(|_, item| has_id(item));
        is_shorter
            .then(|| Dropped::new("input", reason))
            .into_iter()
            .collect()
    }

    /// Keeps some items of the input. Whether there are fewer then.
    fn retain_in_input(&mut self, mut keeps: impl FnMut(usize, &Value) -> bool) -> bool {
        let Some(input) = json::items_mut(&mut self.body, "input") else {
            return false;
        };
        let own = input.len().saturating_sub(self.remedies.continuation);
        let (mut index, mut removed, mut removed_of_own) = (0, 0, 0);
        input.retain(|item| {
            let is_kept = keeps(index, item);
            removed += usize::from(!is_kept);
            removed_of_own += usize::from(!is_kept && index >= own);
            index += 1;
            is_kept
        });
        self.remedies.continuation -= removed_of_own.min(self.remedies.continuation);
        removed > 0
    }

    /// Takes a parameter out without which the answer is still what was asked for.
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
        let include = json::items_mut(&mut self.body, INCLUDE)?;
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
            self.body.remove(INCLUDE);
        }
        Some(Dropped::new(INCLUDE, why))
    }

    /// A model that refuses an effort does not reason, and would refuse our entry of `include` next.
    fn drop_reasoning(&mut self, why: &str) -> Dropped {
        self.body.remove("reasoning");
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
        let value = self.body.get(parameter);
        match value {
            Some(Value::Object(members)) if HINTS.contains(&name) => members.contains_key(member),
            value => value.is_some(),
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
            return self.body.remove(name);
        };
        let members = self.body.get_mut(parameter)?.as_object_mut()?;
        let removed = members.remove(member);
        if members.is_empty() {
            self.body.remove(parameter);
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

fn is_reasoning(item: &Value) -> bool {
    json::text(item, "type") == Some("reasoning")
}

/// Parameters without which the answer is still what was asked for.
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

/// The entry of `include` with which answers have reasoning that can be sent back.
pub(super) const REASONING_CONTENT: &str = "reasoning.encrypted_content";

const ENCRYPTED: &str = "encrypted_content";
