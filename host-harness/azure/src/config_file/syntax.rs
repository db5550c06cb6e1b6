//! From a file's text to JSON values, in either format.
//!
//! Neither parser's own error display is used: both can quote the file, and the file may hold secrets. What is shown is
//! the position, and messages that are known to be free of the file's text.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Number, Value};

use super::duplicates::{self, Duplicate, Values};
use super::{ConfigFileError, MAX_FILE_BYTES, Position};

/// The format of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Toml,
    Yaml,
}

impl Format {
    /// By the file's extension, in any case.
    pub(super) fn of(path: &Path) -> Result<Self, ConfigFileError> {
        let extension = path.extension().unwrap_or_default();
        let is = |name| extension.eq_ignore_ascii_case(name);
        if is("toml") {
            Ok(Self::Toml)
        } else if is("yaml") || is("yml") || is("json") {
            Ok(Self::Yaml)
        } else {
            Err(ConfigFileError::UnknownFormat {
                path: path.to_owned(),
            })
        }
    }

    /// The shape of a configuration, in the format's own words.
    pub(super) fn shape(self) -> &'static str {
        match self {
            Self::Toml => {
                "`[[providers]]` with `module = \"provider-azure-openai\"`, and its settings below `[providers.config]`"
            }
            Self::Yaml => {
                "a list `providers` with `module: provider-azure-openai`, and its settings below `config`"
            }
        }
    }
}

/// What is wrong with a text, before it is known which file it came from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    position: Option<Position>,
    reason: String,
}

impl SyntaxError {
    pub(super) fn at(self, path: &Path) -> ConfigFileError {
        ConfigFileError::Syntax {
            path: path.to_owned(),
            position: self.position,
            reason: self.reason,
        }
    }
}

/// What is in a text.
#[derive(Debug, PartialEq)]
pub(super) struct Parsed {
    /// All of it.
    pub(super) document: Value,
    /// What breaks the rules of the format and does no harm.
    pub(super) warnings: Vec<SyntaxError>,
}

pub(super) fn parse(text: &str, format: Format) -> Result<Parsed, SyntaxError> {
    match format {
        Format::Toml => parse_toml(text),
        Format::Yaml => Ok(Parsed {
            document: parse_yaml(text)?,
            warnings: Vec::new(),
        }),
    }
}

/// Keys that occur twice with the same value are taken once, and warned of.
fn parse_toml(text: &str) -> Result<Parsed, SyntaxError> {
    let error = match parse_strict_toml(text) {
        Ok(document) => {
            return Ok(Parsed {
                document,
                warnings: Vec::new(),
            });
        }
        Err(error) => error,
    };
    let found = duplicates::find(text);
    let told = |found: &Duplicate| {
        let line = position(text, Some(found.first..found.first)).map_or(0, |first| first.line);
        let key = &found.key;
        SyntaxError {
            position: position(text, Some(found.second..found.second)),
            reason: match found.values {
                Values::Same => format!(
                    "the key {key} occurs twice with the same value, first in line {line}; remove one of them"
                ),
                Values::Different => format!(
                    "the key {key} occurs twice with different values, first in line {line}; keep one of them"
                ),
                Values::Headers => format!(
                    "the table {key} begins twice, first in line {line}; put all of it below one header"
                ),
            },
        }
    };
    if let Some(found) = found.iter().find(|found| found.values != Values::Same) {
        return Err(told(found));
    }
    if found.is_empty() {
        return Err(error);
    }
    Ok(Parsed {
        document: parse_strict_toml(&duplicates::without(text, &found))?,
        warnings: found.iter().map(told).collect(),
    })
}

