//! Finding each setting's value, and collecting everything that is wrong on the way.

use std::fmt;

use serde_json::{Map, Value, json};

use super::setting::{Disclosure, SETTINGS, Setting};
use crate::core::secret::Secret;

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
    document: &'a Map<String, Value>,
    environment: &'a Environment,
    /// What is wrong, a sentence each.
    pub(super) problems: Vec<String>,
    /// What each setting came out as.
    pub(super) resolved: Vec<Resolved>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(document: &'a Map<String, Value>, environment: &'a Environment) -> Self {
        Self {
            document,
            environment,
            problems: Vec::new(),
            resolved: Vec::new(),
        }
    }

    /// The setting's value, parsed; `None` when it is not set or wrong.
    pub(super) fn take<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl Fn(&Value) -> Result<T, Expected>,
    ) -> Option<T> {
        let (value, source) = self.find(setting);
        let parsed = match &value {
            Some(value) => match parse(value) {
                Ok(parsed) => Some(parsed),
                Err(expected) => {
                    self.problems.push(wrong(setting, &source, value, expected));
                    None
                }
            },
            None => None,
        };
        self.resolved.push(Resolved {
            setting,
            shown: value.map(|value| shown(setting, &value)),
            source,
        });
        parsed
    }

    /// A setting that must be set.
    pub(super) fn require<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl Fn(&Value) -> Result<T, Expected>,
    ) -> Option<T> {
        let value = self.take(setting, parse);
        if self
            .resolved
            .last()
            .is_some_and(|last| last.shown.is_none())
        {
            self.problems.push(format!(
                "`{}` is not set: put it into the configuration{}",
                setting.key,
                or_variables(setting)
            ));
        }
        value
    }

    /// A warning for each key of the document that no setting has.
    pub(super) fn unknown_keys(&self) -> Vec<String> {
        let known = || {
            SETTINGS
                .iter()
                .flat_map(|s| [Some(s.key), s.alias])
                .flatten()
        };
        self.document
            .keys()
            .filter(|key| known().all(|known| known != key.as_str()))
            .map(|key| {
                let similar = known()
                    .map(|known| (strsim::levenshtein(known, key), known))
                    .min()
                    // A third of the word may be wrong: beyond that a suggestion confuses more than it helps.
                    .filter(|(distance, known)| *distance * 3 <= known.len());
                match similar {
                    Some((_, known)) => {
                        format!("unknown setting `{key}`; did you mean `{known}`?")
                    }
                    None => format!("unknown setting `{key}`; it has no effect"),
                }
            })
            .collect()
    }

    fn find(&self, setting: &'static Setting) -> (Option<Value>, Source) {
        for key in [Some(setting.key), setting.alias].into_iter().flatten() {
            if let Some(value) = self.document.get(key).filter(|value| !is_empty(value)) {
                return (Some(value.clone()), Source::Configuration(key));
            }
        }
        for name in setting.variables {
            if let Some(value) = self.environment.get(name)
                && !value.trim().is_empty()
            {
                return (Some(Value::String(value.clone())), Source::Variable(name));
            }
        }
        match setting.default {
            Some(default) => (Some(Value::String(default.to_owned())), Source::Default),
            None => (None, Source::Unset),
        }
    }
}

/// What a value should have been, for the sentence that says so.
pub(super) struct Expected(pub(super) String);

impl<T: Into<String>> From<T> for Expected {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

/// A setting and what it came out as.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    setting: &'static Setting,
    /// As much of the value as may be shown.
    shown: Option<Value>,
    source: Source,
}

impl Resolved {
    /// The setting's entry in `describe`.
    pub(super) fn describe(&self) -> (String, Value) {
        let entry = json!({ "value": self.shown, "source": self.source.to_string() });
        (self.setting.key.to_owned(), entry)
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

fn wrong(
    setting: &Setting,
    source: &Source,
    value: &Value,
    Expected(expected): Expected,
) -> String {
    let place = match source {
        Source::Variable(name) => format!("`{}` (from {name})", setting.key),
        Source::Configuration(key) => format!("`{key}`"),
        Source::Default | Source::Unset => format!("`{}`", setting.key),
    };
    match setting.disclosure {
        Disclosure::Nothing => format!("{place}: expected {expected}"),
        _ => format!(
            "{place}: expected {expected}, found {}",
            shortened(&shown(setting, value))
        ),
    }
}

/// As much of a value as may be shown.
fn shown(setting: &Setting, value: &Value) -> Value {
    match (setting.disclosure, value) {
        (Disclosure::Full, _) => value.clone(),
        (Disclosure::Address, Value::String(address)) => {
            let (user, rest) = match address.rsplit_once('@') {
                Some((_, rest)) => (format!("{}@", Secret::REDACTED), rest),
                None => (String::new(), address.as_str()),
            };
            let rest = rest.split(['?', '#']).next().unwrap_or_default();
            json!(format!("{user}{rest}"))
        }
        _ => json!(Secret::REDACTED),
    }
}

fn shortened(value: &Value) -> String {
    /// Enough to recognise a value by, few enough for one line.
    const MAX_CHARACTERS: usize = 80;
    let text = value.to_string();
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn or_variables(setting: &Setting) -> String {
    match setting.variables {
        [] => String::new(),
        [name] => format!(" or set {name}"),
        [name, ..] => format!(" or set the environment variable {name}"),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}
