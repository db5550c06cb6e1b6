//! `${VARIABLES}` in the strings of a configuration, and the numbers that it cannot keep.
//!
//! Not by the crate `shellexpand`: it expands `$NAME` and halves `$$` too, which would change passwords and keys with a
//! dollar in them; what is between braces and is no name it leaves as it is, without an error; and it has no limit on what
//! comes of it.

use serde_json::{Map, Value};

use super::syntax::key_name;
use super::{MAX_FILE_BYTES, Problem, ProblemKind};

/// Expands every string of a configuration in place. `place` is where the configuration is in its file.
pub(super) fn expand<E>(
    config: &mut Map<String, Value>,
    place: &str,
    environment: &E,
) -> Vec<Problem>
where
    E: Fn(&str) -> Option<String>,
{
    let mut expansion = Expansion {
        environment,
        key: place.to_owned(),
        bytes: 0,
        full: false,
        problems: Vec::new(),
    };
    expansion.table(config);
    expansion.problems
}

struct Expansion<'e, E> {
    environment: &'e E,
    /// Where the expansion is.
    key: String,
    /// How long the expanded strings are together.
    bytes: usize,
    /// They are too long, and what is left is not looked at.
    full: bool,
    problems: Vec<Problem>,
}

impl<E: Fn(&str) -> Option<String>> Expansion<'_, E> {
    fn table(&mut self, table: &mut Map<String, Value>) {
        for (name, value) in table {
            self.under(&format!(".{}", key_name(name)), value);
        }
    }

    fn under(&mut self, step: &str, value: &mut Value) {
        let length = self.key.len();
        self.key.push_str(step);
        self.value(value);
        self.key.truncate(length);
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            _ if self.full => {}
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                // Integers of 64 bits are kept as they are, longer ones became floats.
                if number
                    .as_f64()
                    .is_some_and(|float| number.is_f64() && float.abs() >= TWO_TO_63)
                {
                    self.problem(ProblemKind::InexactNumber);
                }
            }
            Value::String(text) => match self.string(text) {
                Ok(expanded) => *text = expanded,
                Err(kind) => self.problem(kind),
            },
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.under(&format!("[{index}]"), item);
                }
            }
            Value::Object(table) => self.table(table),
        }
    }

    fn string(&mut self, text: &str) -> Result<String, ProblemKind> {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            let (before, from_dollar) = rest.split_at(dollar);
            expanded.push_str(before);
            if let Some(after) = from_dollar.strip_prefix("$${") {
                expanded.push_str("${");
                rest = after;
            } else if let Some(after) = from_dollar.strip_prefix("${") {
                let (reference, after) = after
                    .split_once('}')
                    .ok_or(ProblemKind::UnclosedReference)?;
                expanded.push_str(&self.reference(reference)?);
                rest = after;
            } else {
                expanded.push('$');
                rest = &from_dollar[1..];
            }
            self.check_length(expanded.len())?;
        }
        expanded.push_str(rest);
        self.bytes += expanded.len();
        Ok(expanded)
    }

    /// The value of what is between the braces.
    fn reference(&self, reference: &str) -> Result<String, ProblemKind> {
        let (variable, default) = match reference.split_once(":-") {
            Some((variable, default)) => (variable, Some(default)),
            None => (reference, None),
        };
        if !is_variable_name(variable) {
            return Err(ProblemKind::InvalidReference);
        }
        let value = (self.environment)(variable);
        let Some(default) = default else {
            return value.ok_or_else(|| ProblemKind::UnsetVariable {
                variable: variable.to_owned(),
            });
        };
        // Whatever the variable holds, so that the mistake does not wait for the day when it is not set.
        if default.contains("${") {
            return Err(ProblemKind::NestedReference {
                variable: variable.to_owned(),
            });
        }
        Ok(value
            .filter(|value| !value.is_empty())
            .unwrap_or_else(|| default.to_owned()))
    }

    /// A short file can ask for a long variable many times over.
    fn check_length(&mut self, bytes: usize) -> Result<(), ProblemKind> {
        self.full = self.bytes + bytes > MAX_FILE_BYTES;
        if self.full {
            return Err(ProblemKind::TooLong {
                limit: MAX_FILE_BYTES,
            });
        }
        Ok(())
    }

    fn problem(&mut self, kind: ProblemKind) {
        self.problems.push(Problem {
            key: self.key.clone(),
            kind,
        });
    }
}