fn parse_strict_toml(text: &str) -> Result<Value, SyntaxError> {
    // In two steps, because only the messages of the first are free of the file's text.
    let document = toml::de::Deserializer::parse(text).map_err(|error| SyntaxError {
        position: position(text, error.span()),
        reason: error.message().to_owned(),
    })?;
    let table = toml::Table::deserialize(document).map_err(|error| SyntaxError {
        position: position(text, error.span()),
        reason:
            "this value cannot be kept; a number has at most 64 bits, put longer ones in quotes"
                .to_owned(),
    })?;
    toml_value(toml::Value::Table(table)).map_err(|key| SyntaxError {
        position: None,
        reason: format!(
            "{}: infinity and NaN are not values of a setting",
            key.trim_start_matches('.')
        ),
    })
}

/// An error is the key, with a leading dot, of a float that JSON does not have.
fn toml_value(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => Number::from_f64(number).ok_or_else(String::new)?.into(),
        toml::Value::Boolean(boolean) => boolean.into(),
        // Without quotes, `2025-03-01` is a date in TOML and a string in YAML. Settings have API versions, not dates.
        toml::Value::Datetime(datetime) => Value::String(datetime.to_string()),
        toml::Value::Array(items) => {
            let items = items.into_iter().enumerate();
            let values = items
                .map(|(index, item)| toml_value(item).map_err(|key| format!("[{index}]{key}")));
            Value::Array(values.collect::<Result<_, _>>()?)
        }
        toml::Value::Table(table) => {
            let mut map = Map::new();
            for (name, value) in table {
                let value =
                    toml_value(value).map_err(|key| format!(".{}{key}", key_name(&name)))?;
                map.insert(name, value);
            }
            Value::Object(map)
        }
    })
}

fn position(text: &str, span: Option<std::ops::Range<usize>>) -> Option<Position> {
    let before = text.get(..span?.start)?;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Some(Position {
        line: before.bytes().filter(|&byte| byte == b'\n').count() as u64 + 1,
        column: before[line_start..].chars().count() as u64 + 1,
    })
}

fn parse_yaml(text: &str) -> Result<Value, SyntaxError> {
    serde_saphyr::from_str_with_options(text, yaml_options()).map_err(|error| {
        let location = error.location();
        SyntaxError {
            position: location.map(|location| Position {
                line: location.line(),
                column: location.column(),
            }),
            reason: yaml_reason(&error),
        }
    })
}

fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! {
            // What aliases repeat counts too. A file without them cannot get there.
            max_total_scalar_bytes: 2 * MAX_FILE_BYTES,
            // The default of a quarter of a million takes seconds; this is ten times the largest sensible file.
            max_nodes: 50_000,
        },
        // As in TOML, and because the second of two keys is most often the one that was forgotten.
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        // A deployment may be called `no`, and a key may be all digits.
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::Reject,
        // Otherwise a password that begins with `!` would silently be taken for a tag.
        reject_unsupported_tags: true,
    }
}

/// What is wrong, without a word of the file except keys.
fn yaml_reason(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error;

    let reason = match error {
        Error::AliasError { error, .. } => return yaml_reason(error),
        // From the scanner: what kind of token is wrong, and at most the one character that is.
        Error::ExternalMessage { msg, .. } => return msg.clone(),
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            return format!("the key {key:?} occurs twice");
        }
        Error::DuplicateMappingKey { .. } => "a key occurs twice",
        Error::Unexpected { expected, .. } => return format!("expected {expected}"),
        Error::Eof { .. } => "the file ends too early",
        Error::MultipleDocuments { .. } => {
            "a configuration file is one YAML document; this begins a second one"
        }
        Error::UnknownAnchor { .. } => {
            "there is no anchor of this name; put a text that begins with `*` in quotes"
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            "this alias refers to something that it is a part of"
        }
        Error::NonFiniteFloat { .. } => {
            "this number is too large; put it in quotes if it is a text"
        }
        Error::NullIntoString { .. } | Error::Message { .. } | Error::SerdeInvalidType { .. } => {
            "a key is not a string"
        }
        Error::MergeValueNotMapOrSeqOfMaps { .. } => "what `<<` merges is not a table",
        Error::UnsupportedTag { .. } => {
            "tags are not supported; put a text that begins with `!` in quotes"
        }
        Error::InvalidScalar { .. }
        | Error::InvalidBinaryBase64 { .. }
        | Error::BinaryNotUtf8 { .. }
        | Error::TaggedScalarCannotDeserializeIntoString { .. } => {
            "the value does not fit its tag; leave the tag out"
        }
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            "the file is nested too deeply, or its aliases repeat too much"
        }
        _ => "this is not something that a configuration can hold",
    };
    reason.to_owned()
}

