//! JSON that satisfies a schema: the arguments of a call, and answers in JSON.

use serde_json::{Map, Value, json};

use super::tools::Function;

/// The arguments with which the model calls a function: an object, whatever the schema.
pub(super) fn of(function: Function<'_>, prompt: &str) -> Value {
    Filler::new(prompt).object(function.parameters.unwrap_or(&Value::Null))
}

/// A value that satisfies a schema.
pub(super) fn satisfying(schema: &Value, prompt: &str) -> Value {
    Filler::new(prompt).value(schema)
}

/// Takes values from the prompt where it finds some.
struct Filler<'a> {
    prompt: &'a str,
    /// What the prompt is about, for the first string that asks.
    subject: Option<&'a str>,
}

impl<'a> Filler<'a> {
    fn new(prompt: &'a str) -> Self {
        Self {
            prompt,
            subject: subject(prompt),
        }
    }

    fn value(&mut self, schema: &Value) -> Value {
        if let Some(fixed) = schema.get("const").or_else(|| schema["enum"].get(0)) {
            return fixed.clone();
        }
        if let Some(first) = schema["anyOf"].get(0) {
            return self.value(first);
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null"),
            kind => Some(kind),
        };
        match kind.and_then(Value::as_str) {
            Some("array") => json!([]),
            Some("boolean") => json!(true),
            Some("integer") => number(self.prompt).map_or(json!(1), |number| {
                let whole = number.split('.').next().unwrap_or_default();
                whole.parse::<i64>().map_or(json!(1), Value::from)
            }),
            Some("number") => number(self.prompt)
                .and_then(|number| serde_json::from_str(number).ok())
                .unwrap_or(json!(1)),
            Some("string") => json!(self.subject.take().unwrap_or(self.prompt)),
            Some("null") => Value::Null,
            _ => self.object(schema),
        }
    }

    /// The required properties, or all if none is required, in alphabetical order.
    fn object(&mut self, schema: &Value) -> Value {
        let Some(properties) = schema["properties"].as_object() else {
            return json!({});
        };
        let required = schema["required"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let is_wanted =
            |name: &str| required.is_empty() || required.iter().any(|required| required == name);
        let mut names: Vec<&String> = properties.keys().filter(|name| is_wanted(name)).collect();
        names.sort();
        let members = names
            .into_iter()
            .map(|name| (name.clone(), self.value(&properties[name])));
        Value::Object(members.collect::<Map<String, Value>>())
    }
}

/// The word after the first "in", "for" or "of", without the punctuation around it.
fn subject(prompt: &str) -> Option<&str> {
    let (_, rest) = [" in ", " for ", " of "]
        .iter()
        .find_map(|word| prompt.split_once(word))?;
    let word = rest.split_whitespace().next()?;
    let word = word.trim_matches(|character: char| !character.is_alphanumeric());
    (!word.is_empty()).then_some(word)
}

/// The first number, as JSON writes it.
fn number(prompt: &str) -> Option<&str> {
    let first = prompt.find(|character: char| character.is_ascii_digit())?;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut end = first + digits(&prompt[first..]);
    if let Some(fraction) = prompt[end..].strip_prefix('.') {
        match digits(fraction) {
            0 => {}
            count => end += 1 + count,
        }
    }
    let before = prompt[..first].strip_suffix('-');
    let is_negative = before.is_some_and(|before| !before.ends_with(char::is_alphanumeric));
    Some(&prompt[first - usize::from(is_negative)..end])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn values_come_from_the_schema_and_the_prompt() {
        let prompt = "What is the weather in Zürich, for -2.5 days?";
        let table = [
            (json!({"type": "string"}), json!("Zürich")),
            (
                json!({"type": "string", "enum": ["celsius", "kelvin"]}),
                json!("celsius"),
            ),
            (json!({"type": ["null", "integer"]}), json!(-2)),
            (json!({"type": "number"}), json!(-2.5)),
            (json!({"type": "boolean"}), json!(true)),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                json!([]),
            ),
            (json!({"type": "object"}), json!({})),
            (
                json!({"anyOf": [{"type": "boolean"}, {"type": "null"}]}),
                json!(true),
            ),
            (json!({"const": 7}), json!(7)),
            (json!({}), json!({})),
        ];
        for (schema, value) in table {
            assert_eq!(satisfying(&schema, prompt), value, "{schema}");
        }
    }

    #[test]
    fn only_the_first_string_gets_the_subject() {
        let schema = json!({"type": "object", "properties": {
            "place": {"type": "string"},
            "at": {"type": "object", "properties": {"text": {"type": "string"}}},
        }});
        let value = satisfying(&schema, "the time of Rome");
        assert_eq!(
            value,
            json!({"at": {"text": "Rome"}, "place": "the time of Rome"})
        );
    }

    #[test]
    fn required_properties_are_enough() {
        let properties = json!({"a": {"type": "integer"}, "b": {"type": "integer"}});
        let some = json!({"type": "object", "properties": properties, "required": ["b"]});
        assert_eq!(satisfying(&some, "no number"), json!({"b": 1}));
        let none = json!({"type": "object", "properties": properties});
        assert_eq!(satisfying(&none, "take 3"), json!({"a": 3, "b": 3}));
    }

    #[test]
    fn arguments_are_an_object_even_without_a_schema() {
        let function = Function {
            name: "now",
            parameters: None,
        };
        assert_eq!(of(function, "call now"), json!({}));
    }

    #[test]
    fn numbers_are_json() {
        let table = [
            ("no", None),
            ("007 then", Some("007")),
            ("3.", Some("3")),
            ("v-1", Some("1")),
            ("x -1", Some("-1")),
            ("1.5.2", Some("1.5")),
        ];
        for (prompt, found) in table {
            assert_eq!(number(prompt), found, "{prompt}");
        }
        assert_eq!(satisfying(&json!({"type": "number"}), "007"), json!(1));
    }
}