fn is_variable_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// From here on a float has lost the last digits of the integer that it may have been.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "KEY" => Some("s3cret".to_owned()),
            "_2" => Some("two".to_owned()),
            "EMPTY" => Some(String::new()),
            "TRICKY" => Some("\" ${KEY} } # \n".to_owned()),
            "LONG" => Some("x".repeat(100_000)),
            _ => None,
        }
    }

    fn expanded(config: Value) -> Result<Value, Vec<String>> {
        let Value::Object(mut config) = config else {
            return Err(Vec::new());
        };
        let problems = expand(&mut config, "c", &environment);
        if problems.is_empty() {
            Ok(Value::Object(config))
        } else {
            Err(problems.iter().map(ToString::to_string).collect())
        }
    }

    #[test]
    fn references_are_replaced() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("${KEY}", "s3cret"),
            ("a${KEY}b${_2}c", "as3cretbtwoc"),
            ("${KEY}${KEY}", "s3crets3cret"),
            ("${EMPTY}", ""),
            ("${UNSET:-default}", "default"),
            ("${EMPTY:-default}", "default"),
            ("${KEY:-default}", "s3cret"),
            ("${UNSET:-}", ""),
            ("${UNSET:-a:-b $ {}", "a:-b $ {"),
            // What a variable holds is not looked at again.
            ("<${TRICKY}>", "<\" ${KEY} } # \n>"),
            ("$${KEY}", "${KEY}"),
            ("$${", "${"),
            ("$$${KEY}", "$${KEY}"),
            ("$${${KEY}}", "${s3cret}"),
            ("$KEY", "$KEY"),
            ("$", "$"),
            ("$$", "$$"),
            ("5$ {KEY} }", "5$ {KEY} }"),
            ("é${KEY}è", "és3cretè"),
        ] {
            assert_eq!(
                expanded(json!({"k": text})),
                Ok(json!({"k": expected})),
                "{text}"
            );
        }
    }

    #[test]
    fn strings_are_found_wherever_they_are() {
        assert_eq!(
            expanded(
                json!({"a": {"b": ["${KEY}", {"${KEY}": "${_2}"}]}, "n": 1, "t": true, "z": null})
            ),
            Ok(json!({"a": {"b": ["s3cret", {"${KEY}": "two"}]}, "n": 1, "t": true, "z": null}))
        );
    }

    #[test]
    fn problems_are_reported_together_and_show_no_value() {
        let problems = expanded(json!({
            "a": "${UNSET}",
            "b": ["pass${word", {"gpt 4": "${not a name}"}],
            "c": "${KEY:-${_2}}",
            "d": "${}",
            "e": "${KEY-x}",
            "f": 1.0e40,
            "g": "${2}",
            "h": "${KEY}",
        }));
        let invalid = "what is between `${` and `}` is neither NAME nor NAME:-default; write `$${` if it is part of \
                       the value";
        assert_eq!(
            problems,
            Err(vec![
                "c.a: the environment variable UNSET is not set; set it, or give a default as in \
                 ${UNSET:-default}"
                    .to_owned(),
                "c.b[0]: `${` without a closing `}`; write `$${` if it is part of the value"
                    .to_owned(),
                format!("c.b[1].\"gpt 4\": {invalid}"),
                "c.c: the default of KEY holds another `${`; a default is plain text".to_owned(),
                format!("c.d: {invalid}"),
                format!("c.e: {invalid}"),
                "c.f: this number cannot be kept exactly; put it in quotes if it is a text"
                    .to_owned(),
                format!("c.g: {invalid}"),
            ])
        );
    }

    #[test]
    fn numbers_are_kept_as_far_as_they_can_be() {
        let numbers = json!([0, -1, 0.7, 1.0e18, i64::MIN, u64::MAX]);
        assert_eq!(expanded(json!({"k": numbers})), Ok(json!({"k": numbers})));
        for number in [
            json!(18_446_744_073_709_551_616.0),
            json!(-1.0e19),
            json!(1.0e300),
        ] {
            assert!(expanded(json!({"k": number})).is_err());
        }
    }

    #[test]
    fn variables_cannot_blow_a_file_up() {
        let many = "${LONG}".repeat(11);
        assert_eq!(
            expanded(json!({"a": many, "b": many, "c": "${UNSET}"})),
            Err(vec![
                "c.a: with the values of its variables the configuration has more than 1048576 bytes".to_owned()
            ])
        );
        let few = "${LONG}".repeat(6);
        assert_eq!(
            expanded(json!({"a": few, "b": few})),
            Err(vec![
                "c.b: with the values of its variables the configuration has more than 1048576 bytes".to_owned()
            ])
        );
        assert!(expanded(json!({"a": few})).is_ok());
    }
}
