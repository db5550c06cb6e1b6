//! Finding each setting's value, and collecting everything that is wrong on the way.

use std::fmt;

use serde_json::{Map, Value, json};

use super::resource::OF_RESOURCES;
use super::setting::{Disclosure, Row, Setting};
use super::settings::{self, SETTINGS, WITHOUT_EFFECT};
use super::value::Expected;
use crate::core::json;
use crate::core::secret::{Secret, redact_members, shown_address};

/// The environment variables that we may see. Not for `Debug`: some are secrets.
#[derive(Clone, Default)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// Takes names and values.
    pub fn new(variables: Vec<(String, String)>) -> Self {
        Self(variables)
    }

    fn get(&self, name: &str) -> Option<&String> {
        let (_, value) = self.0.iter().find(|(candidate, _)| candidate == name)?;
        Some(value)
    }
}

/// Takes settings out of a document and an environment, and remembers what it found.
pub(super) struct Resolver<'a> {
    /// What comes before the keys of a table within the document, such as `fallbacks[0].`; empty for the document itself.
    pub(super) prefix: String,
    /// The settings that there may be.
    rows: &'static [&'static Row],
    document: &'a Map<String, Value>,
    environment: &'a Environment,
    /// What is wrong, a sentence each.
    pub(super) problems: Vec<String>,
    /// A warning for each odd key of the tables within the document.
    pub(super) odd_keys_within: Vec<String>,
    /// What each setting came out as.
    pub(super) resolved: Vec<Resolved>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(document: &'a Map<String, Value>, environment: &'a Environment) -> Self {
        Self {
            prefix: String::new(),
            rows: SETTINGS,
            document,
            environment,
            problems: Vec::new(),
            odd_keys_within: Vec::new(),
            resolved: Vec::new(),
        }
    }

    /// A resolver for the table of a fallback.
    pub(super) fn within(
        prefix: String,
        table: &'a Map<String, Value>,
        environment: &'a Environment,
    ) -> Self {
        Self {
            prefix,
            rows: &OF_RESOURCES,
            ..Self::new(table, environment)
        }
    }

    /// The setting's value, parsed; `None` when it is not set or wrong.
    pub(super) fn take<T>(&mut self, setting: &'static Setting<T>) -> Option<T> {
        // As little as possible here: this is compiled once for each type.
        let found = self.find(&setting.row);
        let (parsed, problem) = match found.value.as_ref().map(&setting.parse) {
            Some(Ok(parsed)) => (Some(parsed), None),
            Some(Err(expected)) => (None, Some(expected)),
            None => (None, None),
        };
        self.note(found, problem);
        parsed
    }

    /// The value of a setting that has a default. Any value when it is wrong: then there are problems, and nobody will
    /// use it.
    pub(super) fn value<T: Default>(&mut self, setting: &'static Setting<T>) -> T {
        self.take(setting).unwrap_or_default()
    }

    /// A setting that must be set.
    pub(super) fn require<T>(&mut self, setting: &'static Setting<T>) -> Option<T> {
        let value = self.take(setting);
        if !self.is_set(&setting.row) {
            let variables = match self.prefix.is_empty() {
                true => or_variables(&setting.row),
                false => String::new(),
            };
            self.problems.push(format!(
                "`{}{}` is not set: put it into the configuration{variables}",
                self.prefix, setting.row.key,
            ));
        }
        value
    }

    /// Whether something other than its default set a setting that was taken, to a valid value or not.
    pub(super) fn is_set(&self, row: &Row) -> bool {
        self.taken(row).is_some_and(Resolved::is_set)
    }

    /// Where a setting that was taken came from.
    pub(super) fn source(&self, row: &Row) -> Source {
        self.taken(row).map_or(Source::Unset, |taken| taken.source)
    }

    /// Notes that a setting that was taken has the value of another one that was.
    pub(super) fn follow(&mut self, row: &Row, other: &Row) {
        let Some(Resolved { shown, source, .. }) = self.taken(other).cloned() else {
            return;
        };
        if let Some(taken) = self
            .resolved
            .iter_mut()
            .find(|taken| taken.row.key == row.key)
        {
            (taken.shown, taken.source) = (shown, source);
        }
    }

    /// Where a setting that was taken came from, for a sentence.
    pub(super) fn place(&self, row: &Row) -> String {
        place(&self.prefix, row, self.source(row))
    }

    fn taken(&self, row: &Row) -> Option<&Resolved> {
        self.resolved.iter().find(|taken| taken.row.key == row.key)
    }

    fn note(&mut self, Found { row, value, source }: Found, problem: Option<Expected>) {
        if let (Some(expected), Some(value)) = (problem, &value) {
            let place = place(&self.prefix, row, source);
            self.problems.push(wrong(place, row, value, &expected));
        }
        self.resolved.push(Resolved {
            row,
            shown: value.map(|value| shown(row, &value)),
            source,
        });
    }

    /// A warning for each key of the document that no setting has, and for each that counts for nothing beside another.
    pub(super) fn odd_keys(&self) -> Vec<String> {
        let mut warnings = self.unknown_keys();
        warnings.extend_from_slice(&self.odd_keys_within);
        let is_set = |key: &str| self.document.get(key).is_some_and(|value| !is_empty(value));
        for row in self.rows {
            if let Some(alias) = row.alias
                && is_set(row.key)
                && is_set(alias)
            {
                let key = row.key;
                warnings.push(format!(
                    "`{alias}` has no effect beside `{key}`, which means the same"
                ));
            }
        }
        warnings
    }

    fn unknown_keys(&self) -> Vec<String> {
        let prefix = &self.prefix;
        let known = || {
            self.rows
                .iter()
                .flat_map(|s| [Some(s.key), s.alias])
                .flatten()
        };
        self.document
            .keys()
            .filter(|key| known().all(|known| known != key.as_str()))
            .filter(|key| !WITHOUT_EFFECT.contains(&key.as_str()))
            .map(|key| {
                if settings::is_known(key) {
                    return format!(
                        "`{prefix}{key}` has no effect, because it is a setting of the whole provider; move it above the \
                         first table of `{}`",
                        settings::FALLBACKS.row.key
                    );
                }
                let similar = known()
                    .map(|known| (strsim::levenshtein(known, key), known))
                    .min()
                    // A third of the word may be wrong: beyond that a suggestion confuses more than it helps.
                    .filter(|(distance, known)| *distance * 3 <= known.len());
                match similar {
                    Some((_, known)) => {
                        format!("unknown setting `{prefix}{key}`; did you mean `{known}`?")
                    }
                    None => format!("unknown setting `{prefix}{key}`; it has no effect"),
                }
            })
            .collect()
    }

    fn find(&self, row: &'static Row) -> Found {
        let found = |value, source| Found { row, value, source };
        for key in [Some(row.key), row.alias].into_iter().flatten() {
            if let Some(value) = self.document.get(key).filter(|value| !is_empty(value)) {
                return found(Some(value.clone()), Source::Configuration(key));
            }
        }
        if row.is_nullable {
            for key in [Some(row.key), row.alias].into_iter().flatten() {
                if self.document.get(key).is_some_and(Value::is_null) {
                    return found(Some(Value::Null), Source::Configuration(key));
                }
            }
        }
        for name in row.variables {
            if let Some(value) = self.environment.get(name)
                && !value.trim().is_empty()
            {
                return found(Some(Value::String(value.clone())), Source::Variable(name));
            }
        }
        match row.default {
            Some(default) => found(Some(Value::String(default.to_owned())), Source::Default),
            None => found(None, Source::Unset),
        }
    }
}

