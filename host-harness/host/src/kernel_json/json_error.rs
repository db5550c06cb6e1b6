//! What can be wrong with a document.

use serde_json::Value;

use super::reader::Place;

/// Why a document could not be read or written.
///
/// Each message begins with the place, such as `messages[2].content[1].tool_call_id`, or `the document` for its root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Something is there, but not what belongs there.
    #[error("{place}: expected {expected}, found {found}")]
    Unexpected {
        /// Where.
        place: String,
        /// What belongs there.
        expected: String,
        /// The value itself if it is short, else what kind of value it is.
        found: String,
    },

    /// A required key is not there.
    #[error("{place}: expected {expected}, but the key is missing")]
    Missing {
        /// Where it belongs.
        place: String,
        /// What belongs there.
        expected: String,
    },

    /// The text is not JSON. At a place inside a document it is the text that the contract's type holds there.
    #[error("{place}: not valid JSON, line {line}, column {column}: {reason}")]
    Syntax {
        /// Where.
        place: String,
        /// The line in the text, counted from 1.
        line: usize,
        /// The column in that line, counted from 1; 0 at its very beginning.
        column: usize,
        /// What is wrong there.
        reason: String,
    },

    /// The value has the right kind but cannot be used here.
    #[error("{place}: {reason}")]
    NotAllowed {
        /// Where.
        place: String,
        /// Why not, and what to write instead.
        reason: String,
    },
}

impl JsonError {
    /// The place alone.
    pub fn place(&self) -> &str {
        match self {
            Self::Unexpected { place, .. }
            | Self::Missing { place, .. }
            | Self::Syntax { place, .. }
            | Self::NotAllowed { place, .. } => place,
        }
    }

    pub(crate) fn unexpected(place: Place<'_>, expected: &str, found: &Value) -> Self {
        Self::Unexpected {
            place: place.to_string(),
            expected: expected.to_owned(),
            found: describe(found),
        }
    }

    pub(crate) fn missing(place: Place<'_>, expected: &str) -> Self {
        Self::Missing {
            place: place.to_string(),
            expected: expected.to_owned(),
        }
    }

    pub(crate) fn not_allowed(place: Place<'_>, reason: &str) -> Self {
        Self::NotAllowed {
            place: place.to_string(),
            reason: reason.to_owned(),
        }
    }

    pub(super) fn syntax(place: Place<'_>, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        // serde_json appends the position, which has fields of its own here.
        let position = format!(" at line {line} column {column}");
        let reason = match text.strip_suffix(&position).unwrap_or(&text) {
            // serde_json's words name no limit.
            "recursion limit exceeded" => "nested 128 levels deep or deeper",
            reason => reason,
        };
        Self::Syntax {
            place: place.to_string(),
            line,
            column,
            reason: reason.to_owned(),
        }
    }
}

/// A scalar as it is written, cut to a length that fits a line of a terminal; the kind of anything else.
fn describe(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => match text.char_indices().nth(EXCERPT_CHARS) {
            // Debug form: a control character must not reach the terminal.
            Some((end, _)) => format!("{:?}…", &text[..end]),
            None => format!("{text:?}"),
        },
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Enough to recognise a string by, and little enough that a base64 document does not fill the screen.
const EXCERPT_CHARS: usize = 40;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_described_in_a_few_words() {
        for (value, expected) in [
            (json!(null), "null"),
            (json!(true), "true"),
            (json!(10.0), "10.0"),
            (json!(-1), "-1"),
            (json!("robot"), "\"robot\""),
            (json!("\u{1b}[2J\n"), "\"\\u{1b}[2J\\n\""),
            (json!("é".repeat(40)), &format!("\"{}\"", "é".repeat(40))),
            (json!("é".repeat(41)), &format!("\"{}\"…", "é".repeat(40))),
            (json!([1]), "an array"),
            (json!({}), "an object"),
        ] {
            assert_eq!(describe(&value), expected);
        }
    }
}
