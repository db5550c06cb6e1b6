//! What the service refuses in a request that it would accept otherwise: the request is sent once more, in another form.
//!
//! Services and gateways disagree about codes, so that places and words decide: a code is a hint where it is known, and may
//! be null, or one of a gateway's own.

use super::Body;
use crate::contract::types::ErrorKind;

/// What a request was refused for, as far as it can be sent in another form.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// Items of reasoning in its input, or their form.
    Reasoning(RefusedReasoning),
    /// A parameter, or its value.
    Parameter(RefusedParameter),
}

/// Reasoning of earlier answers, which the service does not accept as it was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RefusedReasoning {
    /// The items of the input that the service names, by their indexes. It may name none.
    pub items: Vec<usize>,
    /// The service's words are about reasoning. Without it, the refusal is about reasoning only if an item that it names is.
    pub is_certain: bool,
    /// The items are refused because they have no ids.
    pub needs_ids: bool,
}

/// A parameter that the service does not accept.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedParameter {
    /// Its name, such as `reasoning.effort`, if the error has it apart from its words.
    pub name: Option<String>,
    /// What the service says, in small letters.
    pub words: String,
    /// The service does not know the parameter, or the model does not support it. Otherwise it is the value that it does not
    /// accept.
    pub is_unsupported: bool,
    /// The words say that something is not known or not supported, so that a name among them is that of the parameter.
    pub says_why: bool,
}

/// What a request was refused for, if it can be sent in another form.
pub(super) fn of(status: u16, kind: ErrorKind, body: &Body) -> Option<Refusal> {
    // These are about who sends the request and when, never about what is in it.
    if !(400..=499).contains(&status) || matches!(status, 401 | 407 | 408 | 429) {
        return None;
    }
    let mut words = body
        .message
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    for detail in &body.details {
        words.push('\n');
        words.push_str(&detail.to_ascii_lowercase());
    }
    let code = body.code.as_deref().unwrap_or_default();
    let parameter = body.parameter.as_deref().unwrap_or_default();
    if is_unreadable_reasoning(code, &words) {
        return Some(Refusal::Reasoning(RefusedReasoning {
            items: items_in([parameter, &words]),
            is_certain: true,
            needs_ids: false,
        }));
    }
    if kind != ErrorKind::InvalidRequest {
        return None;
    }
    let items = items_in([parameter, &words]);
    let is_of_schema =
        code == "invalid_payload" || words.contains("does not match the expected schema");
    if is_of_schema || !items.is_empty() {
        return Some(Refusal::Reasoning(RefusedReasoning {
            is_certain: is_of_schema && items.is_empty(),
            needs_ids: is_of_schema || is_missing_id(parameter, &words),
            items,
        }));
    }
    let has = |sign: &&str| words.contains(sign);
    let is_of_value = code.contains("value") || code.contains("type") || OF_VALUES.iter().any(has);
    let says_why = PARAMETER_CODES.contains(&code) || UNSUPPORTED.iter().any(has);
    // "Your organization must be verified to generate reasoning summaries."
    let is_of_summary = words.contains("must be verified") && words.contains("summar");
    Some(Refusal::Parameter(RefusedParameter {
        name: name_of(parameter).or_else(|| is_of_summary.then(|| "reasoning.summary".to_owned())),
        is_unsupported: says_why && !is_of_value,
        says_why,
        words,
    }))
}

/// Whether the service cannot read earlier reasoning, or misses what it belongs to.
fn is_unreadable_reasoning(code: &str, words: &str) -> bool {
    let has = |sign: &str| words.contains(sign);
    // "Encrypted content is not supported with this model." is about the parameter that asks for it.
    let is_encrypted_content = has("encrypted content") || has("encrypted_content");
    code == "invalid_encrypted_content"
        || is_encrypted_content && (has("verif") || has("decrypt")) && !has("not supported")
        || has("conflicting authenticated continuation")
        // "Item with id 'rs_…' not found", "Duplicate item found with id rs_…".
        || has("item") && has("id") && has("rs_") && (has("not found") || has("duplicate"))
        || has("of type 'reasoning' was provided without its required")
}

/// Whether the `id` of an item is missing.
fn is_missing_id(parameter: &str, words: &str) -> bool {
    let ends_name =
        |rest: &str| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
    let has = |text: &str, id: &str| {
        let mut found = text.match_indices(id);
        found.any(|(start, _)| ends_name(&text[start + id.len()..]))
    };
    let is_member = |text: &str| has(text, ".id") || has(text, "/id");
    is_member(parameter) || is_member(words) || words.contains("\"id\"") || words.contains("'id'")
}

/// The indexes in `input[3].id` and `/input/3/id`, each once.
fn items_in(texts: [&str; 2]) -> Vec<usize> {
    let mut items = Vec::new();
    for text in texts {
        for rest in text.split("input").skip(1) {
            let Some(rest) = rest.strip_prefix(['[', '/']) else {
                continue;
            };
            let end = rest.find(|character: char| !character.is_ascii_digit());
            if let Ok(index) = rest[..end.unwrap_or(rest.len())].parse()
                && !items.contains(&index)
            {
                items.push(index);
            }
        }
    }
    items
}

/// The name of a parameter without the ways to write where it is: `/prompt_cache_key`, `body.prompt_cache_key`.
fn name_of(parameter: &str) -> Option<String> {
    let name = parameter.trim_start_matches(['/', '$', '.']);
    let name = name.strip_prefix("body.").unwrap_or(name);
    let name = name.replace('/', ".");
    (!name.is_empty()).then_some(name)
}

/// Codes that say that a parameter is not known or not supported. Those of values are told by their names.
const PARAMETER_CODES: [&str; 3] = [
    "unknown_parameter",
    "unrecognized_request_argument",
    "unsupported_parameter",
];

/// How they say it of a value.
const OF_VALUES: [&str; 3] = ["invalid value", "supported values", "unsupported value"];

/// How services and gateways say that something is not known or not supported.
const UNSUPPORTED: [&str; 12] = [
    "does not support",
    "extra fields",
    "extra inputs",
    "invalid parameter",
    "not allowed",
    "not permitted",
    "not recognized",
    "not supported",
    "unexpected",
    "unknown",
    "unrecognized",
    "unsupported",
];