/// A setting's value before it is parsed.
struct Found {
    row: &'static Row,
    value: Option<Value>,
    source: Source,
}

/// A setting and what it came out as.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    row: &'static Row,
    /// As much of the value as may be shown.
    shown: Option<Value>,
    source: Source,
}

impl Resolved {
    /// The setting's entry in `describe`.
    pub(super) fn describe(&self) -> (String, Value) {
        let entry = json::object_of(vec![
            ("value", self.shown.clone().into()),
            ("source", self.source.to_string().into()),
        ]);
        (self.row.key.to_owned(), entry)
    }

    /// Whether something other than the default set it.
    pub(super) fn is_set(&self) -> bool {
        matches!(self.source, Source::Configuration(_) | Source::Variable(_))
    }
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    /// The configuration, under this key.
    Configuration(&'static str),
    /// This environment variable.
    Variable(&'static str),
    /// The table of settings.
    Default,
    /// Nowhere.
    Unset,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configuration(_) => "config",
            Self::Variable(name) => name,
            Self::Default => "default",
            Self::Unset => "unset",
        })
    }
}

fn wrong(place: String, row: &Row, value: &Value, Expected(expected): &Expected) -> String {
    match row.disclosure {
        Disclosure::Keys | Disclosure::Nothing | Disclosure::Redacted => {
            format!("{place}: expected {expected}")
        }
        Disclosure::Address | Disclosure::Full => format!(
            "{place}: expected {expected}, found {}",
            shortened(&shown(row, value))
        ),
    }
}

fn place(prefix: &str, row: &Row, source: Source) -> String {
    match source {
        Source::Variable(name) => format!("`{}` (from {name})", row.key),
        Source::Configuration(key) => format!("`{prefix}{key}`"),
        Source::Default | Source::Unset => format!("`{prefix}{}`", row.key),
    }
}

/// As much of a value as may be shown.
fn shown(row: &Row, value: &Value) -> Value {
    match (row.disclosure, value) {
        (Disclosure::Full, _) => value.clone(),
        (Disclosure::Keys, Value::Array(tables)) => {
            tables.iter().map(|table| shown(row, table)).collect()
        }
        (Disclosure::Keys, Value::Object(table)) => {
            let mut keys = Map::new();
            for key in table.keys() {
                keys.insert(key.clone(), json!(Secret::REDACTED));
            }
            Value::Object(keys)
        }
        (Disclosure::Redacted, Value::Object(_)) => {
            let mut shown = value.clone();
            redact_members(&mut shown);
            shown
        }
        (Disclosure::Address, Value::String(address)) => json!(shown_address(address)),
        _ => json!(Secret::REDACTED),
    }
}

fn shortened(value: &Value) -> String {
    /// Enough to recognise a value by, few enough for one line.
    const MAX_CHARACTERS: usize = 80;
    let text = json::written(value);
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn or_variables(row: &Row) -> String {
    match row.variables {
        [] => String::new(),
        [name] => format!(" or set {name}"),
        [name, ..] => format!(" or set the environment variable {name}"),
    }
}

pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}