/// A key as a part of a path: bare if it can be, quoted if it has anything that would be mistaken for the path's own.
pub(super) fn key_name(key: &str) -> std::borrow::Cow<'_, str> {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) {
        key.into()
    } else {
        format!("{key:?}").into()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(text: &str, format: Format) -> String {
        parse(text, format)
            .unwrap_err()
            .at(Path::new("f"))
            .to_string()
    }

    #[test]
    fn formats_go_by_the_extension() {
        for (name, format) in [
            ("a.toml", Format::Toml),
            ("a.TOML", Format::Toml),
            ("a.b.yaml", Format::Yaml),
            ("a.yml", Format::Yaml),
            ("a.json", Format::Yaml),
        ] {
            assert_eq!(Format::of(Path::new(name)).unwrap(), format);
        }
        for name in ["a", "toml", ".toml", "a.ini", "a.toml.bak", ""] {
            assert_eq!(
                Format::of(Path::new(name)).unwrap_err().to_string(),
                format!("{name}: a configuration file's name ends in .toml, .yaml, .yml or .json")
            );
        }
    }

    #[test]
    fn the_formats_agree() {
        let expected = json!({"s": "x", "i": 1, "f": 0.5, "t": true, "date": "2025-03-01", "list": [1, {"a": 2}]});
        for (text, format) in [
            (
                "\u{feff}s = 'x'\r\ni = 1\nf = 0.5\nt = true\ndate = 2025-03-01\nlist = [1, {a = 2}]\n",
                Format::Toml,
            ),
            (
                "\u{feff}s: x\r\ni: 1\nf: 0.5\nt: true\ndate: 2025-03-01\nlist: [1, {a: 2}]\n",
                Format::Yaml,
            ),
            (
                "{\n\t\"s\": \"x\",\"i\":1, \"f\": 0.5,\n\t\t\"t\": true, \"date\": \"2025-03-01\",\n\
                 \"list\":[1,{\"a\":2}]\n}\n",
                Format::Yaml,
            ),
        ] {
            assert_eq!(parse(text, format).unwrap().document, expected);
        }
    }

    #[test]
    fn yaml_leaves_as_text_what_may_be_a_name() {
        for (text, expected) in [
            ("no", json!("no")),
            ("on", json!("on")),
            ("0123", json!("0123")),
            ("1_000", json!("1_000")),
            ("~", json!(null)),
            ("!!str 12", json!("12")),
            ("\"\\ud83d\\ude00\"", json!("😀")),
            ("|\n  a\n  b\n", json!("a\nb\n")),
            ("{1: a, true: b}", json!({"1": "a", "true": "b"})),
            ("&x {a: 1}", json!({"a": 1})),
            (
                "[&x {a: 1}, *x, {<<: *x, b: 2}]",
                json!([{"a": 1}, {"a": 1}, {"a": 1, "b": 2}]),
            ),
        ] {
            assert_eq!(
                parse(&format!("k: {text}"), Format::Yaml).unwrap().document,
                json!({"k": expected})
            );
        }
    }

    #[test]
    fn toml_errors_have_a_position_and_show_no_value() {
        for (text, expected) in [
            (
                "a = 1\na = 2",
                "f:2:1: the key a occurs twice with different values, first in line 1; keep one of them",
            ),
            (
                "[a]\n[a]",
                "f:2:2: the table a begins twice, first in line 1; put all of it below one header",
            ),
            (
                "'é' = 1\nb = s3cret",
                "f:2:5: string values must be quoted, expected literal string",
            ),
            (
                "a = \"é\" s3cret",
                "f:1:9: unexpected key or value, expected newline, `#`",
            ),
            (
                "a = \"s3cret",
                "f:1:12: invalid basic string, expected `\"`",
            ),
            (
                "\n a = 12345678901234567890",
                "f:2:6: this value cannot be kept; a number has at most 64 bits, put longer ones in quotes",
            ),
            (
                "x = 1\n[a]\nb.c = [1, inf]",
                "f: a.b.c[1]: infinity and NaN are not values of a setting",
            ),
            (
                "a = 1e999",
                "f:1:5: this value cannot be kept; a number has at most 64 bits, put longer ones in quotes",
            ),
            (
                "a = 2025-13-99",
                "f:1:5: invalid date, expected month between 01 and 12",
            ),
        ] {
            assert_eq!(error(text, Format::Toml), expected);
        }
        let deep = format!("a = {}", "[".repeat(100_000));
        assert_eq!(
            error(&deep, Format::Toml),
            "f:1:85: cannot recurse further; max recursion depth met"
        );
    }

    #[test]
    fn yaml_errors_have_a_position_and_show_no_value() {
        for (text, expected) in [
            ("a: 1\na: 2", "f:2:1: the key \"a\" occurs twice"),
            ("a: \"s3cret", "f:1:4: unclosed quote"),
            ("a: [s3cret", "f:1:4: unclosed bracket '['"),
            (
                "a: s3cret: b",
                "f:1:10: mapping values are not allowed in this context",
            ),
            (
                "a: *s3cret",
                "f:1:4: there is no anchor of this name; put a text that begins with `*` in quotes",
            ),
            (
                "a: !s3cret",
                "f:1:11: tags are not supported; put a text that begins with `!` in quotes",
            ),
            (
                "a: !!int s3cret",
                "f:1:10: the value does not fit its tag; leave the tag out",
            ),
            (
                "a: !!binary s3cret",
                "f:1:13: the value does not fit its tag; leave the tag out",
            ),
            (
                "a: &x [*x]",
                "f:1:8: this alias refers to something that it is a part of",
            ),
            (
                "a: .inf",
                "f:1:4: this number is too large; put it in quotes if it is a text",
            ),
            (
                "a: 12e5678901234567890123456789012",
                "f:1:4: this number is too large; put it in quotes if it is a text",
            ),
            ("null: s3cret", "f:1:1: a key is not a string"),
            ("[s3cret]: b", "f:1:1: expected string scalar"),
            ("? {s3cret: 1}\n: b", "f:1:3: expected string scalar"),
            (
                "a: b\n---\nc: d",
                "f:3:1: a configuration file is one YAML document; this begins a second one",
            ),
            ("a: {<<: s3cret}", "f:1:9: what `<<` merges is not a table"),
        ] {
            assert_eq!(error(text, Format::Yaml), expected);
        }
    }

    #[test]
    fn yaml_bombs_are_errors() {
        let too_much = "the file is nested too deeply, or its aliases repeat too much";
        let mut laughs = "a0: &a0 [lol, lol]\n".to_owned();
        for level in 1..30 {
            laughs += &format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1);
        }
        let long = format!("a: &a {}\nb: [{}]", "x".repeat(500_000), "*a, ".repeat(50));
        let block: String = (0..200)
            .map(|depth| format!("{}k:\n", " ".repeat(depth)))
            .collect();
        let flow = format!("a: {}{}", "[".repeat(100), "]".repeat(100));
        for text in [&laughs, &long, &block, &flow] {
            let error = error(text, Format::Yaml);
            assert!(error.ends_with(too_much), "{error}");
        }
        let flow = format!("a: {}", "[".repeat(100_000));
        assert_eq!(
            error(&flow, Format::Yaml),
            "f:1:259: recursion limit exceeded"
        );
    }
}
