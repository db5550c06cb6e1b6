//! Kinds of errors by their words, where nothing better says what they are.

use super::Body;
use crate::contract::types::ErrorKind;

/// The kind that the words of an error's message are for.
///
/// What the service itself says counts whatever the code is; the words of gateways only where there is no code.
pub(super) fn kind(body: &Body) -> Option<ErrorKind> {
    let message = body.message.as_deref()?.to_ascii_lowercase();
    let has = |words: &str| message.contains(words);
    let has_code = body.code.is_some() && body.status().is_none();
    let is_gateways = !has_code && body.is_about_content();
    if has("context window")
        || has("maximum context length")
        || (is_gateways && is_too_long(&message))
    {
        Some(ErrorKind::ContextLength)
    } else if has("content management policy")
        || has("content filter")
        || (is_gateways && is_blocked(&message))
    {
        Some(ErrorKind::ContentFilter)
    } else {
        None
    }
}

/// Whether an HTML page asks whoever sees it to prove that he is a person.
pub(super) fn are_challenge(page: &str) -> bool {
    let page = page.to_ascii_lowercase();
    ["captcha", "challenge", "just a moment"]
        .iter()
        .any(|words| page.contains(words))
}

fn is_too_long(message: &str) -> bool {
    const SUBJECTS: [&str; 6] = [
        "context",
        "conversation",
        "input",
        "messages",
        "prompt",
        "request",
    ];
    let has = |words: &str| message.contains(words);
    // Of too many tokens in a minute one has to wait.
    let is_rate = has("rate") || has("per minute") || has("wait");
    let are_tokens = has("too many tokens") || has("too many input tokens") || has("token limit");
    (are_tokens && !is_rate)
        || SUBJECTS.iter().any(|subject| {
            [" is too long", " are too long", " too long"]
                .iter()
                .any(|end| has(&[subject, *end].concat()))
        })
}

fn is_blocked(message: &str) -> bool {
    let has = |words: &str| message.contains(words);
    has("content policy")
        || has("content safety")
        || has("responsible ai")
        || (has("blocked") && (has("content") || has("safety") || has("guardrail")))
}
