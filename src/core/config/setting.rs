//! What a setting is: a row of the table in [`super::settings`].

use serde_json::Value;

use super::value::Expected;

/// A setting whose value is a `T`.
pub struct Setting<T> {
    /// Its row, which does not depend on the type.
    pub row: Row,
    pub(super) parse: fn(&Value) -> Result<T, Expected>,
}

/// A row of the table of settings.
#[derive(Debug)]
pub struct Row {
    /// Its key in the configuration.
    pub key: &'static str,
    /// Another key that means the same.
    pub alias: Option<&'static str>,
    /// The environment variables that set it, the first one that is set and not empty counts.
    pub variables: &'static [&'static str],
    /// Its value when nothing sets it.
    pub default: Option<&'static str>,
    /// Whether `null` in the configuration is a value, and does not leave the setting to its variables.
    pub is_nullable: bool,
    /// How much of its value may be shown.
    pub disclosure: Disclosure,
    /// What it is, in a sentence.
    pub help: &'static str,
    /// How a setup asks for it; not at all when there is none.
    pub question: Option<Question>,
}

/// How a setup asks for a setting.
#[derive(Debug)]
pub struct Question {
    /// The setting's name for people.
    pub display_name: &'static str,
    /// Ask only when this setting has this value.
    pub show_when: Option<(&'static str, &'static str)>,
}

/// How much of a setting's value may be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Disclosure {
    /// An address without user name, password and query, where people put keys.
    Address,
    /// All of it.
    Full,
    /// All of it but what its keys call a secret, see [`crate::core::secret::redact_members`].
    Redacted,
    /// Of a table, or of each in a list of them, its keys.
    Keys,
    /// Nothing.
    Nothing,
}

impl<T> Setting<T> {
    /// Reads a value as the configuration's is read, for what requests may set too.
    ///
    /// # Errors
    ///
    /// What it should have been.
    pub fn read(&self, value: &Value) -> Result<T, String> {
        (self.parse)(value).map_err(|Expected(expected)| expected)
    }

    pub(super) const fn new(
        key: &'static str,
        parse: fn(&Value) -> Result<T, Expected>,
        help: &'static str,
    ) -> Self {
        Self {
            row: Row {
                key,
                alias: None,
                variables: &[],
                default: None,
                is_nullable: false,
                disclosure: Disclosure::Full,
                help,
                question: None,
            },
            parse,
        }
    }

    pub(super) const fn alias(mut self, alias: &'static str) -> Self {
        self.row.alias = Some(alias);
        self
    }

    pub(super) const fn variables(mut self, variables: &'static [&'static str]) -> Self {
        self.row.variables = variables;
        self
    }

    pub(super) const fn default(mut self, default: &'static str) -> Self {
        self.row.default = Some(default);
        self
    }

    pub(super) const fn nullable(mut self) -> Self {
        self.row.is_nullable = true;
        self
    }

    pub(super) const fn asked(mut self, display_name: &'static str) -> Self {
        self.row.question = Some(Question {
            display_name,
            show_when: None,
        });
        self
    }

    pub(super) const fn asked_when(
        mut self,
        display_name: &'static str,
        key: &'static str,
        value: &'static str,
    ) -> Self {
        self.row.question = Some(Question {
            display_name,
            show_when: Some((key, value)),
        });
        self
    }

    pub(super) const fn disclosure(mut self, disclosure: Disclosure) -> Self {
        self.row.disclosure = disclosure;
        self
    }
}
